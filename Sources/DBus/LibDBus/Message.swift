// SPDX-License-Identifier: Apache-2.0
//
// libdbus stops the process when it is given an invalid name, path or string, so every one of them is checked here
// before it gets there.

import CDBus
import Glibc

/// Owns one reference to a `DBusMessage`, which nobody changes once it is made.
///
/// `@unchecked Sendable`: libdbus counts references atomically, and a message is only read after it was made or received.
public final class Message: @unchecked Sendable {
    public enum Kind: Sendable { case methodCall, methodReturn, error, signal }

    let pointer: OpaquePointer

    /// Takes over the caller's reference.
    init(owning pointer: OpaquePointer) { self.pointer = pointer }
    deinit { dbus_message_unref(pointer) }

    public var kind: Kind? {
        switch dbus_message_get_type(pointer) {
        case DBUS_MESSAGE_TYPE_METHOD_CALL: .methodCall
        case DBUS_MESSAGE_TYPE_METHOD_RETURN: .methodReturn
        case DBUS_MESSAGE_TYPE_ERROR: .error
        case DBUS_MESSAGE_TYPE_SIGNAL: .signal
        default: nil
        }
    }

    /// The unique name of the connection that sent it; set by the bus.
    public var sender: String? { string(dbus_message_get_sender(pointer)) }
    public var path: ObjectPath? { string(dbus_message_get_path(pointer)).flatMap { ObjectPath($0) } }
    public var interface: String? { string(dbus_message_get_interface(pointer)) }
    public var member: String? { string(dbus_message_get_member(pointer)) }
    public var errorName: String? { string(dbus_message_get_error_name(pointer)) }
    /// The signature of the arguments, as text.
    public var signature: String { string(dbus_message_get_signature(pointer)) ?? "" }
    public var expectsReply: Bool { dbus_message_get_no_reply(pointer) == 0 }
    /// May the bus ask the person in front of the machine (polkit)?
    public var allowsInteraction: Bool { dbus_message_get_allow_interactive_authorization(pointer) != 0 }

    /// Compares without making a string.
    func isSignal(_ interface: String, _ member: String) -> Bool {
        dbus_message_is_signal(pointer, interface, member) != 0
    }

    func isSent(by name: String) -> Bool { dbus_message_has_sender(pointer, name) != 0 }

    /// The arguments, decoded anew at each call.
    public var arguments: [Value] {
        var iterator = DBusMessageIter()
        guard dbus_message_iter_init(pointer, &iterator) != 0 else { return [] }
        return decodeAll(&iterator)
    }

    /// The first argument when it is a string, without decoding the others.
    var firstString: String? {
        var iterator = DBusMessageIter()
        guard dbus_message_iter_init(pointer, &iterator) != 0,
            dbus_message_iter_get_arg_type(&iterator) == code(.string)
        else { return nil }
        return text(&iterator)
    }

    /// The error that an error message carries.
    var error: DBusError {
        var text = ""
        if case .string(let first)? = arguments.first { text = first }
        return DBusError(name: errorName ?? "org.freedesktop.DBus.Error.Failed", message: text)
    }

    public static func methodCall(
        to destination: String, path: ObjectPath, interface: String, member: String, arguments: [Value] = [],
        expectsReply: Bool = true, allowsInteraction: Bool = false
    ) throws(DBusError) -> Message {
        guard NameRules.isBus(destination) else { throw .invalidArguments("not a bus name: \(destination)") }
        try checkMember(interface, member)
        let message = own(dbus_message_new_method_call(destination, path.text, interface, member))
        if !expectsReply { dbus_message_set_no_reply(message.pointer, 1) }
        if allowsInteraction { dbus_message_set_allow_interactive_authorization(message.pointer, 1) }
        try message.append(arguments)
        return message
    }

    public static func signal(
        path: ObjectPath, interface: String, member: String, arguments: [Value]
    ) throws(DBusError) -> Message {
        try checkMember(interface, member)
        let message = own(dbus_message_new_signal(path.text, interface, member))
        try message.append(arguments)
        return message
    }

