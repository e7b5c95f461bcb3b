// SPDX-License-Identifier: Apache-2.0

public import Bluetooth

/// One thing that is wrong with a policy file, or looks wrong.
///
/// Nothing in it repeats a value of the file: a value may be a secret, even where none belongs.
public struct PolicyError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Severity: String, Sendable, Hashable {
        /// The file cannot be used.
        case error
        /// It can, and perhaps not as its author thinks.
        case warning
    }

    public var severity: Severity
    /// The path of the file or folder.
    public var file: String
    /// The key or value that is wrong; `nil` when the error is not about the file's text.
    public var position: TextPosition?
    /// What is wrong; may quote keys of the file.
    public var message: UntrustedText
    /// What to write or do instead.
    public var suggestion: String?

    public init(
        _ severity: Severity = .error, file: String, position: TextPosition? = nil, message: String,
        suggestion: String? = nil
    ) {
        self.severity = severity
        self.file = file
        self.position = position
        self.message = UntrustedText(message)
        self.suggestion = suggestion
    }

    /// From 1; `nil` when the error is not about the file's text.
    public var line: Int? { position?.line }
    /// From 1, in Unicode scalars; `nil` when the error is not about the file's text.
    public var column: Int? { position?.column }

    /// For sorting: what is about the whole file comes first.
    var place: TextPosition { position ?? TextPosition(line: 0, column: 0) }

    /// As compilers write it: `path:line:column: error: message; suggestion`.
    public var description: String {
        let place = position.map { ":\($0.line):\($0.column)" } ?? ""
        let advice = suggestion.map { "; \($0)" } ?? ""
        return "\(UntrustedText(file))\(place): \(severity.rawValue): \(message)\(advice)"
    }
}

/// Everything that is wrong with the policy files, in the order in which they are read.
public struct PolicyErrors: Error, Sendable, Hashable, CustomStringConvertible {
    /// Never empty.
    public var errors: [PolicyError]
    /// The daemon's own settings, if nothing is wrong with those.
    public internal(set) var configuration = Configuration()

    init(_ errors: [PolicyError]) { self.errors = errors }

    /// One line per error.
    public var description: String { errors.map(\.description).joined(separator: "\n") }
}
