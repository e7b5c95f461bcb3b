// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import HCIMonitor

/// Tells from the events of the monitor channel when a pairing has come and gone; pure.
struct PairingWatch: Hashable, Sendable {
    /// How long it has to be quiet after a pairing; the next attempt within it belongs to the same capture.
    static let quiet: UInt64 = 1_000_000
    /// After so long without a packet nothing comes of it: SMP allows 30 s between two, and as many for a person.
    static let longestSilence: UInt64 = 40_000_000

    private enum State: Hashable {
        case waiting
        case underWay
        case over
    }

    private var state = State.waiting
    private var lastSign: UInt64 = 0
    /// The links with packets of a pairing: the end of one of these is its end.
    private var links: Set<Link> = []
    /// Was there a link, or a try to make one?
    private(set) var hasLink = false

    private struct Link: Hashable {
        let adapterIndex: UInt16
        let handle: UInt16

        init(_ link: MonitorLink) {
            adapterIndex = link.adapter.index
            handle = link.handle
        }
    }

    /// Has a pairing begun?
    var hasPairing: Bool { state != .waiting }

    /// When it is complete if nothing more comes; `nil` before a pairing begins.
    var deadline: UInt64? {
        switch state {
        case .waiting: nil
        case .underWay: lastSign + Self.longestSilence
        case .over: lastSign + Self.quiet
        }
    }

    /// - Parameter time: In microseconds, of a clock that never goes back.
    mutating func take(_ event: MonitorEvent, at time: UInt64) {
        switch sign(of: event) {
        case .begin: state = .underWay
        case .part: state = state == .waiting ? .underWay : state
        case .end where state != .waiting, .failure: state = .over
        case .end, nil: return
        }
        lastSign = time
    }

    private enum Sign {
        /// It begins.
        case begin
        /// It goes on; after its end, what was still on its way: some keys are sent once the kernel has told its own.
        case part
        /// Of one that began.
        case end
        /// It came to nothing, maybe before it began.
        case failure
    }

    private mutating func sign(of event: MonitorEvent) -> Sign? {
        switch event {
        case .connected:
            hasLink = true
            return nil
        case .connectionFailed:
            hasLink = true
            return .end
        case .disconnected(let link, _):
            return links.remove(Link(link)) == nil ? nil : .end
        case .adapterReset(let index):
            links = links.filter { $0.adapterIndex != index }
            return .end
        case .authenticationFailed: return .failure
        case .encryptionChanged(_, let change): return change.status == .pinOrKeyMissing ? .failure : nil
        case .encryptionKeyRefreshed, .longTermKeyRequested, .malformed: return nil
        case .longTermKeyAnswered(_, let isKnown): return isKnown ? nil : .failure
        // A device that is bonded asks for encryption in this way too.
        case .smp(_, _, .securityRequest): return nil
        case .smp(let link, _, let packet):
            links.insert(Link(link))
            switch packet {
            case .pairingRequest: return .begin
            case .pairingFailed: return .end
            default: return .part
            }
        // The controller asks for the key of a bond at every connection.
        case .simplePairing(_, _, .asked(.linkKey)), .simplePairing(_, _, .answered(.linkKey, isPositive: true)):
            return nil
        case .simplePairing(_, _, .completed): return .end
        case .simplePairing: return .part
        case .management(_, let event): return sign(of: event)
        case .managementCommand(_, let command):
            if case .pairDevice = command { return .begin }
            return nil
        }
    }

    private func sign(of event: ManagementEvent) -> Sign? {
        switch event {
        case .newKey, .pairDeviceEnded, .connectFailed: .end
        case .authenticationFailed: .failure
        case .asked, .passkeyShown: .part
        case .newIdentity, .unpaired, .settings, .disconnected: nil
        }
    }
}
