// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop
import Foundation
import TestSupport
import Testing

/// The real `pairingd` on a private bus with a simulated BlueZ.
@LoopActor
struct Gateway {
    let bus: PrivateBus
    let bluez: SimulatedBlueZ
    let daemon: OwnedProcess
    let client: Connection
    let files: PolicyDirectory

    /// - Parameters:
    ///   - rules: The texts of rule files, in the order in which they decide; `nil` for no folder of rules at all.
    ///   - configuration: The text of `pairingd.toml`; `nil` for none.
    ///   - environment: Added to the daemon's.
    ///   - simulation: Changes what BlueZ is set up to.
    init(
        _ bus: PrivateBus, rules: [String]?, configuration: String? = nil, environment: [String: String] = [:],
        startBlueZ: Bool = true, simulation: (inout SimulatedBlueZ.Configuration) -> Void = { _ in }
    ) async throws {
        self.bus = bus
        files = PolicyDirectory(bus.folder)
        if let rules {
            try files.create()
            for (index, text) in rules.enumerated() { try files.write("\(index + 1)0-rule.toml", text) }
        }
        if let configuration { try files.configure(configuration) }
        var settings = SimulatedBlueZ.Configuration()
        simulation(&settings)
        bluez = SimulatedBlueZ(bus: bus, configuration: settings)
        if startBlueZ { try await bluez.start() }
        daemon = try Self.daemon(bus, files, environment)
        client = try await Connection(address: bus.address)
        try await wait("pairingd is there") { await property("Version") != nil }
        if startBlueZ { try await wait("BlueZ is known") { await property("BlueZ") == .string("running") } }
    }

    private init(restarting old: Gateway) async throws {
        (bus, files, bluez, client) = (old.bus, old.files, old.bluez, old.client)
        daemon = try Self.daemon(bus, files, [:])
        try await wait("BlueZ is known") { await property("BlueZ") == .string("running") }
    }

    private static func daemon(
        _ bus: PrivateBus, _ files: PolicyDirectory, _ environment: [String: String]
    ) throws -> OwnedProcess {
        let state = bus.folder.appendingPathComponent("state")
        return try OwnedProcess(
            binary("pairingd"),
            [
                "--bus", bus.address, "--policy-directory", files.folder.path, "--configuration",
                files.configuration.path, "--state-directory", state.path,
            ], environment: environment)
    }

    /// The daemon ended, or killed, and started again on the same files.
    func restarted(killed: Bool = false) async throws -> Gateway {
        daemon.send(signal: killed ? SIGKILL : SIGTERM)
        _ = await daemon.exitStatus()
        return try await Gateway(restarting: self)
    }

    /// Does the daemon write this? What it wrote comes a moment after what it did.
    func says(_ text: String) async -> Bool { await eventually { daemon.errorOutput.contains(text) } }

    struct DidNotHappen: Error { let what: String }

    func wait(_ what: String, _ condition: @LoopActor () async -> Bool) async throws {
        let deadline = Clock.monotonic + 10_000_000
        while await !condition() {
            guard Clock.monotonic < deadline else {
                throw DidNotHappen(what: what + "\n" + daemon.errorOutput + "\n" + bluez.log.transcript)
            }
            await sleep(microseconds: 5000)
        }
    }

    /// What the rules say of a device.
    func evaluate(
        _ device: Address = Gateway.address, options: [String: Value] = [:]
    ) async throws(DBusError) -> [String: Value] {
        try await call("Evaluate", [.string(device.description), options.value]).first?.converted() ?? [:]
    }

    /// A property that is a list of texts.
    func texts(_ name: String) async -> [String] { await property(name)?.converted() ?? [] }

    /// All that happened, for a failure's message.
    var transcript: Comment { "\(daemon.errorOutput)\n\(bluez.log.transcript)" }

