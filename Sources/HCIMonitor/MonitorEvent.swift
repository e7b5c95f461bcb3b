// SPDX-License-Identifier: Apache-2.0

public import Bluetooth
public import SecurityManager

/// What the monitor channel tells about links and their security.
public enum MonitorEvent: Hashable, Sendable {
    case connected(MonitorLink)
    /// A connection was tried and did not come about.
    case connectionFailed(MonitorAdapter, MonitorPeer, status: HCIErrorCode)
    /// The link is gone; its handle may come back for another device.
    case disconnected(MonitorLink, reason: HCIErrorCode)
    /// The adapter was switched off or removed (or has appeared anew), and all its links are gone with it.
    case adapterReset(adapterIndex: UInt16)
    /// BR/EDR: the other side could not prove that it has the link's key; with PIN or Key Missing it has forgotten it.
    case authenticationFailed(MonitorLink, status: HCIErrorCode)
    /// Encryption was switched, or could not be; on LE, PIN or Key Missing says that the other side forgot the bond.
    case encryptionChanged(MonitorLink, EncryptionChange)
    /// The key of an encrypted link was replaced, as pairing on an encrypted link does; on failure it was not.
    case encryptionKeyRefreshed(MonitorLink, status: HCIErrorCode)
    case smp(MonitorLink, MonitorDirection, SMPPacket)
    /// The other side, which made the link, begins to encrypt with a key that both sides should have.
    case longTermKeyRequested(MonitorLink)
    /// Our answer to that: have we got the key?
    case longTermKeyAnswered(MonitorLink, isKnown: Bool)
    /// BR/EDR: what the controller and the host tell each other while they pair. The device is named, not the link.
    case simplePairing(MonitorAdapter, MonitorPeer, SimplePairingStep)
    /// What the kernel tells bluetoothd.
    case management(MonitorAdapter, ManagementEvent)
    /// What bluetoothd, or another program with a control socket, asks of the kernel.
    case managementCommand(MonitorAdapter, ManagementCommand)
    /// A record, or a frame on an SMP channel, that cannot be read.
    case malformed(MalformedRecord)
}

/// An adapter of this machine.
public struct MonitorAdapter: Hashable, Sendable {
    /// The number in `hci0`. It changes when adapters come and go: ``address`` does not.
    public var index: UInt16
    /// `nil` until the adapter is set up, and in captures that do not tell it.
    public var address: Address?

    public init(index: UInt16, address: Address?) {
        self.index = index
        self.address = address
    }
}

/// One connection of one adapter.
public struct MonitorLink: Hashable, Sendable {
    public var adapter: MonitorAdapter
    /// The connection handle, 0 to 0x0EFF in valid traffic. The controller uses it again after a disconnection.
    public var handle: UInt16
    /// The other device; `nil` for a link that was there before the channel was opened.
    public var peer: MonitorPeer?
    /// `nil` on BR/EDR, where it may change, and for a link that was there before.
    public var role: LinkRole?

    public init(adapter: MonitorAdapter, handle: UInt16, peer: MonitorPeer?, role: LinkRole? = nil) {
        self.adapter = adapter
        self.handle = handle
        self.peer = peer
        self.role = role
    }
}

/// What this host is on an LE link. The central starts pairings; a peripheral can only ask for one.
public enum LinkRole: Hashable, Sendable {
    case central
    case peripheral
}

/// The device at the other end of a link, as the controller names it.
public struct MonitorPeer: Hashable, Sendable {
    /// The identity address where the controller resolved a private one. The host may still know the device by
    /// another address: the kernel resolves what the controller could not.
    public var address: Address
    /// `nil` on BR/EDR, and for a type that the specification reserves.
    public var addressType: AddressType?

    public init(address: Address, addressType: AddressType?) {
        self.address = address
        self.addressType = addressType
    }
}

/// Who sent an SMP packet, seen from this host.
public enum MonitorDirection: Hashable, Sendable {
    case sent
    case received
}

/// The outcome of switching encryption on or off.
///
/// Source: Core Specification, Vol 4, Part E, 7.7.8 (Encryption Change, versions 1 and 2).
public struct EncryptionChange: Hashable, Sendable {
    public var status: HCIErrorCode
    /// Is the link encrypted now? Meaningful only with status success.
    public var isEnabled: Bool
    /// In octets, where the controller tells it (version 2 of the event).
    public var keySize: UInt8?

    public init(status: HCIErrorCode, isEnabled: Bool, keySize: UInt8?) {
        self.status = status
        self.isEnabled = isEnabled
        self.keySize = keySize
    }
}

/// Input that cannot be read: hostile, truncated, or of an unknown form.
public struct MalformedRecord: Error, Hashable, Sendable {
    /// `nil` when not even the record's header could be read.
    public var adapterIndex: UInt16?
    /// The link and direction of a bad frame: what is known of a pairing on it is incomplete from here on.
    public var link: MonitorLink?
    public var direction: MonitorDirection?
    public var fault: Fault

    public init(
        adapterIndex: UInt16? = nil, link: MonitorLink? = nil, direction: MonitorDirection? = nil, fault: Fault
    ) {
        self.adapterIndex = adapterIndex
        self.link = link
        self.direction = direction
        self.fault = fault
    }

    /// What is wrong, and where. Offsets count octets from the start of the record, unless said otherwise.
    public enum Fault: Error, Hashable, Sendable {
        /// The record ends before the field at `offset` does; `missing` octets are absent.
        case truncated(offset: Int, missing: Int)
        /// The length field at `offset` disagrees with what follows.
        case lengthMismatch(offset: Int, declared: Int, actual: Int)
        /// A frame on an SMP channel is longer than any SMP packet; both in octets, without the L2CAP header.
        case frameTooLong(declared: Int, maximum: Int)
        /// A frame on an SMP channel goes on behind the length that its L2CAP header declares; both in octets.
        case frameOverrun(declared: Int, actual: Int)
        /// A new frame started before the last one on an SMP channel was complete.
        case unfinishedFrame(received: Int)
        /// A packet that fits into one fragment came in several. The filter hides other channels' frames, so whether
        /// the kernel saw the same packet cannot be known.
        case needlessFragments
        /// More frames are incomplete at once than are kept; the oldest was dropped.
        case tooManyFragments
        /// A complete frame is no SMP packet. Its offset counts from the packet's Code field.
        case securityManager(SMPDecodingError)

        /// Where it is wrong; `nil` where the fault is about a frame as a whole.
        public var offset: Int? {
            switch self {
            case .truncated(let offset, _), .lengthMismatch(let offset, _, _): offset
            case .securityManager(let error): error.offset
            case .frameTooLong, .frameOverrun, .unfinishedFrame, .needlessFragments, .tooManyFragments: nil
            }
        }
    }
}
