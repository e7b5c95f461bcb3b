// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Foundation
import TestSupport
import Testing

@testable import pairingctl

@Suite("pairingctl explain, of capture files")
struct ExplainFileTests {
    init() { TestLoop.start() }

    /// Three pairings: two devices that refuse, and one whose end is not there.
    private static func threePairings() throws -> CaptureFile {
        try CaptureFile(
            SampleCapture.pairing(device: 0x18) + SampleCapture.pairing(device: 0x19)
                + SampleCapture.pairing(device: 0x1A, isRefused: false))
    }

    @Test("Each pairing is explained with its time, device and adapter, without the daemon")
    func text() async throws {
        let file = try Self.threePairings()
        let process = try OwnedProcess(
            Binary.path, ["explain", file.path], environment: ["TZ": "UTC0", "LC_ALL": "C", "NO_COLOR": ""])
        let ended = await Ended(process)
        #expect(ended.status == 0 && ended.errors.isEmpty, ended.transcript)
        for part in [
            "* 00:5F:BF:71:81:18 on hci0\n  pairing 1, 2026-11-21 12:30:04, ", "\n\n* 00:5F:BF:71:81:19 on hci0\n",
            "  pairing 3, 2026-11-21 12:30:05, ", "|<------|   Pairing Failed", "refused-without-reason, stage ",
        ] {
            #expect(ended.output.contains(part), "\(part) is missing\n\(ended.output)")
        }
    }

    @Test("packets on the channel of the other transport, which the kernel does not see, change no explanation")
    func packetsOnChannel()
        async throws
    {
        let pairing = SampleCapture.pairing(device: 0x18, isRefused: false)
        let file = try CaptureFile(pairing)
        let alone = try await WithoutBus.run("explain", file.path)
        #expect(alone.output.contains("unfinished"), alone.transcript)
        for stray: [UInt8] in [[0x05, 0x08], [0x02, 0x04, 0x00, 0x05, 0x10, 0x01, 0x01], [0xFF]] {
            let file = try CaptureFile(pairing + [SampleCapture.securityManager(.aclReceived, channel: 7, stray)])
            let ended = try await WithoutBus.run("explain", file.path)
            #expect(ended.output == alone.output, ended.transcript)
        }
    }

    @Test("What was set on the adapter before a pairing stands before its beginning")
    func settings() async throws {
        let file = try CaptureFile([SampleCapture.setIOCapability] + SampleCapture.refused)
        let ended = try await WithoutBus.run("explain", file.path)
        let lines = ended.output.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        #expect(lines.contains { $0.hasPrefix("before ") && $0.contains("Set IO Capability") }, ended.transcript)
        #expect(lines.contains { $0.hasPrefix("0.000 s ") && $0.contains("connected") }, ended.transcript)
    }

    @Test("As JSON it is one object a line")
    func documents() async throws {
        let file = try Self.threePairings()
        let ended = try await WithoutBus.run("explain", "--json", file.path)
        let documents = try ended.output.split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
        #expect(documents.map { $0["number"] as? Int } == [1, 2, 3])
        #expect(
            documents.map { $0["finding"] as? String } == [
                "refused-without-reason", "refused-without-reason", "unfinished",
            ])
        #expect(documents.allSatisfy { $0["pairing"] is NSNull })
        #expect(documents.first?["address"] as? String == "00:5F:BF:71:81:18")
        #expect(documents.first?["started_at"] as? Int == Int(SampleCapture.begin) + 100_000)
    }

    @Test(
        "--device and --failed choose; nothing that fits is 5, with what is there",
        arguments: [
            (["--failed"], 2), (["--device", "00:5f:bf:71:81:1a"], 1),
            (["--device", "00:5F:BF:71:81:18", "--failed"], 1),
            (["--device", "00:5F:BF:71:81:1A", "--failed"], 0), (["--device", "AA:5F:BF:71:81:18"], 0),
        ])
    func filters(options: [String], count: Int) async throws {
        let file = try Self.threePairings()
        let ended = try await Ended(OwnedProcess(Binary.path, ["explain", "-q", file.path] + options))
        #expect(ended.output.split(separator: "\n").count == count, ended.transcript)
        #expect(ended.status == (count == 0 ? 5 : 0), ended.transcript)
        let others = "; it has 3 pairings, of 00:5F:BF:71:81:18, 00:5F:BF:71:81:19, 00:5F:BF:71:81:1A"
        #expect(ended.errors.contains(others) == (count == 0), ended.transcript)
    }

    @Test("Standard input is read as a file is")
    func standardInput() async throws {
        let file = try Self.threePairings()
        let process = try OwnedProcess("/bin/sh", ["-c", "\"\(Binary.path)\" explain -q - < \"\(file.path)\""])
        let ended = await Ended(process)
        #expect(ended.output.split(separator: "\n").count == 3 && ended.status == 0, ended.transcript)
    }

    @Test("What comes before damage is shown, then where it is, and the status is 1")
    func damage() async throws {
        let file = try Self.threePairings()
        let length = try file.octets.count
        file.append([1, 2, 3])
        let ended = try await WithoutBus.run("explain", "-q", file.path)
        #expect(ended.status == 1 && ended.output.split(separator: "\n").count == 3, ended.transcript)
        #expect(ended.errors.contains("\(file.path): ") && ended.errors.contains("byte \(length)"), ended.transcript)
    }

    @Test("What is no capture is 1, and what is not there 5, each in one line that names it")
    func otherFiles() async throws {
        let folder = try RuleDirectory(["notes.txt": "nothing of Bluetooth\n"])
        for (path, status) in [(folder.file("notes.txt"), 1), (folder.path, 1), (folder.file("missing"), 5)] {
            let ended = try await WithoutBus.run("explain", path)
            #expect(ended.status == Int32(status) && ended.errors.contains("\(path): "), ended.transcript)
            #expect(ended.output.isEmpty && ended.errors.split(separator: "\n").count == 1, ended.transcript)
        }
    }

    @Test("A file without a pairing is 5")
    func noPairing() async throws {
        let file = try CaptureFile(Array(SampleCapture.refused.prefix(2)))
        let ended = try await WithoutBus.run("explain", file.path)
        #expect(ended.status == 5 && ended.errors.contains("no pairing is in it\n"), ended.transcript)
    }

    @Test("Ctrl-C ends it also while it waits for a pipe")
    func interruption() async throws {
        let folder = try RuleDirectory()
        let pipe = folder.file("pipe")
        try #require(mkfifo(pipe, 0o600) == 0)
        let process = try OwnedProcess(Binary.path, ["explain", pipe])
        // Opening this end waits until the command has opened the other.
        let descriptor = open(pipe, O_WRONLY)
        defer { close(descriptor) }
        process.send(signal: SIGINT)
        #expect(await process.exitStatus(within: 10) == SIGINT)
    }
}
