// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop
import TestSupport
import Testing

@Suite("The simulated adapter and its devices")
struct DiscoveryTests {
    let bus: PrivateBus

    init() throws {
        TestLoop.start()
        bus = try PrivateBus()
    }

    @Test("A device appears during a discovery, tells its name later, and goes some time after")
    @LoopActor func appearance() async throws {
        let stage = try await Stage(bus) { $0.durations.temporary = .milliseconds(5) }
        let client = try await ScriptedAgent(bus: bus)
        let witness = try await Witness.start(on: client.connection)
        let device = stage.bluez.addDevice(
            Stage.address, name: "Cuff", presence: .advertising(nameAfter: .milliseconds(5)))
        #expect(!device.isExported)
        try await client.callAdapter("StartDiscovery")
        #expect(await errorName { try await client.callAdapter("StartDiscovery") } == "InProgress")
        #expect(await eventually { witness.events.contains("Alias=Cuff Name=Cuff") }, stage.transcript)
        try await client.callAdapter("StopDiscovery")
        #expect(await errorName { try await client.callAdapter("StopDiscovery") } == "Failed")
        #expect(await eventually { witness.events.last == "InterfacesRemoved" }, stage.transcript)
        let expected = [
            "Discovering=true", "InterfacesAdded", "RSSI=int16(-60)", "Alias=Cuff Name=Cuff", "InterfacesRemoved",
        ]
        #expect(witness.events.filter { expected.contains($0) } == expected)
        #expect(witness.events.contains("RSSI gone") && witness.events.contains("Discovering=false"))
    }

    @Test("A discovery ends with the last client that asked for it")
    @LoopActor func clients() async throws {
        let stage = try await Stage(bus)
        let (one, two) = (try await ScriptedAgent(bus: bus), try await ScriptedAgent(bus: bus))
        try await one.callAdapter("StartDiscovery")
        try await two.callAdapter("StartDiscovery")
        try await one.callAdapter("StopDiscovery")
        #expect(stage.bluez.adapter.isDiscovering)
        two.close()
        #expect(await eventually { !stage.bluez.adapter.isDiscovering })
    }

    @Test("RemoveDevice is answered before the removal is announced, and what is gone is an unknown object")
    @LoopActor func removeDevice() async throws {
        let stage = try await Stage(bus)
        let agent = try await stage.agent(.noInputNoOutput)
        let device = stage.device()
        try await agent.pair(device)
        // Our own connection does not tell in which order an answer and a signal came.
        let monitor = try OwnedProcess("/usr/bin/dbus-monitor", ["--address", bus.address])
        #expect(await eventually { monitor.standardOutput.contains("NameLost") })
        try await agent.callAdapter("RemoveDevice", .objectPath(device.path))
        #expect(await eventually { monitor.standardOutput.contains("member=InterfacesRemoved") }, stage.transcript)
        let lines = monitor.standardOutput.split(separator: "\n")
        let (call, removal) = (
            try #require(lines.firstIndex { $0.contains("member=RemoveDevice") }),
            try #require(lines.firstIndex { $0.contains("member=InterfacesRemoved") })
        )
        #expect(lines[call..<removal].contains { $0.hasPrefix("method return") })
        #expect(await errorName { try await agent.pair(device) } == "UnknownObject")
        let again = await errorName {
            try await agent.callAdapter("RemoveDevice", .objectPath(device.path))
        }
        #expect(again == "DoesNotExist")
        #expect(!device.isBonded && !device.kernelHasKeys)
    }

    @Test("Removing a device ends its pairing")
    @LoopActor func removeWhilePairing() async throws {
        let stage = try await Stage(bus)
        let agent = try await stage.agent(.displayYesNo, .never)
        let device = stage.device(.displayYesNo)
        let result = Result()
        onLoop { result.name = await errorName { try await agent.pair(device) } }
        #expect(await eventually { !agent.asked.isEmpty })
        try await agent.callAdapter("RemoveDevice", .objectPath(device.path))
        #expect(await eventually { result.name == "ConnectionAttemptFailed" }, stage.transcript)
        #expect(agent.asked == ["RequestConfirmation", "Cancel"])
    }

    @Test("An adapter that is switched off ends what goes on and refuses what comes")
    @LoopActor func poweredOff() async throws {
        let stage = try await Stage(bus)
        let agent = try await stage.agent(.displayYesNo, .never)
        let device = stage.device(.displayYesNo)
        let result = Result()
        onLoop { result.name = await errorName { try await agent.pair(device) } }
        #expect(await eventually { !agent.asked.isEmpty })
        stage.bluez.adapter.setPowered(false)
        #expect(await eventually { result.name == "AuthenticationCanceled" }, stage.transcript)
        #expect(await errorName { try await agent.pair(device) } == "AuthenticationFailed")
        #expect(await errorName { try await agent.call(device, "Connect") } == "NotReady")
        #expect(await errorName { try await agent.callAdapter("StartDiscovery") } == "NotReady")
        let remove = await errorName {
            try await agent.callAdapter("RemoveDevice", .objectPath(device.path))
        }
        #expect(remove == "NotReady")
    }

    @Test("Connect and Disconnect change Connected, and a device out of reach is an error")
    @LoopActor func connect() async throws {
        let stage = try await Stage(bus) { $0.durations.leConnect = .milliseconds(2) }
        let client = try await ScriptedAgent(bus: bus)
        let device = stage.device()
        try await client.call(device, "Connect")
        #expect(device.isConnected)
        try await client.call(device, "Connect")
        try await client.call(device, "Disconnect")
        #expect(!device.isConnected)
        #expect(await errorName { try await client.call(device, "Disconnect") } == "NotConnected")
        device.behaviour.reachability = .neverFound
        #expect(await errorName { try await client.call(device, "Connect") } == "Failed")
    }

    @Test("Everything that BlueZ has is told at once, names and services of strangers too")
    @LoopActor func managedObjects() async throws {
        let stage = try await Stage(bus)
        let client = try await ScriptedAgent(bus: bus)
        let device = stage.device()
        device.manufacturerData = [0x020E: [1, 8]]
        device.uuids = [BluetoothUUID(assigned: 0x1810)]
        let reply = try await client.connection.call(
            "org.bluez", "/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
        let objects = try #require(reply.first?.converted(to: [ObjectPath: [String: [String: Value]]].self))
        #expect(Set(objects.keys) == ["/org/bluez", stage.bluez.adapter.path, device.path])
        let properties = try #require(objects[device.path]?["org.bluez.Device1"])
        #expect(properties["Name"] == .string("Cuff"))
        #expect(properties["RSSI"] == nil)
        let data: [UInt16: Value] = [0x020E: .array(.basic(.byte), [.byte(1), .byte(8)])]
        #expect(properties["ManufacturerData"] == data.value)
        #expect(stage.bluez.log.calls.last?.member == "GetManagedObjects")
    }

    @Test("A storm sends the changes of strangers, each as a signal of its own")
    @LoopActor func storm() async throws {
        let stage = try await Stage(bus)
        let client = try await ScriptedAgent(bus: bus)
        let witness = try await Witness.start(on: client.connection)
        stage.bluez.startStorm(strangers: 5, changesPerSecond: 2000)
        #expect(await eventually { witness.events.filter { $0.hasPrefix("RSSI=") }.count >= 100 })
        stage.bluez.stopStorm()
    }
}
