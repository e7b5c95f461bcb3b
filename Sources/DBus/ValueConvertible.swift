// SPDX-License-Identifier: Apache-2.0

/// A Swift type with a fixed D-Bus type.
public protocol ValueConvertible {
    static var valueType: ValueType { get }
    var value: Value { get }
    /// `nil` when `value` is of another type or outside what this type allows.
    init?(value: Value)
}

extension Value: ValueConvertible {
    /// A value of any type travels as a variant.
    public static var valueType: ValueType { .variant }
    public var value: Value { .variant(self) }
    public init?(value: Value) {
        guard case .variant(let inner) = value else { return nil }
        self = inner
    }

    /// This value as a `Converted`, looking through one variant; `nil` when it is of another type.
    public func converted<Converted: ValueConvertible>(to type: Converted.Type = Converted.self) -> Converted? {
        if case .variant(let inner) = self, Converted.valueType != .variant { return Converted(value: inner) }
        return Converted(value: self)
    }
}

extension UInt8: ValueConvertible {
    public static var valueType: ValueType { .basic(.byte) }
    public var value: Value { .byte(self) }
    public init?(value: Value) {
        guard case .byte(let number) = value else { return nil }
        self = number
    }
}

extension Bool: ValueConvertible {
    public static var valueType: ValueType { .basic(.boolean) }
    public var value: Value { .boolean(self) }
    public init?(value: Value) {
        guard case .boolean(let flag) = value else { return nil }
        self = flag
    }
}

extension Int16: ValueConvertible {
    public static var valueType: ValueType { .basic(.int16) }
    public var value: Value { .int16(self) }
    public init?(value: Value) {
        guard case .int16(let number) = value else { return nil }
        self = number
    }
}

extension UInt16: ValueConvertible {
    public static var valueType: ValueType { .basic(.uint16) }
    public var value: Value { .uint16(self) }
    public init?(value: Value) {
        guard case .uint16(let number) = value else { return nil }
        self = number
    }
}

extension Int32: ValueConvertible {
    public static var valueType: ValueType { .basic(.int32) }
    public var value: Value { .int32(self) }
    public init?(value: Value) {
        guard case .int32(let number) = value else { return nil }
        self = number
    }
}

extension UInt32: ValueConvertible {
    public static var valueType: ValueType { .basic(.uint32) }
    public var value: Value { .uint32(self) }
    public init?(value: Value) {
        guard case .uint32(let number) = value else { return nil }
        self = number
    }
}

extension Int64: ValueConvertible {
    public static var valueType: ValueType { .basic(.int64) }
    public var value: Value { .int64(self) }
    public init?(value: Value) {
        guard case .int64(let number) = value else { return nil }
        self = number
    }
}

extension UInt64: ValueConvertible {
    public static var valueType: ValueType { .basic(.uint64) }
    public var value: Value { .uint64(self) }
    public init?(value: Value) {
        guard case .uint64(let number) = value else { return nil }
        self = number
    }
}

extension Double: ValueConvertible {
    public static var valueType: ValueType { .basic(.double) }
    public var value: Value { .double(self) }
    public init?(value: Value) {
        guard case .double(let number) = value else { return nil }
        self = number
    }
}

extension String: ValueConvertible {
    public static var valueType: ValueType { .basic(.string) }
    public var value: Value { .string(self) }
    public init?(value: Value) {
        guard case .string(let text) = value else { return nil }
        self = text
    }
}

extension ObjectPath: ValueConvertible {
    public static var valueType: ValueType { .basic(.objectPath) }
    public var value: Value { .objectPath(self) }
    public init?(value: Value) {
        guard case .objectPath(let path) = value else { return nil }
        self = path
    }
}

extension Array: ValueConvertible where Element: ValueConvertible {
    public static var valueType: ValueType { .array(Element.valueType) }
    public var value: Value { .array(Element.valueType, map(\.value)) }
    public init?(value: Value) {
        guard case .array(let type, let values) = value, type == Element.valueType else { return nil }
        let elements = values.compactMap { Element(value: $0) }
        guard elements.count == values.count else { return nil }
        self = elements
    }
}

extension Dictionary: ValueConvertible where Key: ValueConvertible, Value: ValueConvertible {
    public static var valueType: ValueType {
        guard case .basic(let key) = Key.valueType else {
            preconditionFailure("\(Key.self) cannot be a D-Bus dictionary's key")
        }
        return .dictionary(key: key, value: Value.valueType)
    }

    public var value: DBus.Value {
        guard case .dictionary(let key, let type) = Self.valueType else { preconditionFailure("see valueType") }
        var entries: [DBus.Value: DBus.Value] = [:]
        for (name, element) in self { entries[name.value] = element.value }
        return .dictionary(key: key, value: type, entries)
    }

    public init?(value: DBus.Value) {
        guard case .dictionary(_, _, let entries) = value, value.type == Self.valueType else { return nil }
        self.init()
        for (name, element) in entries {
            guard let name = Key(value: name), let element = Value(value: element) else { return nil }
            self[name] = element
        }
    }
}
