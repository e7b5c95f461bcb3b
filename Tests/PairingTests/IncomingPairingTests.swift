// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing
import Policy
import SecurityManager
import Testing

@Suite("A pairing that the other side starts")
struct IncomingPairingTests {
    static let accepting = Rules {
        $0.answers.authorization = .accept
        $0.answers.confirmation = .accept
    }

    @Test("is refused at once when no rule matches")
    func unmatched() throws {
        var world = World()
        world.device(name: "Stranger", connected: true)
        let token = world.ask { .authorization($0) }
        #expect(world.calls == [.reply(token, .rejected)])
        #expect(world.lastPairing?.outcome?.result == .rejectedByPolicy)
        #expect(world.lastPairing?.origin == .incoming)
        #expect(world.records.map(\.decider) == [.noRule])
        #expect(world.records.map(\.verdict) == [.rejected])
    }

    @Test("is refused at once while the rules wait for its name")
    func undetermined() throws {
        var world = World(rules: Self.accepting)
        world.device(name: nil, connected: true)
        let token = world.ask { .authorization($0) }
        #expect(world.calls == [.reply(token, .rejected)])
        #expect(world.lastPairing?.outcome?.result == .rejectedByPolicy)
    }

    @Test("is refused when its rule does not let devices start")
    func notAccepted() throws {
        var world = World(rules: Rules { $0.pairing.acceptIncoming = false })
        world.device(connected: true)
        let token = world.ask { .authorization($0) }
        #expect(world.calls == [.reply(token, .rejected)])
        #expect(world.lastPairing?.outcome?.result == .rejectedByPolicy)
        #expect(world.lastPairing?.rule == "cuffs")
        #expect(world.records.map(\.decider) == [.rule])
    }

    @Test("of a device that is bonded already is refused, and the bond stays")
    func bondedAlready() throws {
        var world = World(rules: Self.accepting)
        world.device(paired: true, connected: true)
        let passkey = try Passkey.secret
        let token = world.ask { .confirmation(passkey, $0) }
        #expect(world.calls == [.reply(token, .rejected)])
        #expect(world.lastPairing?.outcome?.result == .rejectedByPolicy)
    }

    @Test("is answered by its rule, before anything else is done")
    func answeredByRule() throws {
        var world = World(rules: Self.accepting)
        world.device(connected: true)
        let token = world.ask { .authorization($0) }
        #expect(world.calls.first == .reply(token, .accept))
        #expect(world.records.map(\.decider) == [.rule])
        #expect(world.records.map(\.rule) == ["cuffs"])
        world.device(paired: true, connected: true)
        #expect(world.lastPairing?.outcome?.result == .paired)
    }

    @Test("gets the digits that its rule holds, and no record tells them")
    func digitsByRule() throws {
        let passkey = try Passkey.secret
        let pin = try #require(PINCode(String(secretDigits)))
        var world = World(
            rules: Rules {
                $0.answers.passkey = .value(passkey)
                $0.answers.pin = .value(pin)
            })
        world.device(connected: true)
        let first = world.ask { .passkey($0) }
        #expect(world.calls == [.reply(first, .passkey(passkey))])
        let second = world.ask { .pinCode($0) }
        #expect(world.calls == [.reply(second, .pinCode(pin))])
    }

    @Test(
        "is refused by the answers of its rule",
        arguments: [RequestKind.authorization, .confirmation, .passkeyEntry, .pinEntry])
    func rejectedByRule(kind: RequestKind) throws {
        var world = World(
            rules: Rules {
                $0.answers = AnswerSettings(
                    authorization: .reject, confirmation: .reject, passkey: .reject, pin: .reject)
            })
        world.device(connected: true)
        let passkey = try Passkey.secret
        let token = world.ask { token in
            switch kind {
            case .authorization: .authorization(token)
            case .confirmation: .confirmation(passkey, token)
            case .passkeyEntry: .passkey(token)
            default: .pinCode(token)
            }
        }
        #expect(world.calls == [.reply(token, .rejected)])
        #expect(world.lastPairing?.outcome?.result == .rejectedByPolicy)
        #expect(world.lastPairing?.outcome?.reason.contains(kind.rawValue) == true)
    }

    @Test("takes a second question as part of the same pairing")
    func secondQuestion() throws {
        var world = World(rules: Self.accepting)
        world.device(connected: true)
        world.ask { .authorization($0) }
        let token = world.ask { .authorization($0) }
        #expect(world.calls == [.reply(token, .accept)])
        #expect(world.coordinator.pairings.count == 1)
    }

