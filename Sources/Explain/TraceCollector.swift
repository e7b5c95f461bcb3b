// SPDX-License-Identifier: Apache-2.0

import Bluetooth
public import HCIMonitor
import SecurityManager

/// Cuts what the monitor channel shows into traces, one for each pairing that is tried.
///
/// A trace begins with the link that was made for a pairing, or with what happened on the link before it. It ends
/// - two seconds after Pairing Failed, another failure or the end of the link: what belongs to it comes until then;
/// - once there are keys, Pair Device has ended and a second has passed in silence;
/// - with the next Pairing Request of the link, or when the adapter is reset.
///
/// Connections on which nothing is paired make no trace. A pure value without a clock: time is that of the events. Its
/// memory is bounded, also against hostile input.
public struct TraceCollector: Sendable {
    /// When more pairings than this go on at once, the oldest one's trace is finished early.
    public static let maximumAttempts = 64
    static let maximumLinks = 1024
    static let maximumAdapters = 256

    // In microseconds.
    static let aftermath: UInt64 = 2_000_000
    static let quietWithKeys: UInt64 = 1_000_000
    /// Encrypted, or authenticated: now keys are distributed, for which SMP has 30 s. Without bonding there may be none.
    static let quietWithoutKeys: UInt64 = 30_000_000

    private var attempts: [Attempt] = []
    private var links: [LinkKey: Link] = [:]
    private var adapters: [UInt16: AdapterState] = [:]
    private var finished: [Trace] = []

    public init() {}

    /// Takes one event, at a time in microseconds since the epoch, and returns the traces that are finished now.
    public mutating func take(_ event: MonitorEvent, at time: UInt64) -> [Trace] {
        finish { $0.isOver(at: time) }
        if case .adapterReset(let index) = event {
            end(ofAdapter: index)
        } else if let step = TraceEvent(event).map({ TraceStep(time: time, $0) }) {
            take(event, step)
        }
        defer { finished = [] }
        return finished
    }

    /// Nothing follows: returns the traces that are not finished.
    public mutating func finish() -> [Trace] {
        end(ofAdapter: nil)
        defer { finished = [] }
        return finished
    }

    private mutating func finish(where isOver: (Attempt) -> Bool) {
        guard attempts.contains(where: isOver) else { return }
        finished += attempts.filter(isOver).map(\.trace)
        attempts.removeAll(where: isOver)
    }

    /// Of one adapter or of all.
    private mutating func end(ofAdapter index: UInt16?) {
        let ended = links.values.filter { index == nil || $0.link.adapter.index == index }
            .sorted { ($0.link.adapter.index, $0.link.handle) < ($1.link.adapter.index, $1.link.handle) }
        for link in ended {
            _ = lastAttempt(on: link.link)
            links[LinkKey(link.link)] = nil
        }
        finish { index == nil || $0.adapterIndex == index }
    }

    private mutating func take(_ event: MonitorEvent, _ step: TraceStep) {
        switch event {
        case .adapterReset: break
        case .connected(let link): made(link, step)
        case .disconnected(let link, _): ended(link, step)
        case .connectionFailed(let adapter, let peer, _): connectionFailed(adapter, peer, step)
        case .smp(let link, _, let packet): take(packet, on: link, step)
        case .encryptionChanged(let link, let change): encryptionChanged(link, change, step)
        case .encryptionKeyRefreshed(let link, let status): encrypted(link, isSuccess: status == .success, step)
        case .authenticationFailed(let link, let status): authenticationFailed(link, status, step)
        case .longTermKeyRequested(let link): append(step, on: link)
        case .longTermKeyAnswered(let link, let isKnown): append(step, on: link, beginning: !isKnown)
        case .malformed(let record):
            if let index = record.link.flatMap({ attempt(on: $0) }) { attempts[index].append(step) }
        case .simplePairing(let adapter, let peer, let pairing):
            take(pairing, TraceAddress(adapter: adapter, device: peer), step)
        case .management(let adapter, let management):
            if let peer = management.peer {
                take(management, TraceAddress(adapter: adapter, device: MonitorPeer(peer)), step)
            } else if case .pairDeviceEnded(_, let status) = management {
                pairDeviceEnded(onlyAttempt { $0.adapterIndex == adapter.index && $0.commands > 0 }, status, step)
            } else {
                adapterWide(adapter, step)
            }
        case .managementCommand(let adapter, let command):
            guard let peer = command.peer else { return adapterWide(adapter, step) }
            take(command, TraceAddress(adapter: adapter, device: MonitorPeer(peer)), step)
        }
    }

