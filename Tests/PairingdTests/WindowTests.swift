// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop
import Foundation
import TestSupport
import Testing

@Suite("Windows", .serialized)
struct WindowTests {
    let bus: PrivateBus

    init() throws {
        TestLoop.start()
        bus = try PrivateBus()
    }

    /// A rule that holds in windows only.
    static func rule(_ capability: String = "NoInputNoOutput", _ answers: String = "authorization = \"accept\"")
        -> String
    {
        Rules.rule(capability, answers).replacing("[pairing]\n", with: "[pairing]\nwhen = \"window\"\n")
    }

    static let device: ObjectPath = "/org/pairingd/device/hci0/00_5F_BF_71_81_18"

    @discardableResult
    @LoopActor private func open(
        _ gateway: Gateway, _ seconds: UInt32 = 60, devices: [String]? = nil
    ) async throws(DBusError) -> UInt64 {
        let options: [String: Value] = devices.map { ["devices": $0.value] } ?? [:]
        return try await gateway.call("OpenWindow", [.uint32(seconds), options.value]).first?.converted() ?? 0
    }

    @LoopActor private func until(_ gateway: Gateway) async -> UInt64? {
        await gateway.property("WindowUntil")?.converted()
    }

    @Test("A rule for windows lets us pair only inside of one")
    @LoopActor func ownPairing() async throws {
        let gateway = try await Gateway(bus, rules: [Self.rule()])
        let device = gateway.bluez.addDevice(
            Gateway.address, name: "Cuff", behaviour: DeviceBehaviour(.noInputNoOutput))
        let outside = try await gateway.pairingctl("pair", Gateway.address.description)
        #expect(outside.status == 1 && outside.output.contains("rejected-by-policy"), gateway.transcript)
        #expect(gateway.bluez.log.pairings.isEmpty)
        #expect(try await gateway.pairingctl("window", "open", "1min").status == 0)
        #expect(try await gateway.pairingctl("pair", Gateway.address.description).status == 0, gateway.transcript)
        #expect(device.isBonded)
    }

    @Test("A rule for windows lets a device pair only inside of one")
    @LoopActor func incomingPairing() async throws {
        let gateway = try await Gateway(bus, rules: [Self.rule()])
        let device = gateway.bluez.addDevice(
            Gateway.address, name: "Cuff", behaviour: DeviceBehaviour(.noInputNoOutput))
        try await open(gateway)
        try await gateway.call("CloseWindow")
        device.startPairing(.securityRequest)
        try await gateway.wait("the pairing has failed") { gateway.bluez.log.pairings.last?.result != nil }
        #expect(!device.isPaired, gateway.transcript)
        try await open(gateway)
        device.startPairing(.securityRequest)
        try await gateway.wait("the device is paired") { device.isPaired }
    }

    @Test("A window for certain devices is for no other")
    @LoopActor func certainDevices() async throws {
        let gateway = try await Gateway(bus, rules: [Self.rule()])
        gateway.bluez.addDevice(Gateway.address, name: "Cuff", behaviour: DeviceBehaviour(.noInputNoOutput))
        try await open(gateway, devices: ["00:5F:BF:71:81:19"])
        #expect(try await gateway.evaluate()["in-window"] == .boolean(false))
        #expect(try await gateway.pairingctl("pair", Gateway.address.description).status == 1, gateway.transcript)
        try await open(gateway, devices: ["00:5F:BF:71:81:19", "/org/bluez/hci0/dev_00_5F_BF_71_81_18"])
        #expect(try await gateway.evaluate()["in-window"] == .boolean(true))
        #expect(try await gateway.pairingctl("pair", Gateway.address.description).status == 0, gateway.transcript)
    }

    @Test("The bus shows until when a window is open, and which devices have a rule because of it")
    @LoopActor func properties() async throws {
        let gateway = try await Gateway(bus, rules: [Self.rule()])
        gateway.bluez.addDevice(Gateway.address, name: "Cuff")
        #expect(await until(gateway) == 0)
        #expect(await gateway.property("Rule", of: Self.device, "Device1") == nil)
        let before = Clock.realtime
        let promised = try await open(gateway, 60)
        #expect((before + 60_000_000...before + 70_000_000).contains(promised))
        #expect(await until(gateway) == promised)
        #expect(await gateway.property("Rule", of: Self.device, "Device1") == .string("10-rule"))
        try await gateway.call("CloseWindow")
        #expect(await until(gateway) == 0)
        #expect(await gateway.property("Rule", of: Self.device, "Device1") == nil)
    }

    @Test("A device with another rule gets its rule for windows, and has the other one afterwards")
    @LoopActor func otherRule() async throws {
        let gateway = try await Gateway(bus, rules: [Self.rule(), Rules.rule()])
        gateway.bluez.addDevice(Gateway.address, name: "Cuff")
        func rule() async -> Value? { await gateway.property("Rule", of: Self.device, "Device1") }
        #expect(await rule() == .string("20-rule"))
        try await open(gateway)
        #expect(await rule() == .string("10-rule"))
        try await gateway.call("CloseWindow")
        #expect(await rule() == .string("20-rule"))
    }