    /// What an answer to this method call needs of it. libdbus reads no more from a connection while 63 MiB of messages
    /// from it are held, and holds no descriptors for us.
    func envelope() -> Message {
        let envelope = Message.own(dbus_message_new(DBUS_MESSAGE_TYPE_METHOD_CALL))
        dbus_message_set_serial(envelope.pointer, dbus_message_get_serial(pointer))
        // It fails only when memory is exhausted; the answer has no addressee then.
        _ = dbus_message_set_sender(envelope.pointer, dbus_message_get_sender(pointer))
        return envelope
    }

    /// The arguments, unless there are more of them than any method takes, or descriptors among them: who calls decides
    /// what is sent, also where it is refused afterwards.
    var boundedArguments: [Value]? {
        guard dbus_message_contains_unix_fds(pointer) == 0 else { return nil }
        var budget = DecodingBudget()
        var iterator = DBusMessageIter()
        dbus_message_iter_init(pointer, &iterator)
        return budget.covers(&iterator) ? arguments : nil
    }

    /// The answer to this method call.
    func reply(_ arguments: [Value]) throws(DBusError) -> Message {
        let reply = Message.own(dbus_message_new_method_return(pointer))
        try reply.append(arguments)
        return reply
    }

    /// The refusal of this method call.
    func reply(_ error: DBusError) -> Message {
        let name = NameRules.isInterface(error.name) ? error.name : "org.freedesktop.DBus.Error.Failed"
        let scalars = error.message.unicodeScalars.prefix(Self.longestErrorText).map { $0 == "\0" ? " " : $0 }
        let text = String(String.UnicodeScalarView(scalars))
        return Message.own(dbus_message_new_error(pointer, name, text))
    }

    /// An error quotes what its caller sent, and the bus throws out whoever sends a message that is too long.
    private static let longestErrorText = 1000

    private static func checkMember(_ interface: String, _ member: String) throws(DBusError) {
        guard NameRules.isInterface(interface), NameRules.isMember(member) else {
            throw .invalidArguments("not a member of an interface: \(interface).\(member)")
        }
    }

    /// libdbus returns no message only when memory is exhausted; Swift's own allocations end the process there too.
    private static func own(_ pointer: OpaquePointer?) -> Message {
        guard let pointer else { fatalError("out of memory") }
        return Message(owning: pointer)
    }

    private func append(_ arguments: [Value]) throws(DBusError) {
        var iterator = DBusMessageIter()
        dbus_message_iter_init_append(pointer, &iterator)
        for argument in arguments { try encode(argument, &iterator) }
    }

    private func string(_ text: UnsafePointer<CChar>?) -> String? { text.map { String(cString: $0) } }
}

// MARK: Values

private func code(_ type: ValueType.BasicType) -> Int32 { type.rawValue.asciiValue.map(Int32.init) ?? 0 }
private let arrayCode = Int32(UInt8(ascii: "a"))
private let variantCode = Int32(UInt8(ascii: "v"))
private let structureCode = Int32(UInt8(ascii: "r"))
private let entryCode = Int32(UInt8(ascii: "e"))

/// How much of a message is decoded.
private struct DecodingBudget {
    private var values = 10_000
    /// Octets of all texts.
    private var text = 1 << 18

    /// Does it cover what follows? It looks at no more than it covers.
    mutating func covers(_ iterator: inout DBusMessageIter) -> Bool {
        while true {
            let type = dbus_message_iter_get_arg_type(&iterator)
            if type == 0 { return true }
            values -= 1
            guard values >= 0 else { return false }
            switch UInt8(truncatingIfNeeded: type) {
            case UInt8(ascii: "s"), UInt8(ascii: "o"), UInt8(ascii: "g"):
                var pointer: UnsafePointer<CChar>?
                dbus_message_iter_get_basic(&iterator, &pointer)
                text -= pointer.map { strnlen($0, text + 1) } ?? 0
                guard text >= 0 else { return false }
            case UInt8(ascii: "a"), UInt8(ascii: "v"), UInt8(ascii: "r"), UInt8(ascii: "e"):
                var inner = DBusMessageIter()
                dbus_message_iter_recurse(&iterator, &inner)
                guard covers(&inner) else { return false }
            default: break
            }
            dbus_message_iter_next(&iterator)
        }
    }
}

