// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing
import Testing

@Suite("Discoverable, where a window switches it")
struct DiscoverableTests {
    private static func world(isOurs: Bool = true) -> World {
        var conduct = Conduct()
        conduct.managesPairable = false
        conduct.isDiscoverableInWindow = isOurs
        return World(conduct: conduct)
    }

    @Test("is on while a window is open, and off after it")
    func window() {
        var world = Self.world()
        #expect(world.calls == [])
        world.openWindow(.seconds(60))
        #expect(world.calls == [.setDiscoverable(hci0, true)])
        world.adapter(hci0, isPowered: true, isDiscoverable: true)
        world.send(.discoverableSet(hci0, error: nil))
        world.wait(.seconds(61))
        #expect(world.calls == [.setDiscoverable(hci0, false)])
    }

    @Test("is switched back at the start, as after a crash in a window")
    func crash() {
        var world = Self.world()
        world.adapter(hci0, isPowered: false)
        world.adapter(hci0, isPowered: true, isDiscoverable: true)
        #expect(world.calls == [.setDiscoverable(hci0, false)])
    }

    @Test("is left alone where it is not ours to switch")
    func others() {
        var world = Self.world(isOurs: false)
        world.adapter(hci0, isPowered: true, isDiscoverable: true)
        world.openWindow(.seconds(60))
        world.wait(.seconds(61))
        #expect(!world.history.contains { if case .setDiscoverable = $0 { true } else { false } })
    }

    @Test("is switched on again when BlueZ ends it before the window does")
    func timeoutOfBlueZ() {
        var world = Self.world()
        world.openWindow(.seconds(600))
        world.adapter(hci0, isPowered: true, isDiscoverable: true)
        world.send(.discoverableSet(hci0, error: nil))
        world.wait(.seconds(180))
        world.adapter(hci0, isPowered: true, isDiscoverable: false)
        #expect(world.calls == [.setDiscoverable(hci0, true)])
    }

    @Test("that somebody switches off at once stays off until the window is opened anew")
    func somebodyElse() {
        var world = Self.world()
        world.openWindow(.seconds(600))
        world.adapter(hci0, isPowered: true, isDiscoverable: true)
        world.send(.discoverableSet(hci0, error: nil))
        world.wait(.seconds(5))
        world.adapter(hci0, isPowered: true, isDiscoverable: false)
        world.wait(.seconds(30))
        #expect(world.calls == [])
        world.openWindow(.seconds(600))
        #expect(world.calls == [.setDiscoverable(hci0, true)])
    }

    @Test("comes back with an adapter that was away")
    func replugged() {
        var world = Self.world()
        world.openWindow(.seconds(60))
        world.send(.discoverableSet(hci0, error: nil))
        world.send(.adapterRemoved(hci0))
        world.adapter(hci0, isPowered: true)
        #expect(world.calls == [.setDiscoverable(hci0, true)])
    }

    @Test("that BlueZ refuses is recorded once, and tried again a minute later")
    func refusal() throws {
        var world = Self.world()
        world.openWindow(.seconds(300))
        world.send(.discoverableSet(hci0, error: BlueZError(name: "org.bluez.Error.Failed", message: "no")))
        let record = try #require(world.records.first)
        #expect(record.reason.hasPrefix("BlueZ did not make the adapter discoverable"))
        #expect(world.calls == [])
        world.wait(.seconds(61))
        #expect(world.calls == [.setDiscoverable(hci0, true)])
    }

    @Test("waits for the end of a Pair(), behind which BlueZ would keep the call")
    func pairing() throws {
        var world = Self.world()
        let number = try world.pairUntilCalled()
        world.openWindow(.seconds(60))
        #expect(world.calls == [])
        world.pairReturns(number, "org.bluez.Error.AuthenticationFailed")
        #expect(world.calls == [.setDiscoverable(hci0, true)])
    }
}
