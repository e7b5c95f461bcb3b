// SPDX-License-Identifier: Apache-2.0

/// Text in the notation of man(7).
enum Roff {
    /// Text that is shown as it is, also where it looks like a request; its dashes and quotes can be copied.
    static func text(_ text: String) -> String {
        let escaped = text.unicodeScalars.map(escape).joined()
        return escaped.hasPrefix(".") ? "\\&" + escaped : escaped
    }

    static func bold(_ text: String) -> String { "\\fB\(self.text(text))\\fP" }
    static func italic(_ text: String) -> String { "\\fI\(self.text(text))\\fP" }

    /// A heading, such as `.SS "[match]"`; quotes cannot be in it.
    static func heading(_ text: String) -> String {
        ".SS \"\(self.text(text.replacing("\"", with: "")))\""
    }

    /// An item of a list: what it is about, and paragraphs on it.
    static func item(_ tag: String, _ paragraphs: [String]) -> [String] {
        var lines = [".TP", tag]
        for (index, paragraph) in paragraphs.enumerated() {
            if index > 0 { lines.append(".IP") }
            lines.append(paragraph)
        }
        return lines
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\\": "\\e"
        case "-": "\\-"
        case "'": "\\(aq"
        case "`": "\\(ga"
        case "^": "\\(ha"
        case "~": "\\(ti"
        case "\n": " "
        case "…": "..."
        case _ where scalar.isASCII: String(scalar)
        default: "\\[u\(padded(String(scalar.value, radix: 16, uppercase: true)))]"
        }
    }

    private static func padded(_ digits: String) -> String {
        String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    }
}
