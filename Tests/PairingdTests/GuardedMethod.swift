// SPDX-License-Identifier: Apache-2.0

import EventLoop

@testable import DBus

/// A method as its interface's table has it, and how it is called.
struct GuardedMethod: Sendable, CustomStringConvertible {
    let path: ObjectPath
    let interface: String
    let member: String
    /// Arguments of the right types.
    let arguments: [Value]
    /// The polkit action; empty where anybody may call it.
    let action: String

    var description: String { "\(interface).\(member)" }

    @LoopActor
    static func all<Object>(of interface: Interface<Object>, at path: ObjectPath) -> [GuardedMethod] {
        interface.methods.map { method in
            GuardedMethod(
                path: path, interface: interface.name, member: method.name,
                arguments: method.input.map { sample($0.type.description) }, action: method.access.action)
        }
    }

    private static func sample(_ type: String) -> Value {
        switch type {
        case "s": .string("0000")
        case "u": .uint32(0)
        case "a{sv}": [String: Value]().value
        default: preconditionFailure("say here what a method with an argument of type \(type) is called with")
        }
    }

    /// Calls it; gives the error's name, or nothing.
    @LoopActor
    func call(
        on connection: Connection, allowsInteraction: Bool = false
    ) async -> String? {
        do throws(DBusError) {
            _ = try await connection.call(
                "org.pairingd", path, interface, member, arguments, allowsInteraction: allowsInteraction)
            return nil
        } catch {
            return error.name
        }
    }
}
