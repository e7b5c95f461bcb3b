// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The entries of a journal catalog, as journalctl reads them (systemd.git, `src/libsystemd/sd-journal/catalog.c`): a line
/// with `-- ` and the message's id, a header, an empty line, and the text.
public struct Catalog: Sendable {
    public struct Entry: Sendable {
        public var id: String
        public var header: [String: String]
        public var text: String

        /// What is replaced by the record's fields: the names between two `@`.
        public var fields: Set<String> {
            let pieces = (header.values + [text]).flatMap { $0.components(separatedBy: "@").enumerated() }
            return Set(pieces.filter { !$0.offset.isMultiple(of: 2) }.map(\.element))
        }
    }

    public var entries: [Entry] = []

    /// The project's own.
    public static let ofProject = Catalog(
        (try? String(contentsOf: file, encoding: .utf8)) ?? "")
    public static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("systemd/pairingd.catalog")

    public init(_ text: String) {
        let lines = text.components(separatedBy: "\n").filter { !$0.hasPrefix("#") }
        for line in lines {
            if line.hasPrefix("-- ") {
                entries.append(Entry(id: String(line.dropFirst(3)), header: [:], text: ""))
            } else if var entry = entries.popLast() {
                let parts = line.components(separatedBy: ": ")
                if entry.text.isEmpty, parts.count > 1 {
                    entry.header[parts[0]] = parts.dropFirst().joined(separator: ": ")
                } else {
                    entry.text += line + "\n"
                }
                entries.append(entry)
            }
        }
    }
}