    /// A property of an object of pairingd, `nil` when there is none.
    func property(
        _ name: String, of path: ObjectPath = "/org/pairingd", _ interface: String = "Manager1"
    ) async -> Value? {
        let reply = try? await client.call(
            "org.pairingd", path, "org.freedesktop.DBus.Properties", "Get",
            [.string("org.pairingd." + interface), .string(name)])
        guard case .variant(let value)? = reply?.first else { return nil }
        return value
    }

    @discardableResult
    func call(
        _ member: String, _ arguments: [Value] = [], on path: ObjectPath = "/org/pairingd",
        _ interface: String = "Manager1"
    ) async throws(DBusError) -> [Value] {
        try await client.call("org.pairingd", path, "org.pairingd." + interface, member, arguments)
    }

    /// Runs `pairingctl` to its end.
    func pairingctl(_ arguments: String..., input: String? = nil) async throws -> (status: Int32?, output: String) {
        let process = try OwnedProcess(
            Self.binary("pairingctl"), arguments + ["--bus", bus.address], input: input)
        let status = await process.exitStatus()
        return (status, process.standardOutput + process.errorOutput)
    }

    /// The object of the only open request, when it is there.
    func request() async throws -> ObjectPath {
        var found: ObjectPath?
        try await wait("a request is open") {
            let reply = try? await client.call(
                "org.pairingd", "/org/pairingd", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
            let objects: [ObjectPath: [String: [String: Value]]] = reply?.first?.converted() ?? [:]
            found =
                objects.first { $0.value["org.pairingd.Request1"]?["State"]?.converted() == "open" }?.key
            return found != nil
        }
        guard let found else { throw DidNotHappen(what: "a request is open") }
        return found
    }

    /// The built programs lie beside the test bundle.
    static func binary(_ name: String) -> String {
        let bundle = URL(fileURLWithPath: CommandLine.arguments[0])
        var folder = bundle.deletingLastPathComponent()
        while folder.path != "/" {
            let candidate = folder.appendingPathComponent(name).path
            if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
            folder.deleteLastPathComponent()
        }
        return FileManager.default.currentDirectoryPath + "/.build/debug/" + name
    }

    static let address = Address(bits: 0x005F_BF71_8118)
}

/// The policy files of a daemon under test; they go with the bus's folder.
struct PolicyDirectory {
    let folder: URL
    let configuration: URL

    init(_ parent: URL) {
        folder = parent.appendingPathComponent("etc/devices.d")
        configuration = parent.appendingPathComponent("pairingd.toml")
    }

    func create() throws {
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    }

    /// Writes a rule file in one step, as configuration management does.
    func write(_ name: String, _ text: String, mode: Int = 0o600) throws {
        try Self.write(text, to: folder.appendingPathComponent(name), mode: mode)
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(at: folder.appendingPathComponent(name)) }

    /// Writes `pairingd.toml`.
    func configure(_ text: String) throws { try Self.write(text, to: configuration, mode: 0o600) }

    /// Gives a daemon credentials as systemd does: what belongs into its environment.
    static func credentials(_ folder: URL, _ texts: [String: String]) throws -> [String: String] {
        let folder = folder.appendingPathComponent("credentials")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (name, text) in texts { try write(text, to: folder.appendingPathComponent(name), mode: 0o600) }
        return ["CREDENTIALS_DIRECTORY": folder.path]
    }

    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    static func write(_ text: String, to file: URL, mode: Int) throws {
        let draft = file.deletingLastPathComponent().appendingPathComponent(".\(UUID().uuidString)")
        try Data(text.utf8).write(to: draft)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: draft.path)
        guard rename(draft.path, file.path) == 0 else { throw CocoaError(.fileWriteUnknown) }
    }
}

/// Rules for the tests.
enum Rules {
    static func rule(_ capability: String = "KeyboardDisplay", _ answers: String = "") -> String {
        """
        [match]
        name = "Cuff*"
        [pairing]
        io-capability = "\(capability)"
        accept-incoming = true
        [answer]
        \(answers)
        """
    }
}
