// SPDX-License-Identifier: Apache-2.0

/// What is on a whole screen, row by row, and what to write so that it shows something else; pure.
struct WatchScreen: Sendable {
    private var rows: [String] = []

    /// What makes the screen show `lines`; empty where it does so already.
    mutating func show(_ lines: [String]) -> String {
        let changes = (0..<max(lines.count, rows.count)).compactMap { index -> String? in
            let line = index < lines.count ? lines[index] : ""
            guard index >= rows.count || rows[index] != line else { return nil }
            // To the row's beginning, and erase it (ECMA-48, 8.3.21: CUP; 8.3.41: EL).
            return "\u{1B}[\(index + 1);1H\u{1B}[K\(line)"
        }
        rows = lines
        return changes.joined()
    }

    /// What makes any screen show what this one does.
    mutating func showAnew(_ lines: [String]) -> String {
        rows = []
        return "\u{1B}[H\u{1B}[J" + show(lines)
    }
}
