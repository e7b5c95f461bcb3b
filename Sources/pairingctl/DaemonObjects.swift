// SPDX-License-Identifier: Apache-2.0

import DBus
import EventLoop
import Pairing
import Policy

/// The properties of one object; what is missing or of another type reads as empty.
struct Properties: Sendable {
    private var values: [String: Value]

    init(_ values: [String: Value]) { self.values = values }

    mutating func merge(_ changes: [String: Value]) { values.merge(changes) { $1 } }
    func text(_ name: String) -> String { values[name]?.converted() ?? "" }
    func texts(_ name: String) -> [String] { values[name]?.converted() ?? [] }
    func flag(_ name: String) -> Bool { values[name]?.converted() ?? false }
    func time(_ name: String) -> UInt64 { values[name]?.converted() ?? 0 }
    func count(_ name: String) -> UInt32 { values[name]?.converted() ?? 0 }
    /// `nil` where it is not known.
    var keySize: UInt8? { values["KeySize"]?.converted().flatMap { $0 == 0 ? nil : $0 } }
    /// The entries of a dictionary, as text.
    func settings(_ name: String) -> [(key: String, value: String)] {
        let entries: [String: Value] = values[name]?.converted() ?? [:]
        let order = Dictionary(
            KeyDocumentation.rule.enumerated().map { ($1.fullName, $0) }, uniquingKeysWith: { first, _ in first })
        return entries.map { ($0.key, $0.value.text) }
            .sorted { (order[$0.key] ?? .max, $0.key) < (order[$1.key] ?? .max, $1.key) }
    }
    func smallCount(_ name: String) -> UInt16 { values[name]?.converted() ?? 0 }
    func path(_ name: String) -> ObjectPath { values[name]?.converted() ?? "/" }
    func paths(_ name: String) -> [ObjectPath] { values[name]?.converted() ?? [] }
}

/// `org.pairingd.Manager1`.
struct ManagerInfo: Sendable {
    let properties: Properties

    var document: JSON {
        let active = properties.path("ActivePairing")
        return [
            "version": .string(properties.text("Version")),
            "bluez": .string(properties.text("BlueZ")),
            "default_agent": .string(properties.text("DefaultAgent")),
            "default_io_capability": .string(properties.text("DefaultIOCapability")),
            "adapters": .strings(properties.paths("Adapters").map(\.text)),
            "policy_files": .strings(properties.texts("PolicyFiles")),
            "policy_errors": .strings(properties.texts("PolicyErrors")),
            "policy_warnings": .strings(properties.texts("PolicyWarnings")),
            "window_until": properties.time("WindowUntil") == 0 ? .null : .number(properties.time("WindowUntil")),
            "pending_requests": .number(properties.count("PendingRequests")),
            "active_pairing": active == "/" ? .null : .string(active.text),
            "monitor_available": .boolean(properties.flag("MonitorAvailable")),
        ]
    }
}

/// `org.pairingd.Device1`.
struct DeviceInfo: Sendable {
    let path: ObjectPath
    let properties: Properties

    init?(path: ObjectPath, interfaces: [String: [String: Value]]) {
        guard let values = interfaces[Names.device] else { return nil }
        self.path = path
        properties = Properties(values)
    }

    var address: String { properties.text("Address") }
    var adapter: String { properties.text("Adapter") }
    var name: String { properties.text("Name") }
    var title: String { deviceTitle(properties) }

    var document: JSON {
        [
            "address": .string(address),
            "adapter": .string(adapter),
            "name": .string(properties.text("Name")),
            "paired": .boolean(properties.flag("Paired")),
            "bonded": .boolean(properties.flag("Bonded")),
            "connected": .boolean(properties.flag("Connected")),
            "bond_state": .string(properties.text("BondState")),
            "security": .string(properties.text("Security")),
            "secure_connections": .string(properties.text("SecureConnections")),
            "key_size": properties.keySize.map { .number($0) } ?? .null,
            "rule": .string(properties.text("Rule")),
            "last_result": .string(properties.text("LastResult")),
            "last_paired": .number(properties.time("LastPaired")),
            "failures": .number(properties.count("Failures")),
        ]
    }
}

