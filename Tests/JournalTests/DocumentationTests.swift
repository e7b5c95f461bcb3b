// SPDX-License-Identifier: Apache-2.0

import Foundation
import Journal
import TestSupport
import Testing

@Suite("docs/journal.md")
struct DocumentationTests {
    private static let root = Catalog.file.deletingLastPathComponent().deletingLastPathComponent()
    private static let page = text("docs/journal.md")

    private static func text(_ path: String) -> String {
        (try? String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)) ?? ""
    }

    /// What stands between a marker and the end of its part.
    private static func part(_ marker: String) -> String {
        let pieces = page.components(separatedBy: "<!-- \(marker): held against the program by a test -->\n")
        return pieces.count == 2 ? pieces[1].components(separatedBy: "<!-- end -->")[0] : ""
    }

    @Test("has every field, as the program has it")
    func fields() {
        let rows = FieldName.allCases.map { "| `\($0.rawValue)` | \($0.meaning) |\n" }.joined()
        let expected = "| field | meaning |\n| --- | --- |\n" + rows
        #expect(Self.part("fields") == expected, "docs/journal.md should have:\n\(expected)")
    }

    @Test("has every kind of message, as the program has it")
    func messages() {
        let rows = MessageKind.allCases.map { "| `\($0.id)` | \($0.meaning) |\n" }.joined()
        let expected = "| `MESSAGE_ID` | when |\n| --- | --- |\n" + rows
        #expect(Self.part("messages") == expected, "docs/journal.md should have:\n\(expected)")
    }

    @Test(
        "and the other pages ask only for records that the service itself wrote",
        arguments: ["docs/journal.md", "docs/man/pairingd.8.in"])
    func queries(path: String) {
        let queries = Self.text(path).components(separatedBy: "\n").filter { $0.hasPrefix("journalctl ") }
            .filter { $0.contains("PAIRINGD_") || $0.contains("MESSAGE_ID") || $0.contains("-x") }
        #expect(queries.count >= 2)
        for query in queries { #expect(query.contains("_SYSTEMD_UNIT=pairingd.service"), "\(query)") }
        // A number that is written out must be one of ours.
        let ids = queries.compactMap { $0.components(separatedBy: "MESSAGE_ID=").dropFirst().first?.prefix(32) }
        #expect(ids.allSatisfy { id in MessageKind.allCases.contains { $0.id == id } }, "\(ids)")
    }
}
