// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing
import Policy
import SecurityManager
import Testing

@Suite("A result")
struct ResultTests {
    @Test("of each kind is what some pairing comes to", arguments: PairingResult.allCases)
    func each(result: PairingResult) throws {
        let world = try Self.world(endingIn: result)
        let pairing = try #require(world.lastPairing)
        #expect(pairing.outcome?.result == result)
        let records = world.history.compactMap { effect -> PairingResult? in
            guard case .record(let record) = effect, record.subject == .pairing else { return nil }
            return record.pairing == pairing.number ? record.result : nil
        }
        #expect(records == [result], "it is written down, once")
        #expect(world.isQuiet)
    }

    /// A world whose last pairing has come to this result. A new result needs a scenario here.
    private static func world(endingIn result: PairingResult) throws -> World {
        switch result {
        case .paired: try ours { world, number in bond(&world, number) }
        case .alreadyBonded: try asked { $0.device(paired: true) }
        case .rejectedByPolicy: try asked(NoRules()) { $0.device() }
        case .rejectedByPerson:
            try ours { world, number in
                world.ask({ .passkey($0) }, on: .capability(.keyboardDisplay))
                try world.answer(.reject)
                fail(&world, number)
            }
        case .expired:
            try ours { world, number in
                world.ask({ .passkey($0) }, on: .capability(.keyboardDisplay))
                world.wait(.seconds(25))
                fail(&world, number)
            }
        case .cancelled:
            try ours { world, number in
                try world.cancel(number)
                fail(&world, number)
            }
        case .notFound:
            try asked { _ in
            } then: { world in
                world.wait(.seconds(30))
            }
        case .notReachable:
            try ours { world, number in world.pairReturns(number, "org.bluez.Error.ConnectionAttemptFailed") }
        case .connectionLost:
            try ours { world, number in
                world.linkEnds(0x08)
                fail(&world, number)
            }
        case .peerRefused:
            try ours { world, number in
                world.smpFailure(.received, .pairingNotSupported)
                fail(&world, number)
            }
        case .peerNotInPairingMode:
            try asked(try policy(PairingModeTests.text)) { _ in
            } then: { world in
                world.device(inRange: true) { $0.manufacturerData = PairingModeTests.notReady }
                world.wait(.seconds(5))
            }
        case .wrongPasskey:
            try ours { world, number in
                world.ask({ .passkey($0) }, on: .capability(.keyboardDisplay))
                try world.answer(.passkey(.secret))
                world.smpFailure(.received, .confirmValueFailed)
                fail(&world, number)
            }
        case .tooWeak:
            try ours(VerificationTests.strong) { world, number in
                world.agree(.noInputNoOutput)
                bond(&world, number)
                remove(&world)
            }
        case .keyTooShort:
            try ours(Rules { $0.pairing.minimumKeySize = 16 }) { world, number in
                world.agree(.keyboardDisplay, keySize: 7)
                bond(&world, number)
                remove(&world)
            }
        case .lockedOut: try lockedOut()
        case .cannotVerify:
            try asked(VerificationTests.strong) { world in
                world.send(.monitorAvailable(false))
                world.device()
            }
        case .smpTimeout:
            try ours { world, number in
                world.wait(.seconds(30))
                world.linkEnds(0x16)
                fail(&world, number)
            }
        case .bondLost:
            try asked { world in
                world.device(paired: true)
                world.send(.keyMissing(hci0, cuff.address))
            }
        case .interrupted: try ours { world, _ in world.send(.stopping) }
        case .timedOut:
            try ours { world, number in
                world.wait(.seconds(60))
                fail(&world, number)
            }
        case .adapterOff:
            try asked { world in
                world.device()
                world.adapter(hci0, isPowered: false)
            }
        case .bluezGone: try ours { world, _ in world.send(.bluezVanished) }
        case .busy: try ours { world, number in world.pairReturns(number, "org.bluez.Error.InProgress") }
        case .failed: try ours { world, number in fail(&world, number) }
        }
    }

    /// Our `Pair()` is outstanding, and then something happens.
    private static func ours(
        _ rules: any RuleBook = Rules(), _ then: (inout World, PairingNumber) throws -> Void
    ) throws -> World {
        var world = World(rules: rules)
        let number = try world.pairUntilCalled()
        try then(&world, number)
        return world
    }

    /// A pairing is asked for in a world that is prepared for it.
    private static func asked(
        _ rules: any RuleBook = Rules(), _ prepare: (inout World) -> Void, then: (inout World) -> Void = { _ in }
    ) throws -> World {
        var world = World(rules: rules)
        prepare(&world)
        _ = try world.pair()
        then(&world)
        return world
    }

    /// A device starts a pairing, and failed before.
    private static func lockedOut() throws -> World {
        var bounds = Bounds()
        bounds.failuresPerDevice = 1
        var world = World(bounds: bounds)
        for _ in 1...2 {
            world.device(connected: true)
            world.ask { .authorization($0) }
            if !world.openRequests.isEmpty { try world.answer(.reject) }
        }
        return world
    }

    private static func bond(_ world: inout World, _ number: PairingNumber) {
        world.device(paired: true, connected: true)
        world.pairReturns(number)
    }

    private static func remove(_ world: inout World) {
        world.send(.removeFinished(cuff, error: nil))
        world.gone()
    }

    private static func fail(_ world: inout World, _ number: PairingNumber) {
        world.pairReturns(number, "org.bluez.Error.AuthenticationFailed")
    }
}
