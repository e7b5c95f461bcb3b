// SPDX-License-Identifier: Apache-2.0

import DBus
import EventLoop

/// `org.pairingd` as the verbs see it.
@LoopActor
final class Client {
    static let service = "org.pairingd"
    static let manager: ObjectPath = "/org/pairingd"

    let connection: Connection

    init(address: String?) async throws(DBusError) {
        connection = try await Connection(address: address ?? Connection.systemBusAddress)
    }

    @discardableResult
    func call(
        _ path: ObjectPath, _ interface: String, _ member: String, _ arguments: [Value] = []
    ) async throws(DBusError) -> [Value] {
        try await connection.call(
            Self.service, path, "org.pairingd." + interface, member, arguments, timeout: 60_000,
            allowsInteraction: true)
    }

    /// The properties of one object.
    func properties(_ path: ObjectPath, _ interface: String) async throws(DBusError) -> Properties {
        let reply = try await connection.call(
            Self.service, path, "org.freedesktop.DBus.Properties", "GetAll", [.string("org.pairingd." + interface)])
        return Properties(path: path, values: reply.first?.converted() ?? [:])
    }

    /// All objects with an interface, in the order of their paths.
    func objects(_ interface: String) async throws(DBusError) -> [Properties] {
        let reply = try await connection.call(
            Self.service, Self.manager, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
        let all: [ObjectPath: [String: [String: Value]]] = reply.first?.converted() ?? [:]
        return all.compactMap { path, interfaces in
            interfaces["org.pairingd." + interface].map { Properties(path: path, values: $0) }
        }
        .sorted { ($0.number, $0.path) < ($1.number, $1.path) }
    }

    /// The requests that wait for an answer.
    func openRequests() async throws(DBusError) -> [Properties] {
        try await objects("Request1").filter { $0.text("State") != "finished" }
    }

    /// The request with a number, or the only open one that `fits`.
    func request(_ number: UInt64?, _ what: String, fits: (String) -> Bool) async throws -> ObjectPath {
        if let number {
            return Self.manager.child("request").child(String(number))
        }
        let open = try await openRequests().filter { fits($0.text("Kind")) }
        guard let first = open.first else { throw Problem("no request waits for \(what)", .notFound) }
        guard open.count == 1 else {
            let numbers = open.map { "\($0.number) (\($0.text("Address")))" }.joined(separator: ", ")
            throw Problem("several requests wait for \(what), say which: \(numbers)", .usage)
        }
        return first.path
    }
}

/// An object's properties; what is missing or of another type reads as empty.
struct Properties: Sendable {
    let path: ObjectPath
    var values: [String: Value]

    /// The number at the end of the path, 0 where there is none.
    var number: UInt64 { path.elements.last.flatMap { UInt64($0) } ?? 0 }

    /// Safe to print.
    func text(_ name: String) -> String { clean(values[name]?.converted() ?? "") }
    func path(_ name: String) -> String { values[name]?.converted(to: ObjectPath.self)?.text ?? "/" }
    func flag(_ name: String) -> Bool { values[name]?.converted() ?? false }
    func time(_ name: String) -> UInt64 { values[name]?.converted() ?? 0 }
    func count(_ name: String) -> UInt64 { UInt64(values[name]?.converted(to: UInt32.self) ?? 0) }
    func texts(_ name: String) -> [String] { (values[name]?.converted(to: [String].self) ?? []).map(clean) }
    func paths(_ name: String) -> [String] { (values[name]?.converted(to: [ObjectPath].self) ?? []).map(\.text) }
}
