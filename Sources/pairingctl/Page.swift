// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What text can be put on: how wide it is, and which letters it has.
struct Page: Hashable, Sendable {
    /// Wider lines are hard to read.
    static let greatestWidth = 100

    let columns: Int
    /// Are there arrows and lines, or ASCII only?
    let isUnicode: Bool

    init(columns: Int, isUnicode: Bool) {
        self.columns = min(max(columns, 40), Self.greatestWidth)
        self.isUnicode = isUnicode
    }

    /// Standard output: a terminal's width, 80 columns elsewhere; the letters that the locale has.
    static var standardOutput: Page {
        Page(
            columns: terminalWidth ?? 80, isUnicode: isUnicode { name in getenv(name).map { String(cString: $0) } })
    }

    /// The columns of the terminal on standard output; `nil` where that is none.
    static var terminalWidth: Int? {
        var size = winsize()
        return ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : nil
    }

    /// The first of these variables that is set decides (POSIX, 8.2).
    static func isUnicode(_ environment: (String) -> String?) -> Bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap(environment).first { !$0.isEmpty } ?? ""
        // `language_TERRITORY.charset@modifier`
        let charset = locale.split(separator: "@").first?.split(separator: ".").dropFirst().first ?? ""
        return ["utf-8", "utf8"].contains(charset.lowercased())
    }
}

extension SafeText {
    /// The text in lines of at most so many columns, broken between words; a word that is longer is broken anywhere.
    static func wrapped(_ text: String, to columns: Int) -> [String] {
        filled(text.split(separator: " ").map(String.init), to: columns)
    }

    /// Pieces in lines of at most so many columns, broken between them; inside only those that are longer than a line.
    static func filled(_ pieces: [String], to columns: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        var taken = 0
        for piece in pieces.flatMap({ parts(printable($0), columns) }) {
            let width = width(piece)
            if !line.isEmpty, taken + 1 + width > columns {
                lines.append(line)
                line = ""
                taken = 0
            }
            line += (line.isEmpty ? "" : " ") + piece
            taken += (taken == 0 ? 0 : 1) + width
        }
        return line.isEmpty ? lines : lines + [line]
    }

    /// A piece as it is, in words, or in parts of words.
    private static func parts(_ piece: String, _ columns: Int) -> [String] {
        guard width(piece) > columns else { return [piece] }
        let words = piece.split(separator: " ").map(String.init)
        guard words.count <= 1 else { return words.flatMap { parts($0, columns) } }
        var result: [String] = []
        var part = ""
        var taken = 0
        for character in piece {
            let width = width(String(character))
            if taken + width > columns, !part.isEmpty {
                result.append(part)
                part = ""
                taken = 0
            }
            part.append(character)
            taken += width
        }
        return result + [part]
    }

    /// The text, cut where it is wider than so many columns.
    static func shortened(_ text: String, to columns: Int) -> String {
        let text = printable(text)
        guard width(text) > columns else { return text }
        var taken = 0
        let part = text.prefix { character in
            taken += width(String(character))
            return taken <= columns - 3
        }
        return part + "..."
    }
}
