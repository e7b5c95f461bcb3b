// SPDX-License-Identifier: Apache-2.0

import DBus
import EventLoop

/// An `org.pairingd` without Bluetooth: it shows the objects that a test gives it, and records what is asked of it.
@LoopActor
final class FakeDaemon {
    let manager = FakeManager()
    /// What was called, with its arguments, in order.
    private(set) var calls: [String] = []
    /// Refuses every call that changes something.
    var refusal: DBusError?
    /// What `Pair` does; it gives the pairing's number.
    var onPair: @LoopActor (FakeDaemon, String) -> UInt64 = { daemon, _ in daemon.addPairing() }
    /// What `Reload` does before it answers, such as to find errors.
    var onReload: @LoopActor (FakeManager) throws(DBusError) -> Void = { _ in }
    /// What `Evaluate` returns.
    var evaluation: [String: Value] = [:]
    /// What the device does once a request is answered.
    var onAnswer: @LoopActor (FakeDaemon, FakeRequest) -> Void = { _, _ in }
    private(set) var pairings: [UInt64: FakePairing] = [:]

    private let connection: Connection
    private static let root: ObjectPath = "/org/pairingd"

    init(_ address: String) async throws {
        connection = try await Connection(address: address)
        connection.objects.manageObjects(at: Self.root)
        manager.daemon = self
        connection.objects.export(manager, at: Self.root, [FakeManager.interface])
        _ = try await connection.requestName("org.pairingd")
    }

    func close() { connection.close() }

    func record(_ call: String) throws(DBusError) {
        calls.append(call)
        if let refusal { throw refusal }
    }

    func addDevice(_ device: FakeDevice) {
        let path = Self.root.child("device").child(device.adapter).child(device.address)
        connection.objects.export(device, at: path, [FakeDevice.interface])
    }

    func addPairing(_ number: UInt64 = 3) -> UInt64 {
        let pairing = FakePairing(daemon: self, number: number)
        pairings[number] = pairing
        manager.activePairing = pairing.path
        connection.objects.export(pairing, at: pairing.path, [FakePairing.interface])
        return number
    }

    func change(_ number: UInt64, state: String, result: String = "", reason: String = "") {
        guard let pairing = pairings[number] else { return }
        pairing.state = state
        pairing.result = result
        pairing.reason = reason
        pairing.finishedAt = result.isEmpty ? 0 : Clock.realtime
        connection.objects.changed(
            pairing.path, FakePairing.interface.name, ["State", "Result", "Reason", "FinishedAt"])
    }

    @discardableResult
    func addRequest(
        _ number: UInt64, _ kind: String, pairing: UInt64 = 3, name: String = "Lock", digits: String = "",
        seconds: UInt64? = 25
    ) -> FakeRequest {
        let request = FakeRequest(daemon: self, number: number, kind: kind, name: name, digits: digits)
        request.pairing = Self.root.child("pairing").child(String(pairing))
        if let seconds {
            request.deadline = Clock.realtime + seconds * 1_000_000
            request.deadlineMonotonic = Clock.monotonic + seconds * 1_000_000
        }
        connection.objects.export(request, at: request.path, [FakeRequest.interface])
        return request
    }

    func finish(_ request: FakeRequest, _ outcome: String, user: UInt32 = .max) {
        guard request.outcome.isEmpty else { return }
        request.outcome = outcome
        connection.objects.changed(request.path, FakeRequest.interface.name, ["State"])
        connection.objects.emit(
            request.path, FakeRequest.interface.name, "Finished", [.string(outcome), .uint32(user)])
    }

    /// Changes properties of the manager, and announces these.
    func changeManager(_ properties: [String], _ change: (FakeManager) -> Void) {
        change(manager)
        connection.objects.changed(Self.root, FakeManager.interface.name, properties)
    }

    func enter(_ request: FakeRequest, count: UInt16) {
        request.entered = count
        connection.objects.changed(request.path, FakeRequest.interface.name, ["Entered"])
    }
}

@LoopActor
final class FakeManager {
    weak var daemon: FakeDaemon?
    var activePairing: ObjectPath = "/"
    var policyFiles = ["/etc/pairingd/devices.d/50-lock.toml"]
    var policyErrors: [String] = []
    var policyWarnings: [String] = []
    /// Microseconds since the epoch; 0 while no window is open.
    var windowUntil: UInt64 = 0

