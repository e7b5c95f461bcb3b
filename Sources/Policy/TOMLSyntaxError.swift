// SPDX-License-Identifier: Apache-2.0

extension TOMLSyntaxError {
    /// toml++'s message, without what it quotes of values, and with the place of the key where one stands twice.
    init(message: String, position: TextPosition, text: [UInt8]) {
        if message.position(of: "redefine existing") != nil || message.position(of: "cannot insert") != nil {
            // The only messages that quote keys; those are no secrets.
            reason = Self.afterPrefix(message)
            self.position = Self.place(ofKey: Self.quoted(message), before: position, in: text) ?? position
        } else {
            reason = Self.withoutQuotes(Self.afterPrefix(message))
            self.position = position
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

    private static func quoted(_ message: String) -> [Unicode.Scalar]? {
        let parts = message.split(separator: "'", omittingEmptySubsequences: false)
        guard parts.count >= 3 else { return nil }
        return Array(parts[1..<(parts.count - 1)].joined(separator: "'").unicodeScalars)
    }

    /// toml++ 3.3 points behind the value of a key that stands twice, 3.4 at the key: finds the key in either case.
    private static func place(
        ofKey key: [Unicode.Scalar]?, before position: TextPosition, in text: [UInt8]
    ) -> TextPosition? {
        let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard let key, !key.isEmpty, lines.indices.contains(position.line - 1) else { return nil }
        let line = Array(String(decoding: lines[position.line - 1], as: UTF8.self).unicodeScalars)
        for start in stride(from: min(position.column - 1, line.count - key.count), through: 0, by: -1)
        where line[start..<(start + key.count)].elementsEqual(key) {
            let next = line[(start + key.count)...].first { ![" ", "\t", "\"", "'"].contains($0) }
            let isQuoted = start > 0 && ["\"", "'"].contains(line[start - 1])
            if next == "=" { return TextPosition(line: position.line, column: isQuoted ? start : start + 1) }
        }
        return nil
    }
}

extension String {
    /// Where `other` first stands, compared byte for byte.
    fileprivate func position(of other: String) -> String.Index? {
        utf8.indices.first { utf8[$0...].starts(with: other.utf8) }
    }
}
