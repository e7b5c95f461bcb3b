// SPDX-License-Identifier: Apache-2.0

/// One complete D-Bus type.
///
/// Source: D-Bus Specification, "Type System".
public indirect enum ValueType: Hashable, Sendable {
    case basic(BasicType)
    case variant
    case array(ValueType)
    case dictionary(key: BasicType, value: ValueType)
    case structure([ValueType])

    /// The types that have no parts; the raw value is the type code.
    public enum BasicType: Character, Hashable, Sendable, CaseIterable {
        case byte = "y"
        case boolean = "b"
        case int16 = "n"
        case uint16 = "q"
        case int32 = "i"
        case uint32 = "u"
        case int64 = "x"
        case uint64 = "t"
        case double = "d"
        case string = "s"
        case objectPath = "o"
        case signature = "g"
        case unixDescriptor = "h"
    }

    /// The type as a signature writes it.
    public var code: String {
        switch self {
        case .basic(let type): String(type.rawValue)
        case .variant: "v"
        case .array(let element): "a" + element.code
        case .dictionary(let key, let value): "a{" + String(key.rawValue) + value.code + "}"
        case .structure(let members): "(" + members.map(\.code).joined() + ")"
        }
    }
}

/// Zero or more complete types, one after the other.
public struct Signature: Hashable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
    public let types: [ValueType]

    public init(types: [ValueType]) { self.types = types }

    /// `nil` unless `text` is a valid signature: at most 255 bytes, at most 32 arrays and 32 structures deep.
    public init?(_ text: String) {
        guard text.utf8.count <= 255 else { return nil }
        var parser = SignatureParser(rest: text[...])
        guard let types = parser.all() else { return nil }
        self.types = types
    }

    /// For signatures written in the source; an invalid one stops the process.
    public init(stringLiteral value: StaticString) {
        guard let signature = Signature(value.description) else { preconditionFailure("not a signature: \(value)") }
        self = signature
    }

    public var description: String { types.map(\.code).joined() }
}

private struct SignatureParser {
    var rest: Substring
    var arrays = 0
    var structures = 0

    mutating func all() -> [ValueType]? {
        var types: [ValueType] = []
        while !rest.isEmpty {
            guard let type = one() else { return nil }
            types.append(type)
        }
        return types
    }

    private mutating func one() -> ValueType? {
        guard let code = rest.popFirst() else { return nil }
        switch code {
        case "v": return .variant
        case "a": return array()
        case "(": return structure()
        default: return ValueType.BasicType(rawValue: code).map { .basic($0) }
        }
    }

    private mutating func array() -> ValueType? {
        arrays += 1
        defer { arrays -= 1 }
        guard arrays <= 32 else { return nil }
        guard rest.first == "{" else { return one().map { .array($0) } }
        rest.removeFirst()
        guard let code = rest.popFirst(), let key = ValueType.BasicType(rawValue: code), let value = one(),
            rest.popFirst() == "}"
        else { return nil }
        return .dictionary(key: key, value: value)
    }

    private mutating func structure() -> ValueType? {
        structures += 1
        defer { structures -= 1 }
        guard structures <= 32 else { return nil }
        var members: [ValueType] = []
        while rest.first != ")" {
            guard let member = one() else { return nil }
            members.append(member)
        }
        rest.removeFirst()
        return members.isEmpty ? nil : .structure(members)
    }
}
