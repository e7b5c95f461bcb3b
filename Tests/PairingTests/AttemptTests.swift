// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing
import Policy
import SecurityManager
import Testing

@Suite("A pairing with several attempts")
struct AttemptTests {
    static let failed = "org.bluez.Error.AuthenticationFailed"

    private static func rules(
        _ capability: IOCapability = .noInputNoOutput, attempts: Int = 1, fallbacks: [IOCapability] = [],
        _ change: @escaping (inout Profile) -> Void = { _ in }
    ) -> Rules {
        Rules {
            $0.pairing.ioCapability = capability
            $0.pairing.attempts = attempts
            $0.pairing.fallbacks = fallbacks.map { PairingFallback(ioCapability: $0) }
            change(&$0)
        }
    }

    /// The capabilities of all calls of `Pair()` so far.
    private static func capabilities(_ world: World) -> [IOCapability] {
        world.history.compactMap { if case .pair(_, _, let capability) = $0 { capability } else { nil } }
    }

    /// The device refuses, as the monitor channel shows, and BlueZ says that it failed.
    private static func refuse(
        _ world: inout World, _ number: PairingNumber, _ reason: PairingFailureReason = .confirmValueFailed
    ) {
        world.device(connected: true)
        world.smpFailure(.received, reason)
        world.pairReturns(number, failed)
        world.device(connected: false)
    }

    @Test("tries again after the rule's pause when the device refuses, and pairs")
    func secondAttempt() throws {
        var world = World(rules: Self.rules(attempts: 2) { $0.pairing.retryAfter = .seconds(3) })
        world.device()
        let number = try world.pair()
        Self.refuse(&world, number)
        #expect(world.result(of: number) == nil)
        #expect(world.coordinator.pairing(number)?.attempt == 2)
        world.wait(.milliseconds(2900))
        #expect(Self.capabilities(world) == [.noInputNoOutput])
        world.wait(.milliseconds(100))
        #expect(Self.capabilities(world) == [.noInputNoOutput, .noInputNoOutput])
        world.device(paired: true, connected: true)
        world.pairReturns(number)
        #expect(world.result(of: number) == .paired)
        let attempts = world.history.compactMap { effect -> Record? in
            if case .record(let record) = effect, record.subject == .attempt { record } else { nil }
        }
        #expect(attempts.map(\.attempt) == [1])
        #expect(attempts.map(\.result) == [.peerRefused])
    }

    @Test("takes the next capability when the first one's attempts are used up")
    func fallback() throws {
        var world = World(rules: Self.rules(attempts: 2, fallbacks: [.keyboardDisplay, .displayOnly]))
        world.device()
        let number = try world.pair()
        for _ in 0..<3 {
            Self.refuse(&world, number, .unspecifiedReason)
            world.wait(.seconds(1))
        }
        #expect(Self.capabilities(world) == [.noInputNoOutput, .noInputNoOutput, .keyboardDisplay, .displayOnly])
        Self.refuse(&world, number, .unspecifiedReason)
        #expect(world.result(of: number) == .peerRefused)
        #expect(world.coordinator.pairing(number)?.attempt == 4)
        #expect(world.isQuiet)
    }

    @Test("begins with what worked the last time")
    func proven() throws {
        var world = World(rules: Self.rules(fallbacks: [.keyboardDisplay]))
        world.device()
        let first = try world.pair()
        Self.refuse(&world, first)
        world.wait(.seconds(1))
        world.device(paired: true, connected: true)
        world.pairReturns(first)
        #expect(world.result(of: first) == .paired)
        world.gone()
        world.device()
        let second = try world.pair()
        #expect(world.calls.contains(.pair(second, cuff, .keyboardDisplay)))
        Self.refuse(&world, second)
        world.wait(.seconds(1))
        #expect(Self.capabilities(world).suffix(2) == [.keyboardDisplay, .noInputNoOutput])
    }

    @Test(
        "ends at once where another attempt is of no use",
        arguments: ["org.bluez.Error.InProgress", "org.bluez.Error.NotReady"])
    func noUse(error: String) throws {
        var world = World(rules: Self.rules(attempts: 3))
        world.device()
        let number = try world.pair()
        world.pairReturns(number, error)
        #expect(world.result(of: number) != nil)
        #expect(Self.capabilities(world).count == 1)
    }

    @Test("ends with a person's no, with nobody's answer, and with a cancellation")
    func decided() throws {
        for end: (inout World, PairingNumber) throws -> Void in [
            { world, _ in try world.answer(.reject) }, { world, _ in world.wait(.seconds(26)) },
            { world, number in try world.cancel(number) },
        ] {
            var world = World(rules: Self.rules(.keyboardDisplay, attempts: 3))
            world.device()
            let number = try world.pair()
            world.ask({ .authorization($0) }, on: .capability(.keyboardDisplay))
            try end(&world, number)
            world.pairReturns(number, Self.failed)
            world.wait(.seconds(5))
            #expect(world.result(of: number) != nil)
            #expect(Self.capabilities(world).count == 1)
        }
    }

