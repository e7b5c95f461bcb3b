// SPDX-License-Identifier: Apache-2.0

/// The options of the daemon, as its help tells them: the option, two blanks at least, and what it does, which may go on
/// in lines that are indented further.
enum DaemonPart {
    static func options(_ help: String) -> [String] {
        var options: [(tag: String, text: String)] = []
        for line in help.split(separator: "\n") {
            let words = line.drop { $0 == " " }
            if line.hasPrefix("  --"), let gap = words.firstRange(of: "  ") {
                options.append((String(words[..<gap.lowerBound]), String(words[gap.upperBound...].drop { $0 == " " })))
            } else if line.hasPrefix("    "), !options.isEmpty {
                options[options.count - 1].text += " " + words
            }
        }
        return options.flatMap { option in
            let parts = option.tag.split(separator: " ", maxSplits: 1).map(String.init)
            let value = parts.count > 1 ? " " + Roff.italic(parts[1]) : ""
            return Roff.item(Roff.bold(parts[0]) + value, [Roff.text(sentence(option.text))])
        }
    }

    private static func sentence(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() + "." }
}
