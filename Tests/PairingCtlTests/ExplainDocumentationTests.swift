// SPDX-License-Identifier: Apache-2.0

import Explain
import Foundation
import Testing

@testable import pairingctl

@Suite("docs/explain.md")
struct ExplainDocumentationTests {
    private static let page: String = {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        return (try? String(contentsOfFile: root.joined(separator: "/") + "/docs/explain.md", encoding: .utf8)) ?? ""
    }()

    /// What stands between a marker and the end of its part.
    private static func part(_ marker: String) -> String {
        let pieces = page.components(separatedBy: "<!-- \(marker): held against the program by a test -->\n")
        return pieces.count == 2 ? pieces[1].components(separatedBy: "<!-- end -->")[0] : ""
    }

    /// The rows of a part's table, below its heading: the word, and what is said of it.
    private static func rows(_ marker: String) -> [(word: String, meaning: String)] {
        part(marker).split(separator: "\n").dropFirst(2).map { row in
            let cells = row.components(separatedBy: " | ")
            return (
                cells[0].trimmingCharacters(in: CharacterSet(charactersIn: "| `")),
                cells.dropFirst().joined().trimmingCharacters(in: CharacterSet(charactersIn: "| "))
            )
        }
    }

    @Test("has every finding in its order, each with its meaning")
    func findings() {
        let rows = Self.rows("findings")
        #expect(rows.map(\.word) == Finding.allCases.map(\.rawValue))
        #expect(rows.allSatisfy { !$0.meaning.isEmpty })
    }

    @Test("has every stage in its order, each with its meaning")
    func stages() {
        let rows = Self.rows("stages")
        #expect(rows.map(\.word) == Report.Stage.allCases.map(\.rawValue))
        #expect(rows.allSatisfy { !$0.meaning.isEmpty })
    }

    @Test("has every key of the JSON document in its order, and the words that stand there")
    func keys() throws {
        let rows = Self.rows("keys")
        let document = SampleReports.explanation(SampleReports.refused).document
        #expect(rows.map(\.word) == Self.keys(of: document, behind: ""))
        #expect(rows.allSatisfy { !$0.meaning.isEmpty })
        func words(_ key: String) -> [String] {
            let meaning = rows.first { $0.word == key }?.meaning ?? ""
            return meaning.components(separatedBy: "`").enumerated().filter { !$0.offset.isMultiple(of: 2) }.map(
                \.element)
        }
        #expect(words("stopped_by") == Report.Party.allCases.map(\.rawValue))
        #expect(words("steps[].arrow") == Report.Arrow.allCases.map(\.rawValue))
    }

    @Test("shows an explanation as the program writes it")
    func example() {
        let text = SampleReports.text(SampleReports.refused)
        #expect(Self.part("example") == "```\n" + text + "```\n", "docs/explain.md should have:\n\(text)")
    }

    private static func keys(of document: JSON, behind prefix: String) -> [String] {
        document.members.flatMap { key, value -> [String] in
            guard case .array(let elements) = value, let first = elements.first else { return [prefix + key] }
            return [prefix + key] + keys(of: first, behind: "\(prefix)\(key)[].")
        }
    }
}
