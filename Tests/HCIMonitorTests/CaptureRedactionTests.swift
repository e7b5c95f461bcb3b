// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import SecurityManager
import Testing

@testable import HCIMonitor

/// A record with secrets: what is open and what is secret, in turns, the first one open.
private struct Sample {
    var name: String
    var opcode: MonitorOpcode
    var parts: [Part]

    enum Part {
        case open([UInt8])
        case secret(Int)
    }

    init(_ name: String, _ opcode: MonitorOpcode, _ parts: Part...) {
        self.name = name
        self.opcode = opcode
        self.parts = parts
    }

    /// The record, and the same as it should be after redaction.
    func make(_ secret: (Int) -> [UInt8]) -> (record: MonitorRecord, expected: MonitorRecord, secrets: [[UInt8]]) {
        var (record, expected, secrets) = ([UInt8](), [UInt8](), [[UInt8]]())
        for part in parts {
            switch part {
            case .open(let octets):
                record += octets
                expected += octets
            case .secret(let count):
                let octets = secret(count)
                secrets.append(octets)
                record += octets
                expected += [UInt8](repeating: 0, count: count)
            }
        }
        let make = { (octets: [UInt8]) in MonitorRecord(opcode: opcode, adapterIndex: 3, payload: octets[...]) }
        return (make(record), make(expected), secrets)
    }
}

private let address: [UInt8] = [0x18, 0x81, 0x71, 0xBF, 0x5F, 0xC0]
private let peer = address + [2]

private func command(_ opcode: Int, _ parts: Sample.Part...) -> Sample {
    var sample = Sample("command \(String(opcode, radix: 16))", .command)
    sample.parts = [.open(Records.half(opcode) + [40])] + parts
    return sample
}

private func event(_ code: UInt8, _ parts: Sample.Part...) -> Sample {
    var sample = Sample("event \(String(code, radix: 16))", .event)
    sample.parts = [.open([code, 40])] + parts
    return sample
}

private func management(_ opcode: MonitorOpcode, _ code: Int, _ parts: Sample.Part...) -> Sample {
    var sample = Sample("management \(opcode == .controlEvent ? "event" : "command") \(code)", opcode)
    sample.parts = [.open([9, 9, 9, 9] + Records.half(code))] + parts
    return sample
}

/// A whole frame in one packet.
private func frame(channel: Int, _ length: Int, _ parts: Sample.Part...) -> Sample {
    var sample = Sample("frame on channel \(channel), \(length) octets", .aclReceived)
    sample.parts =
        [.open([0x40, 0x20] + Records.half(length + 4) + Records.half(length) + Records.half(channel))] + parts
    return sample
}

