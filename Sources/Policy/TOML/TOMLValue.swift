// SPDX-License-Identifier: Apache-2.0

/// A place in a text file. Both numbers count from 1; a column counts Unicode scalars, and a tab is one of them.
public struct TextPosition: Sendable, Hashable, Comparable {
    public var line: Int
    public var column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    public static func < (left: TextPosition, right: TextPosition) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// A value of a TOML file, and where it stands.
struct TOMLValue: Sendable {
    enum Content: Sendable {
        case table([TOMLEntry])
        case array([TOMLValue])
        case string(String)
        case integer(Int64)
        case float(Double)
        case boolean(Bool)
        case dateOrTime
    }

    var content: Content
    var position: TextPosition

    /// The kind in words, as errors name it.
    var kind: String {
        switch content {
        case .table: "a table"
        case .array: "a list"
        case .string: "a string"
        case .integer: "an integer"
        case .float: "a number with a fraction"
        case .boolean: "true or false"
        case .dateOrTime: "a date or time"
        }
    }
}

/// One `key = value` of a table, in the order of the file.
struct TOMLEntry: Sendable {
    var key: String
    var keyPosition: TextPosition
    var value: TOMLValue
}
