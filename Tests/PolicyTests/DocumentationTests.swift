// SPDX-License-Identifier: Apache-2.0

import Foundation
import Policy
import Testing

@Suite("docs/policy.md")
struct DocumentationTests {
    private static let page: String = {
        let tests = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        return (try? String(contentsOfFile: tests.joined(separator: "/") + "/docs/policy.md", encoding: .utf8)) ?? ""
    }()

    /// What stands between a marker and the end of its part.
    private static func part(_ marker: String) -> String {
        let pieces = page.components(separatedBy: "<!-- \(marker): held against the program by a test -->\n")
        return pieces.count == 2 ? pieces[1].components(separatedBy: "<!-- end -->")[0] : ""
    }

    /// The tables that stand in the page: one for each table of the file.
    private static func tables(_ keys: [KeyDocumentation]) -> String {
        var text = ""
        for table in keys where table.isTable {
            text +=
                "\n`[\(table.name)]` \(table.help)\n\n| key | values | where it is not given | meaning |\n| --- | --- | --- | --- |\n"
            for key in keys where key.table == table.name {
                let preset = key.defaultText.isEmpty ? "" : "`\(key.defaultText)`"
                let form = key.form.replacingOccurrences(of: "|", with: "\\|")
                text += "| `\(key.name)` | \(form) | \(preset) | \(key.help) |\n"
            }
        }
        return text + "\n"
    }

    @Test("shows only rules that are right")
    func examples() throws {
        let blocks = Self.page.components(separatedBy: "```toml\n").dropFirst().map {
            $0.components(separatedBy: "```")[0]
        }
        #expect(blocks.count >= 2)
        for block in blocks { #expect(errors("match.address = \"*\"\n" + block).isEmpty, "\(block)") }
    }

    @Test("has every key of a rule, as the program has it")
    func rule() {
        let expected = Self.tables(KeyDocumentation.rule)
        #expect(Self.part("keys of a rule") == expected, "docs/policy.md should have:\n\(expected)")
    }

    @Test("has every key of pairingd.toml, as the program has it")
    func configuration() {
        let expected = Self.tables(KeyDocumentation.configuration)
        #expect(Self.part("keys of pairingd.toml") == expected, "docs/policy.md should have:\n\(expected)")
    }
}