private let samples: [Sample] =
    [3, 4, 6, 8, 0x0A, 0x0D].map { frame(channel: 6, 17, .open([$0]), .secret(16)) } + [
        frame(channel: 7, 17, .open([0x08]), .secret(16)),
        frame(channel: 6, 11, .open([0x07]), .secret(10)),
        frame(channel: 6, 20, .open([0x0F]), .secret(19)),
        frame(channel: 6, 20, .open([0x01, 4, 0, 0x0D, 16, 0x0D, 0x0F]), .secret(13)),
        frame(channel: 6, 7, .open([0x02, 4, 0, 0x0D, 16, 0x0D, 0x0F])),
        frame(channel: 6, 2, .open([0x05, 0x04])),
        frame(channel: 6, 8, .open([0x09, 1] + address)),
        frame(channel: 6, 2, .open([0x0B, 0x2D])),
        frame(channel: 6, 65, .open([0x0C] + Array(0..<64))),
        frame(channel: 6, 2, .open([0x0E, 1])),
        frame(channel: 4, 33, .secret(33)),
        frame(channel: 5, 12, .secret(12)),
        frame(channel: 0x40, 500, .secret(500)),
        Sample("audio", .scoReceived, .open([0x40, 0, 48]), .secret(48)),
        Sample("isochronous data", .isoTransmitted, .open([0x40, 0, 48, 0]), .secret(48)),
        Sample("vendor diagnostics", .vendorDiagnostics, .secret(60)),
        Sample("what the kernel may add", MonitorOpcode(rawValue: 20), .secret(60)),
        Sample("a note", .systemNote, .open(Array("Linux version 6.1.0".utf8))),
        command(0x0405, .open(address + [1, 2, 3])),
        command(0x040B, .open(address), .secret(16)),
        command(0x040D, .open(address + [4]), .secret(16)),
        command(0x042E, .open(address), .secret(4)),
        command(0x0430, .open(address), .secret(32)),
        command(0x0435, .open([1, 32, 3]), .secret(32)),
        command(0x0436, .open([1, 32, 3]), .secret(32)),
        command(0x0445, .open(address), .secret(64)),
        command(0x0C11, .open([2] + address), .secret(16), .open(address), .secret(16)),
        command(0x2017, .secret(32)),
        command(0x2019, .open([0x40, 0]), .secret(26)),
        command(0x201A, .open([0x40, 0]), .secret(16)),
        command(0x201B, .open([0x40, 0])),
        command(0x2026, .secret(64)),
        command(0x2027, .open([1] + address), .secret(32)),
        command(0x205E, .secret(64), .open([1])),
        command(0x2068, .open(Array(1...15)), .secret(16)),
        command(0x2069, .open(Array(1...20)), .secret(16)),
        command(0x206B, .open([1, 2, 0, 1]), .secret(16), .open([1, 2, 3, 4])),
        event(0x05, .open([0, 0x40, 0, 0x13])),
        event(0x0E, .open([1, 0x57, 0x04, 0]), .secret(32)),
        event(0x0E, .open([1, 0x7D, 0x04, 0]), .secret(64)),
        event(0x0E, .open([1, 0x17, 0x20, 0]), .secret(16)),
        event(0x0E, .open([1, 0x18, 0x20, 0]), .secret(8)),
        event(0x0E, .open([1, 0x09, 0x10, 0] + address)),
        event(0x15, .open([2] + address), .secret(16), .open(address), .secret(16)),
        event(0x18, .open(address), .secret(16), .open([4])),
        event(0x33, .open(address), .secret(4)),
        event(0x3B, .open(address), .secret(4)),
        event(0x3E, .open([0x05, 0x40, 0]), .secret(10)),
        event(0x3E, .open([0x09, 0]), .secret(32)),
        event(0x3E, .open([0x01] + Array(0..<18))),
        management(
            .controlCommand, 0x0012, .open([0, 2, 0] + peer + [4]), .secret(16), .open([0] + peer + [4]),
            .secret(16), .open([0])),
        management(
            .controlCommand, 0x0013, .open([2, 0] + peer + [1, 0, 16]), .secret(26),
            .open(peer + [1, 0, 16]), .secret(26)),
        management(.controlCommand, 0x0016, .open(peer + [4]), .secret(16)),
        management(.controlCommand, 0x0019, .open(peer + [3])),
        management(.controlCommand, 0x001E, .open(peer), .secret(4)),
        management(.controlCommand, 0x0021, .open(peer), .secret(64)),
        management(.controlCommand, 0x002F, .open([1]), .secret(16)),
        management(.controlCommand, 0x0030, .open([2, 0] + peer), .secret(16), .open(peer), .secret(16)),
        management(.controlCommand, 0x0046, .open([2, 0, 1]), .secret(16), .open([2]), .secret(16)),
        management(.controlCommand, 0x005B, .open([0x1A, 0x20, 0, 0, 18, 0]), .secret(18)),
        management(.controlEvent, 0x0001, .open([0x19, 0, 5] + peer)),
        management(.controlEvent, 0x0001, .open([0x20, 0, 0]), .secret(64)),
        management(.controlEvent, 0x0001, .open([0x3B, 0, 0, 6, 40, 0]), .secret(40)),
        management(.controlEvent, 0x0001, .open([0x5B, 0, 0]), .secret(12)),
        management(.controlEvent, 0x0009, .open([1] + peer + [4]), .secret(16), .open([0])),
        management(.controlEvent, 0x000A, .open([1] + peer + [1, 0, 16]), .secret(26)),
        management(.controlEvent, 0x000F, .open(peer + [1]), .secret(4)),
        management(.controlEvent, 0x0011, .open(peer + [5])),
        management(.controlEvent, 0x0017, .open(peer), .secret(4), .open([3])),
        management(.controlEvent, 0x0018, .open([1] + address + peer), .secret(16)),
        management(.controlEvent, 0x0019, .open([1] + peer + [0]), .secret(16)),
        management(.controlEvent, 0x0022, .open([6, 40, 0]), .secret(40)),
    ]

@Suite("Captures without secrets")
struct CaptureRedactionTests {
    @Test("Each secret becomes zeros, and nothing else changes", arguments: samples.indices)
    func fields(index: Int) {
        var redaction = CaptureRedaction()
        let (record, expected, _) = samples[index].make { [UInt8](repeating: 0xA5, count: $0) }
        #expect(redaction.redact(record) == expected, "\(samples[index].name)")
    }

    @Test("A record that ends anywhere keeps no part of a secret, and its length")
    func cuts() {
        for sample in samples {
            let (record, expected, _) = sample.make { [UInt8](repeating: 0xA5, count: $0) }
            for length in 0..<record.payload.count {
                var redaction = CaptureRedaction()
                var cut = record
                cut.payload = cut.payload.prefix(length)
                cut.missing = record.payload.count - length
                let redacted = redaction.redact(cut)
                #expect(redacted.payload == expected.payload.prefix(length), "\(sample.name), \(length) octets")
                #expect(redacted.missing == cut.missing)
            }
        }
    }

