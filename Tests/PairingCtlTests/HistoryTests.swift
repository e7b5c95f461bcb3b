// SPDX-License-Identifier: Apache-2.0

import Journal
import Testing

@testable import pairingctl

@Suite("history")
struct HistoryTests {
    private static let trusted = "_SYSTEMD_UNIT=pairingd.service"

    @Test("Records are shown with their time, harmless whatever is in them")
    func lines() async throws {
        let ended = try await FakePrograms.journal(FakePrograms.records).run("history", environment: ["TZ": "UTC"])
        #expect(ended.status == 0, ended.transcript)
        let lines = ended.output.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(
            lines.first == "2023-11-14 22:13:20  00:5F:BF:71:81:18 (Lock): pairing 3: paired. It is paired.",
            ended.transcript)
        #expect(ended.isHarmless)
    }

    @Test("Only what the unit itself wrote is asked for, whatever else is")
    func trusted() async throws {
        let cases: [(arguments: [String], matches: [String])] = [
            ([], ["--lines=50", Self.trusted]),
            (["-n", "3"], ["--lines=3", Self.trusted]),
            (["--since", "2h"], ["--since=-2h", Self.trusted]),
            (["--since", "yesterday", "-n", "5"], ["--since=yesterday", "--lines=5", Self.trusted]),
            (["00:5f:bf:71:81:18"], ["--lines=50", Self.trusted, "PAIRINGD_DEVICE=00:5F:BF:71:81:18"]),
            (
                ["hci1/00:5F:BF:71:81:18"],
                ["--lines=50", Self.trusted, "PAIRINGD_DEVICE=00:5F:BF:71:81:18", "PAIRINGD_ADAPTER=hci1"]
            ),
            (["7"], ["--lines=50", Self.trusted, "PAIRINGD_PAIRING=7"]),
            (["Lock\u{1B}"], ["--lines=50", Self.trusted, "PAIRINGD_NAME=Lock\\u{1B}"]),
            (["_UID=0"], ["--lines=50", Self.trusted, "PAIRINGD_NAME=_UID=0"]),
        ]
        for (arguments, matches) in cases {
            let programs = try FakePrograms.journal(FakePrograms.records)
            let ended = try await Ended(programs.start(["history"] + arguments))
            #expect(ended.status == 0, ended.transcript)
            #expect(Array(programs.journalArguments.dropFirst(4)) == matches)
        }
    }

    @Test("A record as a document has its numbers as numbers, and what is missing as null")
    func document() async throws {
        let ended = try await FakePrograms.journal(FakePrograms.records).run("history", "--json")
        let objects = try DocumentTests.objects(ended.output)
        #expect(objects.count == 2, ended.transcript)
        #expect(objects.first?["actor_uid"] as? Int == 1000)
        #expect(objects.first?["result"] as? String == "paired")
        #expect(objects.first?["time"] as? Int == 1_700_000_000_000_000)
        #expect(objects.last?["name"] as? String == FakePrograms.hostileName)
    }

    @Test("every field that the daemon writes is asked for and told") func everyFieldDaemon() {
        let missing = FieldName.allCases.map(\.rawValue).filter { !JournalEntry.wantedFields.contains($0) }
        #expect(missing == [])
    }

    @Test("A journal that cannot be read is an error, and says what to do")
    func unreadable() async throws {
        let ended = try await FakePrograms.journal([], status: 1).run("history", "--since", "never")
        #expect(ended.status == 1, ended.transcript)
        #expect(ended.errors.hasPrefix("pairingctl: journalctl could not read the journal"))
    }

    @Test("Nothing to show is said; of a device it is 5")
    func nothing() async throws {
        let all = try await FakePrograms.journal([]).run("history")
        #expect(all.status == 0 && all.output.hasPrefix("Nothing is in the journal"), all.transcript)
        let one = try await FakePrograms.journal([]).run("history", "Lock")
        #expect(one.status == 5 && one.errors.hasPrefix("pairingctl: Lock: nothing is in the journal"), one.transcript)
    }

    @Test(
        "What is neither a device nor a number is wrong usage", arguments: [["/tmp/x"], ["-n", "0"], ["--since", ""]])
    func usage(arguments: [String]) async throws {
        let ended = try await Ended(FakePrograms.journal([]).start(["history"] + arguments))
        #expect(ended.status == 2, ended.transcript)
    }

    @Test("Records come whole, however the stream is cut, and nothing of a broken one")
    func reader() {
        var stream = Array("A=1\nMESSAGE\n".utf8) + [5, 0, 0, 0, 0, 0, 0, 0] + Array("a\nb=c\n\nA=2\n\n".utf8)
        var reader = JournalEntry.Reader {
            stream.isEmpty ? [] : [stream.removeFirst()]
        }
        #expect(reader.next()?.fields == ["A": "1", "MESSAGE": "a\nb=c"])
        #expect(reader.next()?.fields == ["A": "2"])
        #expect(reader.next() == nil)
        for broken in ["A\n\u{5}", "A\n" + String(repeating: "\u{7F}", count: 8) + "x", "A", "\n\n\n"] {
            var bytes = Array(broken.utf8)
            var reader = JournalEntry.Reader {
                defer { bytes = [] }
                return bytes
            }
            #expect(reader.next() == nil, "\(broken.debugDescription)")
        }
    }
}
