// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A D-Bus value of any type.
public enum Value: Hashable, Sendable {
    case byte(UInt8)
    case boolean(Bool)
    case int16(Int16)
    case uint16(UInt16)
    case int32(Int32)
    case uint32(UInt32)
    case int64(Int64)
    case uint64(UInt64)
    case double(Double)
    case string(String)
    case objectPath(ObjectPath)
    case signature(Signature)
    case unixDescriptor(FileDescriptor)
    indirect case variant(Value)
    case array(ValueType, [Value])
    case dictionary(key: ValueType.BasicType, value: ValueType, [Value: Value])
    case structure([Value])

    /// The type that this value has on the bus.
    public var type: ValueType {
        switch self {
        case .byte: .basic(.byte)
        case .boolean: .basic(.boolean)
        case .int16: .basic(.int16)
        case .uint16: .basic(.uint16)
        case .int32: .basic(.int32)
        case .uint32: .basic(.uint32)
        case .int64: .basic(.int64)
        case .uint64: .basic(.uint64)
        case .double: .basic(.double)
        case .string: .basic(.string)
        case .objectPath: .basic(.objectPath)
        case .signature: .basic(.signature)
        case .unixDescriptor: .basic(.unixDescriptor)
        case .variant: .variant
        case .array(let element, _): .array(element)
        case .dictionary(let key, let value, _): .dictionary(key: key, value: value)
        case .structure(let members): .structure(members.map(\.type))
        }
    }
}

/// A descriptor that came with a message or goes with one; it is closed when the last copy of this is gone.
public final class FileDescriptor: Hashable, Sendable {
    public let number: Int32

    /// Takes over `number`: nobody else closes it.
    public init(owning number: Int32) { self.number = number }
    deinit { close(number) }

    public static func == (left: FileDescriptor, right: FileDescriptor) -> Bool { left === right }
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
