// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Foundation
import SecurityManager
import Testing

@testable import HCIMonitor

/// BlueZ's own program reads the same files: it must see the same SMP packets as ``MonitorDecoder``.
@Suite("The same packets as btmon sees", .serialized)
struct BtmonComparisonTests {
    @Test("Pairings of every kind, in both directions and in fragments")
    func generated() throws {
        let file = try TemporaryFile(CaptureFiles.btsnoop(Self.pairings))
        let packets = try compare(file.path)
        // Each packet of each pairing, so that nothing is the same because nothing was seen.
        #expect(packets == 44)
    }

    @Test("Captures of real pairings", arguments: captures)
    func captured(file: String) throws { _ = try compare(file) }

    /// The captures that are kept, in the folder next to that of these tests.
    private static let captures: [String] = {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Captures").path
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(".btsnoop") }.sorted().map { "\(folder)/\($0)" }
    }()

    /// Holds what btmon sees in a file against what we do; returns how many packets there are.
    private func compare(_ path: String) throws -> Int {
        let ours = Self.packets(ofCapture: path)
        let theirs = Self.packets(ofText: try Self.runBtmon(path))
        // Values are not printed: they may be keys.
        for (number, (our, their)) in zip(ours, theirs).enumerated() {
            #expect(our.summary == their.summary, "packet \(number) of \(path)")
            let isSame = our.fields == their.fields
            #expect(isSame, "the fields of packet \(number) of \(path), \(our.summary), differ")
        }
        #expect(ours.count == theirs.count, "packets of \(path)")
        return ours.count
    }

    /// One SMP packet in terms that both sides have.
    private struct Packet {
        var adapterIndex: UInt16
        var direction: MonitorDirection
        var handle: UInt16
        var code: UInt8
        /// The values as btmon prints them.
        var fields: [String] = []

        var summary: String { "hci\(adapterIndex), handle \(handle), \(direction), code \(code)" }
    }

    // MARK: What we see

    private static func packets(ofCapture path: String) -> [Packet] {
        let contents = CaptureContents(path: path)
        #expect(contents.error == nil, "\(path)")
        return contents.events.compactMap { event in
            guard case .smp(let link, let direction, let packet) = event else { return nil }
            return Packet(
                adapterIndex: link.adapter.index, direction: direction, handle: link.handle, code: packet.code,
                fields: fields(of: packet))
        }
    }

    private static func fields(of packet: SMPPacket) -> [String] {
        switch packet {
        case .pairingRequest(let features), .pairingResponse(let features):
            [
                hexadecimal(features.ioCapabilityValue), hexadecimal(features.oobDataFlag),
                hexadecimal(features.authenticationRequirements.rawValue), "\(features.maximumEncryptionKeySize)",
                hexadecimal(features.initiatorKeyDistribution.rawValue),
                hexadecimal(features.responderKeyDistribution.rawValue),
            ]
        case .pairingConfirm(let value), .pairingRandom(let value), .encryptionInformation(let value),
            .identityInformation(let value), .signingInformation(let value), .pairingDHKeyCheck(let value):
            [digits(value.octets)]
        case .pairingFailed(let reason): [hexadecimal(reason.rawValue)]
        case .centralIdentification(let diversifier, let random):
            [
                "0x" + digits([UInt8(diversifier >> 8), UInt8(diversifier & 0xFF)]),
                "0x" + digits(random.octets.reversed()),
            ]
        case .identityAddressInformation(let type, let address): ["\(address) \(type)"]
        case .securityRequest(let requirements): [hexadecimal(requirements.rawValue)]
        case .pairingPublicKey(let x, let y): [digits(x.octets), digits(y.octets)]
        case .pairingKeypressNotification(let notification): [hexadecimal(notification.rawValue)]
        }
    }

    private static func digits(_ octets: [UInt8]) -> String {
        octets.map { String(hexadecimal($0).dropFirst(2)) }.joined()
    }

    private static func hexadecimal(_ value: UInt8) -> String {
        (value < 0x10 ? "0x0" : "0x") + String(value, radix: 16)
    }

    // MARK: What btmon sees

    private static func runBtmon(_ path: String) throws -> String {
        let program = "/usr/bin/btmon"
        try #require(
            FileManager.default.isExecutableFile(atPath: program),
            "There is no \(program) to compare with: install Debian's package bluez (scripts/install-dependencies test)."
        )
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["-r", path]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "btmon -r \(path)")
        return text
    }

    /// The SMP packets of btmon's text: a line with direction and handle, one with the code, then one for each field.
    private static func packets(ofText text: String) -> [Packet] {
        var packets: [Packet] = []
        var isPacket = false
        var start: (adapterIndex: UInt16, direction: MonitorDirection, handle: UInt16)?
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            let depth = line.prefix { $0 == " " }.count
            if depth == 0 {
                start = aclData(words)
                isPacket = false
            } else if depth == 6, let start, let code = code(words) {
                packets.append(
                    Packet(
                        adapterIndex: start.adapterIndex, direction: start.direction, handle: start.handle, code: code))
                isPacket = true
            } else if depth == 6 {
                isPacket = false
            } else if depth == 8, isPacket {
                if let field = field(line) {
                    packets[packets.count - 1].fields.append(field)
                } else {
                    // "invalid packet size": it is no packet here either.
                    packets.removeLast()
                    isPacket = false
                }
            }
        }
        return packets
    }

    /// `> ACL Data RX: Handle 64 flags 0x02 dlen 11     #3 [hci0] 0.5`
    private static func aclData(_ words: [Substring]) -> (UInt16, MonitorDirection, UInt16)? {
        guard words.dropFirst().starts(with: ["ACL", "Data"]), let handle = words.firstIndex(of: "Handle"),
            let value = words.dropFirst(handle + 1).first.flatMap({ UInt16($0) }),
            let adapter = words.first(where: { $0.hasPrefix("[hci") }).flatMap({ UInt16($0.dropFirst(4).dropLast()) })
        else { return nil }
        return (adapter, words.first == "<" ? .sent : .received, value)
    }

    /// `SMP: Pairing Failed (0x05) len 1`, or with `BR/EDR` before.
    private static func code(_ words: [Substring]) -> UInt8? {
        guard words.prefix(2).contains("SMP:"), !words.contains("Unknown"),
            let code = words.last(where: { $0.hasPrefix("(0x") })
        else { return nil }
        return UInt8(code.dropFirst(3).dropLast(), radix: 16)
    }

    /// `Reason: Confirm value failed (0x04)`: the value itself, as far as there is one beside its words.
    private static func field(_ line: Substring) -> String? {
        guard let colon = line.range(of: ": ") else { return nil }
        let words = line[colon.upperBound...].split(separator: " ")
        guard let first = words.first, let last = words.last else { return nil }
        if first.contains(":") {
            let isRandom = ["(Static)", "(Resolvable)", "(Non-Resolvable)", "(Reserved)"].contains(
                words.dropFirst().first)
            return "\(first) \(isRandom ? AddressType.random : .public)"
        }
        return last.hasPrefix("(0x") ? String(last.dropFirst().dropLast()) : String(first)
    }

    // MARK: A file with everything

    /// Three pairings, one after the other, with what the kernel tells bluetoothd in between.
    private static let pairings: [[UInt8]] =
        [Records.newIndex(), Records.record(.openIndex), Records.indexInformation(), Records.newIndex(1)]
        + legacyPairing + secureConnectionsPairing + classicPairing

    /// As central on hci0, with every key.
    private static let legacyPairing: [[UInt8]] = [
        [Records.leConnection()],
        sent([0x01, 4, 0, 0x05, 16, 0x07, 0x07]),
        received([0x02, 0, 0, 0x05, 7, 0x07, 0x07]),
        received([0x0E, 0]),
        received([0x0E, 1]),
        received([0x0E, 4]),
        sent([0x03] + secret(1, 16)),
        received([0x03] + secret(2, 16)),
        sent([0x04] + secret(3, 16)),
        received([0x04] + secret(4, 16)),
        [Records.event(0x08, [0, 0x40, 0, 1])],
        received([0x06] + secret(5, 16)),
        received([0x07, 0x34, 0x12] + secret(6, 8)),
        received([0x08] + secret(7, 16)),
        received([0x09, 1] + Records.octets(Records.peerAddress)),
        received([0x0A] + secret(8, 16)),
        sent([0x06] + secret(9, 16)),
        sent([0x07, 0xFF, 0x00] + secret(10, 8)),
        sent([0x08] + secret(11, 16)),
        sent([0x09, 0] + Records.octets(Records.adapterAddress)),
        sent([0x0A] + secret(12, 16)),
        Records.managementEvents(),
        [Records.disconnection()],
    ].flatMap(\.self)

    /// As peripheral on hci1, which fails and then succeeds; data of an application comes in between.
    private static let secureConnectionsPairing: [[UInt8]] = [
        [Records.leConnection(handle: 0x0EFF, index: 1)],
        sent([0x0B, 0x2D], 1),
        received([0x01, 1, 0, 0x2D, 16, 0x0D, 0x0F], 1),
        sent([0x02, 3, 1, 0x29, 16, 0x00, 0x02], 1),
        received([0x0C] + secret(20, 64), 1, size: 27),
        sent([0x0C] + secret(21, 64), 1, size: 27),
        [Records.acl(handle: 0x0EFF, index: 1, Records.frame(channel: 4, [0x52, 1, 0, 7]))],
        sent([0x03] + secret(22, 16), 1),
        received([0x04] + secret(23, 16), 1),
        sent([0x04] + secret(24, 16), 1),
        received([0x05, 0x0C], 1),
        received([0x01, 4, 0, 0x1D, 16, 0x03, 0x03], 1),
        sent([0x02, 4, 0, 0x1D, 12, 0x02, 0x02], 1),
        received([0x0C] + secret(25, 64), 1, size: 20),
        sent([0x0C] + secret(26, 64), 1, size: 69),
        sent([0x03] + secret(27, 16), 1),
        received([0x04] + secret(28, 16), 1),
        sent([0x04] + secret(29, 16), 1),
        received([0x0D] + secret(30, 16), 1),
        sent([0x0D] + secret(31, 16), 1),
        [Records.event(0x59, index: 1, [0, 0xFF, 0x0E, 1, 12])],
        sent([0x08] + secret(32, 16), 1),
        sent([0x09, 1] + [1, 2, 3, 4, 5, 0xC6], 1),
    ].flatMap(\.self)

    /// Keys for LE that are distributed over BR/EDR, and a reason that the specification reserves.
    private static let classicPairing: [[UInt8]] = [
        [Records.classicConnection(handle: 1)],
        sent([0x01, 0, 0, 0x00, 16, 0x02, 0x02], channel: 7),
        received([0x02, 3, 0, 0x00, 16, 0x02, 0x02], channel: 7),
        received([0x08] + secret(40, 16), channel: 7),
        received([0x05, 0x42], channel: 7),
        sent([0x05, 0x0E], channel: 7),
    ].flatMap(\.self)

    private static func sent(_ packet: [UInt8], _ index: Int = 0, channel: Int = 6, size: Int = 27) -> [[UInt8]] {
        fragments(.aclTransmitted, packet, index, channel, size)
    }

    private static func received(_ packet: [UInt8], _ index: Int = 0, channel: Int = 6, size: Int = 27) -> [[UInt8]] {
        fragments(.aclReceived, packet, index, channel, size)
    }

    private static func fragments(
        _ opcode: MonitorOpcode, _ packet: [UInt8], _ index: Int, _ channel: Int, _ size: Int
    ) -> [[UInt8]] {
        let frame = Records.frame(channel: channel, packet)
        let first = opcode == .aclReceived ? 2 : 0
        return stride(from: 0, to: frame.count, by: size).map { start in
            Records.acl(
                opcode: opcode, boundary: start == 0 ? first : 1, handle: channel == 7 ? 1 : index == 0 ? 0x40 : 0x0EFF,
                index: index, Array(frame[start..<min(start + size, frame.count)]))
        }
    }

    private static func secret(_ seed: UInt64, _ count: Int) -> [UInt8] {
        var random = SplitMix64(state: seed)
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    }
}
