// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing
import Policy
import Testing

@Suite("When bluetoothd or an adapter goes")
struct LifecycleTests {
    @Test("all that is pending ends with bluez-gone, and BlueZ is told nothing")
    func vanished() throws {
        var world = World()
        let ours = try world.pairUntilCalled()
        world.ask({ .passkey($0) }, on: .capability(.keyboardDisplay))
        let waiting = try world.pair(.address(Address(bits: 50), adapter: nil))
        world.device(scale, name: "Scale", connected: true)
        world.ask({ .authorization($0) }, about: scale)
        let theirs = try #require(world.lastPairing?.number)
        world.device(device(3), paired: true, connected: true)
        world.ask({ .service(ServiceTests.headset, $0) }, about: device(3))
        world.send(.bluezVanished)
        #expect(world.calls == [])
        #expect([ours, waiting, theirs].map { world.result(of: $0) } == [.bluezGone, .bluezGone, .bluezGone])
        #expect(world.coordinator.requests.allSatisfy { $0.outcome == .cancelled })
        #expect(throws: CommandError.bluezAbsent) { try world.pair() }
    }

    @Test("a removal fails")
    func vanishedWhileForgetting() throws {
        var world = World()
        world.device(paired: true)
        try world.forget()
        world.send(.bluezVanished)
        guard case .forgetFinished(CommandToken(1), .some) = world.effects.first else {
            Issue.record("the command is not told")
            return
        }
    }

    @Test("its devices are forgotten, and it begins anew when it is back")
    func back() throws {
        var world = World()
        _ = try world.pairUntilCalled()
        world.send(.bluezVanished)
        world.send(.bluezAppeared)
        world.adapter(hci0, isPowered: true)
        #expect(throws: CommandError.unknownDevice) { try world.pair(.device(cuff)) }
        let number = try world.pairUntilCalled()
        #expect(world.phase(of: number) == .connecting)
    }

    @Test("a late answer of the one before changes nothing")
    func lateResult() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        world.send(.bluezVanished)
        world.pairReturns(number)
        world.send(.disconnectFinished(cuff, error: nil))
        world.send(.removeFinished(cuff, error: nil))
        #expect(world.effects == [])
    }

    @Test("bluetoothd that releases its agents still gets its answers")
    func released() throws {
        var world = World()
        world.device(connected: true)
        let token = world.ask { .authorization($0) }
        world.send(.agentReleased(.default))
        #expect(world.calls == [.reply(token, .canceled)])
        #expect(world.lastPairing?.outcome?.result == .bluezGone)
    }

    @Test("an adapter that is switched off ends what was on it, and nothing else")
    func adapterOff() throws {
        var world = World()
        world.adapter(hci1, isPowered: true)
        world.device(connected: true)
        let token = world.ask { .authorization($0) }
        let other = device(5, on: hci1)
        world.device(other, connected: true)
        world.ask({ .authorization($0) }, about: other)
        world.adapter(hci0, isPowered: false)
        #expect(world.calls == [.reply(token, .canceled)])
        #expect(world.coordinator.pairings.map(\.outcome?.result) == [.adapterOff, nil])
    }

    @Test("an adapter that goes under Pair() is adapter-off, without CancelPairing()", arguments: [true, false])
    func adapterOffInPair(isRemoved: Bool) throws {
        var world = World()
        let number = try world.pairUntilCalled()
        if isRemoved { world.send(.adapterRemoved(hci0)) } else { world.adapter(hci0, isPowered: false) }
        #expect(world.calls == [])
        world.pairReturns(number, "org.bluez.Error.AuthenticationFailed")
        #expect(world.result(of: number) == .adapterOff)
    }

    @Test("an adapter that goes in a discovery ends it when no other is left")
    func adapterOffInDiscovery() throws {
        var world = World()
        world.adapter(hci1, isPowered: true)
        let number = try world.pair()
        world.adapter(hci0, isPowered: false)
        #expect(world.phase(of: number) == .discovering)
        world.send(.adapterRemoved(hci1))
        #expect(world.result(of: number) == .adapterOff)
    }

    @Test("nothing is left to wait for")
    func nothingLeft() throws {
        var world = World()
        _ = try world.pairUntilCalled()
        world.send(.bluezVanished)
        #expect(world.coordinator.nextDeadline == nil)
    }

    @Test("a key that only the kernel has is dropped once BlueZ was looked at, and the pairing tried again")
    func staleKey() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        world.pairReturns(number, "org.bluez.Error.AlreadyExists")
        #expect(world.effects.contains(.look(cuff)))
        #expect(world.calls.isEmpty)
        world.wait(.milliseconds(500))
        #expect(world.calls == [.unpair(cuff)])
        world.wait(.milliseconds(500))
        #expect(world.calls == [.pair(number, cuff, .keyboardDisplay)])
        world.pairReturns(number, "org.bluez.Error.AlreadyExists")
        #expect(world.result(of: number) == .alreadyBonded)
    }

    @Test("a bond that another program made a moment before, and that is told late, is not dropped")
    func lateBond() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        world.pairReturns(number, "org.bluez.Error.AlreadyExists")
        world.device(paired: true)
        world.wait(.seconds(2))
        #expect(world.result(of: number) == .alreadyBonded)
        #expect(!world.history.contains(.unpair(cuff)))
    }
}
