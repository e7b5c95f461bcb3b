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
    /// 32 hexadecimal digits that stand for this kind of message (`journalctl MESSAGE_ID=…`).
    public var messageID: String?
    public var fields: [Field]

    public struct Field: Sendable, Hashable {
        /// Upper-case letters, digits and underscores; journald drops others.
        public let name: String
        public let value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public init(_ priority: Priority, _ message: String, messageID: String? = nil, fields: [Field] = []) {
        self.priority = priority
        self.message = message
        self.messageID = messageID
        self.fields = fields
    }
}
