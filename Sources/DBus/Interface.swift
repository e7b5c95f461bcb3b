// SPDX-License-Identifier: Apache-2.0

public import EventLoop

/// An exported interface, declared once: dispatch, introspection, access checks and change signals follow from it.
///
/// `Object` is the Swift object that stands behind each exported path.
public struct Interface<Object: AnyObject>: AnyInterface {
    public let name: String
    let methods: [Method<Object>]
    let properties: [Property<Object>]
    let signals: [Signal]

    public init(
        _ name: String, methods: [Method<Object>] = [], properties: [Property<Object>] = [], signals: [Signal] = []
    ) {
        self.name = name
        self.methods = methods
        self.properties = properties
        self.signals = signals
    }
}

/// One argument of a method or signal: its name, for people, and its type.
public struct Argument: Sendable {
    let name: String
    let type: Signature

    public init(_ name: String, _ type: Signature) {
        self.name = name
        self.type = type
    }
}

/// What a caller needs to be allowed to do; ``anyone`` needs nothing.
public struct Access: Hashable, Sendable {
    /// The polkit action, or empty.
    public let action: String

    public init(action: String) { self.action = action }
    public static let anyone = Access(action: "")
}

/// A method of an exported interface.
public struct Method<Object: AnyObject>: Sendable {
    let name: String
    let input: [Argument]
    let output: [Argument]
    let access: Access
    let handler: @LoopActor (Object, MethodCall) -> Void

    /// A method that answers the call itself, now or later.
    public init(
        _ name: String, in input: [Argument] = [], out output: [Argument] = [], access: Access,
        deferred handler: @escaping @LoopActor (Object, MethodCall) -> Void
    ) {
        self.name = name
        self.input = input
        self.output = output
        self.access = access
        self.handler = handler
    }

    /// A method whose result is the answer.
    public init(
        _ name: String, in input: [Argument] = [], out output: [Argument] = [], access: Access,
        _ body: @escaping @LoopActor (Object, MethodCall) throws(DBusError) -> [Value]
    ) {
        self.init(
            name, in: input, out: output, access: access,
            deferred: { object, call in
                do throws(DBusError) {
                    call.reply(try body(object, call))
                } catch {
                    call.fail(error)
                }
            })
    }

    var signature: String { input.map(\.type.description).joined() }
}

/// A property of an exported interface; read-only unless it is made ``settable(access:_:)``.
public struct Property<Object: AnyObject>: Sendable {
    /// What listeners are told when the value changes (the `EmitsChangedSignal` annotation).
    public enum Change: String, Sendable {
        /// The new value.
        case announced = "true"
        /// It never changes while the object exists.
        case never = "const"
    }

    struct Setter: Sendable {
        let access: Access
        let write: @LoopActor (Object, Value) throws(DBusError) -> Void
    }

    let name: String
    let type: ValueType
    let change: Change
    /// `nil` while the object does not have the property.
    let read: @LoopActor (Object) -> Value?
    var setter: Setter?

    public init<Converted: ValueConvertible>(
        _ name: String, change: Change = .announced, _ read: @escaping @LoopActor (Object) -> Converted
    ) {
        self.init(name, change: change, ifPresent: { read($0) as Converted? })
    }

    /// A property that an object has only while `read` gives a value.
    public init<Converted: ValueConvertible>(
        _ name: String, change: Change = .announced, ifPresent read: @escaping @LoopActor (Object) -> Converted?
    ) {
        self.name = name
        self.change = change
        type = Converted.valueType
        self.read = { read($0)?.value }
    }

    /// The same property, which callers with `access` may set; `write` announces the change itself.
    public func settable<Converted: ValueConvertible>(
        access: Access, _ write: @escaping @LoopActor (Object, Converted) throws(DBusError) -> Void
    ) -> Property {
        var result = self
        result.setter = Setter(access: access) { [name, type] (object, value) throws(DBusError) in
            guard let converted = Converted(value: value) else {
                throw .invalidArguments("\(name) is of type \(type.code), not \(value.type.code)")
            }
            try write(object, converted)
        }
        return result
    }
}

/// A signal of an exported interface.
public struct Signal: Sendable {
    let name: String
    let arguments: [Argument]

