// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing
import Policy
import Testing

@Suite("What the rules cannot allow")
struct SecurityTests {
    static let everything = Rules {
        $0.answers = AnswerSettings(
            authorization: .accept, confirmation: .accept, service: ServiceAnswer(otherwise: .accept))
    }

    @Test("a question on an agent of ours without a Pair() is refused, and recorded")
    func withoutPair() throws {
        var world = World(rules: Self.everything)
        world.device(connected: true)
        let token = world.ask({ .authorization($0) }, on: .capability(.noInputNoOutput))
        #expect(world.calls == [.reply(token, .rejected)])
        #expect(world.records.map(\.decider) == [.safeguard])
        #expect(world.coordinator.pairings.isEmpty)
    }

    @Test("a question about another device than the one that is paired is refused")
    func otherDevice() throws {
        var world = World(rules: Self.everything)
        _ = try world.pairUntilCalled()
        world.device(scale, name: "Scale", connected: true)
        let token = world.ask({ .authorization($0) }, about: scale, on: .capability(.keyboardDisplay))
        #expect(world.calls == [.reply(token, .rejected)])
    }

    @Test("a question on the agent of another capability is refused")
    func otherCapability() throws {
        var world = World(rules: Self.everything)
        _ = try world.pairUntilCalled()
        let token = world.ask({ .authorization($0) }, on: .capability(.noInputNoOutput))
        #expect(world.calls == [.reply(token, .rejected)])
    }

    @Test("digits shown by an agent of ours without a Pair() cut the link")
    func displayWithoutPair() throws {
        var world = World(rules: Self.everything)
        world.device(connected: true)
        world.show(try .secret, on: .capability(.keyboardDisplay))
        #expect(world.calls == [.disconnect(cuff)])
        #expect(world.records.map(\.verdict) == [.rejected])
    }

    @Test("a service on an agent of ours is refused")
    func serviceOnOurAgent() throws {
        var world = World(rules: Self.everything)
        world.device(paired: true, connected: true)
        let token = world.ask({ .service(ServiceTests.headset, $0) }, on: .capability(.keyboardDisplay))
        #expect(world.calls == [.reply(token, .rejected)])
    }

    @Test("a question about a device that BlueZ has not told of is refused")
    func unknownDevice() throws {
        var world = World(rules: Self.everything)
        let token = world.ask { .authorization($0) }
        #expect(world.calls == [.reply(token, .rejected)])
        #expect(world.records.map(\.decider) == [.safeguard])
    }

    @Test("a question that comes while our pairing is being ended is refused")
    func ending() throws {
        var world = World(rules: Self.everything)
        let number = try world.pairUntilCalled()
        try world.cancel(number)
        let token = world.ask({ .authorization($0) }, on: .capability(.keyboardDisplay))
        #expect(world.calls == [.reply(token, .rejected)])
    }

    @Test(
        "a second round after the bond belongs to our pairing; one before it is the device's own",
        arguments: [true, false])
    func secondRound(isBonded: Bool) throws {
        var world = World(
            rules: Rules {
                $0.answers.confirmation = .accept
                $0.pairing.acceptIncoming = false
            })
        let number = try world.pairUntilCalled()
        world.device(paired: isBonded, connected: true)
        let passkey = try Passkey.secret
        let token = world.ask { .confirmation(passkey, $0) }
        #expect(world.calls == [.reply(token, isBonded ? .accept : .rejected)])
        #expect(world.coordinator.pairings.map(\.outcome?.result) == (isBonded ? [nil] : [nil, .rejectedByPolicy]))
        #expect(world.phase(of: number) == (isBonded ? .keeping : .pairing))
    }

    @Test("a name with escape sequences stays text that is not trusted")
    func names() throws {
        var world = World()
        world.device(name: "Cuff\u{1B}[2J", connected: true)
        world.ask { .authorization($0) }
        #expect(world.openRequests.first?.name?.description == "Cuff\\u{1B}[2J")
        let message = BlueZError(name: "x", message: "\u{1B}[2J")
        let number = try world.pair(.address(scale.address, adapter: nil))
        world.send(.discoveryStarted(hci0, error: message))
        #expect(!world.reason(of: number).contains("\u{1B}"))
    }
}
