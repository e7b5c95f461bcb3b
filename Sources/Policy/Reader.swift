// SPDX-License-Identifier: Apache-2.0

/// Collects what is found while one rule file is read: the errors, where each value stands, and whether one is secret.
struct Reader {
    let file: String
    private(set) var errors: [PolicyError] = []
    /// Where the first passkey or PIN stands, whether it is a valid one or not.
    private(set) var secret: TextPosition?
    /// By their place in the file.
    var sortedErrors: [PolicyError] {
        let first = TextPosition(line: 0, column: 0)
        return errors.sorted { ($0.position ?? first) < ($1.position ?? first) }
    }
    private var path: [String] = []
    private var positions: [[String]: TextPosition] = [:]

    init(file: String) { self.file = file }

    /// The key that is being read, as errors name it: `"name" in [match]`.
    var subject: String {
        guard let key = path.last else { return "the file" }
        return path.count == 1 ? "\"\(key)\"" : "\"\(key)\" in \(place(path.dropLast()))"
    }

    /// The table that is being read: `[match]`, or the top level.
    var table: String { path.isEmpty ? "the top level" : place(path[...]) }

    /// The tables around what is being read, outermost first.
    var tables: [String] { path }

    mutating func error(_ message: String, at position: TextPosition, suggestion: String? = nil) {
        errors.append(PolicyError(file: file, position: position, message: message, suggestion: suggestion))
    }

    mutating func markSecret(at position: TextPosition) {
        if secret == nil { secret = position }
    }

    /// Reads a value below the current table, and remembers where it stands.
    mutating func descend<Result>(
        into key: String, at position: TextPosition, _ read: (inout Reader) -> Result
    ) -> Result {
        path.append(key)
        positions[path] = position
        defer { path.removeLast() }
        return read(&self)
    }

    /// Remembers a key that nothing reads, because nobody knows it.
    mutating func passOver(_ key: String, at position: TextPosition) {
        descend(into: key, at: position) { _ in }
    }

    /// Was this key given, with whatever value?
    func hasRead(_ path: [String]) -> Bool { positions[path] != nil }

    /// Was any key of this table given?
    func hasRead(below path: [String]) -> Bool {
        positions.keys.contains { $0.count > path.count && $0.starts(with: path) }
    }

    /// Where the value of a key stands that was read; the file's start for one that was not given.
    func position(of path: [String]) -> TextPosition {
        positions[path] ?? TextPosition(line: 1, column: 1)
    }

    private func place(_ tables: ArraySlice<String>) -> String { "[\(tables.joined(separator: "."))]" }
}
