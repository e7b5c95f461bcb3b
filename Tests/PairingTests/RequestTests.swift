// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing
import Policy
import SecurityManager
import Testing

@Suite("A request")
struct RequestTests {
    @Test("tells who asks for what, by which rule, and until when")
    func opened() throws {
        var world = World()
        world.device(connected: true)
        let passkey = try Passkey.secret
        world.ask { .confirmation(passkey, $0) }
        let request = try #require(world.openRequests.first)
        #expect(request.kind == .confirmation)
        #expect(request.device == cuff)
        #expect(request.address == cuff.address)
        #expect(request.name == "Cuff")
        #expect(request.rule == "cuffs")
        #expect(request.pairing == world.lastPairing?.number)
        #expect(request.deadline == world.now + .seconds(25))
        #expect(world.effects.contains(.publish(.requestAdded(request))))
        #expect(world.records.map(\.subject) == [.requestOpened])
        #expect(world.coordinator.nextDeadline == request.deadline.monotonic)
    }

    @Test("reveals its digits while it is open, and only then")
    func digits() throws {
        var world = World()
        world.device(connected: true)
        let passkey = try Passkey.secret
        world.ask { .confirmation(passkey, $0) }
        let number = try #require(world.openRequests.first?.number)
        #expect(try world.coordinator.digits(of: number, at: world.now).text == String(secretDigits))
        try world.answer(.accept)
        #expect(throws: CommandError.alreadyAnswered(.accepted)) {
            try world.coordinator.digits(of: number, at: world.now)
        }
    }

    @Test("for yes or no has no digits to reveal")
    func noDigits() throws {
        var world = World()
        world.device(connected: true)
        world.ask { .authorization($0) }
        let number = try #require(world.openRequests.first?.number)
        #expect(throws: CommandError.wrongKind(.authorization)) {
            try world.coordinator.digits(of: number, at: world.now)
        }
    }

    @Test("is accepted by a person, whom the record names")
    func accepted() throws {
        var world = World()
        world.device(connected: true)
        let token = world.ask { .authorization($0) }
        try world.answer(.accept, by: bert)
        #expect(world.calls.first == .reply(token, .accept))
        #expect(world.records.map(\.actor) == [bert])
        #expect(world.records.map(\.verdict) == [.accepted])
        let request = try #require(world.coordinator.requests.first)
        #expect(request.outcome == .accepted)
        #expect(request.actor == bert)
    }

    @Test("is rejected by a person, and the pairing with it")
    func rejected() throws {
        var world = World()
        world.device(connected: true)
        let token = world.ask { .authorization($0) }
        try world.answer(.reject, by: bert)
        #expect(world.calls == [.reply(token, .rejected)])
        #expect(world.lastPairing?.outcome?.result == .rejectedByPerson)
        #expect(world.records.map(\.actor) == [bert, bert])
    }

    @Test("for a passkey takes six digits, and no record tells them")
    func passkey() throws {
        var world = World()
        world.device(connected: true)
        let token = world.ask { .passkey($0) }
        try world.answer(.passkey(.secret))
        #expect(try world.calls == [.reply(token, .passkey(.secret))])
    }

    @Test("for a PIN code takes one, and no record tells it")
    func pin() throws {
        var world = World()
        world.device(connected: true)
        let token = world.ask { .pinCode($0) }
        let pin = try #require(PINCode(String(secretDigits)))
        try world.answer(.pinCode(pin))
        #expect(world.calls == [.reply(token, .pinCode(pin))])
    }

    @Test("refuses an answer of the wrong kind, and stays open")
    func wrongKind() throws {
        let passkey = try Passkey.secret
        let pin = try #require(PINCode("0000"))
        let wrong: [(kind: RequestKind, question: (AgentToken) -> AgentQuestion.Kind, answers: [RequestAnswer])] = [
            (.authorization, { .authorization($0) }, [.passkey(passkey), .pinCode(pin)]),
            (.confirmation, { .confirmation(passkey, $0) }, [.passkey(passkey), .pinCode(pin)]),
            (.passkeyEntry, { .passkey($0) }, [.accept, .pinCode(pin)]),
            (.pinEntry, { .pinCode($0) }, [.accept, .passkey(passkey)]),
            (.pinDisplay, { .displayPINCode(pin, $0) }, [.accept, .passkey(passkey), .pinCode(pin)]),
        ]
        for (kind, question, answers) in wrong {
            var world = World()
            world.device(connected: true)
            world.ask(question)
            for answer in answers {
                #expect(throws: CommandError.wrongKind(kind)) { try world.answer(answer) }
            }
            #expect(world.openRequests.map(\.kind) == [kind])
        }
    }

    @Test("expires after 25 s: BlueZ hears Canceled, and the pairing is expired")
    func expired() throws {
        var world = World()
        world.device(connected: true)
        let token = world.ask { .authorization($0) }
        let number = try #require(world.openRequests.first?.number)
        world.wait(.seconds(25))
        #expect(world.calls == [.reply(token, .canceled)])
        #expect(world.lastPairing?.outcome?.result == .expired)
        #expect(world.coordinator.request(number)?.outcome == .expired)
        #expect(world.records.first?.decider == .expiry)
        #expect(throws: CommandError.expired) { try world.answer(.accept, to: number) }
    }

    @Test("is expired from its deadline on, though the tick is late")
    func lateTick() throws {
        var world = World()
        world.device(connected: true)
        world.ask { .authorization($0) }
        world.now = world.now + .seconds(25)
        #expect(throws: CommandError.expired) { try world.answer(.accept) }
    }

    @Test("in our own pairing expires, and the pairing with it once Pair() returns")
    func expiredInOurs() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        let token = world.ask({ .passkey($0) }, on: .capability(.keyboardDisplay))
        world.wait(.seconds(25))
        #expect(world.calls == [.reply(token, .canceled)])
        #expect(world.phase(of: number) == .undoing)
        world.pairReturns(number, "org.bluez.Error.AuthenticationFailed")
        #expect(world.result(of: number) == .expired)
    }

    @Test("is answered once: a second answer comes too late")
    func secondAnswer() throws {
        var world = World()
        world.device(connected: true)
        world.ask { .authorization($0) }
        let number = try #require(world.openRequests.first?.number)
        try world.answer(.accept)
        #expect(throws: CommandError.alreadyAnswered(.accepted)) { try world.answer(.reject, to: number, by: bert) }
    }

    @Test("is kept for 60 s after its end, and then unknown")
    func kept() throws {
        var world = World()
        world.device(connected: true)
        world.ask { .authorization($0) }
        let number = try #require(world.openRequests.first?.number)
        try world.answer(.reject)
        world.wait(.seconds(59))
        #expect(world.coordinator.request(number) != nil)
        world.wait(.seconds(1))
        #expect(world.effects == [.publish(.requestRemoved(number))])
        #expect(throws: CommandError.unknownRequest) { try world.answer(.accept, to: number) }
        #expect(world.coordinator.nextDeadline == nil)
    }

    @Test("to show digits follows what is typed on the other side")
    func entered() throws {
        var world = World()
        world.device(connected: true)
        world.show(try .secret)
        #expect(world.calls == [])
        world.show(try .secret, entered: 3)
        #expect(world.openRequests.map(\.entered) == [3])
        let request = try #require(world.openRequests.first)
        #expect(world.effects == [.publish(.requestChanged(request))])
    }

    @Test("to show digits gives way to other digits")
    func otherDigits() throws {
        var world = World()
        world.device(connected: true)
        world.show(try #require(Passkey(1)))
        world.show(try .secret)
        #expect(world.coordinator.requests.map(\.outcome) == [.cancelled, nil])
    }

    @Test("to show digits is completed by the pairing")
    func displayCompleted() throws {
        var world = World()
        world.device(connected: true)
        world.show(try .secret)
        world.device(paired: true, connected: true)
        #expect(world.coordinator.requests.map(\.outcome) == [.completed])
        #expect(world.lastPairing?.outcome?.result == .paired)
    }

    @Test("to show digits ends after 30 s, and the link with it")
    func displayExpired() throws {
        var world = World()
        world.device(connected: true)
        world.show(try .secret)
        world.wait(.seconds(30))
        #expect(world.calls == [.disconnect(cuff)])
        #expect(world.coordinator.requests.map(\.outcome) == [.expired])
        world.device(connected: false)
        #expect(world.lastPairing?.outcome?.result == .expired)
    }

    @Test("to show digits, rejected in our own pairing, cancels Pair()")
    func displayRejectedInOurs() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        world.show(try .secret, on: .capability(.keyboardDisplay))
        try world.answer(.reject)
        #expect(world.calls == [.cancelPairing(cuff)])
        world.pairReturns(number, "org.bluez.Error.AuthenticationCanceled")
        #expect(world.result(of: number) == .rejectedByPerson)
    }

    @Test("to show a PIN is answered at once, so that BlueZ sends the PIN on")
    func pinDisplay() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        let pin = try #require(PINCode(String(secretDigits)))
        let token = world.ask({ .displayPINCode(pin, $0) }, on: .capability(.keyboardDisplay))
        #expect(world.calls == [.reply(token, .accept)])
        #expect(world.openRequests.map(\.kind) == [.pinDisplay])
        world.pairReturns(number, "org.bluez.Error.AuthenticationFailed")
        #expect(world.openRequests.isEmpty)
    }

    @Test("stays when BlueZ takes back what another agent was asked")
    func otherAgentCancelled() throws {
        var world = World()
        _ = try world.pairUntilCalled()
        world.ask({ .passkey($0) }, on: .capability(.keyboardDisplay))
        world.send(.questionCancelled(.default))
        #expect(world.openRequests.count == 1)
    }

    @Test("keeps what it began with under new rules", arguments: [Answer.accept, .reject, .ask])
    func newRules(answer: Answer) throws {
        var world = World()
        world.device(connected: true)
        let token = world.ask { .authorization($0) }
        world.send(.rulesChanged(Rules("new") { $0.answers.authorization = answer }))
        #expect(world.calls.isEmpty)
        #expect(world.openRequests.map(\.rule) == ["cuffs"])
        try world.answer(.accept, to: try #require(world.openRequests.first).number)
        #expect(world.calls == [.reply(token, .accept)])
    }

    @Test("stays open when no new rule matches its device")
    func newRulesRefuse() throws {
        var world = World()
        world.device(connected: true)
        world.ask { .authorization($0) }
        world.send(.rulesChanged(NoRules()))
        #expect(world.calls.isEmpty)
        #expect(world.openRequests.count == 1)
    }

    @Test("follows new rules when it comes after them")
    func nextRequest() throws {
        var world = World()
        world.device(connected: true)
        world.send(.rulesChanged(Rules("new") { $0.answers.authorization = .reject }))
        let token = world.ask { .authorization($0) }
        #expect(world.calls == [.reply(token, .rejected)])
        #expect(world.lastPairing?.rule == "new")
    }
}
