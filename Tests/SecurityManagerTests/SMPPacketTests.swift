// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import SecurityManager
import Testing

@Suite("SMP packets")
struct SMPPacketTests {
    private static func octets(_ count: Int, from first: UInt8 = 0xA0) -> [UInt8] {
        (0..<count).map { first &+ UInt8($0) }
    }

    private static let features = PairingFeatures(
        ioCapability: .keyboardDisplay, authenticationRequirements: [.bonding, .mitmProtection, .secureConnections],
        initiatorKeyDistribution: [.encryptionKey, .signatureKey, .linkKey],
        responderKeyDistribution: [.encryptionKey, .identityKey, .signatureKey, .linkKey])

    private static let samples: [(octets: [UInt8], packet: SMPPacket)] = [
        ([0x01, 0x04, 0x00, 0x0D, 0x10, 0x0D, 0x0F], .pairingRequest(features)),
        ([0x02, 0x04, 0x00, 0x0D, 0x10, 0x0D, 0x0F], .pairingResponse(features)),
        ([0x03] + octets(16), .pairingConfirm(SecretOctets(octets(16)))),
        ([0x04] + octets(16), .pairingRandom(SecretOctets(octets(16)))),
        ([0x05, 0x04], .pairingFailed(.confirmValueFailed)),
        ([0x06] + octets(16), .encryptionInformation(longTermKey: SecretOctets(octets(16)))),
        (
            [0x07, 0x34, 0x12] + octets(8),
            .centralIdentification(encryptedDiversifier: 0x1234, random: SecretOctets(octets(8)))
        ),
        ([0x08] + octets(16), .identityInformation(identityResolvingKey: SecretOctets(octets(16)))),
        (
            [0x09, 0x01, 0x18, 0x81, 0x71, 0xBF, 0x5F, 0xC0],
            .identityAddressInformation(.random, Address(bits: 0xC05F_BF71_8118))
        ),
        ([0x0A] + octets(16), .signingInformation(signatureKey: SecretOctets(octets(16)))),
        ([0x0B, 0x05], .securityRequest([.bonding, .mitmProtection])),
        (
            [0x0C] + octets(64),
            .pairingPublicKey(x: SecretOctets(octets(32)), y: SecretOctets(octets(32, from: 0xC0)))
        ),
        ([0x0D] + octets(16), .pairingDHKeyCheck(SecretOctets(octets(16)))),
        ([0x0E, 0x04], .pairingKeypressNotification(.passkeyEntryCompleted)),
    ]

    @Test("Every code from 0x01 to 0x0E is decoded", arguments: samples)
    func decoding(octets: [UInt8], packet: SMPPacket) throws {
        #expect(try SMPPacket(decoding: octets[...]) == packet)
        #expect(packet.code == octets[0])
        #expect(Self.samples.map(\.packet.code) == Array(0x01...0x0E))
    }

    @Test("A packet that is cut anywhere is an error that says where", arguments: samples.map(\.octets))
    func truncation(octets: [UInt8]) {
        for length in 0..<octets.count {
            do throws(SMPDecodingError) {
                let packet = try SMPPacket(decoding: octets[..<length])
                Issue.record("\(packet) from \(length) octets")
            } catch .truncated(let offset, let missing) {
                #expect(offset <= length && missing > 0 && length + missing <= octets.count)
            } catch {
                Issue.record("\(error)")
            }
        }
    }

    @Test("Octets behind the last field are an error that says where", arguments: samples.map(\.octets))
    func trailing(octets: [UInt8]) {
        #expect(throws: SMPDecodingError.trailingOctets(offset: octets.count, count: 2)) {
            try SMPPacket(decoding: (octets + [0, 0])[...])
        }
    }

    @Test("Offsets count from the packet, wherever it stands in a larger buffer")
    func sliceOffsets() {
        let buffer: [UInt8] = [0xFF, 0xFF, 0xFF, 0x05]
        #expect(throws: SMPDecodingError.truncated(offset: 1, missing: 1)) { try SMPPacket(decoding: buffer[3...]) }
    }

    @Test("A reserved code is an error", arguments: [0x00, 0x0F, 0xFF] as [UInt8])
    func unknownCode(code: UInt8) {
        #expect(throws: SMPDecodingError.unknownCode(code)) { try SMPPacket(decoding: [code, 0]) }
    }

    @Test("A reserved address type or keypress is an error at its field")
    func reservedValues() {
        #expect(throws: SMPDecodingError.reservedValue(2, offset: 1)) {
            try SMPPacket(decoding: [0x09, 2, 0, 0, 0, 0, 0, 0])
        }
        #expect(throws: SMPDecodingError.reservedValue(5, offset: 1)) { try SMPPacket(decoding: [0x0E, 5]) }
    }

    @Test("Reserved bits and values of the pairing features are kept")
    func reservedFeatures() throws {
        guard case .pairingRequest(let features) = try SMPPacket(decoding: [0x01, 9, 7, 0xFF, 0x20, 0xF0, 0x0F]) else {
            Issue.record("no pairing request")
            return
        }
        #expect(features.ioCapabilityValue == 9 && features.ioCapability == nil)
        #expect(features.oobDataFlag == 7 && !features.hasOOBData)
        #expect(features.authenticationRequirements.rawValue == 0xFF)
        #expect(features.maximumEncryptionKeySize == 0x20)
    }

    @Test("No description, mirror or dump of a packet shows the octets of a key", arguments: samples)
    func secrecy(octets: [UInt8], packet: SMPPacket) {
        guard octets.count > 8 else { return }
        var dumped = ""
        dump(packet, to: &dumped)
        for text in ["\(packet)", String(reflecting: packet), dumped] {
            #expect(!text.contains("161"), "0xA1 in \(text)")
            #expect(!text.lowercased().contains("a1"))
        }
    }
}

@Suite("Pairing failure reasons")
struct PairingFailureReasonTests {
    @Test("Every value from 0x01 to 0x10 has its own name")
    func names() {
        let names = (0x01...0x10).compactMap { PairingFailureReason(rawValue: $0).name }
        #expect(Set(names).count == 16)
        #expect(PairingFailureReason.passkeyEntryFailed.description == "Passkey Entry Failed")
        #expect(PairingFailureReason.dhKeyCheckFailed.description == "DHKey Check Failed")
        #expect(PairingFailureReason.busy.description == "Busy")
    }

    @Test("A reserved value is kept and written in hexadecimal", arguments: [0x00, 0x11, 0xFF] as [UInt8])
    func reserved(value: UInt8) {
        let reason = PairingFailureReason(rawValue: value)
        #expect(reason.rawValue == value)
        #expect(reason.name == nil)
        #expect(PairingFailureReason(rawValue: 0x11).description == "Reserved (0x11)")
    }
}
