// SPDX-License-Identifier: Apache-2.0

import Foundation
import Pairing
import Testing

@Suite("docs/dbus.md")
struct ResultDocumentationTests {
    @Test("has every result in its order, with its sentence")
    func results() throws {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        let page = try String(contentsOfFile: root.joined(separator: "/") + "/docs/dbus.md", encoding: .utf8)
        let pieces = page.components(separatedBy: "<!-- results: held against the program by a test -->\n")
        try #require(pieces.count == 2)
        let rows = PairingResult.allCases.map { "| `\($0.rawValue)` | \($0.sentence) |\n" }.joined()
        #expect(
            pieces[1].components(separatedBy: "<!-- end -->")[0] == "| `Result` | |\n| --- | --- |\n" + rows,
            "docs/dbus.md should have:\n\(rows)")
    }
}
