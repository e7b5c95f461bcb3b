// SPDX-License-Identifier: Apache-2.0

/// What is on a whole screen, row by row, and what to write so that it shows something else; pure.
struct WatchScreen: Sendable {
    /// `nil` while nobody knows what it shows.
    private var rows: [String]?

    /// What makes the screen show `lines`; empty where it does so already.
    mutating func show(_ lines: [String]) -> String {
        let old = rows ?? []
        let changes = (0..<max(lines.count, old.count)).compactMap { index -> String? in
            let line = index < lines.count ? lines[index] : ""
            guard index >= old.count || old[index] != line else { return nil }
            // To the row's beginning, and erase it (ECMA-48, 8.3.21: CUP; 8.3.41: EL).
            return "\u{1B}[\(index + 1);1H\u{1B}[K\(line)"
        }
        defer { rows = lines }
        // Home, and erase all (8.3.39: ED).
        return (rows == nil ? "\u{1B}[H\u{1B}[J" : "") + changes.joined()
    }

    /// Something else has written on it, or its size has changed.
    mutating func forget() { rows = nil }
}
