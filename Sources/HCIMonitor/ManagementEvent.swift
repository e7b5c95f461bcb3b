// SPDX-License-Identifier: Apache-2.0

public import Bluetooth
public import SecurityManager

/// What the kernel tells bluetoothd about pairings and bonds, without the octets of any key and without digits.
///
/// Of one pairing, ``newIdentity(privateAddress:_:)`` comes before the keys, and these name the identity address.
///
/// Source: BlueZ, doc/mgmt-protocol.rst; Linux, net/bluetooth/smp.c (smp_notify_keys).
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

/// The management events that tell about pairings and bonds. The socket filter passes exactly these, of
/// ``isCommandResult`` those of Pair Device.
///
/// Source: BlueZ, lib/mgmt.h (MGMT_EV_CMD_COMPLETE and following).
enum ManagementEventCode: UInt16, CaseIterable {
    case commandComplete = 0x0001
    case commandStatus = 0x0002
    case newSettings = 0x0006
    case newLinkKey = 0x0009
    case newLongTermKey = 0x000A
    case deviceDisconnected = 0x000C
    case connectFailed = 0x000D
    case pinCodeRequest = 0x000E
    case userConfirmationRequest = 0x000F
    case userPasskeyRequest = 0x0010
    case authenticationFailed = 0x0011
    case deviceUnpaired = 0x0016
    case passkeyNotify = 0x0017
    case newIdentityResolvingKey = 0x0018

    /// Does it end a command? Then it goes to one control socket only, and the command's opcode comes next.
    var isCommandResult: Bool { self == .commandComplete || self == .commandStatus }
}

extension ManagementEvent {
    /// Where the event code stands in the payload: behind the cookie of the socket that receives the event.
    static let codeOffset = 4

    /// The event of a record's payload; `nil` for other events, results of other commands, and address types that are
    /// not known.
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

    // Keys and digits are skipped. Later versions of an event may have more fields: what follows is not looked at.
    private static func parameters(
        of code: ManagementEventCode?, _ reader: inout OctetReader
    ) throws(OctetReader.EndReached) -> ManagementEvent? {
        switch code {
        case .commandComplete, .commandStatus:
            return try pairDeviceEnded(&reader)
        case .newSettings:
            // Bit 4 of four octets.
            return .settings(isBondable: try reader.read(4).first.map { $0 & 0x10 != 0 } ?? false)
        case .newLinkKey:
            let isKept = try reader.readUInt8() != 0
            let peer = try reader.readManagementPeer()
            let type = LinkKeyType(rawValue: try reader.readUInt8())
            // The key, and the length of the PIN code.
            _ = try reader.read(16 + 1)
            return peer.map { .newKey($0, PairingKey(kind: .linkKey(type), isKept: isKept)) }
        case .newLongTermKey:
            let isKept = try reader.readUInt8() != 0
            let peer = try reader.readManagementPeer()
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
            let peer = try reader.readManagementPeer()
            _ = try reader.read(16)
            // Zero: the device did not use a resolvable private address.
            guard privateAddress.bits != 0 else { return nil }
            return peer.map { .newIdentity(privateAddress: privateAddress, $0) }
        case .deviceUnpaired:
            return try reader.readManagementPeer().map { .unpaired($0) }
        case .deviceDisconnected:
            let peer = try reader.readManagementPeer()
            let reason = try reader.readUInt8()
            return peer.map { .disconnected($0, reason: reason) }
        case .connectFailed:
            let peer = try reader.readManagementPeer()
            let status = ManagementStatus(rawValue: try reader.readUInt8())
            return peer.map { .connectFailed($0, status) }
        case .authenticationFailed:
            let peer = try reader.readManagementPeer()
            let status = ManagementStatus(rawValue: try reader.readUInt8())
            return peer.map { .authenticationFailed($0, status) }
        case .pinCodeRequest:
            let peer = try reader.readManagementPeer()
            // Whether it has to be of 16 digits.
            _ = try reader.readUInt8()
            return peer.map { .asked(.pinCode, $0, isHint: false) }
        case .userConfirmationRequest:
            let peer = try reader.readManagementPeer()
            let isHint = try reader.readUInt8() != 0
            _ = try reader.read(4)
            return peer.map { .asked(.confirmation, $0, isHint: isHint) }
        case .userPasskeyRequest:
            return try reader.readManagementPeer().map { .asked(.passkey, $0, isHint: false) }
        case .passkeyNotify:
            let peer = try reader.readManagementPeer()
            _ = try reader.read(4)
            let entered = try reader.readUInt8()
            return peer.map { .passkeyShown($0, entered: entered) }
        case nil:
            return nil
        }
    }

    /// Command Complete has the device behind the status, Command Status has nothing there.
    private static func pairDeviceEnded(
        _ reader: inout OctetReader
    ) throws(OctetReader.EndReached) -> ManagementEvent? {
        guard ManagementCommandCode(rawValue: try reader.readUInt16()) == .pairDevice else { return nil }
        let status = ManagementStatus(rawValue: try reader.readUInt8())
        guard !reader.rest.isEmpty else { return .pairDeviceEnded(nil, status) }
        return try reader.readManagementPeer().map { .pairDeviceEnded($0, status) }
    }
}

extension OctetReader {
    /// `nil` for an address type that is not known.
    mutating func readManagementPeer() throws(EndReached) -> ManagementPeer? {
        let address = try readAddress()
        switch try readUInt8() {
        case 0: return ManagementPeer(address: address, addressType: nil)
        case 1: return ManagementPeer(address: address, addressType: .public)
        case 2: return ManagementPeer(address: address, addressType: .random)
        default: return nil
        }
    }
}

/// Tells an event from its mirror images.
///
/// The kernel mirrors an event once for each control socket that receives it, one image after the other, before any
/// of the sockets has it (Linux, net/bluetooth/hci_sock.c, hci_send_monitor_ctrl_event). So the same octets with the
/// cookie of a socket that has not had them yet are an image as long as nothing else comes between; with the cookie of
/// one that has had them, they are the next event. The result of a command goes to one socket, so it has no image.
struct ManagementMirror {
    /// More control sockets than that get their images told as events.
    static let maximumSockets = 16

    /// Stands for the octets, which may hold a key.
    private var digest: Int?
    private var cookies: Set<UInt32> = []

    /// Is the event in this payload an image of the last one?
    mutating func isImage(_ payload: ArraySlice<UInt8>) -> Bool {
        let parameters = payload.dropFirst(ManagementEvent.codeOffset)
        var hasher = Hasher()
        parameters.withUnsafeBytes { hasher.combine(bytes: $0) }
        let digest = hasher.finalize()
        let cookie = payload.prefix(ManagementEvent.codeOffset).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        if digest == self.digest, cookies.count < Self.maximumSockets, cookies.insert(cookie).inserted { return true }
        self.digest = digest
        cookies = [cookie]
        return false
    }

    /// Something else came: no image follows.
    mutating func interrupt() { digest = nil }
}
