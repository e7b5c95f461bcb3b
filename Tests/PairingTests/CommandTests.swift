// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing
import Policy
import Testing

@Suite("A command")
struct CommandTests {
    @Test("to pair is refused while BlueZ is away, or for what it does not know")
    func unknown() throws {
        var world = World()
        #expect(throws: CommandError.unknownDevice) { try world.pair(.device(cuff)) }
        #expect(throws: CommandError.unknownAdapter) { try world.pair(.address(cuff.address, adapter: hci1)) }
        world.send(.bluezVanished)
        #expect(throws: CommandError.bluezAbsent) { try world.pair() }
        #expect(throws: CommandError.bluezAbsent) { try world.forget() }
    }

    @Test("to pair a device that is being paired already is refused")
    func twice() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        #expect(throws: CommandError.busy(number)) { try world.pair() }
        #expect(throws: CommandError.busy(number)) { try world.pair(.device(cuff)) }
    }

    @Test("to pair on an adapter that is off ends as adapter-off")
    func adapterOff() throws {
        var world = World()
        world.device()
        world.adapter(hci0, isPowered: false)
        let known = try world.pair()
        let unknown = try world.pair(.address(scale.address, adapter: nil))
        #expect([known, unknown].map { world.result(of: $0) } == [.adapterOff, .adapterOff])
    }
}

@Suite("Forgetting a device")
struct ForgetTests {
    @Test("is done when BlueZ has answered and the object is gone")
    func forget() throws {
        var world = World()
        world.device(paired: true)
        try world.forget()
        #expect(world.calls == [.remove(cuff)])
        world.send(.removeFinished(cuff, error: nil))
        #expect(world.effects == [])
        world.gone()
        #expect(world.effects.first == .forgetFinished(CommandToken(1), error: nil))
        #expect(world.records.map(\.subject) == [.removal])
        #expect(world.records.map(\.actor) == [anna])
    }

    @Test("is done too when the object goes before BlueZ answers")
    func otherOrder() throws {
        var world = World()
        world.device(paired: true)
        try world.forget()
        world.gone()
        #expect(world.effects == [])
        world.send(.removeFinished(cuff, error: nil))
        #expect(world.effects.first == .forgetFinished(CommandToken(1), error: nil))
    }

    @Test("and pairing it at once waits for the object to go")
    func thenPair() throws {
        var world = World()
        world.device(paired: true)
        try world.forget()
        let number = try world.pair()
        #expect(world.calls == [])
        #expect(world.phase(of: number) == .preparing)
        world.send(.removeFinished(cuff, error: nil))
        #expect(world.calls == [])
        world.gone()
        #expect(world.calls == [.startDiscovery(hci0)])
        world.device()
        #expect(world.calls == [.stopDiscovery(hci0), .pair(number, cuff, .keyboardDisplay)])
    }

    @Test("tells BlueZ's error")
    func fails() throws {
        var world = World()
        world.device(paired: true)
        try world.forget()
        let error = BlueZError(name: "org.bluez.Error.NotReady")
        world.send(.removeFinished(cuff, error: error))
        #expect(world.effects.first == .forgetFinished(CommandToken(1), error: error))
    }

    @Test("of what is gone already is done")
    func goneAlready() throws {
        var world = World()
        world.device(paired: true)
        try world.forget()
        world.send(.removeFinished(cuff, error: BlueZError(name: "org.bluez.Error.DoesNotExist")))
        #expect(world.effects.first == .forgetFinished(CommandToken(1), error: nil))
    }

    @Test("fails when nothing comes of it")
    func noAnswer() throws {
        var world = World()
        world.device(paired: true)
        try world.forget()
        world.wait(.seconds(20))
        #expect(world.records.map(\.verdict) == [.failed])
    }

    @Test("is refused while the device is being paired, or forgotten already")
    func busy() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        #expect(throws: CommandError.busy(number)) { try world.forget() }
        world.device(scale, name: "Scale", paired: true)
        try world.forget(.device(scale))
        #expect(throws: CommandError.beingRemoved) { try world.forget(.device(scale), token: 2) }
        #expect(throws: CommandError.unknownDevice) { try world.forget(.address(Address(bits: 77), adapter: nil)) }
    }

    @Test("ends a pairing that the device started")
    func incoming() throws {
        var world = World()
        world.device(connected: true)
        let token = world.ask { .authorization($0) }
        try world.forget()
        #expect(world.calls == [.reply(token, .canceled), .remove(cuff)])
        #expect(world.lastPairing?.outcome?.result == .cancelled)
    }
}