    static let interface = Interface<FakeManager>(
        "org.pairingd.Manager1",
        methods: [
            Method(
                "Pair", in: [Argument("device", "s"), Argument("options", "a{sv}")], out: [Argument("pairing", "o")],
                access: .anyone
            ) { manager, call throws(DBusError) in
                let device: String = try call.argument(0)
                let options: [String: Value] = try call.argument(1)
                let timeout = options["timeout"]?.converted(to: UInt32.self).map { " \($0)" } ?? ""
                try manager.daemon?.record("Pair \(device)\(timeout)")
                guard let daemon = manager.daemon else { throw .failed("no daemon") }
                let number = daemon.onPair(daemon, device)
                return [.objectPath(ObjectPath("/org/pairingd/pairing").child(String(number)))]
            },
            Method("Forget", in: [Argument("device", "s")], access: .anyone) { manager, call throws(DBusError) in
                try manager.daemon?.record("Forget \(try call.argument(0, as: String.self))")
                return []
            },
            Method(
                "Evaluate", in: [Argument("device", "s"), Argument("options", "a{sv}")],
                out: [Argument("evaluation", "a{sv}")], access: .anyone
            ) { manager, call throws(DBusError) in
                let options: [String: Value] = try call.argument(1)
                let window = options["in-window"]?.converted(to: Bool.self).map { " in-window=\($0)" } ?? ""
                try manager.daemon?.record("Evaluate \(try call.argument(0, as: String.self))\(window)")
                return [(manager.daemon?.evaluation ?? [:]).value]
            },
            Method(
                "OpenWindow", in: [Argument("seconds", "u"), Argument("options", "a{sv}")],
                out: [Argument("until", "t")], access: .anyone
            ) { manager, call throws(DBusError) in
                let seconds: UInt32 = try call.argument(0)
                let options: [String: Value] = try call.argument(1)
                let devices = options["devices"]?.converted(to: [String].self) ?? []
                try manager.daemon?.record((["OpenWindow \(seconds)"] + devices).joined(separator: " "))
                manager.windowUntil = Clock.realtime + UInt64(seconds == 0 ? 120 : seconds) * 1_000_000
                return [.uint64(manager.windowUntil)]
            },
            Method("CloseWindow", access: .anyone) { manager, _ throws(DBusError) in
                try manager.daemon?.record("CloseWindow")
                manager.windowUntil = 0
                return []
            },
            Method("Reload", access: .anyone) { manager, _ throws(DBusError) in
                try manager.daemon?.record("Reload")
                try manager.daemon?.onReload(manager)
                return []
            },
        ],
        properties: [
            Property("Version") { _ in "0.1.0" },
            Property("BlueZ") { _ in "running" },
            Property("DefaultAgent") { _ in "held" },
            Property("DefaultIOCapability") { _ in "KeyboardDisplay" },
            Property("Adapters") { _ in [ObjectPath("/org/bluez/hci0")] },
            Property("PolicyFiles") { $0.policyFiles },
            Property("PolicyErrors") { $0.policyErrors },
            Property("PolicyWarnings") { $0.policyWarnings },
            Property("WindowUntil") { $0.windowUntil },
            Property("PendingRequests") { _ in UInt32(2) },
            Property("ActivePairing") { $0.activePairing },
            Property("MonitorAvailable") { _ in true },
        ])
}

@LoopActor
final class FakeDevice {
    let address: String
    let adapter = "hci0"
    let name: String
    let isPaired: Bool

    init(_ address: String, name: String, isPaired: Bool) {
        self.address = address
        self.name = name
        self.isPaired = isPaired
    }

    static let interface = Interface<FakeDevice>(
        "org.pairingd.Device1",
        properties: [
            Property("Address") { $0.address },
            Property("Adapter") { $0.adapter },
            Property("Name") { $0.name },
            Property("Paired") { $0.isPaired },
            Property("Bonded") { $0.isPaired },
            Property("Connected") { _ in false },
            Property("BondState") { $0.isPaired ? "kept" : "none" },
            Property("Security") { $0.isPaired ? "authenticated" : "unknown" },
            Property("SecureConnections") { $0.isPaired ? "yes" : "unknown" },
            Property("KeySize") { $0.isPaired ? UInt8(16) : 0 },
            Property("Failures") { $0.isPaired ? UInt32(0) : 2 },
            Property("Rule") { _ in "50-lock" },
            Property("LastResult") { $0.isPaired ? "paired" : "" },
            Property("LastPaired") { $0.isPaired ? UInt64(1_700_000_000_000_000) : 0 },
        ])
}

@LoopActor
final class FakePairing {
    weak var daemon: FakeDaemon?
    let number: UInt64
    var state = "pairing"
    var result = ""
    var reason = ""
    var finishedAt: UInt64 = 0
    var address = "00:5F:BF:71:81:18"
    var name = "Lock"
    /// What `Explain` returns.
    var report: [String: Value] = [:]

    init(daemon: FakeDaemon, number: UInt64) {
        self.daemon = daemon
        self.number = number
    }