private func decodeAll(_ iterator: inout DBusMessageIter) -> [Value] {
    var values: [Value] = []
    while dbus_message_iter_get_arg_type(&iterator) != 0 {
        if let value = decode(&iterator) { values.append(value) }
        dbus_message_iter_next(&iterator)
    }
    return values
}

/// `nil` only for a type that libdbus knows and this file does not, which cannot happen with libdbus 1.
private func decode(_ iterator: inout DBusMessageIter) -> Value? {
    switch UInt8(truncatingIfNeeded: dbus_message_iter_get_arg_type(&iterator)) {
    case UInt8(ascii: "y"): return .byte(basic(&iterator))
    case UInt8(ascii: "b"): return .boolean((basic(&iterator) as UInt32) != 0)
    case UInt8(ascii: "n"): return .int16(basic(&iterator))
    case UInt8(ascii: "q"): return .uint16(basic(&iterator))
    case UInt8(ascii: "i"): return .int32(basic(&iterator))
    case UInt8(ascii: "u"): return .uint32(basic(&iterator))
    case UInt8(ascii: "x"): return .int64(basic(&iterator))
    case UInt8(ascii: "t"): return .uint64(basic(&iterator))
    case UInt8(ascii: "d"): return .double(basic(&iterator))
    case UInt8(ascii: "s"): return .string(text(&iterator))
    case UInt8(ascii: "o"): return ObjectPath(text(&iterator)).map { .objectPath($0) }
    case UInt8(ascii: "g"): return Signature(text(&iterator)).map { .signature($0) }
    case UInt8(ascii: "h"): return .unixDescriptor(FileDescriptor(owning: basic(&iterator)))
    case UInt8(ascii: "v"):
        var inner = DBusMessageIter()
        dbus_message_iter_recurse(&iterator, &inner)
        return decode(&inner).map { .variant($0) }
    case UInt8(ascii: "r"):
        var inner = DBusMessageIter()
        dbus_message_iter_recurse(&iterator, &inner)
        return .structure(decodeAll(&inner))
    case UInt8(ascii: "a"): return decodeArray(&iterator)
    default: return nil
    }
}

private func decodeArray(_ iterator: inout DBusMessageIter) -> Value? {
    var inner = DBusMessageIter()
    dbus_message_iter_recurse(&iterator, &inner)
    // The signature of an array gives its element's type also when it is empty.
    guard let signature = dbus_message_iter_get_signature(&iterator) else { return nil }
    defer { dbus_free(signature) }
    switch Signature(String(cString: signature))?.types.first {
    case .array(let element):
        return .array(element, decodeAll(&inner))
    case .dictionary(let keyType, let valueType):
        var entries: [Value: Value] = [:]
        while dbus_message_iter_get_arg_type(&inner) == entryCode {
            var entry = DBusMessageIter()
            dbus_message_iter_recurse(&inner, &entry)
            if let key = decode(&entry), dbus_message_iter_next(&entry) != 0, let value = decode(&entry) {
                entries[key] = value
            }
            dbus_message_iter_next(&inner)
        }
        return .dictionary(key: keyType, value: valueType, entries)
    default:
        return nil
    }
}

private func basic<Number: FixedWidthInteger>(_ iterator: inout DBusMessageIter) -> Number {
    var number: Number = 0
    dbus_message_iter_get_basic(&iterator, &number)
    return number
}

private func basic(_ iterator: inout DBusMessageIter) -> Double {
    var number: Double = 0
    dbus_message_iter_get_basic(&iterator, &number)
    return number
}