    @Test(
        "No 16 octets of any secret are left, however frames are split and links take turns",
        arguments: 1...20 as ClosedRange<UInt64>)
    func property(seed: UInt64) {
        var random = SplitMix64(state: seed)
        var secrets: Set<[UInt8]> = []
        var streams: [[MonitorRecord]] = []
        for number in 0..<30 {
            // Records with a handle of their own, so that links can take turns.
            var stream: [MonitorRecord] = []
            for _ in 0..<10 {
                let sample = samples[Int.random(in: 0..<samples.count, using: &random)]
                let made = sample.make { count in (0..<count).map { _ in UInt8.random(in: 1...255, using: &random) } }
                secrets.formUnion(made.secrets.filter { $0.count >= 16 })
                stream += split(made.record, handle: number, &random)
            }
            streams.append(stream)
        }
        var redaction = CaptureRedaction()
        var output: [UInt8] = []
        while !streams.isEmpty {
            let chosen = Int.random(in: 0..<streams.count, using: &random)
            output += redaction.redact(streams[chosen].removeFirst()).payload
            if streams[chosen].isEmpty { streams.remove(at: chosen) }
        }
        let windows = Set(output.indices.dropLast(15).map { Array(output[$0..<$0 + 16]) })
        for secret in secrets {
            for start in 0...(secret.count - 16) {
                #expect(!windows.contains(Array(secret[start..<start + 16])))
            }
        }
        #expect(secrets.count > 50)
    }

    /// An ACL packet as one or several fragments; other records as they are.
    private func split(_ record: MonitorRecord, handle: Int, _ random: inout SplitMix64) -> [MonitorRecord] {
        guard record.opcode == .aclReceived else { return [record] }
        var rest = record.payload.dropFirst(4)
        var fragments: [MonitorRecord] = []
        while !rest.isEmpty {
            let data = Array(rest.prefix(Int.random(in: 1...30, using: &random)))
            rest = rest.dropFirst(data.count)
            let boundary = fragments.isEmpty ? 2 : 1
            let header = Records.half(handle | boundary << 12) + Records.half(data.count)
            fragments.append(
                MonitorRecord(opcode: record.opcode, adapterIndex: record.adapterIndex, payload: (header + data)[...]))
        }
        return fragments
    }

    @Test("A public key that comes in fragments stays, and a secret that does goes")
    func fragments() throws {
        for (packet, isOpen) in [(Records.publicKey, true), ([0x0D] + Array(1...64), false)] {
            let whole = Records.frame(packet)
            for size in 1...69 {
                var redaction = CaptureRedaction()
                var output: [UInt8] = []
                for start in stride(from: 0, to: whole.count, by: size) {
                    let part = Array(whole[start..<min(start + size, whole.count)])
                    let record = Records.acl(boundary: start == 0 ? 2 : 1, part)
                    output += redaction.redact(try MonitorRecord(parsing: record[...])).payload.dropFirst(4)
                }
                let zeros = whole.prefix(5) + [UInt8](repeating: 0, count: 64)
                #expect(output == (isOpen ? whole : Array(zeros)), "fragments of \(size) octets")
            }
        }
    }

    @Test("A fragment whose beginning was not seen becomes zeros")
    func unknownFragment() throws {
        var redaction = CaptureRedaction()
        let fragments = Records.publicKeyFragments()
        let record = try MonitorRecord(parsing: fragments[1][...])
        #expect(redaction.redact(record).payload.dropFirst(4).allSatisfy { $0 == 0 })
        // Also when another link, adapter or direction has a frame open.
        for open in [
            Records.acl(handle: 0x41, Array(Records.frame(Records.publicKey)[..<27])),
            Records.acl(index: 1, Array(Records.frame(Records.publicKey)[..<27])),
            Records.publicKeyFragments(.aclTransmitted)[0],
        ] {
            _ = redaction.redact(try MonitorRecord(parsing: open[...]))
            #expect(redaction.redact(record).payload.dropFirst(4).allSatisfy { $0 == 0 })
        }
    }

    @Test("The events of a pairing are the same after redaction but for the secrets")
    func events() throws {
        let records =
            [Records.newIndex(), Records.leConnection(), Records.acl(Records.frame(Records.pairingFailed))]
            + Records.publicKeyFragments() + Records.managementEvents() + [Records.disconnection()]
        var (redaction, decoder) = (CaptureRedaction(), MonitorDecoder())
        let redacted = try records.flatMap { octets in
            decoder.decode(
                CaptureRecord(
                    time: 0, offset: 0, monitorRecord: redaction.redact(try MonitorRecord(parsing: octets[...]))))
        }
        var plain = MonitorDecoder()
        #expect(redacted == plain.decodeAll(records))
        #expect(redacted.count >= 9)
    }
}
