// SPDX-License-Identifier: Apache-2.0

/// What makes a text no TOML. The reason may name keys, but never shows values: one of them might be a secret.
struct TOMLSyntaxError: Error {
    var reason: String
    var position: TextPosition

    init(reason: String, position: TextPosition) {
        self.reason = reason
        self.position = position
    }

    /// toml++'s message without what it quotes of the text, and a better place for a key that stands twice.
    init(message: String, position: TextPosition, text: [UInt8]) {
        self.init(reason: Self.withoutQuotes(Self.afterPrefix(message)), position: position)
        let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard message.position(of: "redefine existing") != nil, lines.indices.contains(position.line - 1) else {
            return
        }
        let line = Array(String(decoding: lines[position.line - 1], as: UTF8.self).unicodeScalars)
        if let key = Self.key(before: position.column - 1, in: line) {
            self.position.column = key.lowerBound + 1
            reason = "the key \(Self.text(line[key])) stands twice"
        } else if let end = line.dropFirst(position.column - 1).firstIndex(of: "]"), line[position.column - 1] == "[" {
            reason = "the table \(Self.text(line[(position.column - 1)...end])) stands twice"
        }
    }

    /// "Error while parsing string: what" becomes "string: what".
    private static func afterPrefix(_ message: String) -> String {
        let prefix = "Error while parsing "
        return message.hasPrefix(prefix) ? String(message.dropFirst(prefix.count)) : message
    }

    /// Cuts "…, saw 'x'", and what stands between quotes unless it is one sign of TOML's own.
    private static func withoutQuotes(_ message: String) -> String {
        let kept = message.position(of: ", saw").map { message[..<$0] } ?? message[...]
        var parts = kept.split(separator: "'", omittingEmptySubsequences: false).map(String.init)
        for index in parts.indices where index % 2 == 1 {
            let isSign = ["=", "]", "0", "-", ":", ".", "\\n", "\\r"].contains(parts[index])
            parts[index] = isSign ? "'\(parts[index])'" : "…"
        }
        return parts.joined()
    }

    private static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView(scalars.prefix(64))
        if scalars.count > 64 { text.append("…") }
        return String(text)
    }

    /// The key, dots included, of the `key = ` that ends at `end`, where toml++ 3.3 says that a key stands twice.
    private static func key(before end: Int, in line: [Unicode.Scalar]) -> Range<Int>? {
        func skipSpace(_ position: Int) -> Int {
            var position = position
            while position > 0, line[position - 1] == " " || line[position - 1] == "\t" { position -= 1 }
            return position
        }
        guard end <= line.count else { return nil }
        let sign = skipSpace(end)
        guard sign > 0, line[sign - 1] == "=" else { return nil }
        let keyEnd = skipSpace(sign - 1)
        var start = keyEnd
        while true {
            let segmentEnd = start
            if start > 0, line[start - 1] == "\"" || line[start - 1] == "'" {
                let quote = line[start - 1]
                start -= 1
                repeat { start -= 1 } while start > 0 && line[start] != quote
                if start < 0 { return nil }
            } else {
                while start > 0, isBare(line[start - 1]) { start -= 1 }
            }
            if start == segmentEnd { return nil }
            let dot = skipSpace(start)
            guard dot > 0, line[dot - 1] == "." else { return start..<keyEnd }
            start = skipSpace(dot - 1)
        }
    }

    private static func isBare(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
            || scalar == "_" || scalar == "-"
    }
}

extension String {
    /// Where `other` first stands, compared byte for byte.
    fileprivate func position(of other: String) -> String.Index? {
        utf8.indices.first { utf8[$0...].starts(with: other.utf8) }
    }
}