private func text(_ iterator: inout DBusMessageIter) -> String {
    var pointer: UnsafePointer<CChar>?
    dbus_message_iter_get_basic(&iterator, &pointer)
    return pointer.map { String(cString: $0) } ?? ""
}

private func encode(_ value: Value, _ iterator: inout DBusMessageIter) throws(DBusError) {
    switch value {
    case .byte(let number): append(number, code(.byte), &iterator)
    case .boolean(let flag): append(UInt32(flag ? 1 : 0), code(.boolean), &iterator)
    case .int16(let number): append(number, code(.int16), &iterator)
    case .uint16(let number): append(number, code(.uint16), &iterator)
    case .int32(let number): append(number, code(.int32), &iterator)
    case .uint32(let number): append(number, code(.uint32), &iterator)
    case .int64(let number): append(number, code(.int64), &iterator)
    case .uint64(let number): append(number, code(.uint64), &iterator)
    case .double(let number): append(number, code(.double), &iterator)
    case .string(let text): try append(text, code(.string), &iterator)
    case .objectPath(let path): try append(path.text, code(.objectPath), &iterator)
    case .signature(let signature): try append(signature.description, code(.signature), &iterator)
    case .unixDescriptor(let descriptor): append(descriptor.number, code(.unixDescriptor), &iterator)
    case .variant(let inner):
        try container(variantCode, inner.type.code, &iterator) { content throws(DBusError) in
            try encode(inner, &content)
        }
    case .structure(let members):
        guard !members.isEmpty else { throw .invalidArguments("a structure needs at least one member") }
        try container(structureCode, nil, &iterator) { content throws(DBusError) in
            for member in members { try encode(member, &content) }
        }
    case .array(let element, let values):
        try container(arrayCode, element.code, &iterator) { content throws(DBusError) in
            for value in values {
                guard value.type == element else { throw mixedTypes(value.type, element) }
                try encode(value, &content)
            }
        }
    case .dictionary(let keyType, let valueType, let entries):
        try container(arrayCode, "{\(keyType.rawValue)\(valueType.code)}", &iterator) { content throws(DBusError) in
            for (key, value) in entries {
                guard key.type == .basic(keyType) else { throw mixedTypes(key.type, .basic(keyType)) }
                guard value.type == valueType else { throw mixedTypes(value.type, valueType) }
                try container(entryCode, nil, &content) { entry throws(DBusError) in
                    try encode(key, &entry)
                    try encode(value, &entry)
                }
            }
        }
    }
}

private func mixedTypes(_ found: ValueType, _ expected: ValueType) -> DBusError {
    .invalidArguments("a value of type \(found.code) stands where \(expected.code) belongs")
}

private func append<Number: BitwiseCopyable>(_ number: Number, _ code: Int32, _ iterator: inout DBusMessageIter) {
    var number = number
    dbus_message_iter_append_basic(&iterator, code, &number)
}

private func append(_ text: String, _ code: Int32, _ iterator: inout DBusMessageIter) throws(DBusError) {
    guard !text.utf8.contains(0) else { throw .invalidArguments("a string cannot hold a NUL") }
    // A Swift string is valid UTF-8, which is all that libdbus asks for.
    text.withCString { pointer in
        var pointer: UnsafePointer<CChar>? = pointer
        _ = dbus_message_iter_append_basic(&iterator, code, &pointer)
    }
}

private func container(
    _ code: Int32, _ signature: String?, _ iterator: inout DBusMessageIter,
    _ body: (inout DBusMessageIter) throws(DBusError) -> Void
) throws(DBusError) {
    var content = DBusMessageIter()
    dbus_message_iter_open_container(&iterator, code, signature, &content)
    do {
        try body(&content)
    } catch {
        dbus_message_iter_abandon_container(&iterator, &content)
        throw error
    }
    dbus_message_iter_close_container(&iterator, &content)
}
