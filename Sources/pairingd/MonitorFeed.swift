// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import EventLoop
import HCIMonitor
import Pairing
import SecurityManager

/// Brings what the kernel's monitor channel shows to the brain.
@LoopActor
final class MonitorFeed {
    enum Fact {
        case smpFailure(adapter: Address, device: Address, SMPFailure)
        case securityRequest(adapter: Address, device: Address)
        case linkEnded(adapter: Address, device: Address, reason: UInt8)
    }

    private let channel: MonitorChannel
    private var source: EventSource?

    /// - Throws: ``MonitorChannelError`` where the channel cannot be read.
    init(_ handler: @escaping @LoopActor (Fact) -> Void) throws {
        let channel = try MonitorChannel()
        self.channel = channel
        // Packets explain the messages that bluetoothd sends because of them, so they are read first.
        source = try EventSource.descriptor(channel.descriptor, .readable, priority: .early) { _ in
            channel.readAll { event in
                if let fact = Self.fact(event) { handler(fact) }
            }
        }
    }

    private static func fact(_ event: MonitorEvent) -> Fact? {
        switch event {
        case .smp(let link, let direction, .pairingFailed(let reason)):
            guard let adapter = link.adapterAddress, let peer = link.peer else { return nil }
            return .smpFailure(
                adapter: adapter, device: peer.address,
                SMPFailure(direction == .received ? .received : .sent, reason))
        case .smp(let link, .received, .securityRequest):
            guard let adapter = link.adapterAddress, let peer = link.peer else { return nil }
            return .securityRequest(adapter: adapter, device: peer.address)
        case .disconnected(let link, let reason):
            guard let adapter = link.adapterAddress, let peer = link.peer else { return nil }
            return .linkEnded(adapter: adapter, device: peer.address, reason: reason.rawValue)
        default:
            return nil
        }
    }
}