/// `org.pairingd.Pairing1`.
struct PairingInfo: Sendable {
    let path: ObjectPath
    var properties: Properties

    /// `nil` where the object's path has none.
    var number: UInt64? { path.elements.last.flatMap { UInt64($0) } }
    var state: String { properties.text("State") }
    var attempt: UInt32 { properties.count("Attempt") }
    /// Empty until it is done.
    var result: String { properties.text("Result") }
    var reason: String { properties.text("Reason") }
    /// The device, as sentences name it.
    var title: String { deviceTitle(properties) }

    var document: JSON {
        let text = ResultText(result)
        return [
            "pairing": .string(path.text),
            "address": .string(properties.text("Address")),
            "adapter": .string(properties.text("Adapter")),
            "name": .string(properties.text("Name")),
            "rule": .string(properties.text("Rule")),
            "origin": .string(properties.text("Origin")),
            "attempt": .number(attempt),
            "state": .string(state),
            "result": .string(result),
            "reason": .string(reason),
            "security": .string(properties.text("Security")),
            "secure_connections": .string(properties.text("SecureConnections")),
            "key_size": properties.keySize.map { .number($0) } ?? .null,
            "sentence": .string(text.sentence),
            "advice": .string(text.advice(for: properties.text("Address"))),
            "started_at": .number(properties.time("StartedAt")),
            "finished_at": .number(properties.time("FinishedAt")),
        ]
    }
}

/// `org.pairingd.Request1`.
struct RequestInfo: Sendable {
    let path: ObjectPath
    let number: UInt64
    var properties: Properties

    init?(path: ObjectPath, interfaces: [String: [String: Value]]) {
        guard let values = interfaces[Names.request], let number = path.elements.last.flatMap({ UInt64($0) }) else {
            return nil
        }
        self.path = path
        self.number = number
        properties = Properties(values)
    }

    /// `nil` for a kind that this version does not know.
    var kind: RequestKind? { RequestKind(rawValue: properties.text("Kind")) }
    var pairing: ObjectPath { properties.path("Pairing") }
    var rule: String { properties.text("Rule") }
    var entered: UInt16 { properties.smallCount("Entered") }
    /// A finished one stays on the bus for a while, so that late answers get a good error.
    var isOpen: Bool { properties.text("State") != "finished" }
    var device: String { deviceTitle(properties) }
    var title: String { "request \(number) (\(device))" }
    /// How a line about it begins.
    var label: Line { "\("request \(number)", .bold)" }

    /// `hci0` of `/org/bluez/hci0/dev_…`.
    var adapter: String? {
        properties.path("Device").elements.first { $0.hasPrefix("hci") }.map(String.init)
    }

    /// Whole seconds until the deadline, `nil` where there is none.
    var secondsLeft: Int64? {
        let (monotonic, wall) = (properties.time("DeadlineMonotonic"), properties.time("Deadline"))
        guard monotonic != 0 || wall != 0 else { return nil }
        let (deadline, now) = monotonic != 0 ? (monotonic, Clock.monotonic) : (wall, Clock.realtime)
        return deadline <= now ? 0 : Int64(clamping: (deadline - now + 999_999) / 1_000_000)
    }

    var document: JSON {
        [
            "number": .number(number),
            "kind": .string(properties.text("Kind")),
            "address": .string(properties.text("Address")),
            "adapter": .optional(adapter),
            "name": .string(properties.text("Name")),
            "rule": .string(rule),
            "pairing": .string(pairing.text),
            "service": .string(properties.text("Service")),
            "entered": .number(entered),
            "deadline": .number(properties.time("Deadline")),
            "seconds_left": secondsLeft.map { .number($0) } ?? .null,
            "state": .string(isOpen ? "open" : "finished"),
        ]
    }
}

private func deviceTitle(_ properties: Properties) -> String {
    let (name, address) = (properties.text("Name"), properties.text("Address"))
    return name.isEmpty || name == address ? address : "\(name) \(address)"
}
