// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing
import Policy
import Testing

@Suite("Cancelling a pairing")
struct CancelTests {
    @Test("that waits for its turn needs nothing from BlueZ")
    func queued() throws {
        var world = World()
        let first = try world.pairUntilCalled()
        world.device(scale, name: "Scale")
        let second = try world.pair(.device(scale))
        try world.cancel(second, by: bert)
        #expect(world.calls == [])
        #expect(world.result(of: second) == .cancelled)
        #expect(world.records.map(\.actor) == [bert])
        #expect(world.phase(of: first) == .connecting)
    }

    @Test("that looks for its device stops the discovery")
    func discovering() throws {
        var world = World()
        let number = try world.pair()
        try world.cancel(number)
        #expect(world.calls == [.stopDiscovery(hci0)])
        #expect(world.result(of: number) == .cancelled)
    }

    @Test("that closes a connection begins nothing more")
    func disconnecting() throws {
        var world = World()
        world.device(connected: true)
        let number = try world.pair()
        try world.cancel(number)
        world.device(connected: false)
        #expect(world.calls == [])
        #expect(world.result(of: number) == .cancelled)
    }

    @Test("on the air cancels Pair(), and ends when that returns")
    func pairing() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        try world.cancel(number)
        #expect(world.calls == [.cancelPairing(cuff)])
        #expect(world.phase(of: number) == .undoing)
        world.pairReturns(number, "org.bluez.Error.AuthenticationCanceled")
        #expect(world.result(of: number) == .cancelled)
    }

    @Test("that asks something answers with Canceled, and cancels Pair() only when that is not enough")
    func asking() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        let token = world.ask({ .passkey($0) }, on: .capability(.keyboardDisplay))
        try world.cancel(number)
        #expect(world.calls == [.reply(token, .canceled)])
        world.wait(.seconds(10))
        #expect(world.calls == [.cancelPairing(cuff)])
        world.pairReturns(number, "org.bluez.Error.AuthenticationCanceled")
        #expect(world.result(of: number) == .cancelled)
    }

    @Test("that succeeded in the same moment undoes the bond", arguments: [true, false])
    func succeeded(bondIsTold: Bool) throws {
        var world = World()
        let number = try world.pairUntilCalled()
        try world.cancel(number)
        if bondIsTold { world.device(paired: true, connected: true) }
        world.pairReturns(number)
        #expect(world.calls == [.remove(cuff)])
        #expect(world.result(of: number) == .cancelled)
    }

    @Test("whose Pair() has returned undoes the bond")
    func verifying() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        world.pairReturns(number)
        try world.cancel(number)
        #expect(world.calls == [.remove(cuff)])
        #expect(world.result(of: number) == .cancelled)
    }

    @Test("that the device started answers its question with Canceled")
    func incomingAsking() throws {
        var world = World()
        world.device(connected: true)
        let token = world.ask { .authorization($0) }
        let number = try #require(world.lastPairing?.number)
        try world.cancel(number)
        #expect(world.calls == [.reply(token, .canceled)])
        #expect(world.result(of: number) == .cancelled)
    }

    @Test("that the device started and that was accepted cuts the link")
    func incomingAccepted() throws {
        var world = World(rules: IncomingPairingTests.accepting)
        world.device(connected: true)
        world.ask { .authorization($0) }
        let number = try #require(world.lastPairing?.number)
        try world.cancel(number)
        #expect(world.calls == [.disconnect(cuff)])
        world.device(connected: false)
        #expect(world.result(of: number) == .cancelled)
    }

    @Test("twice changes nothing")
    func twice() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        try world.cancel(number)
        try world.cancel(number, by: bert)
        #expect(world.effects == [])
        world.pairReturns(number, "org.bluez.Error.AuthenticationCanceled")
        #expect(world.reason(of: number) == "cancelled by user 1000")
    }

    @Test("that has its result is an error, and so is one that nobody knows")
    func finished() throws {
        var world = World()
        world.device(paired: true)
        let number = try world.pair()
        #expect(throws: CommandError.alreadyFinished(.alreadyBonded)) { try world.cancel(number) }
        #expect(throws: CommandError.unknownPairing) { try world.cancel(PairingNumber(999)) }
    }
}
