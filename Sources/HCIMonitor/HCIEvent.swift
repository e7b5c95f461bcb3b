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
    case pinCodeRequest = 0x16
    case linkKeyRequest = 0x17
    case encryptionKeyRefreshComplete = 0x30
    case ioCapabilityResponse = 0x32
    case userConfirmationRequest = 0x33
    case userPasskeyRequest = 0x34
    case simplePairingComplete = 0x36
    case userPasskeyNotification = 0x3B
    case leMeta = 0x3E
    case encryptionChangeVersion2 = 0x59
}

/// The subevents of LE Meta that do; advertising reports are others.
///
/// Source: Core Specification, Vol 4, Part E, 7.7.65.
enum LEMetaSubevent: UInt8, CaseIterable {
    case connectionComplete = 0x01
    case longTermKeyRequest = 0x05
    case enhancedConnectionComplete = 0x0A
    case enhancedConnectionCompleteVersion2 = 0x29
}

/// What an HCI event says, as far as it is about a link or a pairing.
enum HCIEvent {
    case connectionComplete(handle: UInt16, MonitorPeer, LinkRole?, Transport)
    case connectionFailed(MonitorPeer, status: HCIErrorCode)
    case disconnectionComplete(handle: UInt16, reason: HCIErrorCode)
    case authenticationFailed(handle: UInt16, status: HCIErrorCode)
    case encryptionChange(handle: UInt16, EncryptionChange)
    case encryptionKeyRefreshComplete(handle: UInt16, status: HCIErrorCode)
    case longTermKeyRequest(handle: UInt16)
    case simplePairing(MonitorPeer, SimplePairingStep)

    /// The event of a record's payload; `nil` for other events, audio links and authentication that succeeds.
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

    // Later versions of an event may have more fields: what follows the ones that are read is not looked at. Digits are
    // skipped.
    private static func parameters(
        of code: HCIEventCode?, _ reader: inout OctetReader
    ) throws(OctetReader.EndReached) -> HCIEvent? {
        switch code {
        case .connectionComplete:
            return try connectionComplete(&reader)
        case .leMeta:
            return try leParameters(of: LEMetaSubevent(rawValue: try reader.readUInt8()), &reader)
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
        case .linkKeyRequest, .pinCodeRequest, .userConfirmationRequest, .userPasskeyRequest,
            .userPasskeyNotification, .ioCapabilityResponse, .simplePairingComplete:
            return try simplePairing(code, &reader)
        case nil:
            return nil
        }
    }

    /// Nearly all of these name the device first; BR/EDR, as all of Secure Simple Pairing is.
    private static func simplePairing(
        _ code: HCIEventCode?, _ reader: inout OctetReader
    ) throws(OctetReader.EndReached) -> HCIEvent? {
        let status = code == .simplePairingComplete ? try errorCode(&reader) : .success
        let peer = MonitorPeer(address: try reader.readAddress(), addressType: nil)
        switch code {
        case .linkKeyRequest: return .simplePairing(peer, .asked(.linkKey))
        case .pinCodeRequest: return .simplePairing(peer, .asked(.pinCode))
        case .userPasskeyRequest: return .simplePairing(peer, .asked(.passkey))
        case .userConfirmationRequest:
            _ = try reader.read(4)
            return .simplePairing(peer, .asked(.confirmation))
        case .userPasskeyNotification:
            _ = try reader.read(4)
            return .simplePairing(peer, .passkeyShown)
        case .ioCapabilityResponse:
            return .simplePairing(peer, .ioCapability(.received, try reader.readSimplePairingFeatures()))
        case .simplePairingComplete: return .simplePairing(peer, .completed(status))
        default: return nil
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
        guard linkType == 0x01 else { return nil }
        let peer = MonitorPeer(address: address, addressType: nil)
        return status == .success
            ? .connectionComplete(handle: handle, peer, nil, .bredr) : .connectionFailed(peer, status: status)
    }

    private static func leParameters(
        of subevent: LEMetaSubevent?, _ reader: inout OctetReader
    ) throws(OctetReader.EndReached) -> HCIEvent? {
        switch subevent {
        case .connectionComplete, .enhancedConnectionComplete, .enhancedConnectionCompleteVersion2:
            return try leConnectionComplete(&reader)
        case .longTermKeyRequest:
            let handle = try handle(&reader)
            // Rand and EDIV, which name the key of legacy pairing.
            _ = try reader.read(8 + 2)
            return .longTermKeyRequest(handle: handle)
        case nil:
            return nil
        }
    }

    /// The three versions begin alike: status, handle, role, peer address type, peer address.
    private static func leConnectionComplete(
        _ reader: inout OctetReader
    ) throws(OctetReader.EndReached) -> HCIEvent? {
        let status = try errorCode(&reader)
        let handle = try handle(&reader)
        let role = role(try reader.readUInt8())
        let type = try reader.readUInt8()
        let peer = MonitorPeer(address: try reader.readAddress(), addressType: addressType(type))
        return status == .success
            ? .connectionComplete(handle: handle, peer, role, .le) : .connectionFailed(peer, status: status)
    }

    private static func role(_ value: UInt8) -> LinkRole? {
        switch value {
        case 0: .central
        case 1: .peripheral
        default: nil
        }
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

    private static func handle(_ reader: inout OctetReader) throws(OctetReader.EndReached) -> UInt16 {
        try reader.readConnectionHandle()
    }
}

extension OctetReader {
    /// Only the low 12 bits of the field have a meaning.
    mutating func readConnectionHandle() throws(EndReached) -> UInt16 { try readUInt16() & 0x0FFF }

    mutating func readSimplePairingFeatures() throws(EndReached) -> SimplePairingFeatures {
        let ioCapability = try readUInt8()
        let oobDataPresent = try readUInt8()
        return SimplePairingFeatures(
            ioCapabilityValue: ioCapability, oobDataPresent: oobDataPresent,
            authenticationRequirements: try readUInt8())
    }
}
