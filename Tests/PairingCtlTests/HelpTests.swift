// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Testing

@testable import pairingctl

@Suite("Help")
struct HelpTests {
    /// Every verb by its name, the verbs of `policy` and `window` too.
    static let verbs: [(name: String, type: any ParsableCommand.Type)] = collect(PairingCtl.self, [])

    private static func collect(
        _ command: any ParsableCommand.Type, _ path: [String]
    ) -> [(name: String, type: any ParsableCommand.Type)] {
        [(path.joined(separator: " "), command)]
            + command.configuration.subcommands.flatMap { verb in
                collect(verb, path + [verb.configuration.commandName ?? verb._commandName])
            }
    }

    private static func help(_ verb: any ParsableCommand.Type) -> String {
        Program.readable(help: PairingCtl.helpMessage(for: verb, columns: 100))
    }

    @Test("is what was read last, for every verb")
    func snapshot() throws {
        let texts = Self.verbs.map { "### pairingctl \($0.name)\n\n\(Self.help($0.type))\n" }
        try Snapshot.expect(texts.joined(separator: "\n"), is: "help.txt")
    }

    @Test(
        "tells a verb's own options before those of all, which its usage does not list",
        arguments: ["pair", "window open"])
    func order(name: String) throws {
        let verb = try #require(Self.verbs.first { $0.name == name })
        let help = Self.help(verb.type)
        let parts = help.components(separatedBy: "\n\n")
        let own = try #require(parts.firstIndex { $0.hasPrefix("OPTIONS:") })
        let general = try #require(parts.firstIndex { $0.hasPrefix("OPTIONS OF EVERY VERB:") })
        #expect(own < general)
        #expect(!help.contains("[--json]"))
    }

    @Test("says of every argument and option what it is for", arguments: verbs.map(\.name))
    func complete(name: String) throws {
        let verb = try #require(Self.verbs.first { $0.name == name })
        #expect(!verb.type.configuration.abstract.isEmpty)
        let lines = Self.help(verb.type).split(separator: "\n").map(String.init)
        for (index, line) in lines.enumerated() where line.hasPrefix("  -") || line.hasPrefix("  <") {
            // What stands in the second column, or on the line below.
            let beside = line.dropFirst(25).contains { $0 != " " }
            let below = index + 1 < lines.count && lines[index + 1].hasPrefix(String(repeating: " ", count: 26))
            #expect(beside || below, "\(name): \(line)")
        }
    }
}
