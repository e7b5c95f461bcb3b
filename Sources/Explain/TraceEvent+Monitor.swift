// SPDX-License-Identifier: Apache-2.0

import Bluetooth
public import HCIMonitor

extension TraceEvent {
    /// The step that the monitor channel's event is in a trace; `nil` for an adapter's reset, which ends all traces.
    public init?(_ event: MonitorEvent) {
        switch event {
        case .connected(let link): self = .connected(link.transport, link.role)
        case .connectionFailed(_, _, let status): self = .connectionFailed(status)
        case .disconnected(_, let reason): self = .disconnected(reason)
        case .adapterReset: return nil
        case .authenticationFailed(_, let status): self = .authenticationFailed(status)
        case .encryptionChanged(_, let change): self = .encryption(change)
        case .encryptionKeyRefreshed(_, let status): self = .encryptionKeyRefreshed(status)
        case .smp(_, let direction, let packet): self = .packet(direction, TracePacket(packet))
        case .longTermKeyRequested: self = .longTermKeyRequested
        case .longTermKeyAnswered(_, let isKnown): self = .longTermKeyAnswered(isKnown: isKnown)
        case .simplePairing(_, _, let step): self = .simplePairing(step)
        case .management(_, let event): self = .management(event)
        case .managementCommand(_, let command): self = .command(command)
        case .malformed(let record): self = .unreadable(record.fault)
        }
    }
}

/// Whose trace an event belongs into.
public struct TraceAddress: Hashable, Sendable {
    public var adapter: MonitorAdapter
    /// As the event names the device: by a private address or by its identity.
    public var device: MonitorPeer

    public init(adapter: MonitorAdapter, device: MonitorPeer) {
        self.adapter = adapter
        self.device = device
    }
}

extension MonitorEvent {
    /// Which device of which adapter the event is about; `nil` where it is about the adapter as a whole, or where nobody
    /// knows, as on a link that was there before.
    public var traceAddress: TraceAddress? {
        guard let adapter else { return nil }
        let device: MonitorPeer?
        switch self {
        case .connectionFailed(_, let peer, _), .simplePairing(_, let peer, _): device = peer
        case .management(_, let event): device = event.peer.map { MonitorPeer($0) }
        case .managementCommand(_, let command): device = command.peer.map { MonitorPeer($0) }
        default: device = link?.peer
        }
        return device.map { TraceAddress(adapter: adapter, device: $0) }
    }

    /// The adapter that the event is about; `nil` for a record that cannot be read at all.
    public var adapter: MonitorAdapter? {
        switch self {
        case .connectionFailed(let adapter, _, _), .simplePairing(let adapter, _, _), .management(let adapter, _),
            .managementCommand(let adapter, _):
            adapter
        case .adapterReset(let index): MonitorAdapter(index: index, address: nil)
        case .malformed(let record):
            record.link?.adapter ?? record.adapterIndex.map { MonitorAdapter(index: $0, address: nil) }
        default: link?.adapter
        }
    }

    /// Is the event about the adapter as a whole, and so about each pairing of it? Not every event without a
    /// ``traceAddress`` is.
    public var isAdapterWide: Bool {
        switch self {
        case .management(_, .settings), .managementCommand(_, .setBondable), .managementCommand(_, .setIOCapability):
            true
        default: false
        }
    }

    /// The link that the event is about; `nil` for what names a device or an adapter.
    var link: MonitorLink? {
        switch self {
        case .connected(let link), .disconnected(let link, _), .authenticationFailed(let link, _),
            .encryptionChanged(let link, _), .encryptionKeyRefreshed(let link, _), .smp(let link, _, _),
            .longTermKeyRequested(let link), .longTermKeyAnswered(let link, _):
            link
        case .malformed(let record): record.link
        case .connectionFailed, .adapterReset, .simplePairing, .management, .managementCommand: nil
        }
    }
}

extension MonitorLink {
    /// Only LE links have an address type, unless it is a reserved one, and a role.
    var transport: Transport { peer?.addressType == nil && role == nil ? .bredr : .le }
}

extension MonitorPeer {
    init(_ peer: ManagementPeer) { self.init(address: peer.address, addressType: peer.addressType) }
}

extension ManagementEvent {
    /// The device; of a new identity the identity. `nil` for what is about the whole adapter.
    var peer: ManagementPeer? {
        switch self {
        case .newKey(let peer, _), .newIdentity(_, let peer), .unpaired(let peer), .asked(_, let peer, _),
            .passkeyShown(let peer, _), .authenticationFailed(let peer, _), .connectFailed(let peer, _),
            .disconnected(let peer, _):
            peer
        case .pairDeviceEnded(let peer, _): peer
        case .settings: nil
        }
    }
}

extension ManagementCommand {
    /// The device; `nil` for what is about the whole adapter.
    var peer: ManagementPeer? {
        switch self {
        case .pairDevice(let peer, _), .cancelPairDevice(let peer), .unpairDevice(let peer), .disconnect(let peer),
            .reply(_, let peer, _):
            peer
        case .setBondable, .setIOCapability: nil
        }
    }
}
