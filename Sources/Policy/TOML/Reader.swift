// SPDX-License-Identifier: Apache-2.0

/// Collects what is found while one rule file is read: the errors, where each value stands, and whether one is secret.
struct Reader {
    let file: String
    /// The keys that a file of this kind may hold.
    let documentation: [KeyDocumentation]
    private(set) var errors: [PolicyError] = []
    private(set) var warnings: [PolicyError] = []
    /// Where the first passkey or PIN stands, whether it is a valid one or not.
    private(set) var secret: TextPosition?
    private var isCut = false
    /// By their place in the file.
    var sortedErrors: [PolicyError] {
        let sorted = errors.sorted { $0.place < $1.place }
        guard isCut else { return sorted }
        let message = "there are more errors than these \(Self.maximumErrors)"
        return sorted + [PolicyError(file: file, position: sorted.last?.position, message: message)]
    }
    /// Is what is being read the table of a secret? Nothing of it is repeated.
    var isInSecret = false
    private var path: [String] = []
    /// Each key that was given with its tables, and where its value stands. A list, because there are few.
    private(set) var positions: [(path: [String], position: TextPosition)] = []

    /// Did a value come from a credential?
    var usesCredentials = false
    /// Where credentials come from; `nil` where they are not looked up.
    let credentials: CredentialFolder?

    init(file: String, documentation: [KeyDocumentation], credentials: CredentialFolder? = nil) {
        self.file = file
        self.documentation = documentation
        self.credentials = credentials
    }

    /// The key that is being read, as errors name it: `"name" in [match]`.
    var subject: String {
        guard let key = path.last else { return "the file" }
        return path.count == 1 ? "\"\(key)\"" : "\"\(key)\" in \(place(path.dropLast()))"
    }

    /// The table that is being read: `[match]`, or the top level.
    var table: String { path.isEmpty ? "the top level" : place(path[...]) }

    /// The tables around what is being read, outermost first.
    var tables: [String] { path }

    /// So many errors of one file are told; a person mends some and asks again.
    static let maximumErrors = 50

    mutating func error(_ message: String, at position: TextPosition, suggestion: String? = nil) {
        guard errors.count < Self.maximumErrors else {
            isCut = true
            return
        }
        errors.append(PolicyError(file: file, position: position, message: message, suggestion: suggestion))
    }

    /// Says what is allowed and hardly meant.
    mutating func warning(_ message: String, at position: TextPosition, suggestion: String? = nil) {
        warnings.append(
            PolicyError(.warning, file: file, position: position, message: message, suggestion: suggestion))
    }

    mutating func markSecret(at position: TextPosition) {
        if secret == nil { secret = position }
    }

    /// Reads a value below the current table, and remembers where it stands.
    mutating func descend<Result>(
        into key: String, at position: TextPosition, _ read: (inout Reader) -> Result
    ) -> Result {
        path.append(key)
        // What is nobody's key is not asked for later.
        if positions.count < 256 { positions.append((path, position)) }
        defer { path.removeLast() }
        return read(&self)
    }

    /// Remembers a key that nothing reads, because nobody knows it.
    mutating func passOver(_ key: String, at position: TextPosition) {
        descend(into: key, at: position) { _ in }
    }

    /// Was this key given, with whatever value?
    func hasRead(_ path: [String]) -> Bool { positions.contains { $0.path == path } }

    /// Was any key of this table given?
    func hasRead(below path: [String]) -> Bool {
        positions.contains { $0.path.count > path.count && $0.path.starts(with: path) }
    }

    /// Was this key of the table given that is being read?
    func hasReadBelow(_ key: String) -> Bool { hasRead(path + [key]) }

    /// Where the value of a key stands that was read; the file's start for one that was not given.
    func position(of path: [String]) -> TextPosition {
        positions.first { $0.path == path }?.position ?? TextPosition(line: 1, column: 1)
    }

    /// Where the value of a key of the table stands that is being read.
    func position(below key: String) -> TextPosition { position(of: path + [key]) }

    private func place(_ tables: ArraySlice<String>) -> String { "[\(tables.joined(separator: "."))]" }
}
