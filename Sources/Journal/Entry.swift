// SPDX-License-Identifier: Apache-2.0

/// One record for journald: a sentence for people and fields for programs.
public struct Entry: Sendable, Hashable {
    /// The severities of `syslog(3)`, most urgent first.
    public enum Priority: Int, Sendable {
        case error = 3
        case warning = 4
        case notice = 5
        case info = 6
        case debug = 7
    }

    public var priority: Priority
    public var message: String
    /// `nil` for what is only a sentence.
    public var kind: MessageKind?
    public var fields: [Field]

    public struct Field: Sendable, Hashable {
        public let name: FieldName
        public let value: String

        public init(_ name: FieldName, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public init(_ priority: Priority, _ message: String, _ kind: MessageKind? = nil, fields: [Field] = []) {
        self.priority = priority
        self.message = message
        self.kind = kind
        self.fields = fields
    }
}
