// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop
import Foundation
import TestSupport
import Testing

@Suite("Bonds, and what the daemon remembers of them", .serialized)
struct BondTests {
    let bus: PrivateBus

    init() throws {
        TestLoop.start()
        bus = try PrivateBus()
    }

    static let path: ObjectPath = "/org/pairingd/device/hci0/00_5F_BF_71_81_18"

    /// A rule under which the cuff cannot start a pairing.
    static func rule(_ pairing: String = "") -> String {
        "[match]\nname = \"Cuff*\"\n[pairing]\nio-capability = \"NoInputNoOutput\"\n\(pairing)\n"
    }

    @LoopActor private func cuff(_ bluez: SimulatedBlueZ) -> SimulatedDevice {
        bluez.addDevice(Gateway.address, name: "Cuff", behaviour: DeviceBehaviour(.noInputNoOutput))
    }

    @LoopActor private func files(_ folder: String) -> [String] {
        let path = bus.folder.appendingPathComponent("state/\(folder)").path
        return (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    }

    @Test("What a pairing came to outlives the daemon")
    @LoopActor func restart() async throws {
        var gateway = try await Gateway(bus, rules: [Self.rule()])
        let device = cuff(gateway.bluez)
        #expect(try await gateway.pairingctl("pair", Gateway.address.description).status == 0, gateway.transcript)
        #expect(device.isBonded)
        let lastPaired = await gateway.property("LastPaired", of: Self.path, "Device1")
        #expect(lastPaired != .uint64(0) && lastPaired != nil)
        #expect(await gateway.property("BondState", of: Self.path, "Device1") == .string("kept"))
        try await gateway.wait("the record is written") { files("devices").count == 1 && files("pairings").isEmpty }
        gateway = try await gateway.restarted()
        try await gateway.wait("the device is shown") {
            await gateway.property("LastPaired", of: Self.path, "Device1") == lastPaired
        }
        #expect(await gateway.property("LastResult", of: Self.path, "Device1") == .string("paired"))
    }

    @Test("a device that BlueZ has two objects of keeps its own until both are gone") @LoopActor func deviceBluezHas()
        async throws
    {
        try await twoObjects(removingTheResolvedFirst: true)
    }

    @Test("which of a device's two objects goes first makes no difference") @LoopActor func deviceSTwo() async throws {
        try await twoObjects(removingTheResolvedFirst: false)
    }

    /// A device that BlueZ knows, and the same by a private address that pairing resolves.
    @LoopActor private func twoObjects(removingTheResolvedFirst: Bool) async throws {
        let gateway = try await Gateway(bus, rules: [Self.rule()])
        let known = cuff(gateway.bluez)
        let resolved = gateway.bluez.addDevice(
            Address(bits: 0x4A5F_BF71_8118), .random, name: "Cuff", behaviour: DeviceBehaviour(.noInputNoOutput))
        resolved.behaviour.identity = Gateway.address
        #expect(try await gateway.pairingctl("pair", "4A:5F:BF:71:81:18").status == 0, gateway.transcript)
        try await gateway.wait("the address is resolved") {
            await gateway.property("Paired", of: Self.path, "Device1") == .boolean(true)
        }
        (removingTheResolvedFirst ? resolved : known).remove()
        let isPaired = Value.boolean(!removingTheResolvedFirst)
        try await gateway.wait("the other one is shown") {
            await gateway.property("Paired", of: Self.path, "Device1") == isPaired
        }
        (removingTheResolvedFirst ? known : resolved).remove()
        try await gateway.wait("none is shown") {
            await gateway.property("Paired", of: Self.path, "Device1") == nil
        }
    }

    @Test("A pairing that a crash interrupts is told of afterwards, and leaves nothing behind")
    @LoopActor func crash() async throws {
        var gateway = try await Gateway(bus, rules: [Rules.rule("DisplayYesNo")])
        let device = gateway.bluez.addDevice(
            Gateway.address, name: "Cuff", behaviour: DeviceBehaviour(.displayYesNo))
        #expect(try await gateway.pairingctl("pair", "--no-wait", Gateway.address.description).status == 0)
        _ = try await gateway.request()
        #expect(files("pairings").count == 1)
        gateway = try await gateway.restarted(killed: true)
        #expect(await gateway.says("interrupted"), gateway.transcript)
        #expect(!device.isBonded)
        try await gateway.wait("it is crossed out") { files("pairings").isEmpty }
    }

    @Test("A bond is replaced by force only")
    @LoopActor func force() async throws {
        let gateway = try await Gateway(bus, rules: [Self.rule()])
        _ = cuff(gateway.bluez)
        #expect(try await gateway.pairingctl("pair", Gateway.address.description).status == 0, gateway.transcript)
        let again = try await gateway.pairingctl("pair", Gateway.address.description)
        #expect(again.status == 0 && again.output.contains("already-bonded"), "\(again)")
        let forced = try await gateway.pairingctl("pair", "--force", "--no-wait", Gateway.address.description)
        #expect(forced.status == 0, "\(forced)")
        try await gateway.wait("the old bond is gone") {
            gateway.bluez.log.calls.contains { $0.member == "RemoveDevice" }
        }
    }

    @Test("A bond that the device has forgotten is seen without the monitor channel too, where BlueZ tells of it")
    @LoopActor func lostBond() async throws {
        let gateway = try await Gateway(bus, rules: [Self.rule() + "[repair]\nbond-lost = \"ask\"\n"]) {
            $0.version = .later
        }
        let device = cuff(gateway.bluez)
        #expect(try await gateway.pairingctl("pair", Gateway.address.description).status == 0, gateway.transcript)
        device.behaviour.hasForgottenBond = true
        device.vanish()
        _ = try? await gateway.client.call("org.bluez", device.path, "org.bluez.Device1", "Connect")
        try await gateway.wait("the bond is lost") {
            await gateway.property("BondState", of: Self.path, "Device1") == .string("lost")
        }
        let request = try await gateway.request()
        #expect(await gateway.property("Kind", of: request, "Request1") == .string("repair"))
        #expect(try await gateway.pairingctl("requests").output.contains("repair"))
        device.behaviour.hasForgottenBond = false
        #expect(try await gateway.pairingctl("approve").status == 0)
        try await gateway.wait("the old bond is removed") {
            gateway.bluez.log.calls.contains { $0.member == "RemoveDevice" }
        }
    }

    @Test("Pairable is on for as long as our own pairing takes")
    @LoopActor func pairable() async throws {
        let gateway = try await Gateway(bus, rules: [Self.rule()])
        let device = cuff(gateway.bluez)
        try await gateway.wait("Pairable is off") { !gateway.bluez.adapter.isPairable }
        #expect(try await gateway.pairingctl("pair", Gateway.address.description).status == 0, gateway.transcript)
        #expect(device.isBonded, "a bond needs Pairable")
        try await gateway.wait("Pairable is off again") { !gateway.bluez.adapter.isPairable }
    }

    @Test("Without a bond wanted, none is made")
    @LoopActor func noBond() async throws {
        let gateway = try await Gateway(bus, rules: [Self.rule("bond = \"none\"")])
        let device = cuff(gateway.bluez)
        #expect(try await gateway.pairingctl("pair", Gateway.address.description).status == 0, gateway.transcript)
        #expect(!device.isBonded)
    }

    @Test("Options that are not known are refused")
    @LoopActor func options() async throws {
        let gateway = try await Gateway(bus, rules: [Self.rule()])
        _ = cuff(gateway.bluez)
        for options: [String: Value] in [["forse": .boolean(true)], ["force": .string("yes")], ["timeout": .uint32(0)]]
        {
            do throws(DBusError) {
                try await gateway.call("Pair", [.string(Gateway.address.description), options.value])
                Issue.record("\(options) was taken")
            } catch {
                #expect(error.name == "org.pairingd.Error.InvalidArgument", "\(error)")
            }
        }
    }
}
