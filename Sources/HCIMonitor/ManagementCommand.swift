// SPDX-License-Identifier: Apache-2.0

import SecurityManager

/// What a program asks of the kernel over the management interface, as far as it is about pairing; digits are left out.
///
/// Source: BlueZ, doc/mgmt-protocol.rst.
public enum ManagementCommand: Hashable, Sendable {
    /// Are bonds kept, on the whole adapter? (Set Bondable)
    case setBondable(Bool)
    /// The adapter's capability, for links that are made from now on. The value is that of the field; 0 to 4 are valid.
    case setIOCapability(UInt8)
    /// `Device1.Pair()` becomes this; the value is that of the capability of the agent.
    case pairDevice(ManagementPeer, ioCapability: UInt8)
    case cancelPairDevice(ManagementPeer)
    case unpairDevice(ManagementPeer)
    case disconnect(ManagementPeer)
    /// The answer of an agent to what the kernel asked.
    case reply(ManagementQuestion, ManagementPeer, isPositive: Bool)
}

/// The management commands that are about pairing. The socket filter passes exactly these.
///
/// Source: BlueZ, lib/mgmt.h (MGMT_OP_SET_BONDABLE and following).
enum ManagementCommandCode: UInt16, CaseIterable {
    case setBondable = 0x0009
    case disconnect = 0x0014
    case pinCodeReply = 0x0016
    case pinCodeNegativeReply = 0x0017
    case setIOCapability = 0x0018
    case pairDevice = 0x0019
    case cancelPairDevice = 0x001A
    case unpairDevice = 0x001B
    case userConfirmationReply = 0x001C
    case userConfirmationNegativeReply = 0x001D
    case userPasskeyReply = 0x001E
    case userPasskeyNegativeReply = 0x001F
}

extension ManagementCommand {
    /// Where the opcode stands in the payload: behind the cookie of the socket that the command comes from.
    static let codeOffset = 4

    /// The command of a record's payload; `nil` for other commands, and for address types that are not known.
    static func parse(_ payload: ArraySlice<UInt8>) throws(MalformedRecord.Fault) -> ManagementCommand? {
        var reader = OctetReader(payload, base: MonitorRecord.headerLength)
        do throws(OctetReader.EndReached) {
            _ = try reader.read(codeOffset)
            let code = ManagementCommandCode(rawValue: try reader.readUInt16())
            return try parameters(of: code, &reader)
        } catch {
            throw .truncated(offset: error.offset, missing: error.missing)
        }
    }

    // Digits are skipped. What follows the fields that are read is not looked at.
    private static func parameters(
        of code: ManagementCommandCode?, _ reader: inout OctetReader
    ) throws(OctetReader.EndReached) -> ManagementCommand? {
        switch code {
        case .setBondable: return .setBondable(try reader.readUInt8() != 0)
        case .setIOCapability: return .setIOCapability(try reader.readUInt8())
        case .pairDevice:
            let peer = try reader.readManagementPeer()
            let capability = try reader.readUInt8()
            return peer.map { .pairDevice($0, ioCapability: capability) }
        case .cancelPairDevice: return try reader.readManagementPeer().map { .cancelPairDevice($0) }
        case .unpairDevice:
            let peer = try reader.readManagementPeer()
            // Whether to disconnect as well.
            _ = try reader.readUInt8()
            return peer.map { .unpairDevice($0) }
        case .disconnect: return try reader.readManagementPeer().map { .disconnect($0) }
        case .pinCodeReply:
            // The length, and room for the longest.
            return try reply(.pinCode, skipping: 1 + 16, &reader)
        case .pinCodeNegativeReply: return try reply(.pinCode, &reader)
        case .userConfirmationReply: return try reply(.confirmation, skipping: 0, &reader)
        case .userConfirmationNegativeReply: return try reply(.confirmation, &reader)
        case .userPasskeyReply: return try reply(.passkey, skipping: 4, &reader)
        case .userPasskeyNegativeReply: return try reply(.passkey, &reader)
        case nil: return nil
        }
    }

    /// A yes has `digits` octets that are skipped; a no has none.
    private static func reply(
        _ question: ManagementQuestion, skipping digits: Int? = nil, _ reader: inout OctetReader
    ) throws(OctetReader.EndReached) -> ManagementCommand? {
        let peer = try reader.readManagementPeer()
        _ = try reader.read(digits ?? 0)
        return peer.map { .reply(question, $0, isPositive: digits != nil) }
    }
}

/// What the kernel asks bluetoothd, and this an agent.
public enum ManagementQuestion: Hashable, Sendable, CaseIterable {
    /// User Confirmation
    case confirmation
    /// User Passkey
    case passkey
    /// PIN Code
    case pinCode
}

/// How a management command ended, or why a pairing did.
///
/// Values without a constant here are kept as they came. Source: Linux, include/net/bluetooth/mgmt.h.
public struct ManagementStatus: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let success = Self(rawValue: 0x00)
    public static let failed = Self(rawValue: 0x03)
    public static let connectFailed = Self(rawValue: 0x04)
    public static let authenticationFailed = Self(rawValue: 0x05)
    public static let notPaired = Self(rawValue: 0x06)
    public static let timeout = Self(rawValue: 0x08)
    public static let alreadyConnected = Self(rawValue: 0x09)
    public static let busy = Self(rawValue: 0x0A)
    public static let rejected = Self(rawValue: 0x0B)
    public static let notSupported = Self(rawValue: 0x0C)
    public static let disconnected = Self(rawValue: 0x0E)
    public static let notPowered = Self(rawValue: 0x0F)
    public static let cancelled = Self(rawValue: 0x10)
    public static let alreadyPaired = Self(rawValue: 0x13)

    /// The name that BlueZ uses, or the value in hexadecimal: `Authentication Failed`, `status 0x2A`.
    public var description: String {
        Self.names.indices.contains(Int(rawValue))
            ? Self.names[Int(rawValue)]
            : "status 0x" + (rawValue < 0x10 ? "0" : "") + String(rawValue, radix: 16, uppercase: true)
    }

    // By value, from 0x00 on.
    private static let names = [
        "Success", "Unknown Command", "Not Connected", "Failed", "Connect Failed", "Authentication Failed",
        "Not Paired", "No Resources", "Timeout", "Already Connected", "Busy", "Rejected", "Not Supported",
        "Invalid Parameters", "Disconnected", "Not Powered", "Cancelled", "Invalid Index", "RFKilled",
        "Already Paired", "Permission Denied",
    ]
}
