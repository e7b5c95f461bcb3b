// SPDX-License-Identifier: Apache-2.0

/// Text that came over the air or from another program, which may hold anything.
///
/// Matching works on ``raw``; everything that a person, a terminal or a journal field sees is ``description``, in which
/// control characters, escape sequences, bidirectional overrides and invisible characters stand as `\u{…}`.
public struct UntrustedText: Hashable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
    /// The text as received. Never print it.
    public let raw: String

    public init(_ raw: String) { self.raw = raw }
    public init(stringLiteral value: String) { raw = value }

    /// The text with everything that could act on a terminal, or mislead a reader, escaped.
    public var description: String {
        if raw.utf8.allSatisfy({ (0x20..<0x7F).contains($0) && $0 != UInt8(ascii: "\\") }) { return raw }
        var result = ""
        for scalar in raw.unicodeScalars {
            if scalar == "\\" {
                result += "\\\\"
            } else if Self.isHarmless(scalar) {
                result.unicodeScalars.append(scalar)
            } else {
                result += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
            }
        }
        return result
    }

    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        // Spaces other than the plain one look like it and are not; variation selectors and fillers show nothing.
        case .spaceSeparator: scalar == " "
        default: !scalar.properties.isDefaultIgnorableCodePoint
        }
    }
}