    private mutating func adapterWide(_ adapter: MonitorAdapter, _ step: TraceStep) {
        guard adapters[adapter.index] != nil || adapters.count < Self.maximumAdapters,
            adapters[adapter.index, default: AdapterState()].take(step)
        else { return }
        // What comes after a failure is no part of it.
        for index in attempts.indices where attempts[index].adapterIndex == adapter.index && !attempts[index].hasEnded {
            attempts[index].trace.append(step)
        }
    }

    // MARK: Links

    private mutating func made(_ link: MonitorLink, _ step: TraceStep) {
        // The end of the one that had the handle was not seen.
        if let old = lastAttempt(on: link) {
            attempts[old].detach()
            attempts[old].endAfterAftermath(of: step)
        }
        let key = LinkKey(link)
        if links[key] != nil || links.count < Self.maximumLinks { links[key] = Link(link, connected: step) }
        guard let index = waitingAttempt(for: link), attempts[index].commands > 0 else { return }
        attempts[index].attach(link)
        attempts[index].append(step)
    }

    private mutating func ended(_ link: MonitorLink, _ step: TraceStep) {
        let index = lastAttempt(on: link)
        let known = links.removeValue(forKey: LinkKey(link))
        guard let index else { return }
        // What would have been the beginning of a next one.
        attempts[index].insert(known?.steps ?? [])
        attempts[index].append(step)
        attempts[index].detach()
        attempts[index].endAfterAftermath(of: step)
    }

    private mutating func connectionFailed(_ adapter: MonitorAdapter, _ peer: MonitorPeer, _ step: TraceStep) {
        // Some controllers do not say whose connection it was.
        let index = onlyAttempt {
            $0.adapterIndex == adapter.index && $0.commands > 0 && $0.link == nil
                && ($0.names.contains(peer) || peer.address.bits == 0 && $0.isLE == (peer.addressType != nil))
        }
        if let index { attempts[index].append(step) }
    }

    private mutating func encryptionChanged(_ link: MonitorLink, _ change: EncryptionChange, _ step: TraceStep) {
        guard change.status == .success else {
            return _ = append(step, on: link, beginning: change.status == .pinOrKeyMissing)
        }
        links[LinkKey(link)]?.isEncrypted = change.isEnabled
        encrypted(link, isSuccess: change.isEnabled, step)
    }

    private mutating func encrypted(_ link: MonitorLink, isSuccess: Bool, _ step: TraceStep) {
        if isSuccess { links[LinkKey(link)]?.isPairingWanted = false }
        guard let index = append(step, on: link), isSuccess else { return }
        attempts[index].endAfterQuiet(Self.quietWithoutKeys)
    }

    private mutating func authenticationFailed(_ link: MonitorLink, _ status: HCIErrorCode, _ step: TraceStep) {
        // With a forgotten bond a pairing may follow on the same link.
        let isForgotten = status == .pinOrKeyMissing
        guard let index = append(step, on: link, beginning: isForgotten), !isForgotten else { return }
        attempts[index].endAfterAftermath(of: step)
    }

    private mutating func take(_ packet: SMPPacket, on link: MonitorLink, _ step: TraceStep) {
        switch packet {
        case .pairingRequest:
            var index = attempt(on: link)
            // Over BR/EDR it asks for keys that are derived from the one that was just made.
            if let open = index, link.peer == nil || link.transport == .le {
                if attempts[open].hasPairingRequest || attempts[open].end != .open { index = nil }
            }
            let chosen = index ?? begin(on: link)
            attempts[chosen].append(step)
            attempts[chosen].hasPairingRequest = true
        case .securityRequest:
            if let index = attempt(on: link), attempts[index].end == .open { return attempts[index].append(step) }
            remember(step, on: link)
            if let known = links[LinkKey(link)] { links[LinkKey(link)]?.isPairingWanted = !known.isEncrypted }
        case .pairingFailed:
            if let index = append(step, on: link, beginning: true) { attempts[index].endAfterAftermath(of: step) }
        default:
            append(step, on: link, beginning: true)
        }
    }