    public init(_ name: String, _ arguments: [Argument] = []) {
        self.name = name
        self.arguments = arguments
    }
}

/// An ``Interface`` without the type of its objects.
@LoopActor
public protocol AnyInterface: Sendable {
    nonisolated var name: String { get }
    /// The interface's `<interface>` element.
    nonisolated var introspection: String { get }
    func method(_ name: String) -> MethodShape?
    func invoke(_ call: MethodCall, on object: AnyObject)
    /// `nil` when there is no such property.
    func read(_ property: String, of object: AnyObject) -> Value?
    /// The values of all properties, except for some.
    func readAll(of object: AnyObject, but omitted: Set<String>) -> [String: Value]
    /// What a caller needs to set the property; `nil` when it cannot be set.
    func writeAccess(_ property: String) -> Access?
    func write(_ property: String, _ value: Value, to object: AnyObject) throws(DBusError)
}

/// What has to be checked before a method is invoked.
public struct MethodShape: Sendable {
    let signature: String
    let access: Access
}

extension Interface {
    public func method(_ name: String) -> MethodShape? {
        methods.first { $0.name == name }.map { MethodShape(signature: $0.signature, access: $0.access) }
    }

    public func invoke(_ call: MethodCall, on object: AnyObject) {
        guard let object = object as? Object, let method = methods.first(where: { $0.name == call.member }) else {
            call.fail(.unknownMethod("\(name) has no method \(call.member)"))
            return
        }
        method.handler(object, call)
    }

    public func read(_ property: String, of object: AnyObject) -> Value? {
        guard let object = object as? Object else { return nil }
        return properties.first { $0.name == property }?.read(object)
    }

    public func readAll(of object: AnyObject, but omitted: Set<String>) -> [String: Value] {
        guard let object = object as? Object else { return [:] }
        var values: [String: Value] = [:]
        for property in properties where !omitted.contains(property.name) {
            values[property.name] = property.read(object)
        }
        return values
    }

    public func writeAccess(_ property: String) -> Access? {
        properties.first { $0.name == property }?.setter?.access
    }

    public func write(_ property: String, _ value: Value, to object: AnyObject) throws(DBusError) {
        guard let object = object as? Object, let setter = properties.first(where: { $0.name == property })?.setter
        else { throw .propertyReadOnly("\(property) cannot be set") }
        try setter.write(object, value)
    }

    public nonisolated var introspection: String {
        var lines = ["  <interface name=\"\(name)\">"]
        for method in methods {
            let arguments =
                method.input.map { argument($0, direction: "in") }
                + method.output.map { argument($0, direction: "out") }
            lines += element("method", method.name, arguments + guardAnnotation(method.access))
        }
        for signal in signals {
            lines += element("signal", signal.name, signal.arguments.map { argument($0, direction: nil) })
        }
        for property in properties {
            let access = property.setter == nil ? "read" : "readwrite"
            lines.append(
                "    <property name=\"\(property.name)\" type=\"\(property.type.code)\" access=\"\(access)\">")
            lines.append(
                "      <annotation name=\"org.freedesktop.DBus.Property.EmitsChangedSignal\""
                    + " value=\"\(property.change.rawValue)\"/>")
            lines += guardAnnotation(property.setter?.access ?? .anyone)
            lines.append("    </property>")
        }
        lines.append("  </interface>")
        return lines.joined(separator: "\n") + "\n"
    }

    /// Tells which polkit action a caller needs.
    private nonisolated func guardAnnotation(_ access: Access) -> [String] {
        guard access != .anyone else { return [] }
        return ["      <annotation name=\"org.pairingd.Action\" value=\"\(access.action)\"/>"]
    }

    private nonisolated func element(_ kind: String, _ name: String, _ content: [String]) -> [String] {
        guard !content.isEmpty else { return ["    <\(kind) name=\"\(name)\"/>"] }
        return ["    <\(kind) name=\"\(name)\">"] + content + ["    </\(kind)>"]
    }

    private nonisolated func argument(_ argument: Argument, direction: String?) -> String {
        let direction = direction.map { " direction=\"\($0)\"" } ?? ""
        return "      <arg name=\"\(argument.name)\" type=\"\(argument.type)\"\(direction)/>"
    }
}
