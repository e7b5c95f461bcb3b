// SPDX-License-Identifier: Apache-2.0

import Foundation
import SecurityManager
import Testing

@testable import HCIMonitor

@Suite("What the fuzzers of captures and packets start from and what they found")
struct CaptureFuzzFindingTests {
    @Test("Every capture file is read to its end or to an error that says where", arguments: inputs("btsnoop", "pcap"))
    func captures(input: String) throws {
        let file = try octets(input)
        let contents = CaptureContents(file)
        #expect(contents.error?.offset ?? 0 <= UInt64(file.count))
        #expect(contents.records.allSatisfy { $0.offset < UInt64(file.count) })
    }

    @Test(
        "Every sequence of records is decoded, and is as long once it is redacted", arguments: inputs("monitor-records")
    )
    func records(input: String) throws {
        var rest = try octets(input)[...]
        var (decoder, redaction) = (MonitorDecoder(), CaptureRedaction())
        // Each record has its length before it.
        while rest.count >= 2 {
            let length = Int(rest[rest.startIndex]) | Int(rest[rest.startIndex + 1]) << 8
            let record = rest.dropFirst(2).prefix(length)
            rest = rest.dropFirst(2 + length)
            for event in decoder.decode(record) {
                guard case .malformed(let malformed) = event else { continue }
                #expect((0...record.count).contains(malformed.fault.offset ?? 0))
            }
            guard let parsed = try? MonitorRecord(parsing: record) else { continue }
            #expect(redaction.redact(parsed).payload.count == parsed.payload.count)
        }
    }

    @Test("Every packet is read or refused at an offset within it", arguments: inputs("smp"))
    func packets(input: String) throws {
        let packet = try octets(input)
        do throws(SMPDecodingError) {
            #expect(try SMPPacket(decoding: packet[...]).code == packet.first)
        } catch {
            #expect((0...packet.count).contains(error.offset))
        }
    }

    @Test("The inputs are where this looks for them, and the corpus is of use")
    func inputsAreThere() throws {
        let counts = ["btsnoop", "pcap", "monitor-records", "smp"].map { inputs($0).count }
        #expect(counts.allSatisfy { $0 >= 3 })
        let read = try inputs("btsnoop", "pcap").filter { $0.hasPrefix("corpus") }.map {
            CaptureContents(try octets($0))
        }
        #expect(read.allSatisfy { $0.error == nil && !$0.events.isEmpty })
    }
}

/// The fuzzers' folder, next to that of this file.
private let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fuzz").path

/// Every file of both folders of each fuzzer, below the fuzzers'.
private func inputs(_ fuzzers: String...) -> [String] {
    fuzzers.flatMap { ["corpus/\($0)", "findings/\($0)"] }.flatMap { part in
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(part)")) ?? []
        return names.filter { !$0.hasPrefix(".") }.sorted().map { "\(part)/\($0)" }
    }
}

private func octets(_ input: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(input)")))
}
