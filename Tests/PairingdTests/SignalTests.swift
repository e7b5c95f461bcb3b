// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop
import TestSupport
import Testing

@Suite("What signals tell", .serialized)
struct SignalTests {
    let bus: PrivateBus

    init() throws {
        TestLoop.start()
        bus = try PrivateBus()
    }

    @Test("Whoever follows the signals knows what whoever asks is told, whatever happens")
    @LoopActor func mirror() async throws {
        let gateway = try await Gateway(
            bus,
            rules: [
                Rules.rule("DisplayYesNo"),
                Rules.rule("NoInputNoOutput", "authorization = \"accept\"").replacing("Cuff*", with: "Scale*")
                    .replacing("[pairing]\n", with: "[pairing]\nwhen = \"window\"\n"),
            ])
        let mirror = try await Mirror(gateway)

        let cuff = gateway.bluez.addDevice(
            Gateway.address, name: "Cuff", behaviour: DeviceBehaviour(.displayYesNo, mitm: true))
        try await gateway.call("Pair", [.string(Gateway.address.description), [String: Value]().value])
        try await gateway.call("Accept", on: try await gateway.request(), "Request1")
        try await gateway.wait("the cuff is paired") { cuff.isPaired && mirror.isIdle }
        try await mirror.check("a pairing that was approved")

        let other = gateway.bluez.addDevice(
            Address(bits: 0x005F_BF71_8119), name: "Cuff two", behaviour: DeviceBehaviour(.displayYesNo, mitm: true))
        other.startPairing(.pairingRequest)
        try await gateway.call("Reject", on: try await gateway.request(), "Request1")
        try await gateway.wait("the second pairing is over") { mirror.isIdle }
        try await mirror.check("a pairing that was rejected")

        try await gateway.call("OpenWindow", [.uint32(60), [String: Value]().value])
        let scale = gateway.bluez.addDevice(
            Address(bits: 0x005F_BF71_8120), name: "Scale", behaviour: DeviceBehaviour(.noInputNoOutput))
        scale.startPairing(.securityRequest)
        try await gateway.wait("the scale is paired") { scale.isPaired && mirror.isIdle }
        try await mirror.check("a pairing in a window")
        try await gateway.call("CloseWindow")
        try await mirror.check("a window that was closed")

        try gateway.files.write("30-broken.toml", "[match]\nnam = \"x\"\n")
        await #expect(throws: DBusError.self) { try await gateway.call("Reload") }
        try await mirror.check("a reload that failed")
        try gateway.files.write("30-broken.toml", "[match]\nname = \"x\"\n")
        try await gateway.call("Reload")
        try await mirror.check("a reload")

        try await gateway.call("Forget", [.string(Gateway.address.description)])
        try await mirror.check("a bond that was forgotten")
        gateway.bluez.crash()
        try await gateway.wait("BlueZ is gone") { mirror.manager["BlueZ"] == .string("absent") }
        try await mirror.check("a crash of BlueZ")
        try await gateway.bluez.start()
        try await gateway.wait("BlueZ is back") { mirror.manager["BlueZ"] == .string("running") }
        try await mirror.check("a start of BlueZ")

        // Otherwise nothing was tried here.
        for name in [
            "Manager1.BlueZ", "Manager1.DefaultAgent", "Manager1.Adapters", "Manager1.PolicyFiles",
            "Manager1.PolicyErrors", "Manager1.WindowUntil", "Manager1.PendingRequests", "Manager1.ActivePairing",
            "Pairing1.State", "Pairing1.Result", "Pairing1.FinishedAt", "Request1.State", "Device1.Paired",
            "Device1.Bonded", "Device1.BondState", "Device1.Connected", "Device1.Rule", "Device1.LastResult",
            "Device1.LastPaired",
        ] { #expect(mirror.announced.contains("org.pairingd." + name), "\(name) was not announced") }
    }

    @Test("A property that never changes is announced by nobody")
    @LoopActor func constants() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayYesNo")])
        let mirror = try await Mirror(gateway)
        let paths = try await gateway.oneOfEach()
        try await gateway.call("Accept", on: paths[2], "Request1")
        try await gateway.wait("the pairing is over") { mirror.isIdle }
        for path in paths {
            for interface in try await gateway.interfaces(of: path) {
                for property in interface.properties where property.change == "const" {
                    #expect(!mirror.announced.contains("\(interface.name).\(property.name)"))
                }
            }
        }
        #expect(mirror.announced.contains("org.pairingd.Request1.State"))
    }
}

/// What a client knows that read everything once and followed the signals from then on.
@LoopActor
private final class Mirror {
    private(set) var manager: [String: Value] = [:]
    private(set) var objects: [ObjectPath: [String: [String: Value]]] = [:]
    /// Each property that was ever announced, as `org.pairingd.Manager1.BlueZ`.
    private(set) var announced: Set<String> = []
    private var subscriptions: [Subscription] = []
    private let gateway: Gateway

    init(_ gateway: Gateway) async throws {
        self.gateway = gateway
        for interface in ["org.freedesktop.DBus.ObjectManager", "org.freedesktop.DBus.Properties"] {
            let rule = MatchRule(sender: "org.pairingd", interface: interface, scope: .namespace("/org/pairingd"))
            subscriptions.append(gateway.client.subscribe(rule) { [weak self] in self?.follow($0) })
        }
        manager = try await readManager()
        objects = try await gateway.objects()
    }

    /// Is each pairing that was begun over?
    var isIdle: Bool {
        let states = objects.values.compactMap { $0["org.pairingd.Pairing1"]?["State"] }
        return !states.isEmpty && states.allSatisfy { $0.converted() == "done" }
    }

    /// Holds what is known here against what the daemon says now.
    func check(_ what: String) async throws {
        var differences: [String] = []
        try await gateway.wait("signals tell all of \(what)") {
            differences = (try? await self.differences()) ?? ["no answer"]
            return differences.isEmpty
        }
    }

    private func differences() async throws -> [String] {
        // What was announced before these answers is here when they are.
        let (manager, objects) = (try await readManager(), try await gateway.objects())
        return (manager == self.manager ? [] : ["manager"])
            + Set(objects.keys).union(self.objects.keys).filter { objects[$0] != self.objects[$0] }.map(\.text)
    }

    private func readManager() async throws -> [String: Value] {
        try await gateway.client.call(
            "org.pairingd", "/org/pairingd", "org.freedesktop.DBus.Properties", "GetAll",
            [.string("org.pairingd.Manager1")]
        ).first?.converted() ?? [:]
    }

    private func follow(_ message: Message) {
        let arguments = message.arguments
        switch message.member {
        case "InterfacesAdded":
            guard let path: ObjectPath = arguments.first?.converted() else { return }
            objects[path] = arguments.last?.converted()
        case "InterfacesRemoved":
            if let path: ObjectPath = arguments.first?.converted() { objects[path] = nil }
        case "PropertiesChanged":
            guard let path = message.path, let interface: String = arguments.first?.converted(),
                let values: [String: Value] = arguments[1].converted()
            else { return }
            announced.formUnion(values.keys.map { "\(interface).\($0)" })
            if path == "/org/pairingd" {
                manager.merge(values) { $1 }
            } else {
                objects[path]?[interface]?.merge(values) { $1 }
            }
        default: break
        }
    }
}
