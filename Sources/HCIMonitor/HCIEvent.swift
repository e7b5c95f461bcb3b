// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import SecurityManager

/// The HCI events that tell about links and their security. The socket filter passes exactly these.
///
/// Source: Core Specification, Vol 4, Part E, 7.7.
enum HCIEventCode: UInt8, CaseIterable {
    case connectionComplete = 0x03
    case disconnectionComplete = 0x05
    case authenticationComplete = 0x06
    case encryptionChange = 0x08
    case encryptionKeyRefreshComplete = 0x30
    case leMeta = 0x3E
    case encryptionChangeVersion2 = 0x59
}

/// The subevents of LE Meta that do; advertising reports are others.
///
/// Source: Core Specification, Vol 4, Part E, 7.7.65.
enum LEMetaSubevent: UInt8, CaseIterable {
    case connectionComplete = 0x01
    case enhancedConnectionComplete = 0x0A
    case enhancedConnectionCompleteVersion2 = 0x29
}

/// What an HCI event says, as far as it is about a link.
enum HCIEvent {
    case connectionComplete(handle: UInt16, MonitorPeer)
    case disconnectionComplete(handle: UInt16, reason: HCIErrorCode)
    case authenticationFailed(handle: UInt16, status: HCIErrorCode)
    case encryptionChange(handle: UInt16, EncryptionChange)
    case encryptionKeyRefreshComplete(handle: UInt16, status: HCIErrorCode)

    /// The event of a record's payload; `nil` for other events, failed connections, audio links and authentication that
    /// succeeds.
    static func parse(_ payload: ArraySlice<UInt8>) throws(MalformedRecord.Fault) -> HCIEvent? {
        var reader = OctetReader(payload, base: MonitorRecord.headerLength)
        let mismatch: MalformedRecord.Fault
        do throws(OctetReader.EndReached) {
            let code = HCIEventCode(rawValue: try reader.readUInt8())
            let lengthOffset = reader.offset
            let length = Int(try reader.readUInt8())
            if reader.rest.count == length { return try parameters(of: code, &reader) }
            mismatch = .lengthMismatch(offset: lengthOffset, declared: length, actual: reader.rest.count)
        } catch {
            throw .truncated(offset: error.offset, missing: error.missing)
        }
        throw mismatch
    }

    // Later versions of an event may have more fields: what follows the ones that are read is not looked at.
    private static func parameters(
        of code: HCIEventCode?, _ reader: inout OctetReader
    ) throws(OctetReader.EndReached) -> HCIEvent? {
        switch code {
        case .connectionComplete:
            return try connectionComplete(&reader)
        case .leMeta:
            guard LEMetaSubevent(rawValue: try reader.readUInt8()) != nil else { return nil }
            return try leConnectionComplete(&reader)
        case .disconnectionComplete:
            let status = try errorCode(&reader)
            let handle = try handle(&reader)
            let reason = try errorCode(&reader)
            return status == .success ? .disconnectionComplete(handle: handle, reason: reason) : nil
        case .authenticationComplete:
            let status = try errorCode(&reader)
            let handle = try handle(&reader)
            return status == .success ? nil : .authenticationFailed(handle: handle, status: status)
        case .encryptionChange, .encryptionChangeVersion2:
            let status = try errorCode(&reader)
            let handle = try handle(&reader)
            // 0x01 is E0 or AES-CCM (LE), 0x02 AES-CCM on BR/EDR.
            let isEnabled = try reader.readUInt8() != 0
            let keySize = code == .encryptionChangeVersion2 ? try reader.readUInt8() : nil
            return .encryptionChange(
                handle: handle, EncryptionChange(status: status, isEnabled: isEnabled, keySize: keySize))
        case .encryptionKeyRefreshComplete:
            let status = try errorCode(&reader)
            return .encryptionKeyRefreshComplete(handle: try handle(&reader), status: status)
        case nil:
            return nil
        }
    }

    private static func connectionComplete(
        _ reader: inout OctetReader
    ) throws(OctetReader.EndReached) -> HCIEvent? {
        let status = try errorCode(&reader)
        let handle = try handle(&reader)
        let address = try reader.readAddress()
        let linkType = try reader.readUInt8()
        // Link type 0x01 is ACL; the others are audio links, which belong to one.
        guard status == .success, linkType == 0x01 else { return nil }
        return .connectionComplete(handle: handle, MonitorPeer(address: address, addressType: nil))
    }

    /// The three versions begin alike: status, handle, role, peer address type, peer address.
    private static func leConnectionComplete(
        _ reader: inout OctetReader
    ) throws(OctetReader.EndReached) -> HCIEvent? {
        let status = try errorCode(&reader)
        let handle = try handle(&reader)
        _ = try reader.readUInt8()
        let type = try reader.readUInt8()
        let address = try reader.readAddress()
        guard status == .success else { return nil }
        return .connectionComplete(
            handle: handle, MonitorPeer(address: address, addressType: addressType(type)))
    }

    /// Types 2 and 3 are identity addresses that the controller resolved.
    private static func addressType(_ value: UInt8) -> AddressType? {
        switch value {
        case 0, 2: .public
        case 1, 3: .random
        default: nil
        }
    }

    private static func errorCode(_ reader: inout OctetReader) throws(OctetReader.EndReached) -> HCIErrorCode {
        HCIErrorCode(rawValue: try reader.readUInt8())
    }

    /// Only the low 12 bits of the field have a meaning.
    private static func handle(_ reader: inout OctetReader) throws(OctetReader.EndReached) -> UInt16 {
        try reader.readUInt16() & 0x0FFF
    }
}
