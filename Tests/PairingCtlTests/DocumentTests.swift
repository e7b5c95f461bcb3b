// SPDX-License-Identifier: Apache-2.0

import DBus
import EventLoop
import Foundation
import TestSupport
import Testing

@testable import pairingctl

@Suite("Documents and docs/command.md")
struct DocumentTests {
    init() { TestLoop.start() }

    /// The document, the arguments, and what stands on standard input.
    private static let cases: [(document: String, arguments: [String], input: String?)] = [
        ("status", [], nil), ("device", ["devices"], nil), ("device", ["show", "00:5F:BF:71:81:18"], nil),
        ("pairing", ["show", "3"], nil), ("pairing", ["pair", "00:5F:BF:71:81:18", "--no-wait"], nil),
        ("request", ["requests"], nil), ("request", ["requests", "--reveal"], nil), ("request", ["show", "8"], nil),
        ("answer", ["approve", "8"], nil), ("answer", ["reject", "7"], nil), ("answer", ["passkey", "9"], "123456\n"),
        ("answer", ["pin", "10"], "0000\n"), ("forget", ["forget", "00:5F:BF:71:81:18"], nil),
        ("window", ["window"], nil), ("window", ["window", "open", "1min"], nil), ("window", ["window", "close"], nil),
        ("reload", ["reload"], nil), ("version", ["version"], nil), ("scan", ["scan", "1"], nil),
        ("history", ["history"], nil), ("policy-list", ["policy", "list", "."], nil),
        ("policy-check", ["policy", "check", "wrong"], nil), ("policy-show", ["policy", "show", "10-cuff", "."], nil),
        ("policy-test", ["policy", "test", "00:5F:BF:71:81:18"], nil),
        ("policy-test", ["policy", "test", "--name", "Lock", "."], nil),
        ("policy-new", ["policy", "new", "00:5F:BF:71:81:18", "-"], nil),
        ("policy-new", ["policy", "new", "00:5F:BF:71:81:18", "new.toml"], nil),
    ]

    @Test("Each document has the keys and types of its page, and hostile names do no harm in it")
    @LoopActor func documents() async throws {
        let stand = try await CommandStand()
        stand.scene.daemon.addRequest(9, "passkey-entry", name: FakePrograms.hostileName)
        stand.scene.daemon.addRequest(10, "pin-entry")
        try FileManager.default.createDirectory(atPath: stand.rules.file("wrong"), withIntermediateDirectories: false)
        try stand.rules.write("wrong/10.toml", TestRules.misspelt)
        // BlueZ knows a device once it was heard.
        _ = try await stand.run(["scan", "1"])
        for (document, arguments, input) in Self.cases {
            let ended = try await stand.run(arguments + ["--json"], input: input)
            let objects = try Self.objects(ended.output)
            #expect(!objects.isEmpty, "\(arguments): \(ended.output)\(ended.errors)")
            for object in objects {
                #expect(CommandPage.disagreements(object, with: document) == [], "\(arguments): \(ended.output)")
            }
            #expect(ended.isHarmless, "\(arguments): \(ended.output)\(ended.errors)")
        }
    }

    /// One object, a list of them, or one per line.
    static func objects(_ text: String) throws -> [[String: Any]] {
        try text.split(separator: "\n").flatMap { line in
            let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
            return value as? [[String: Any]] ?? (value as? [String: Any]).map { [$0] } ?? []
        }
    }

    @Test("The page has every verb, except those that are told of elsewhere")
    func complete() {
        let page = CommandPage.text("docs/command.md")
        for (name, type) in HelpTests.verbs where type.configuration.subcommands.isEmpty && !name.hasPrefix("window ") {
            #expect(page.contains("\(name)`") || page.contains("`\(name) "), "docs/command.md lacks \(name)")
        }
    }
}
