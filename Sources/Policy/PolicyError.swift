// SPDX-License-Identifier: Apache-2.0

public import Bluetooth

/// One thing that is wrong with a rule file.
///
/// Nothing in it repeats a value of the file: a value may be a secret, even where none belongs.
public struct PolicyError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The path of the file or folder.
    public var file: String
    /// The key or value that is wrong; `nil` when the error is not about the file's text.
    public var position: TextPosition?
    /// What is wrong; may quote keys of the file.
    public var message: UntrustedText
    /// What to write or do instead.
    public var suggestion: String?

    public init(file: String, position: TextPosition? = nil, message: String, suggestion: String? = nil) {
        self.file = file
        self.position = position
        self.message = UntrustedText(message)
        self.suggestion = suggestion
    }

    /// From 1; `nil` when the error is not about the file's text.
    public var line: Int? { position?.line }
    /// From 1, in Unicode scalars; `nil` when the error is not about the file's text.
    public var column: Int? { position?.column }

    /// As compilers write it: `path:line:column: error: message; suggestion`.
    public var description: String {
        let place = position.map { ":\($0.line):\($0.column)" } ?? ""
        let advice = suggestion.map { "; \($0)" } ?? ""
        return "\(UntrustedText(file))\(place): error: \(message)\(advice)"
    }
}

/// Everything that is wrong with the rule files, in the order in which they are read.
public struct PolicyErrors: Error, Sendable, Hashable, CustomStringConvertible {
    /// Never empty.
    public var errors: [PolicyError]

    init(_ errors: [PolicyError]) { self.errors = errors }

    /// One line per error.
    public var description: String { errors.map(\.description).joined(separator: "\n") }
}
