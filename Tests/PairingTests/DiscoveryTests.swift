// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing
import Policy
import Testing

@Suite("Looking for a device")
struct DiscoveryTests {
    @Test("looks on every adapter that is on, and goes on where the device is")
    func twoAdapters() throws {
        var world = World()
        world.adapter(hci1, isPowered: true)
        let number = try world.pair()
        #expect(world.calls == [.startDiscovery(hci0), .startDiscovery(hci1)])
        world.send(.discoveryStarted(hci0, error: BlueZError(name: "org.bluez.Error.NotReady")))
        #expect(world.calls == [])
        let there = device(1, on: hci1)
        world.device(there)
        #expect(world.calls == [.stopDiscovery(hci1), .pair(number, there, .keyboardDisplay)])
    }

    @Test("stays on the adapter that the command names")
    func namedAdapter() throws {
        var world = World()
        world.adapter(hci1, isPowered: true)
        world.device(cuff)
        let number = try world.pair(.address(cuff.address, adapter: hci1))
        #expect(world.calls == [.startDiscovery(hci1)])
        #expect(world.coordinator.pairing(number)?.adapter == hci1)
    }

    @Test(
        "says why discovery did not start",
        arguments: [
            ("org.bluez.Error.NotReady", PairingResult.adapterOff), ("org.bluez.Error.Failed", .failed),
        ])
    func discoveryFails(error: String, result: PairingResult) throws {
        var world = World()
        let number = try world.pair()
        world.send(.discoveryStarted(hci0, error: BlueZError(name: error)))
        #expect(world.result(of: number) == result)
        #expect(world.calls == [])
    }

    @Test("goes on when BlueZ says that we discover already")
    func discoveryInProgress() throws {
        var world = World()
        let number = try world.pair()
        world.send(.discoveryStarted(hci0, error: BlueZError(name: "org.bluez.Error.InProgress")))
        #expect(world.phase(of: number) == .discovering)
    }

    @Test("takes up new rules while it waits for its device")
    func newRules() throws {
        var world = World(rules: Rules("old"))
        world.device(name: nil)
        let number = try world.pair()
        world.send(.rulesChanged(NoRules()))
        #expect(world.result(of: number) == .rejectedByPolicy)
        #expect(world.calls == [.stopDiscovery(hci0)])
    }

    @Test("that BlueZ says is in progress, and does not go on, is begun anew")
    func stale() throws {
        var world = World()
        _ = try world.pair()
        #expect(world.calls == [.startDiscovery(hci0)])
        world.send(.discoveryStarted(hci0, error: BlueZError(name: "org.bluez.Error.InProgress")))
        #expect(world.calls.isEmpty)
        world.wait(.seconds(5))
        #expect(world.calls == [.stopDiscovery(hci0), .startDiscovery(hci0)])
    }

    @Test("closes a connection without a bond, in which the device would say nothing")
    func connected() throws {
        var world = World()
        world.device(name: nil, connected: true)
        let number = try world.pair()
        #expect(world.calls == [.disconnect(cuff)])
        world.device(name: nil)
        world.wait(.milliseconds(500))
        #expect(world.calls == [.startDiscovery(hci0)])
        world.device()
        #expect(world.calls.contains(.pair(number, cuff, .keyboardDisplay)))
    }
}
