// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import pairingctl

@Suite("Text for terminals and programs")
struct TextTests {
    @Test("What the daemon escaped stays as it is; what it did not escape is escaped now")
    func printable() {
        #expect(SafeText.printable("Lock \\u{1B}[0m") == "Lock \\u{1B}[0m")
        #expect(SafeText.printable("a\u{1B}[2J\u{202E}b\\c") == "a\\u{1B}[2J\\u{202E}b\\c")
        #expect(SafeText.printable("Zähler 血圧計") == "Zähler 血圧計")
    }

    @Test("Only styles act on a terminal")
    func lines() {
        let line: Line = "\("\u{1B}[5m", .red) \("plain")"
        #expect(line.text(isColored: true) == "\u{1B}[31m\\u{1B}[5m\u{1B}[0m plain")
        #expect(line.text(isColored: false) == "\\u{1B}[5m plain")
    }

    @Test("Widths count columns, not characters")
    func widths() {
        #expect(SafeText.width("Lock") == 4)
        #expect(SafeText.width("血圧計") == 6)
        #expect(SafeText.width("e\u{301}") == 1)
        #expect(Line("血圧").padded(to: 6).text(isColored: false) == "血圧  ")
    }

    @Test(
        "Every string survives JSON",
        arguments: ["", "\"\\/\u{8}\n\t\r", "\u{1B}[2J", "\u{202E}", "🩺 \u{E0001}", "\u{0}", "\u{7F}\u{9B}"])
    func json(text: String) throws {
        let document: JSON = ["text": .string(text), "list": [.null, .boolean(true), .number(UInt64.max)].array]
        let parsed = try JSONSerialization.jsonObject(with: Data(document.text.utf8)) as? [String: Any]
        #expect(parsed?["text"] as? String == text)
        #expect(document.text.unicodeScalars.allSatisfy { SafeText.isHarmless($0) })
    }

    @Test("Options that every verb has may stand before the verb")
    func verbFirst() {
        #expect(
            Program.verbFirst(["--json", "--bus", "a:b", "devices", "-q"]) == [
                "devices", "--json", "--bus", "a:b", "-q",
            ])
        #expect(Program.verbFirst(["--json"]) == ["--json"])
        #expect(Program.verbFirst(["--json", "policy", "list", "x"]) == ["policy", "list", "--json", "x"])
        #expect(Program.verbFirst(["policy", "--json", "list"]) == ["policy", "list", "--json"])
        #expect(
            Program.verbFirst(["-q", "window", "--bus", "a", "open", "1min"]) == [
                "window", "open", "-q", "--bus", "a", "1min",
            ])
        #expect(Program.verbFirst(["--json", "policy"]) == ["policy", "--json"])
        #expect(Program.verbFirst(["policy", "--help"]) == ["policy", "--help"])
        #expect(Program.verbFirst(["--help"]) == ["--help"])
        #expect(Program.verbFirst(["--json", "--help"]) == ["--json", "--help"])
    }
}

extension [JSON] {
    fileprivate var array: JSON { .array(self) }
}
