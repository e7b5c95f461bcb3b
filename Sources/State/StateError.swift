// SPDX-License-Identifier: Apache-2.0

public import Bluetooth

/// What the system refused to do with a file or folder of the state.
public struct StateError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Operation: String, Sendable, Hashable {
        case open, list, read, write, remove
        /// Another process has it.
        case lock
    }

    public let operation: Operation
    public let path: String
    /// The system's text for its error, or what else stands against it.
    public let reason: String

    init(_ operation: Operation, _ path: String, _ reason: String) {
        self.operation = operation
        self.path = path
        self.reason = reason
    }

    public var description: String { "cannot \(operation.rawValue) \(UntrustedText(path)): \(reason)" }
}

/// A file whose memory is lost, because it is damaged, foreign, or cannot be read. It stays where it is until something is
/// written by its name.
public struct StateProblem: Sendable, Hashable, CustomStringConvertible {
    public let path: String
    /// From 1; `nil` when it is not about a line.
    public let line: Int?
    /// What is wrong; may quote keys of the file, never values.
    public let message: UntrustedText

    init(_ path: String, line: Int? = nil, _ message: String) {
        self.path = path
        self.line = line
        self.message = UntrustedText(message)
    }

    init(_ error: StateError) {
        self.init(error.path, "cannot \(error.operation.rawValue): \(error.reason)")
    }

    /// As compilers write it: `path:line: message`.
    public var description: String { "\(UntrustedText(path))\(line.map { ":\($0)" } ?? ""): \(message)" }
}
