// SPDX-License-Identifier: Apache-2.0

public import Bluetooth

/// One command of the Security Manager Protocol.
///
/// Source: Core Specification, Vol 3, Part H, 3.3 (format and codes), 3.5 (pairing) and 3.6 (key distribution).
public enum SMPPacket: Hashable, Sendable {
    case pairingRequest(PairingFeatures)
    case pairingResponse(PairingFeatures)
    case pairingConfirm(SecretOctets)
    case pairingRandom(SecretOctets)
    case pairingFailed(PairingFailureReason)
    /// The Long Term Key of LE legacy pairing, 16 octets.
    case encryptionInformation(longTermKey: SecretOctets)
    /// What names a Long Term Key: EDIV and Rand, the latter of 8 octets.
    case centralIdentification(encryptedDiversifier: UInt16, random: SecretOctets)
    /// The Identity Resolving Key, 16 octets.
    case identityInformation(identityResolvingKey: SecretOctets)
    case identityAddressInformation(AddressType, Address)
    /// The Connection Signature Resolving Key, 16 octets.
    case signingInformation(signatureKey: SecretOctets)
    case securityRequest(AuthenticationRequirements)
    /// The point on P-256, each coordinate of 32 octets. Hidden like a key, although it is none.
    case pairingPublicKey(x: SecretOctets, y: SecretOctets)
    case pairingDHKeyCheck(SecretOctets)
    case pairingKeypressNotification(KeypressNotification)
}

/// What a person does on the device that takes the passkey.
///
/// Source: Core Specification, Vol 3, Part H, 3.5.8.
public enum KeypressNotification: UInt8, Hashable, Sendable, CaseIterable {
    case passkeyEntryStarted = 0
    case passkeyDigitEntered = 1
    case passkeyDigitErased = 2
    case passkeyCleared = 3
    case passkeyEntryCompleted = 4
}

/// Why octets are no packet of the Security Manager Protocol. Offsets count octets from the Code field, which is at 0.
public enum SMPDecodingError: Error, Hashable, Sendable {
    /// The packet ends before the field at `offset` does; `missing` octets are absent, at least 1.
    case truncated(offset: Int, missing: Int)
    /// The packet goes on behind its last field. The kernel ignores such octets.
    case trailingOctets(offset: Int, count: Int)
    /// The Code is 0x00 or over 0x0E.
    case unknownCode(UInt8)
    /// The field at `offset` has a value that the specification reserves and that has no meaning.
    case reservedValue(UInt8, offset: Int)

    public var offset: Int {
        switch self {
        case .truncated(let offset, _), .trailingOctets(let offset, _), .reservedValue(_, let offset): offset
        case .unknownCode: 0
        }
    }
}

extension SMPPacket {
    /// The longest packet, Pairing Public Key, in octets.
    public static let maximumLength = 65

    /// Decodes one packet, from the Code field to the end of its last field.
    ///
    /// Strict on purpose: a packet that is written otherwise than the specification says is reported, never read in a
    /// way that might differ from the kernel's.
    public init(decoding octets: ArraySlice<UInt8>) throws(SMPDecodingError) {
        var reader = OctetReader(octets)
        let result: Result<SMPPacket, SMPDecodingError>
        do throws(OctetReader.EndReached) {
            result = try Self.decode(&reader)
        } catch {
            throw .truncated(offset: error.offset, missing: error.missing)
        }
        self = try result.get()
        if !reader.rest.isEmpty { throw .trailingOctets(offset: reader.offset, count: reader.rest.count) }
    }

    /// The Code field, 0x01 to 0x0E.
    public var code: UInt8 {
        switch self {
        case .pairingRequest: 0x01
        case .pairingResponse: 0x02
        case .pairingConfirm: 0x03
        case .pairingRandom: 0x04
        case .pairingFailed: 0x05
        case .encryptionInformation: 0x06
        case .centralIdentification: 0x07
        case .identityInformation: 0x08
        case .identityAddressInformation: 0x09
        case .signingInformation: 0x0A
        case .securityRequest: 0x0B
        case .pairingPublicKey: 0x0C
        case .pairingDHKeyCheck: 0x0D
        case .pairingKeypressNotification: 0x0E
        }
    }

    private static func decode(
        _ reader: inout OctetReader
    ) throws(OctetReader.EndReached) -> Result<SMPPacket, SMPDecodingError> {
        let code = try reader.readUInt8()
        switch code {
        case 0x01: return .success(.pairingRequest(try PairingFeatures(from: &reader)))
        case 0x02: return .success(.pairingResponse(try PairingFeatures(from: &reader)))
        case 0x03: return .success(.pairingConfirm(try secret(16, &reader)))
        case 0x04: return .success(.pairingRandom(try secret(16, &reader)))
        case 0x05: return .success(.pairingFailed(PairingFailureReason(rawValue: try reader.readUInt8())))
        case 0x06: return .success(.encryptionInformation(longTermKey: try secret(16, &reader)))
        case 0x07:
            let diversifier = try reader.readUInt16()
            return .success(.centralIdentification(encryptedDiversifier: diversifier, random: try secret(8, &reader)))
        case 0x08: return .success(.identityInformation(identityResolvingKey: try secret(16, &reader)))
        case 0x09: return try decodeIdentityAddress(&reader)
        case 0x0A: return .success(.signingInformation(signatureKey: try secret(16, &reader)))
        case 0x0B: return .success(.securityRequest(AuthenticationRequirements(rawValue: try reader.readUInt8())))
        case 0x0C:
            let x = try secret(32, &reader)
            return .success(.pairingPublicKey(x: x, y: try secret(32, &reader)))
        case 0x0D: return .success(.pairingDHKeyCheck(try secret(16, &reader)))
        case 0x0E:
            let value = try reader.readUInt8()
            guard let notification = KeypressNotification(rawValue: value) else {
                return .failure(.reservedValue(value, offset: 1))
            }
            return .success(.pairingKeypressNotification(notification))
        default: return .failure(.unknownCode(code))
        }
    }

    private static func decodeIdentityAddress(
        _ reader: inout OctetReader
    ) throws(OctetReader.EndReached) -> Result<SMPPacket, SMPDecodingError> {
        let value = try reader.readUInt8()
        let octets = try reader.read(6)
        guard value <= 1 else { return .failure(.reservedValue(value, offset: 1)) }
        let address = Address(bits: octets.reversed().reduce(0) { $0 << 8 | UInt64($1) })
        return .success(.identityAddressInformation(value == 0 ? .public : .random, address))
    }

    private static func secret(
        _ count: Int, _ reader: inout OctetReader
    ) throws(OctetReader.EndReached) -> SecretOctets {
        SecretOctets(try reader.read(count))
    }
}