    /// Puts a step into the link's trace, or keeps it for the next one, which may be `beginning` with it. Returns where
    /// the trace is.
    @discardableResult
    private mutating func append(_ step: TraceStep, on link: MonitorLink, beginning: Bool = false) -> Int? {
        guard let index = attempt(on: link) ?? (beginning ? begin(on: link) : nil) else {
            remember(step, on: link)
            return nil
        }
        attempts[index].append(step)
        return index
    }

    private mutating func remember(_ step: TraceStep, on link: MonitorLink) {
        let key = LinkKey(link)
        guard links[key] != nil || links.count < Self.maximumLinks else { return }
        links[key, default: Link(link)].append(step)
    }

    // MARK: Devices

    private mutating func take(_ pairing: SimplePairingStep, _ address: TraceAddress, _ step: TraceStep) {
        let known = attempt(of: address)
        let isOpen = known.map { attempts[$0].end == .open } ?? false
        switch pairing {
        case .asked(.linkKey), .answered(.linkKey, isPositive: true):
            // Each connection that encrypts begins so.
            if let known, isOpen {
                attempts[known].append(step)
            } else if let link = link(of: address) {
                remember(step, on: link)
            }
        case .answered(.linkKey, isPositive: false), .asked(.pinCode), .ioCapability:
            let index = isOpen ? known : nil
            attempts[index ?? begin(address)].append(step)
        case .completed(let status):
            let index = known ?? begin(address)
            attempts[index].append(step)
            if status == .success {
                attempts[index].endAfterQuiet(Self.quietWithoutKeys)
            } else {
                attempts[index].endAfterAftermath(of: step)
            }
        case .asked, .answered, .ioCapabilityRefused, .passkeyShown:
            attempts[known ?? begin(address)].append(step)
        }
    }

    private mutating func take(_ management: ManagementEvent, _ address: TraceAddress, _ step: TraceStep) {
        var index = attempt(of: address)
        switch management {
        case .asked, .passkeyShown:
            attempts[index ?? join(address) ?? begin(address)].append(step)
        case .authenticationFailed:
            let index = index ?? join(address) ?? begin(address)
            attempts[index].append(step)
            attempts[index].endAfterAftermath(of: step)
        case .newKey:
            // A derived key may name the device as on the other transport.
            guard let index = index ?? join(address) ?? sameAddress(address) else { return }
            attempts[index].append(step)
            attempts[index].endAfterQuiet(Self.quietWithKeys)
        case .newIdentity(let privateAddress, _):
            let known = TraceAddress(
                adapter: address.adapter, device: MonitorPeer(address: privateAddress, addressType: .random))
            guard let index = index ?? attempt(of: known) ?? join(known) else { return }
            attempts[index].addName(known.device)
            attempts[index].addName(address.device)
            attempts[index].append(step)
        case .pairDeviceEnded(_, let status):
            // It may name the identity of a device that was called by a private address.
            if index.map({ attempts[$0].commands == 0 }) ?? true {
                index = onlyAttempt { $0.adapterIndex == address.adapter.index && $0.commands > 0 }
            }
            pairDeviceEnded(index, status, step)
        case .connectFailed:
            guard let index, attempts[index].commands > 0 else { return }
            attempts[index].append(step)
            attempts[index].endAfterAftermath(of: step)
        case .disconnected:
            guard let index else { return }
            attempts[index].append(step)
            // Of a link that nobody saw. While Pair Device makes one, it is told of the link before.
            if !attempts[index].hadLink && attempts[index].commands == 0 {
                attempts[index].endAfterAftermath(of: step)
            }
        case .unpaired:
            if let index { attempts[index].append(step) }
        case .settings:
            break
        }
    }

    private mutating func pairDeviceEnded(_ index: Int?, _ status: ManagementStatus, _ step: TraceStep) {
        guard let index, attempts[index].commands > 0 else { return }
        attempts[index].append(step)
        attempts[index].commands -= 1
        // A second one is turned down while the first goes on.
        guard attempts[index].commands == 0 else { return }
        if status == .success {
            // The keys that this side gives are seen only now: the kernel sends them later than it tells.
            attempts[index].endAfterQuiet(Self.quietWithKeys)
        } else {
            attempts[index].endAfterAftermath(of: step)
        }
    }

    private mutating func take(_ command: ManagementCommand, _ address: TraceAddress, _ step: TraceStep) {
        var index = attempt(of: address)
        switch command {
        case .pairDevice:
            if let known = index, attempts[known].end != .open { index = nil }
            let chosen = index ?? begin(address)
            attempts[chosen].append(step)
            attempts[chosen].commands += 1
        case .reply:
            if let index = index ?? join(address) { attempts[index].append(step) }
        default:
            if let index { attempts[index].append(step) }
        }
    }

