// SPDX-License-Identifier: Apache-2.0

import Bluetooth

/// The one place that text passes on its way to a terminal.
///
/// The daemon escapes names already (``UntrustedText``), so a backslash stays as it is here; whatever else could act on
/// a terminal or mislead a reader is escaped now, whoever sent it.
enum SafeText {
    static func printable(_ text: String) -> String {
        if text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) { return text }
        return text.unicodeScalars.split(separator: "\\", omittingEmptySubsequences: false)
            .map { UntrustedText(String($0)).description }
            .joined(separator: "\\")
    }

    static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return (0x20..<0x7F).contains(scalar.value) }
        let text = String(scalar)
        return UntrustedText(text).description == text
    }

    /// How many columns a terminal needs for `text`: none for marks, two for East Asian characters and emoji.
    static func width(_ text: String) -> Int {
        text.unicodeScalars.reduce(0) { $0 + width($1) }
    }

    private static func width(_ scalar: Unicode.Scalar) -> Int {
        guard !scalar.isASCII else { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: return wide.contains { $0.contains(scalar.value) } ? 2 : 1
        }
    }

    /// Source: Unicode Standard Annex #11, East_Asian_Width W and F, by blocks.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
        0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF,
        0x20000...0x3FFFD,
    ]
}
