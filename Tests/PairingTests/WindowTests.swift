// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing
import Policy
import Testing

@Suite("A window")
struct WindowTests {
    static let inWindow = Rules { $0.pairing.when = .window }
    static let text = """
        match.name = "Cuff"
        pairing = { when = "window", accept-incoming = true }
        """

    @Test("makes its rules hold, and its end lets them go")
    func holds() throws {
        var world = World(rules: try policy(Self.text))
        world.device()
        let before = try world.pair()
        #expect(world.result(of: before) == .rejectedByPolicy)
        world.openWindow(.seconds(60))
        let inside = try world.pair()
        #expect(world.calls.contains(.pair(inside, cuff, .keyboardDisplay)))
        world.pairReturns(inside, "org.bluez.Error.AuthenticationFailed")
        world.wait(.seconds(60))
        #expect(world.coordinator.window == nil)
        let after = try world.pair()
        #expect(world.result(of: after) == .rejectedByPolicy)
    }

    @Test("is recorded with who opened it, and with how it closed")
    func recorded() throws {
        var world = World(rules: try policy(Self.text))
        world.openWindow(.seconds(60), by: bert)
        #expect(world.records.map(\.subject) == [.windowOpened])
        #expect(world.records.first?.actor == bert)
        world.wait(.seconds(60))
        #expect(world.records.map(\.subject) == [.windowClosed])
        #expect(world.records.first?.decider == .expiry)
        world.openWindow()
        world.closeWindow(by: bert)
        #expect(world.records.map(\.subject) == [.windowClosed])
        #expect(world.records.first?.actor == bert)
        world.closeWindow()
        #expect(world.records.isEmpty)
    }

    @Test("takes the place of one that is open")
    func replaced() throws {
        var world = World(rules: try policy(Self.text))
        world.openWindow(.seconds(60))
        world.wait(.seconds(50))
        world.openWindow(.seconds(60))
        world.wait(.seconds(50))
        #expect(world.coordinator.window != nil)
        world.wait(.seconds(10))
        #expect(world.coordinator.window == nil)
    }

    @Test("for one device is none for another")
    func oneDevice() throws {
        var world = World(rules: try policy(Self.text))
        world.device(scale) { _ in }
        world.device()
        world.openWindow(for: [scale.address])
        let number = try world.pair()
        #expect(world.result(of: number) == .rejectedByPolicy)
        let other = try world.pair(.device(scale))
        #expect(world.phase(of: other) == .connecting)
    }

    @Test("expires the open requests of its rules when it ends", arguments: [true, false])
    func requestsExpire(byPerson: Bool) throws {
        var world = World(rules: try policy(Self.text))
        world.device(connected: true)
        world.openWindow(.seconds(10))
        let token = world.ask { .authorization($0) }
        #expect(world.openRequests.count == 1)
        if byPerson { world.closeWindow() } else { world.wait(.seconds(10)) }
        #expect(world.calls.contains(.reply(token, .canceled)))
        #expect(world.openRequests.isEmpty)
        #expect(world.lastPairing?.outcome?.result == .expired)
    }

    @Test("expires the request for a service too")
    func servicesExpire() throws {
        var world = World(rules: try policy(Self.text))
        world.device(paired: true, connected: true)
        world.openWindow(.seconds(10))
        let token = world.ask { .service(BluetoothUUID(assigned: 0x110E), $0) }
        #expect(world.openRequests.count == 1)
        world.closeWindow()
        #expect(world.calls.contains(.reply(token, .canceled)))
    }

    @Test("leaves the requests of other rules open")
    func othersStay() throws {
        var world = World()
        world.device(connected: true)
        world.openWindow(.seconds(5))
        world.ask { .authorization($0) }
        world.wait(.seconds(5))
        #expect(world.openRequests.count == 1)
    }

    @Test("does not take back an answer that BlueZ has")
    func answered() throws {
        var world = World(rules: try policy(Self.text))
        world.device(connected: true)
        world.openWindow(.seconds(10))
        world.ask { .authorization($0) }
        try world.answer(.accept)
        world.closeWindow()
        #expect(world.lastPairing?.outcome == nil)
        world.device(paired: true, connected: true)
        #expect(world.lastPairing?.outcome?.result == .paired)
    }

    @Test("that moves to other devices expires the requests of those before")
    func moved() throws {
        var world = World(rules: try policy(Self.text))
        world.device(connected: true)
        world.openWindow()
        let token = world.ask { .authorization($0) }
        world.openWindow(for: [cuff.address])
        #expect(world.openRequests.count == 1)
        world.openWindow(for: [scale.address])
        #expect(world.calls.contains(.reply(token, .canceled)))
    }

    @Test("stays open when the rules are read anew and when BlueZ restarts")
    func survives() throws {
        var world = World(rules: try policy(Self.text))
        world.openWindow(.seconds(60))
        world.send(.rulesChanged(try policy(Self.text)))
        world.send(.bluezVanished)
        world.send(.bluezAppeared)
        world.adapter(hci0, isPowered: true)
        world.device()
        let number = try world.pair()
        #expect(world.phase(of: number) == .connecting)
    }
}
