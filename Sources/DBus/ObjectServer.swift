// SPDX-License-Identifier: Apache-2.0

public import EventLoop

/// The objects that a connection offers: it dispatches calls to them, answers the standard interfaces, and announces
/// objects and changes.
@LoopActor
public final class ObjectServer {
    /// Decides whether the caller may do what a method asks for; throws the error that the caller gets.
    public var authorize: (@LoopActor (MethodCall, Access) async throws(DBusError) -> Authorization)?

    /// Told of every call before it is answered.
    public var onCall: (@LoopActor (MethodCall) -> Void)?

    private unowned let connection: Connection
    private var objects: [ObjectPath: Exported] = [:]
    private var managerPath: ObjectPath?
    private var changes: [Change: Set<String>] = [:]
    private var flush: EventSource?

    private struct Exported {
        let object: AnyObject
        let interfaces: [any AnyInterface]
    }

    private struct Change: Hashable {
        let path: ObjectPath
        let interface: String
    }

    init(connection: Connection) { self.connection = connection }

    /// Offers `object` at `path`, and announces it if an object manager is above it.
    public func export(_ object: AnyObject, at path: ObjectPath, _ interfaces: [any AnyInterface]) {
        objects[path] = Exported(object: object, interfaces: interfaces)
        guard let managerPath, path != managerPath, path.isWithin(managerPath) else { return }
        emit(
            managerPath, Standard.objectManager, "InterfacesAdded",
            [.objectPath(path), interfacesAndProperties(path).value])
    }

    /// Takes the object away, and announces that.
    public func unexport(_ path: ObjectPath) {
        guard let exported = objects.removeValue(forKey: path) else { return }
        announceChanges()
        guard let managerPath, path.isWithin(managerPath) else { return }
        emit(
            managerPath, Standard.objectManager, "InterfacesRemoved",
            [.objectPath(path), (exported.interfaces.map(\.name) + Standard.everywhere).value])
    }

    /// Makes `path` the object manager of everything below it.
    public func manageObjects(at path: ObjectPath) { managerPath = path }

    /// Changes what stands behind an object, and announces the properties that have other values afterwards.
    ///
    /// - Parameter kept: Properties that are known to stay as they are: what is expensive to read is not compared then.
    public func change(_ path: ObjectPath, keeping kept: Set<String> = [], _ body: @LoopActor () -> Void) {
        guard let exported = objects[path] else { return body() }
        let before = exported.interfaces.map { $0.readAll(of: exported.object, but: kept) }
        body()
        for (interface, old) in zip(exported.interfaces, before) {
            let new = interface.readAll(of: exported.object, but: kept)
            let names = Set(old.keys).union(new.keys).filter { old[$0] != new[$0] }
            if !names.isEmpty { changed(path, interface.name, names.sorted()) }
        }
    }

    /// Announces, at the end of this turn of the loop, that properties of an object have other values now.
    public func changed(_ path: ObjectPath, _ interface: String, _ properties: [String]) {
        changes[Change(path: path, interface: interface), default: []].formUnion(properties)
        if let flush {
            flush.rearm()
        } else {
            flush = try? EventSource.soon { [weak self] in self?.announceChanges() }
        }
    }

    /// Sends a signal of an exported object.
    public func emit(_ path: ObjectPath, _ interface: String, _ member: String, _ arguments: [Value]) {
        // The names are the source's own and the arguments were made here, so only a closed connection can refuse them.
        try? connection.emit(path, interface, member, arguments)
    }

    /// Sends at once what ``changed(_:_:_:)`` has collected, so that it comes before what is sent next.
    public func announceChanges() {
        let pending = changes
        changes = [:]
        for (change, names) in pending {
            guard let exported = objects[change.path],
                let interface = exported.interfaces.first(where: { $0.name == change.interface })
            else { continue }
            var values: [String: Value] = [:]
            for name in names { values[name] = interface.read(name, of: exported.object) }
            // What the object does not have any longer has no value to announce.
            let invalidated = names.subtracting(values.keys).sorted()
            emit(
                change.path, Standard.properties, "PropertiesChanged",
                [.string(change.interface), values.value, invalidated.value])
        }
    }

    // MARK: Calls

    func dispatch(_ message: Message) {
        let call = MethodCall(message, on: connection)
        onCall?(call)
        do throws(DBusError) {
            if call.isTooLarge { throw .invalidArguments("there is more in this call than any method takes") }
            try dispatch(call, signature: message.signature)
        } catch {
            call.fail(error)
        }
    }

    private func dispatch(_ call: MethodCall, signature: String) throws(DBusError) {
        switch call.interface {
        case Standard.introspectable where call.member == "Introspect":
            try expect("", signature, call)
            call.reply(.string(try introspect(call.path)))
        case Standard.properties:
            try properties(call, signature)
        case Standard.objectManager where call.member == "GetManagedObjects" && call.path == managerPath:
            try expect("", signature, call)
            call.reply(managedObjects())
        default:
            try invoke(call, signature)
        }
    }

