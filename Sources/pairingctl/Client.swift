// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop
import Explain
import Pairing

/// The names under which the daemon is on the bus.
enum Names {
    static let service = "org.pairingd"
    static let root: ObjectPath = "/org/pairingd"
    static let manager = "org.pairingd.Manager1"
    static let pairing = "org.pairingd.Pairing1"
    static let request = "org.pairingd.Request1"
    static let device = "org.pairingd.Device1"
    static let objectManager = "org.freedesktop.DBus.ObjectManager"
    static let properties = "org.freedesktop.DBus.Properties"
}

/// Calls to the daemon, with typed answers.
@LoopActor
final class Client {
    typealias Objects = [ObjectPath: [String: [String: Value]]]

    let connection: Connection

    init(bus: String?) async throws(Failure) {
        let address = bus ?? Connection.systemBusAddress
        do throws(DBusError) {
            connection = try await Connection(address: address)
        } catch {
            throw Failure(.unreachable, "cannot connect to the bus at \(address): \(error.message); is D-Bus running?")
        }
    }

    func manager() async throws(Failure) -> ManagerInfo {
        let reply = try await call(Names.root, Names.properties, "GetAll", [.string(Names.manager)])
        return ManagerInfo(properties: Properties(reply.first?.converted() ?? [:]))
    }

    func devices() async throws(Failure) -> [DeviceInfo] {
        try await objects().compactMap { DeviceInfo(path: $0, interfaces: $1) }
            .sorted { ($0.adapter, $0.address) < ($1.adapter, $1.address) }
    }

    /// The requests that wait for an answer, oldest first.
    func openRequests() async throws(Failure) -> [RequestInfo] {
        try await objects().compactMap { RequestInfo(path: $0, interfaces: $1) }.filter(\.isOpen)
            .sorted { $0.number < $1.number }
    }

    func pairing(_ path: ObjectPath) async throws(Failure) -> PairingInfo {
        let reply = try await call(path, Names.properties, "GetAll", [.string(Names.pairing)])
        return PairingInfo(path: path, properties: Properties(reply.first?.converted() ?? [:]))
    }

    /// The pairings that the daemon still knows, oldest first.
    func pairings() async throws(Failure) -> [PairingInfo] {
        try await objects().compactMap { path, interfaces in
            interfaces[Names.pairing].map { PairingInfo(path: path, properties: Properties($0)) }
        }
        .sorted { ($0.number ?? 0) < ($1.number ?? 0) }
    }

    func explain(_ pairing: PairingInfo) async throws(Failure) -> Report {
        Report(fromBus: try await call(pairing.path, Names.pairing, "Explain").first?.converted() ?? [:])
    }

    func objects() async throws(Failure) -> Objects {
        try await call(Names.root, Names.objectManager, "GetManagedObjects").first?.converted() ?? [:]
    }

    func pair(_ device: String, timeout: UInt32?, isForced: Bool = false) async throws(Failure) -> ObjectPath {
        var options: [String: Value] = [:]
        if let timeout { options["timeout"] = .uint32(timeout) }
        if isForced { options["force"] = .boolean(true) }
        let reply = try await act(Names.root, Names.manager, "Pair", [.string(device), options.value], about: device)
        guard case .objectPath(let path)? = reply.first else {
            throw Failure(.failed, "\(device): pairingd's answer is not understood; is it of another version?")
        }
        return path
    }

    func forget(_ device: String) async throws(Failure) {
        try await act(Names.root, Names.manager, "Forget", [.string(device)], about: device)
    }

    func reload() async throws(Failure) {
        try await act(Names.root, Names.manager, "Reload", about: "")
    }

    /// - Returns: When it closes, in microseconds since the epoch.
    func openWindow(_ seconds: UInt32, devices: [String]) async throws(Failure) -> UInt64 {
        let options: [String: Value] = devices.isEmpty ? [:] : ["devices": devices.value]
        let reply = try await act(
            Names.root, Names.manager, "OpenWindow", [.uint32(seconds), options.value], about: "")
        return reply.first?.converted() ?? 0
    }

    func closeWindow() async throws(Failure) {
        try await act(Names.root, Names.manager, "CloseWindow", about: "")
    }

    /// What the rules say of a device; ``PolicyReport`` reads it.
    func evaluate(_ device: String, inWindow: Bool?) async throws(Failure) -> [String: Value] {
        let options: [String: Value] = inWindow.map { ["in-window": .boolean($0)] } ?? [:]
        let reply = try await call(
            Names.root, Names.manager, "Evaluate", [.string(device), options.value], about: device)
        return reply.first?.converted() ?? [:]
    }

    func cancel(_ pairing: PairingInfo) async throws(Failure) {
        try await act(pairing.path, Names.pairing, "Cancel", about: pairing.title)
    }

    func answer(_ request: RequestInfo, _ answer: RequestAnswer) async throws(Failure) {
        try await act(request.path, Names.request, answer.member, answer.arguments, about: request.title)
    }

    /// The digits to compare or to type; a secret.
    func reveal(_ request: RequestInfo) async throws(Failure) -> String {
        let reply = try await act(request.path, Names.request, "Reveal", about: request.title)
        guard case .string(let digits)? = reply.first else { return "" }
        return digits
    }

    /// A call that needs a permission: polkit may ask the person first, which takes as long as it takes.
    @discardableResult
    private func act(
        _ path: ObjectPath, _ interface: String, _ member: String, _ arguments: [Value] = [], about subject: String
    ) async throws(Failure) -> [Value] {
        let agent = await AuthenticationAgent.start()
        defer { agent?.end() }
        do throws(DBusError) {
            return try await connection.call(
                Names.service, path, interface, member, arguments, timeout: 120_000, allowsInteraction: true)
        } catch {
            throw Failure(error, about: subject)
        }
    }

    private func call(
        _ path: ObjectPath, _ interface: String, _ member: String, _ arguments: [Value] = [], about subject: String = ""
    ) async throws(Failure) -> [Value] {
        do throws(DBusError) {
            return try await connection.call(Names.service, path, interface, member, arguments)
        } catch {
            throw Failure(error, about: subject)
        }
    }
}

extension RequestAnswer {
    /// The method of `Request1` that gives this answer.
    fileprivate var member: String {
        switch self {
        case .accept: "Accept"
        case .reject: "Reject"
        case .passkey: "EnterPasskey"
        case .pinCode: "EnterPin"
        }
    }

    fileprivate var arguments: [Value] {
        switch self {
        case .accept, .reject: []
        case .passkey(let passkey): [.uint32(passkey.value)]
        case .pinCode(let pin): [.string(pin.text)]
        }
    }

    /// What the request's `Finished` signal calls it.
    var outcome: String {
        switch self {
        case .accept: "accepted"
        case .reject: "rejected"
        case .passkey, .pinCode: "entered"
        }
    }
}