    @Test("A window closes by itself")
    @LoopActor func expiry() async throws {
        let gateway = try await Gateway(bus, rules: [Self.rule()])
        gateway.bluez.addDevice(Gateway.address, name: "Cuff")
        try await open(gateway, 1)
        #expect(await gateway.property("Rule", of: Self.device, "Device1") == .string("10-rule"))
        try await gateway.wait("the window is closed") { await until(gateway) == 0 }
        #expect(await gateway.property("Rule", of: Self.device, "Device1") == nil)
        #expect(await gateway.says("window closed by expiry"), gateway.transcript)
    }

    @Test("Opening and closing announce the change to whoever listens")
    @LoopActor func announcement() async throws {
        let gateway = try await Gateway(bus, rules: [Self.rule()])
        var changes: [String] = []
        let rule = MatchRule(
            sender: "org.pairingd", interface: "org.freedesktop.DBus.Properties", member: "PropertiesChanged")
        let subscription = gateway.client.subscribe(rule) { changes.append("\($0.arguments)") }
        defer { withExtendedLifetime(subscription) {} }
        let promised = try await open(gateway)
        try await gateway.wait("the opening is announced") {
            changes.contains { $0.contains("WindowUntil") && $0.contains(String(promised)) }
        }
        changes = []
        try await gateway.call("CloseWindow")
        try await gateway.wait("the closing is announced") { changes.contains { $0.contains("WindowUntil") } }
    }

    @Test("A window outlives a reload")
    @LoopActor func reload() async throws {
        let gateway = try await Gateway(bus, rules: [Self.rule()])
        gateway.bluez.addDevice(Gateway.address, name: "Cuff", behaviour: DeviceBehaviour(.noInputNoOutput))
        let promised = try await open(gateway)
        try gateway.files.write("20-rule.toml", Rules.rule())
        try await gateway.call("Reload")
        #expect(await until(gateway) == promised)
        #expect(try await gateway.evaluate()["rule"] == .string("10-rule"))
        #expect(try await gateway.pairingctl("pair", Gateway.address.description).status == 0, gateway.transcript)
    }

    @Test("A window may not be longer than the settings allow, and without a span it is as they say")
    @LoopActor func spans() async throws {
        let gateway = try await Gateway(
            bus, rules: [Self.rule()], configuration: "[window]\nduration = \"20s\"\nlongest = \"30s\"\n")
        let error = try await refusal { try await open(gateway, 31) }
        #expect(error?.name == "org.pairingd.Error.InvalidArgument")
        #expect(error?.message.contains("30s at most") == true, "\(error as Any)")
        #expect(await until(gateway) == 0)
        let before = Clock.realtime
        let promised = try await open(gateway, 0)
        #expect((before + 20_000_000...before + 29_000_000).contains(promised))
        try await open(gateway, 30)
        let refused = try await gateway.pairingctl("window", "open", "1h")
        #expect(refused.status == 2 && refused.output.contains("30s at most"), "\(refused)")
    }

    @Test("A device that cannot be meant opens nothing")
    @LoopActor func wrongDevice() async throws {
        let gateway = try await Gateway(bus, rules: [Self.rule()])
        let error = try await refusal { try await open(gateway, devices: ["Cuff"]) }
        #expect(error?.name == "org.pairingd.Error.InvalidArgument")
        #expect(await until(gateway) == 0)
    }

    @Test("An open request of a rule for windows expires with the window", arguments: [true, false])
    @LoopActor func openRequest(isIncoming: Bool) async throws {
        let gateway = try await Gateway(bus, rules: [Self.rule("DisplayYesNo", "")])
        let device = gateway.bluez.addDevice(
            Gateway.address, name: "Cuff", behaviour: DeviceBehaviour(.displayYesNo, mitm: true))
        try await open(gateway)
        if isIncoming {
            device.startPairing(.pairingRequest)
        } else {
            try await gateway.call("Pair", [.string(Gateway.address.description), [String: Value]().value])
        }
        let request = try await gateway.request()
        try await gateway.call("CloseWindow")
        #expect(await gateway.property("State", of: request, "Request1") == .string("finished"), gateway.transcript)
        let late = try await refusal { try await gateway.call("Accept", on: request, "Request1") }
        #expect(late?.name == "org.pairingd.Error.Expired")
        try await gateway.wait("the pairing has ended") { gateway.bluez.log.pairings.last?.result != nil }
        #expect(!device.isPaired, gateway.transcript)
        #expect(gateway.bluez.log.agentCalls.filter { $0.member == "RequestConfirmation" }.map(\.replies) == [1])
    }

    @Test("An open request of a rule that always holds stays open when a window closes")
    @LoopActor func otherRequest() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayYesNo")])
        let device = gateway.bluez.addDevice(
            Gateway.address, name: "Cuff", behaviour: DeviceBehaviour(.displayYesNo, mitm: true))
        try await open(gateway)
        device.startPairing(.pairingRequest)
        let request = try await gateway.request()
        try await gateway.call("CloseWindow")
        #expect(await gateway.property("State", of: request, "Request1") == .string("open"), gateway.transcript)
        try await gateway.call("Accept", on: request, "Request1")
        try await gateway.wait("the device is paired") { device.isPaired }
    }
}