    @Test("is connection-lost when the link goes after the answer")
    func connectionLost() throws {
        var world = World(rules: Self.accepting)
        world.device(connected: true)
        world.ask { .authorization($0) }
        world.linkEnds(0x13)
        #expect(world.lastPairing?.outcome == nil, "the bond may still be told")
        world.device(connected: false)
        #expect(world.lastPairing?.outcome?.result == .connectionLost)
        #expect(world.lastPairing?.outcome?.reason == "the device hung up")
    }

    @Test("is paired when the device hangs up right after the bond")
    func hangsUpAfterBond() throws {
        var world = World(rules: Self.accepting)
        world.device(connected: true)
        world.ask { .authorization($0) }
        world.linkEnds(0x13)
        world.device(paired: true, connected: false)
        #expect(world.lastPairing?.outcome?.result == .paired)
    }

    @Test("ends with what was said in SMP")
    func smpFailure() throws {
        var world = World(rules: Self.accepting)
        world.device(connected: true)
        world.ask { .authorization($0) }
        world.smpFailure(.received, .pairingNotSupported)
        #expect(world.lastPairing?.outcome?.result == .peerRefused)
        #expect(world.lastPairing?.outcome?.reason == "the device sent Pairing Not Supported (0x05)")
    }

    @Test("is timed-out 35 s after the answer")
    func timedOut() throws {
        var world = World(rules: Self.accepting)
        world.device(connected: true)
        world.ask { .authorization($0) }
        world.wait(.seconds(34))
        #expect(world.lastPairing?.outcome == nil)
        world.wait(.seconds(1))
        #expect(world.lastPairing?.outcome?.result == .timedOut)
    }

    @Test("is cut when digits are shown to a device that no rule matches: BlueZ waits for no answer")
    func displayForStranger() throws {
        var world = World()
        world.device(name: "Stranger", connected: true)
        world.show(try .secret)
        #expect(world.calls == [.disconnect(cuff)])
        #expect(world.lastPairing?.phase == .undoing)
        world.show(try .secret, entered: 1)
        #expect(world.calls == [])
        world.device(name: "Stranger", connected: false)
        #expect(world.lastPairing?.outcome?.result == .rejectedByPolicy)
    }

    @Test("is cut when digits are shown and its rule does not let devices start")
    func displayNotAccepted() throws {
        var world = World(rules: Rules { $0.pairing.acceptIncoming = false })
        world.device(connected: true)
        world.show(try .secret)
        #expect(world.calls == [.disconnect(cuff)])
        #expect(world.openRequests.isEmpty)
    }

    @Test("that was refused and bonds all the same loses the bond")
    func undone() throws {
        var world = World()
        world.device(connected: true)
        world.show(try .secret)
        try world.answer(.reject)
        #expect(world.calls == [.disconnect(cuff)])
        world.device(paired: true, connected: false)
        #expect(world.calls == [.remove(cuff)])
        #expect(world.lastPairing?.outcome?.result == .rejectedByPerson)
    }

    @Test("waits for a second when BlueZ takes the question back, and then is cancelled")
    func withdrawn() throws {
        var world = World()
        world.device(connected: true)
        let token = world.ask { .authorization($0) }
        world.send(.questionCancelled(.default))
        #expect(world.calls == [.reply(token, .canceled)])
        #expect(world.lastPairing?.outcome == nil)
        world.wait(.seconds(2))
        #expect(world.lastPairing?.outcome?.result == .cancelled)
        #expect(world.coordinator.requests.first?.outcome == .cancelled)
    }

    @Test("tells why the link ended when BlueZ takes the question back for it")
    func withdrawnForLinkLoss() throws {
        var world = World()
        world.device(connected: true)
        world.ask { .authorization($0) }
        world.linkEnds(0x08)
        world.send(.questionCancelled(.default))
        world.device(connected: false)
        #expect(world.lastPairing?.outcome?.result == .connectionLost)
    }

    @Test("ends when BlueZ removes the device")
    func deviceRemoved() throws {
        var world = World()
        world.device(connected: true)
        let token = world.ask { .authorization($0) }
        world.gone()
        #expect(world.calls == [.reply(token, .canceled)])
        #expect(world.lastPairing?.outcome?.result == .connectionLost)
    }

    @Test("goes on beside one that we started")
    func besideOurs() throws {
        var world = World(rules: Self.accepting)
        let number = try world.pairUntilCalled()
        world.device(scale, name: "Scale", connected: true)
        let token = world.ask({ .authorization($0) }, about: scale)
        #expect(world.calls == [.reply(token, .accept)])
        world.device(scale, name: "Scale", paired: true, connected: true)
        #expect(world.lastPairing?.outcome?.result == .paired)
        #expect(world.phase(of: number) == .connecting)
    }
}