    @Test("tries a wrong passkey again where a person enters it, and not where the rule does")
    func wrongPasskey() throws {
        let passkey = try Passkey.secret
        for answer in [SecretAnswer<Passkey>.ask, .value(passkey)] {
            var world = World(rules: Self.rules(.keyboardOnly, attempts: 2) { $0.answers.passkey = answer })
            world.device(connected: false)
            let number = try world.pair()
            world.device(connected: true)
            world.ask({ .passkey($0) }, on: .capability(.keyboardOnly))
            if answer == .ask { try world.answer(.passkey(passkey)) }
            world.smpFailure(.received, .confirmValueFailed)
            world.pairReturns(number, Self.failed)
            #expect((world.result(of: number) == .wrongPasskey) == (answer != .ask))
        }
    }

    @Test("takes another capability after one that was too weak, once that bond is gone")
    func tooWeak() throws {
        var world = World(
            rules: Self.rules(.displayOnly, attempts: 3, fallbacks: [.keyboardDisplay]) {
                $0.pairing.security = .authenticated
            })
        world.device()
        let number = try world.pair()
        world.agree(.noInputNoOutput)
        world.device(paired: true, connected: true)
        world.pairReturns(number)
        #expect(world.calls == [.remove(cuff)])
        world.send(.removeFinished(cuff, error: nil))
        world.gone()
        #expect(world.result(of: number) == nil)
        world.wait(.seconds(1))
        #expect(world.phase(of: number) == .discovering)
        world.device()
        #expect(Self.capabilities(world) == [.displayOnly, .keyboardDisplay])
    }

    @Test("makes no further attempt while a bond that was too weak is still there")
    func weakBondStays() throws {
        var world = World(
            rules: Self.rules(.displayOnly, fallbacks: [.keyboardDisplay]) { $0.pairing.security = .authenticated })
        world.device()
        let number = try world.pair()
        world.agree(.noInputNoOutput)
        world.device(paired: true, connected: true)
        world.pairReturns(number)
        world.wait(.seconds(30))
        #expect(world.result(of: number) == .tooWeak)
        #expect(Self.capabilities(world) == [.displayOnly])
    }

    @Test("closes a link that is left from the attempt before")
    func leftLink() throws {
        var world = World(rules: Self.rules(attempts: 2))
        world.device()
        let number = try world.pair()
        world.device(connected: true)
        world.smpFailure(.received, .confirmValueFailed)
        world.pairReturns(number, Self.failed)
        world.wait(.seconds(1))
        #expect(world.calls == [.disconnect(cuff)])
        world.device(connected: false)
        world.wait(.milliseconds(500))
        #expect(Self.capabilities(world).count == 2)
    }

    @Test("is over when its time is over, in the middle of its attempts")
    func timeout() throws {
        var world = World(rules: Self.rules(attempts: 10) { $0.pairing.timeout = .seconds(5) })
        world.device()
        let number = try world.pair()
        for _ in 0..<10 where world.result(of: number) == nil {
            Self.refuse(&world, number)
            world.wait(.seconds(1))
        }
        #expect(world.result(of: number) == .peerRefused)
        #expect(Self.capabilities(world).count == 5)
    }

    @Test("can be cancelled in its pause")
    func cancelled() throws {
        var world = World(rules: Self.rules(attempts: 2))
        world.device()
        let number = try world.pair()
        Self.refuse(&world, number)
        try world.cancel(number)
        #expect(world.result(of: number) == .cancelled)
        #expect(world.isQuiet)
    }

    @Test("counts as one failure, however many attempts it had")
    func failures() throws {
        var world = World(rules: Self.rules(attempts: 2))
        world.device()
        let number = try world.pair()
        Self.refuse(&world, number)
        world.wait(.seconds(1))
        Self.refuse(&world, number)
        #expect(world.result(of: number) == .peerRefused)
        #expect(world.coordinator.failures(of: cuff.address, on: hci0) == 1)
    }

    @Test("makes no second attempt of a pairing that the device started")
    func incoming() throws {
        var world = World(rules: Self.rules(attempts: 3))
        world.device(connected: true)
        world.ask { .authorization($0) }
        try world.answer(.accept)
        world.smpFailure(.received, .confirmValueFailed)
        #expect(world.lastPairing?.outcome?.result == .peerRefused)
        #expect(Self.capabilities(world).isEmpty)
    }

    @Test("do not send a rule's PIN code again that was wrong", arguments: [true, false])
    func wrongPIN(monitor: Bool) throws {
        let pin = try #require(PINCode("1111"))
        var world = World(
            rules: Rules {
                $0.pairing.attempts = 3
                $0.answers.pin = .value(pin)
                $0.answers.passkey = .ask
            }, monitor: monitor)
        let number = try world.pairUntilCalled()
        world.ask({ .pinCode($0) }, on: .capability(.keyboardDisplay))
        #expect(world.calls.contains { if case .reply(_, .pinCode(pin)) = $0 { true } else { false } })
        if monitor { world.send(.authenticationFailed(hci0, cuff.address, code: 0x05)) }
        world.pairReturns(number, "org.bluez.Error.AuthenticationFailed")
        #expect(world.result(of: number) == .wrongPasskey)
    }
}
