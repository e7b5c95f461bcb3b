// SPDX-License-Identifier: Apache-2.0

public import Bluetooth
public import SecurityManager

/// What the kernel tells bluetoothd about pairings and bonds, without the octets of any key and without digits.
///
/// The kernel mirrors an event once for each control socket that receives it, so the same one may come several times.
/// Of one pairing, ``newIdentity(privateAddress:_:)`` comes before the keys, and these name the identity address.
///
/// Source: BlueZ, doc/mgmt-api.txt; Linux, net/bluetooth/smp.c (smp_notify_keys).
public enum ManagementEvent: Hashable, Sendable {
    /// A key for the device was made and handed to bluetoothd. LE legacy pairing makes up to two.
    case newKey(ManagementPeer, PairingKey)
    /// A device that was known by a resolvable private address has told who it is.
    case newIdentity(privateAddress: Address, ManagementPeer)
    /// The device's keys were removed. The socket that asked for it gets no event: what bluetoothd removes shows only
    /// while another control socket is open.
    case unpaired(ManagementPeer)
    /// Are bonds kept, on the whole adapter? Told with each change of any setting.
    case settings(isBondable: Bool)
    /// Pair Device came to its end.
    case pairDeviceEnded(ManagementPeer?, ManagementStatus)
    /// The kernel asks. A confirmation `isHint` where there are no digits to compare: whether to pair at all.
    case asked(ManagementQuestion, ManagementPeer, isHint: Bool)
    /// A passkey is to be shown; `entered` digits of it have been typed on the other side.
    case passkeyShown(ManagementPeer, entered: UInt8)
    case authenticationFailed(ManagementPeer, ManagementStatus)
    case connectFailed(ManagementPeer, ManagementStatus)
    /// The reason as the kernel sums it up: 0 unknown, 1 timeout, 2 this host, 3 the device, 4 authentication, 5 suspended.
    case disconnected(ManagementPeer, reason: UInt8)
}

/// A device as the management interface names it.
public struct ManagementPeer: Hashable, Sendable {
    public var address: Address
    /// `nil` on BR/EDR.
    public var addressType: AddressType?

    public init(address: Address, addressType: AddressType?) {
        self.address = address
        self.addressType = addressType
    }

    /// Of a key that was derived from the other transport's, kernels of early 2024 name the transport that the devices
    /// paired over: ``PairingKey/transport`` is what the key is for.
    public var transport: Transport { addressType == nil ? .bredr : .le }
}

/// The management events that tell about bonds. The socket filter passes exactly these.
///
/// Source: Linux, include/net/bluetooth/mgmt.h (MGMT_EV_NEW_LINK_KEY and following).
enum ManagementEventCode: UInt16, CaseIterable {
    case newLinkKey = 0x0009
    case newLongTermKey = 0x000A
    case deviceUnpaired = 0x0016
    case newIdentityResolvingKey = 0x0018
}

extension ManagementEvent {
    /// Where the event code stands in the payload: behind the cookie of the socket that receives the event.
    static let codeOffset = 4

    /// The event of a record's payload; `nil` for other events, and for address types that are not known.
    static func parse(_ payload: ArraySlice<UInt8>) throws(MalformedRecord.Fault) -> ManagementEvent? {
        var reader = OctetReader(payload, base: MonitorRecord.headerLength)
        do throws(OctetReader.EndReached) {
            _ = try reader.read(codeOffset)
            let code = ManagementEventCode(rawValue: try reader.readUInt16())
            return try parameters(of: code, &reader)
        } catch {
            throw .truncated(offset: error.offset, missing: error.missing)
        }
    }

    // Keys are skipped. Later versions of an event may have more fields: what follows is not looked at.
    private static func parameters(
        of code: ManagementEventCode?, _ reader: inout OctetReader
    ) throws(OctetReader.EndReached) -> ManagementEvent? {
        switch code {
        case .newLinkKey:
            let isKept = try reader.readUInt8() != 0
            let peer = try peer(&reader)
            let type = LinkKeyType(rawValue: try reader.readUInt8())
            // The key, and the length of the PIN code.
            _ = try reader.read(16 + 1)
            return peer.map { .newKey($0, PairingKey(kind: .linkKey(type), isKept: isKept)) }
        case .newLongTermKey:
            let isKept = try reader.readUInt8() != 0
            let peer = try peer(&reader)
            let type = LongTermKeyType(rawValue: try reader.readUInt8())
            // Whose key it is in legacy pairing.
            _ = try reader.readUInt8()
            let size = try reader.readUInt8()
            // EDIV, Rand and the key.
            _ = try reader.read(2 + 8 + 16)
            return peer.map { .newKey($0, PairingKey(kind: .longTermKey(type, size: size), isKept: isKept)) }
        case .newIdentityResolvingKey:
            // Whether the key is to be kept.
            _ = try reader.readUInt8()
            let privateAddress = try reader.readAddress()
            let peer = try peer(&reader)
            _ = try reader.read(16)
            // Zero: the device did not use a resolvable private address.
            guard privateAddress.bits != 0 else { return nil }
            return peer.map { .newIdentity(privateAddress: privateAddress, $0) }
        case .deviceUnpaired:
            return try peer(&reader).map { .unpaired($0) }
        case nil:
            return nil
        }
    }

    private static func peer(_ reader: inout OctetReader) throws(OctetReader.EndReached) -> ManagementPeer? {
        let address = try reader.readAddress()
        switch try reader.readUInt8() {
        case 0: return ManagementPeer(address: address, addressType: nil)
        case 1: return ManagementPeer(address: address, addressType: .public)
        case 2: return ManagementPeer(address: address, addressType: .random)
        default: return nil
        }
    }
}
