// SPDX-License-Identifier: Apache-2.0

/// Spans of time as systemd writes them: `25s`, `2min`, `1h 30min`, `500ms`.
///
/// Source: systemd.time(7), "Parsing Time Spans"; of its units, those from milliseconds to days.
public enum Timespan {
    private static let units: [(names: [String], milliseconds: Int64)] = [
        (["d", "day", "days"], 86_400_000), (["h", "hr", "hour", "hours"], 3_600_000),
        (["min", "m", "minute", "minutes"], 60_000), (["s", "sec", "second", "seconds"], 1_000),
        (["ms", "msec"], 1),
    ]

    /// The span in a text, to the millisecond; `nil` for anything else, and for more than 365 days.
    ///
    /// A number without a unit is refused, because it could be meant either way.
    public static func parse(_ text: some StringProtocol) -> Duration? {
        var total: Int64 = 0
        var rest = text.utf8[...]
        func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") }
        func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
        while let first = rest.first {
            if isSpace(first) {
                rest.removeFirst()
                continue
            }
            let digits = rest.prefix(while: isDigit)
            rest = rest[digits.endIndex...].drop(while: isSpace)
            let unit = rest.prefix { !isDigit($0) && !isSpace($0) }
            rest = rest[unit.endIndex...]
            guard digits.count <= 12, let number = Int64(String(decoding: digits, as: UTF8.self)),
                let scale = units.first(where: { $0.names.contains(String(decoding: unit, as: UTF8.self)) })
            else { return nil }
            let (product, isTooLong) = number.multipliedReportingOverflow(by: scale.milliseconds)
            guard !isTooLong, product <= longest else { return nil }
            total += product
            guard total <= longest else { return nil }
        }
        return text.utf8.contains(where: isDigit) ? .milliseconds(total) : nil
    }

    private static let longest: Int64 = 365 * 86_400_000

    /// The span in the largest units that it is made of, as ``parse(_:)`` reads it back: `1min 30s`; to the millisecond.
    public static func text(_ span: Duration) -> String {
        var rest = max(0, span.components.seconds * 1000 + span.components.attoseconds / 1_000_000_000_000_000)
        var parts: [String] = []
        for unit in units where rest >= unit.milliseconds {
            parts.append("\(rest / unit.milliseconds)\(unit.names[0])")
            rest %= unit.milliseconds
        }
        return parts.isEmpty ? "0s" : parts.joined(separator: " ")
    }
}
