// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop
import TestSupport
import Testing

@testable import pairingctl

@Suite("Tables")
struct TableTests {
    init() { TestLoop.start() }

    /// What each table is made of; the rest of the arguments is run in a folder of rules.
    private static let cases = [
        ["status"], ["devices"], ["requests", "--reveal"], ["show", "00:5F:BF:71:81:18"], ["show", "3"], ["show", "7"],
        ["scan", "1"], ["history"], ["policy", "list", "."], ["policy", "show", "10-cuff", "."],
        ["policy", "test", "00:5F:BF:71:81:18"], ["policy", "test", "--name", "Lock", "."],
    ]

    @Test("fit 80 and 200 columns, whatever names there are")
    @LoopActor func snapshot() async throws {
        let stand = try await CommandStand()
        var text = ""
        for columns in [80, 200] {
            for arguments in Self.cases {
                let ended = try await stand.run(arguments, columns: columns)
                #expect(ended.isHarmless, ended.transcript)
                #expect(ended.errors.isEmpty, ended.transcript)
                let lines = ended.output.split(separator: "\n")
                let longest = lines.map { SafeText.width(String($0)) }.max() ?? 0
                #expect(
                    longest <= columns,
                    "\(arguments) at \(columns): \(longest)\n\(ended.output)")
                text += "### pairingctl \(arguments.joined(separator: " ")), \(columns) columns\n\n\(ended.output)\n"
            }
        }
        try Snapshot.expect(text, is: "tables.txt")
    }

    @Test("In a pipe nothing is cut")
    @LoopActor func pipe() async throws {
        let stand = try await CommandStand()
        #expect(
            try await stand.run(["devices"]).output.contains("A device with a name that is longer than most terminals"))
    }

    @Test("The widest column gives way first, addresses never, and what is cut says so")
    func fitting() {
        var table = Table("ADDRESS", .cut("NAME"), .wrapped("WHY"))
        table.rows = [["00:5F:BF:71:81:18", "a name of some length", "words that go on below each other"]]
        #expect(
            table.lines(within: 50).map { $0.text(isColored: false) } == [
                "ADDRESS            NAME            WHY",
                "00:5F:BF:71:81:18  a name of s...  words that go",
                "                                   on below each",
                "                                   other",
            ])
        #expect(table.lines(within: 10)[1].text(isColored: false) == "00:5F:BF:71:81:18  a nam...  words")
        #expect(table.lines(within: nil).count == 2)
    }
}
