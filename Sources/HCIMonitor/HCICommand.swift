// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import SecurityManager

/// The HCI commands that answer a controller's question about a key or a pairing. The socket filter passes exactly these.
///
/// Source: Core Specification, Vol 4, Part E, 7.1 (link control commands) and 7.8 (LE controller commands).
enum HCICommandCode: UInt16, CaseIterable {
    case linkKeyRequestReply = 0x040B
    case linkKeyRequestNegativeReply = 0x040C
    case pinCodeRequestReply = 0x040D
    case pinCodeRequestNegativeReply = 0x040E
    case ioCapabilityRequestReply = 0x042B
    case userConfirmationRequestReply = 0x042C
    case userConfirmationRequestNegativeReply = 0x042D
    case userPasskeyRequestReply = 0x042E
    case userPasskeyRequestNegativeReply = 0x042F
    case ioCapabilityRequestNegativeReply = 0x0434
    case leLongTermKeyRequestReply = 0x201A
    case leLongTermKeyRequestNegativeReply = 0x201B
}

/// What the host answers the controller.
enum HCICommand {
    case longTermKeyAnswer(handle: UInt16, isKnown: Bool)
    case simplePairing(MonitorPeer, SimplePairingStep)

    /// The command of a record's payload; `nil` for other commands.
    static func parse(_ payload: ArraySlice<UInt8>) throws(MalformedRecord.Fault) -> HCICommand? {
        var reader = OctetReader(payload, base: MonitorRecord.headerLength)
        let mismatch: MalformedRecord.Fault
        do throws(OctetReader.EndReached) {
            let code = HCICommandCode(rawValue: try reader.readUInt16())
            let lengthOffset = reader.offset
            let length = Int(try reader.readUInt8())
            if reader.rest.count == length { return try parameters(of: code, &reader) }
            mismatch = .lengthMismatch(offset: lengthOffset, declared: length, actual: reader.rest.count)
        } catch {
            throw .truncated(offset: error.offset, missing: error.missing)
        }
        throw mismatch
    }

    private static func parameters(
        of code: HCICommandCode?, _ reader: inout OctetReader
    ) throws(OctetReader.EndReached) -> HCICommand? {
        switch code {
        case .leLongTermKeyRequestReply:
            let handle = try reader.readConnectionHandle()
            // The key.
            _ = try reader.read(16)
            return .longTermKeyAnswer(handle: handle, isKnown: true)
        case .leLongTermKeyRequestNegativeReply:
            return .longTermKeyAnswer(handle: try reader.readConnectionHandle(), isKnown: false)
        case let code?:
            let peer = MonitorPeer(address: try reader.readAddress(), addressType: nil)
            return try step(of: code, &reader).map { .simplePairing(peer, $0) }
        case nil:
            return nil
        }
    }

    // Keys and digits are skipped.
    private static func step(
        of code: HCICommandCode, _ reader: inout OctetReader
    ) throws(OctetReader.EndReached) -> SimplePairingStep? {
        switch code {
        case .linkKeyRequestReply:
            _ = try reader.read(16)
            return .answered(.linkKey, isPositive: true)
        case .linkKeyRequestNegativeReply: return .answered(.linkKey, isPositive: false)
        case .pinCodeRequestReply:
            // The length, and room for the longest.
            _ = try reader.read(1 + 16)
            return .answered(.pinCode, isPositive: true)
        case .pinCodeRequestNegativeReply: return .answered(.pinCode, isPositive: false)
        case .ioCapabilityRequestReply: return .ioCapability(.sent, try reader.readSimplePairingFeatures())
        case .ioCapabilityRequestNegativeReply:
            return .ioCapabilityRefused(HCIErrorCode(rawValue: try reader.readUInt8()))
        case .userConfirmationRequestReply: return .answered(.confirmation, isPositive: true)
        case .userConfirmationRequestNegativeReply: return .answered(.confirmation, isPositive: false)
        case .userPasskeyRequestReply:
            _ = try reader.read(4)
            return .answered(.passkey, isPositive: true)
        case .userPasskeyRequestNegativeReply: return .answered(.passkey, isPositive: false)
        case .leLongTermKeyRequestReply, .leLongTermKeyRequestNegativeReply: return nil
        }
    }
}
