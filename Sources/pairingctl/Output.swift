// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Glibc

/// Where and how a verb prints.
struct Output: Sendable {
    let isJSON: Bool
    let isQuiet: Bool
    let hasColor: Bool

    init(_ options: CommonOptions) {
        isJSON = options.json
        isQuiet = options.quiet
        hasColor = !options.noColor && getenv("NO_COLOR") == nil && isatty(STDOUT_FILENO) == 1
    }

    func line(_ text: String) {
        if !isQuiet { writeText(text + "\n", to: STDOUT_FILENO) }
    }

    func document(_ json: JSON) {
        if !isQuiet { writeText(json.description + "\n", to: STDOUT_FILENO) }
    }

    /// A dot that tells at a glance: filled for yes.
    func dot(_ isOn: Bool) -> String {
        guard hasColor else { return isOn ? "●" : "○" }
        return isOn ? "\u{1B}[32m●\u{1B}[0m" : "○"
    }

    /// Rows in columns as wide as their widest cell.
    func table(_ header: [String], _ rows: [[String]]) {
        let all = [header] + rows
        let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        for row in all {
            let cells = row.enumerated().map { column, cell in
                column == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
            }
            line(cells.joined(separator: "  "))
        }
    }
}

/// Everything that is printed goes through here, or is the command's own.
func writeText(_ text: String, to descriptor: Int32) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
        let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 || errno == EINTR else { return }
        bytes = bytes.dropFirst(max(count, 0))
    }
}

/// Text from the bus, with nothing in it that could act on a terminal.
///
/// The daemon escapes names already; this holds whatever is on the other side.
func clean(_ text: String) -> String {
    text.split(separator: "\\", omittingEmptySubsequences: false).map { UntrustedText(String($0)).description }
        .joined(separator: "\\")
}
