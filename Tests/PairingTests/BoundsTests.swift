// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing
import Policy
import Testing

@Suite("A neighbour who asks without end")
struct BoundsTests {
    @Test("opens no more requests than there is room for, and each refusal is recorded")
    func openRequests() throws {
        var bounds = Bounds()
        bounds.openRequests = 5
        var world = World(bounds: bounds)
        for number in 10..<20 as Range<UInt64> {
            world.device(device(number), connected: true)
            world.ask({ .authorization($0) }, about: device(number))
            if number >= 15 { #expect(world.records.contains { $0.decider == .safeguard && $0.verdict == .rejected }) }
        }
        #expect(world.openRequests.count == 5)
        #expect(world.lastPairing?.outcome?.result == .busy)
    }

    @Test("does not take the room of a pairing that we start")
    func roomForOurs() throws {
        var bounds = Bounds()
        bounds.openRequests = 1
        var world = World(bounds: bounds)
        world.device(device(10), connected: true)
        world.ask({ .authorization($0) }, about: device(10))
        _ = try world.pairUntilCalled()
        world.ask({ .passkey($0) }, on: .capability(.keyboardDisplay))
        #expect(world.openRequests.map(\.kind) == [.authorization, .passkeyEntry])
    }

    @Test("with one device opens no more requests than one device may")
    func perDevice() throws {
        var world = World()
        world.device(paired: true, connected: true)
        for _ in 0..<6 { world.ask { .service(ServiceTests.headset, $0) } }
        #expect(world.openRequests.count == 4)
    }

    @Test("starts no more pairings than there is room for")
    func incomingPairings() throws {
        var bounds = Bounds()
        bounds.incomingPairings = 3
        var world = World(rules: IncomingPairingTests.accepting, bounds: bounds)
        for number in 10..<15 as Range<UInt64> {
            world.device(device(number), connected: true)
            let token = world.ask({ .authorization($0) }, about: device(number))
            #expect(world.calls == [.reply(token, number < 13 ? .accept : .rejected)])
        }
        #expect(world.coordinator.pairings.count == 3)
    }

    @Test("cannot push a result out of sight that was more than a refusal")
    func history() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        world.device(paired: true)
        world.pairReturns(number)
        for number in 10..<100 as Range<UInt64> {
            world.device(device(number), name: "Stranger", connected: true)
            world.ask({ .authorization($0) }, about: device(number))
            world.gone(device(number))
        }
        #expect(world.coordinator.pairings.count == 32)
        #expect(world.result(of: number) == .paired)
    }

    @Test("or a program that asks for many pairings finds the queue's end")
    func queue() throws {
        var world = World()
        for number in 10..<75 as Range<UInt64> { _ = try world.pair(.address(Address(bits: number), adapter: nil)) }
        #expect(throws: CommandError.tooMany) { try world.pair(.address(Address(bits: 99), adapter: nil)) }
    }

    @Test("leaves nothing behind")
    func memory() throws {
        var bounds = Bounds()
        bounds.finishedRequests = 10
        var world = World(bounds: bounds)
        for number in 10..<40 as Range<UInt64> {
            world.device(device(number), connected: true)
            world.ask({ .authorization($0) }, about: device(number))
            try world.answer(.reject)
        }
        #expect(world.coordinator.requests.count == 10)
        world.wait(.seconds(60))
        #expect(world.coordinator.requests.isEmpty)
        #expect(world.coordinator.nextDeadline == nil)
    }
}
