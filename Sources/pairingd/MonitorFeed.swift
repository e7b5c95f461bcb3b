// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import EventLoop
import Explain
import HCIMonitor
import Pairing
import SecurityManager

/// Brings what the kernel's monitor channel shows to the brain.
@LoopActor
final class MonitorFeed {
    enum Fact {
        /// Belongs into a trace; without a device it is about the adapter.
        case seen(adapter: Address, device: Address?, TraceEvent)
        /// With what our side said.
        case agreement(adapter: Address, device: Address, PairingAgreement, local: IOCapability?)
        case key(adapter: Address, device: Address, PairingKey)
        case identity(adapter: Address, device: Address, identity: Address)
        case authenticationFailed(adapter: Address, device: Address, code: UInt8)
        case encrypted(adapter: Address, device: Address)
        /// The device has no key for the bond any more.
        case keyMissing(adapter: Address, device: Address)
        case smpFailure(adapter: Address, device: Address, SMPFailure)
        case securityRequest(adapter: Address, device: Address)
        case linkEnded(adapter: Address, device: Address, reason: UInt8)
        /// For links that are made from now on; `nil` for a reserved value.
        case capabilitySet(IOCapability?)
    }

    private let channel: MonitorChannel
    /// Pairing Requests that wait for their response, by link.
    private var requests: [RequestKey: (features: PairingFeatures, direction: MonitorDirection)] = [:]

    private struct RequestKey: Hashable {
        let adapterIndex: UInt16
        let handle: UInt16

        init(_ link: MonitorLink) {
            adapterIndex = link.adapter.index
            handle = link.handle
        }
    }
    private var source: EventSource?

    /// - Throws: ``MonitorChannelError`` where the channel cannot be read.
    init(_ handler: @escaping @LoopActor (Fact) -> Void) throws {
        let channel = try MonitorChannel()
        self.channel = channel
        // Packets explain the messages that bluetoothd sends because of them, so they are read first.
        source = try EventSource.descriptor(channel.descriptor, .readable, priority: .early) { [weak self] _ in
            channel.readAll { event in
                if let step = Self.step(event) { handler(step) }
                if let fact = self?.fact(event) { handler(fact) }
            }
        }
    }

    private static func step(_ event: MonitorEvent) -> Fact? {
        guard let step = TraceEvent(event), let adapter = event.adapter?.address,
            event.isAdapterWide || event.traceAddress != nil
        else { return nil }
        return .seen(adapter: adapter, device: event.traceAddress?.device.address, step)
    }

    private func fact(_ event: MonitorEvent) -> Fact? {
        switch event {
        case .smp(let link, let direction, .pairingRequest(let features)):
            // Over BR/EDR the packets only settle which keys are distributed; a handle is at most 12 bits.
            guard link.peer?.addressType != nil else { return nil }
            requests[RequestKey(link)] = (features, direction)
            return nil
        case .smp(let link, let direction, .pairingResponse(let features)):
            guard let request = requests.removeValue(forKey: RequestKey(link)), request.direction != direction,
                let adapter = link.adapter.address, let peer = link.peer
            else { return nil }
            return .agreement(
                adapter: adapter, device: peer.address,
                PairingAgreement(request: request.features, response: features),
                local: (request.direction == .sent ? request.features : features).ioCapability)
        case .encryptionChanged(let link, let change) where change.status == .pinOrKeyMissing:
            return lostKey(link)
        case .encryptionChanged(let link, let change) where change.status == .success && change.isEnabled:
            guard let adapter = link.adapter.address, let peer = link.peer else { return nil }
            return .encrypted(adapter: adapter, device: peer.address)
        case .adapterReset(let index):
            requests = requests.filter { $0.key.adapterIndex != index }
            return nil
        case .authenticationFailed(let link, let status):
            guard let adapter = link.adapter.address, let peer = link.peer else { return nil }
            return .authenticationFailed(adapter: adapter, device: peer.address, code: status.rawValue)
        case .management(let monitored, .newKey(let peer, let key)):
            guard let adapter = monitored.address else { return nil }
            return .key(adapter: adapter, device: peer.address, key)
        case .management(let monitored, .newIdentity(let privateAddress, let peer)):
            guard let adapter = monitored.address else { return nil }
            return .identity(adapter: adapter, device: privateAddress, identity: peer.address)
        case .smp(let link, let direction, .pairingFailed(let reason)):
            guard let adapter = link.adapter.address, let peer = link.peer else { return nil }
            return .smpFailure(
                adapter: adapter, device: peer.address,
                SMPFailure(direction == .received ? .received : .sent, reason))
        case .smp(let link, .received, .securityRequest):
            guard let adapter = link.adapter.address, let peer = link.peer else { return nil }
            return .securityRequest(adapter: adapter, device: peer.address)
        case .managementCommand(_, .setIOCapability(let value)): return .capabilitySet(IOCapability(smpValue: value))
        case .disconnected(let link, let reason):
            requests[RequestKey(link)] = nil
            guard let adapter = link.adapter.address, let peer = link.peer else { return nil }
            return .linkEnded(adapter: adapter, device: peer.address, reason: reason.rawValue)
        default:
            return nil
        }
    }

    private func lostKey(_ link: MonitorLink) -> Fact? {
        guard let adapter = link.adapter.address, let peer = link.peer else { return nil }
        return .keyMissing(adapter: adapter, device: peer.address)
    }
}