    var path: ObjectPath { ObjectPath("/org/pairingd/pairing").child(String(number)) }

    static let interface = Interface<FakePairing>(
        "org.pairingd.Pairing1",
        methods: [
            Method("Cancel", access: .anyone) { pairing, _ throws(DBusError) in
                try pairing.daemon?.record("Cancel \(pairing.number)")
                pairing.daemon?.change(pairing.number, state: "done", result: "cancelled")
                return []
            },
            Method("Explain", out: [Argument("report", "a{sv}")], access: .anyone) { pairing, _ throws(DBusError) in
                try pairing.daemon?.record("Explain \(pairing.number)")
                return [pairing.report.value]
            },
        ],
        properties: [
            Property("Address") { $0.address },
            Property("Adapter") { _ in "hci0" },
            Property("Name") { $0.name },
            Property("Origin") { _ in "requested" },
            Property("Rule") { _ in "50-lock" },
            Property("State") { $0.state },
            Property("Attempt") { _ in UInt32(1) },
            Property("Security") { $0.result == "paired" ? "encrypted" : "unknown" },
            Property("SecureConnections") { $0.result == "paired" ? "yes" : "unknown" },
            Property("KeySize") { $0.result == "paired" ? UInt8(16) : 0 },
            Property("Profile") { _ in
                ["pairing.bond": Value.string("keep"), "pairing.attempts": .uint32(2), "after.trust": .boolean(true)]
            },
            Property("Result") { $0.result },
            Property("Reason") { $0.reason },
            Property("StartedAt") { _ in UInt64(1_700_000_000_000_000) },
            Property("FinishedAt") { $0.finishedAt },
        ])
}

@LoopActor
final class FakeRequest {
    weak var daemon: FakeDaemon?
    let number: UInt64
    let kind: String
    let name: String
    let digits: String
    var pairing: ObjectPath = "/"
    var entered: UInt16 = 0
    var deadline: UInt64 = 0
    var deadlineMonotonic: UInt64 = 0
    var outcome = ""

    init(daemon: FakeDaemon, number: UInt64, kind: String, name: String, digits: String) {
        self.daemon = daemon
        self.number = number
        self.kind = kind
        self.name = name
        self.digits = digits
    }

    var path: ObjectPath { ObjectPath("/org/pairingd/request").child(String(number)) }

    static let interface = Interface<FakeRequest>(
        "org.pairingd.Request1",
        methods: [
            Method("Accept", access: .anyone) { request, _ throws(DBusError) in
                try request.answer("Accept", outcome: "accepted")
            },
            Method("Reject", access: .anyone) { request, _ throws(DBusError) in
                try request.answer("Reject", outcome: "rejected")
            },
            Method("EnterPasskey", in: [Argument("passkey", "u")], access: .anyone) { request, call throws(DBusError) in
                try request.answer("EnterPasskey", try call.argument(0, as: UInt32.self), outcome: "entered")
            },
            Method("EnterPin", in: [Argument("pin", "s")], access: .anyone) { request, call throws(DBusError) in
                try request.answer("EnterPin", try call.argument(0, as: String.self), outcome: "entered")
            },
            Method("Reveal", out: [Argument("digits", "s")], access: .anyone) { request, _ throws(DBusError) in
                try request.daemon?.record("Reveal \(request.number)")
                return [.string(request.digits)]
            },
        ],
        properties: [
            Property("Kind") { $0.kind },
            Property("Pairing") { $0.pairing },
            Property("Device") { _ in ObjectPath("/org/bluez/hci0/dev_00_5F_BF_71_81_18") },
            Property("Address") { _ in "00:5F:BF:71:81:18" },
            Property("Name") { $0.name },
            Property("Rule") { _ in "50-lock" },
            Property("Service") { $0.kind == "service" ? "0000110e-0000-1000-8000-00805f9b34fb" : "" },
            Property("Entered") { $0.entered },
            Property("Deadline") { $0.deadline },
            Property("DeadlineMonotonic") { $0.deadlineMonotonic },
            Property("State") { $0.outcome.isEmpty ? "open" : "finished" },
        ],
        signals: [Signal("Finished", [Argument("outcome", "s"), Argument("uid", "u")])])

    private func answer(
        _ method: String, _ value: (any CustomStringConvertible)? = nil, outcome: String
    ) throws(DBusError) -> [Value] {
        try daemon?.record("\(method) \(number)" + (value.map { " \($0)" } ?? ""))
        guard self.outcome.isEmpty else {
            throw DBusError(name: "org.pairingd.Error.AlreadyAnswered", message: "the request is over: \(self.outcome)")
        }
        daemon?.finish(self, outcome, user: 1000)
        if let daemon { daemon.onAnswer(daemon, self) }
        return []
    }
}