    private func invoke(_ call: MethodCall, _ signature: String) throws(DBusError) {
        let exported = try object(call.path)
        // A call without an interface means the first one that has the method.
        let interface = exported.interfaces.first {
            (call.interface.isEmpty || $0.name == call.interface) && $0.method(call.member) != nil
        }
        guard let interface, let method = interface.method(call.member) else {
            guard call.interface.isEmpty || exported.interfaces.contains(where: { $0.name == call.interface }) else {
                throw .unknownInterface("\(call.path) has no interface \(call.interface)")
            }
            throw .unknownMethod("\(call.path) has no method \(call.member)")
        }
        try expect(method.signature, signature, call)
        try authorized(call, method.access) { interface.invoke(call, on: exported.object) }
    }

    /// Does `action` once the caller is known to be allowed to; its error refuses the call.
    private func authorized(
        _ call: MethodCall, _ access: Access, _ action: @escaping @LoopActor () throws(DBusError) -> Void
    ) throws(DBusError) {
        guard access != .anyone else { return try action() }
        guard let authorize else { throw .accessDenied("nobody may call \(call.member)") }
        onLoop {
            do throws(DBusError) {
                call.authorization = try await authorize(call, access)
                try action()
            } catch {
                call.fail(error)
            }
        }
    }

    private func properties(_ call: MethodCall, _ signature: String) throws(DBusError) {
        let exported = try object(call.path)
        switch call.member {
        case "Get":
            try expect("ss", signature, call)
            let interface = try interface(try call.argument(0), of: exported, call.path)
            let name: String = try call.argument(1)
            guard let value = interface.read(name, of: exported.object) else {
                throw .unknownProperty("\(interface.name) has no property \(name)")
            }
            call.reply(.variant(value))
        case "GetAll":
            try expect("s", signature, call)
            let interface = try interface(try call.argument(0), of: exported, call.path)
            call.reply(interface.readAll(of: exported.object, but: []).value)
        case "Set":
            try expect("ssv", signature, call)
            let interface = try interface(try call.argument(0), of: exported, call.path)
            let name: String = try call.argument(1)
            guard let access = interface.writeAccess(name) else {
                guard interface.read(name, of: exported.object) != nil else {
                    throw .unknownProperty("\(interface.name) has no property \(name)")
                }
                throw .propertyReadOnly("\(name) cannot be set")
            }
            let value: Value = try call.argument(2)
            try authorized(call, access) { () throws(DBusError) in
                try interface.write(name, value, to: exported.object)
                call.reply()
            }
        default:
            throw .unknownMethod("\(Standard.properties) has no method \(call.member)")
        }
    }

    private func object(_ path: ObjectPath) throws(DBusError) -> Exported {
        guard let exported = objects[path] else { throw .unknownObject("there is no object \(path)") }
        return exported
    }

    private func interface(
        _ name: String, of exported: Exported, _ path: ObjectPath
    ) throws(DBusError) -> any AnyInterface {
        guard let interface = exported.interfaces.first(where: { $0.name == name }) else {
            throw .unknownInterface("\(path) has no interface \(name)")
        }
        return interface
    }

    private func expect(_ expected: String, _ found: String, _ call: MethodCall) throws(DBusError) {
        guard expected == found else {
            throw .invalidArguments("\(call.member) takes (\(expected)), not (\(found))")
        }
    }

    private func managedObjects() -> Value {
        var result: [ObjectPath: [String: [String: Value]]] = [:]
        for path in objects.keys {
            guard let managerPath, path != managerPath, path.isWithin(managerPath) else { continue }
            result[path] = interfacesAndProperties(path)
        }
        return result.value
    }

    private func interfacesAndProperties(_ path: ObjectPath) -> [String: [String: Value]] {
        guard let exported = objects[path] else { return [:] }
        var result: [String: [String: Value]] = [:]
        for interface in exported.interfaces {
            result[interface.name] = interface.readAll(of: exported.object, but: [])
        }
        for name in Standard.everywhere { result[name] = [:] }
        return result
    }

    private func introspect(_ path: ObjectPath) throws(DBusError) -> String {
        let children = Set(objects.keys.compactMap { $0.child(below: path) })
        let exported = objects[path]
        guard exported != nil || !children.isEmpty || path == "/" else {
            throw .unknownObject("there is no object \(path)")
        }
        var text = Standard.introspectionHeader + "<node>\n"
        if let exported {
            text += Standard.introspection
            if path == managerPath { text += Standard.objectManagerIntrospection }
            text += exported.interfaces.map(\.introspection).joined()
        }
        text += children.sorted().map { "  <node name=\"\($0)\"/>\n" }.joined()
        return text + "</node>\n"
    }
}

extension ObjectPath {
    /// The name of the element that follows `ancestor` in this path, if this path is below it.
    fileprivate func child(below ancestor: ObjectPath) -> String? {
        guard self != ancestor, isWithin(ancestor) else { return nil }
        return String(elements[ancestor.elements.count])
    }
}