    // MARK: Which trace

    private func attempt(on link: MonitorLink) -> Int? {
        let key = LinkKey(link)
        return attempts.lastIndex { $0.link == key }
    }

    /// The same when the link comes to its end: an unanswered Security Request is worth a trace then.
    private mutating func lastAttempt(on link: MonitorLink) -> Int? {
        if let index = attempt(on: link) { return index }
        guard let known = links[LinkKey(link)], known.isPairingWanted else { return nil }
        return begin(on: known.link)
    }

    private func attempt(of address: TraceAddress) -> Int? {
        attempts.lastIndex { $0.adapterIndex == address.adapter.index && $0.names.contains(address.device) }
    }

    private func link(of address: TraceAddress) -> MonitorLink? {
        links.values.first {
            $0.link.adapter.index == address.adapter.index && $0.link.peer == address.device
        }?.link
    }

    /// `nil` where there are several.
    private func onlyAttempt(where matches: (Attempt) -> Bool) -> Int? {
        let indices = attempts.indices.filter { matches(attempts[$0]) }
        return indices.count == 1 ? indices.first : nil
    }

    private func sameAddress(_ address: TraceAddress) -> Int? {
        onlyAttempt {
            $0.adapterIndex == address.adapter.index
                && $0.names.contains { $0.address == address.device.address }
        }
    }

    /// The kernel speaks of a device that pairs, and nobody is known by that name: it is the one on a link whose
    /// beginning was not seen, or the one that is known by a private address only, which the kernel has resolved.
    private mutating func join(_ address: TraceAddress) -> Int? {
        guard link(of: address) == nil else { return nil }
        let index =
            onlyAttempt { $0.adapterIndex == address.adapter.index && $0.names.isEmpty }
            ?? onlyAttempt {
                $0.adapterIndex == address.adapter.index && $0.link != nil && address.device.addressType != nil
                    && !address.device.isResolvablePrivate && $0.names.allSatisfy(\.isResolvablePrivate)
            }
        if let index { attempts[index].addName(address.device) }
        return index
    }

    /// The one that has no link yet and that this one is for.
    private func waitingAttempt(for link: MonitorLink) -> Int? {
        func isHere(_ attempt: Attempt) -> Bool { attempt.adapterIndex == link.adapter.index && attempt.isWaiting }
        guard let device = link.peer else { return onlyAttempt { isHere($0) && $0.end == .open } }
        if let index = attempts.lastIndex(where: { isHere($0) && $0.names.contains(device) }) { return index }
        // The controller tells the private address of a device that Pair Device calls by its identity.
        guard device.isResolvablePrivate, link.role != .peripheral else { return nil }
        return onlyAttempt {
            isHere($0) && $0.commands > 0 && $0.isLE && !$0.names.contains(where: \.isResolvablePrivate)
        }
    }

    // MARK: Beginnings

    /// Returns where the trace of a new attempt on the link is: at the end, or that of one that waits for a link.
    private mutating func begin(on link: MonitorLink) -> Int {
        let beginning = links[LinkKey(link)]?.takeBeginning() ?? []
        if let index = waitingAttempt(for: link) {
            attempts[index].attach(link)
            attempts[index].insert(beginning)
            return index
        }
        var new = Attempt(link.adapter, nil)
        new.attach(link)
        if let old = attempt(on: link) {
            for name in attempts[old].names { new.addName(name) }
            if attempts[old].end == .open { new.commands = attempts[old].commands }
            finished.append(attempts.remove(at: old).trace)
        }
        return begin(new, with: beginning)
    }

    /// The same for a device, whether it has a link or not.
    private mutating func begin(_ address: TraceAddress) -> Int {
        if let old = attempt(of: address) { finished.append(attempts.remove(at: old).trace) }
        if let link = link(of: address) { return begin(on: link) }
        return begin(Attempt(address.adapter, address.device), with: [])
    }

    private mutating func begin(_ new: Attempt, with steps: [TraceStep]) -> Int {
        var new = new
        let before = adapters[new.adapterIndex]?.steps ?? []
        new.insert(before + steps)
        if attempts.count >= Self.maximumAttempts { finished.append(attempts.removeFirst().trace) }
        attempts.append(new)
        return attempts.count - 1
    }
}
