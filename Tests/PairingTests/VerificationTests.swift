// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing
import Policy
import SecurityManager
import Testing

@Suite("A rule's floor")
struct VerificationTests {
    static let strong = Rules { $0.pairing.security = .authenticated }

    private static func rules(_ change: @escaping (inout PairingSettings) -> Void) -> Rules {
        Rules { change(&$0.pairing) }
    }

    /// A pairing that BlueZ calls done, after the two sides agreed as given; then the device is removed if we say so.
    private static func outcome(
        _ rules: Rules, _ agree: (inout World) -> Void
    ) throws -> (result: PairingResult?, isRemoved: Bool, pairing: PairingSnapshot?) {
        var world = World(rules: rules)
        let number = try world.pairUntilCalled()
        world.device(connected: true)
        agree(&world)
        world.device(paired: true, connected: true)
        world.pairReturns(number)
        let isRemoved = world.calls.contains(.remove(cuff))
        if isRemoved {
            // Not told before it is undone.
            #expect(world.result(of: number) == nil)
            world.send(.removeFinished(cuff, error: nil))
            #expect(world.result(of: number) == nil)
            world.gone()
        }
        #expect(world.isQuiet)
        return (world.result(of: number), isRemoved, world.coordinator.pairing(number))
    }

    @Test("of authenticated is met by numbers compared, and not by Just Works")
    func authenticated() throws {
        let rules = Self.rules { $0.security = .authenticated }
        let met = try Self.outcome(rules) { $0.agree(.keyboardDisplay) }
        #expect(met.result == .paired)
        #expect(!met.isRemoved)
        #expect(met.pairing?.agreement?.securityLevel == .authenticated)
        let missed = try Self.outcome(rules) { $0.agree(.noInputNoOutput) }
        #expect(missed.result == .tooWeak)
        #expect(missed.isRemoved)
        #expect(
            missed.pairing?.outcome?.reason
                == "it reached encrypted (Just Works, Secure Connections), and the rule cuffs asks for authenticated"
        )
    }

    @Test("of Secure Connections is not met by legacy pairing, however authenticated")
    func secureConnections() throws {
        let rules = Self.rules { $0.secureConnections = true }
        #expect(try Self.outcome(rules) { $0.agree(.noInputNoOutput) }.result == .paired)
        let missed = try Self.outcome(rules) { $0.agree(.keyboardDisplay, secureConnections: false) }
        #expect(missed.result == .tooWeak)
        #expect(missed.isRemoved)
    }

    @Test("of a key size is not met by a shorter key")
    func keySize() throws {
        let rules = Self.rules { $0.minimumKeySize = 16 }
        #expect(try Self.outcome(rules) { $0.agree(.noInputNoOutput, keySize: 16) }.result == .paired)
        let missed = try Self.outcome(rules) { $0.agree(.noInputNoOutput, keySize: 15) }
        #expect(missed.result == .keyTooShort)
        #expect(missed.isRemoved)
    }

    @Test("is not met by what nobody saw")
    func unseen() throws {
        let missed = try Self.outcome(Self.strong) { _ in }
        #expect(missed.result == .cannotVerify)
        #expect(missed.isRemoved)
    }

    @Test("that BlueZ itself ensures needs nothing to be seen")
    func encrypted() throws {
        #expect(try Self.outcome(Rules()) { _ in }.result == .paired)
    }

    @Test("holds for a pairing that the device started, whose agreement comes before its question")
    func incoming() throws {
        for (capability, expected) in [
            (IOCapability.keyboardDisplay, PairingResult.paired), (.noInputNoOutput, .tooWeak),
        ] {
            var world = World(rules: Self.strong)
            world.device(connected: true)
            world.agree(capability)
            world.ask { .authorization($0) }
            try world.answer(.accept)
            world.device(paired: true, connected: true)
            if expected == .tooWeak {
                #expect(world.calls == [.remove(cuff)])
                world.gone()
                world.send(.removeFinished(cuff, error: nil))
            }
            #expect(world.lastPairing?.outcome?.result == expected)
        }
    }

    @Test("holds for a bond that takes the place of one from before")
    func again() throws {
        var world = World(
            rules: Rules {
                $0.pairing.security = .authenticated
                $0.repair.bondedDevice = .ask
            })
        world.device(paired: true, connected: true)
        world.agree(.noInputNoOutput)
        world.ask { .authorization($0) }
        try world.answer(.accept)
        world.send(
            .key(hci0, cuff.address, PairingKey(kind: .longTermKey(.unauthenticatedP256, size: 16), isKept: true)))
        #expect(world.calls == [.remove(cuff)])
    }

    @Test("is not met by what a link before agreed on")
    func otherLink() throws {
        var world = World(rules: Self.strong)
        world.device(connected: true)
        world.agree(.keyboardDisplay)
        world.linkEnds(0x13)
        world.ask { .authorization($0) }
        try world.answer(.accept)
        world.device(paired: true, connected: true)
        #expect(world.calls == [.remove(cuff)])
    }

    @Test("of a key size lets nothing begin over BR/EDR, where it is not seen")
    func classicKeySize() throws {
        var world = World(rules: Rules { $0.pairing.minimumKeySize = 16 })
        world.device { $0.transports = [.bredr] }
        let number = try world.pair()
        #expect(world.result(of: number) == .cannotVerify)
        #expect(!world.history.contains { if case .pair = $0 { true } else { false } })
    }

    @Test("is held over BR/EDR by what the kernel says of the link key")
    func classic() throws {
        let keys: [(LinkKeyType, PairingResult)] = [
            (.combination, .tooWeak), (.unauthenticatedP192, .tooWeak), (.unauthenticatedP256, .tooWeak),
            (.authenticatedP192, .paired), (.authenticatedP256, .paired), (.debugCombination, .tooWeak),
        ]
        for (type, result) in keys {
            var world = World(rules: Self.strong)
            world.device { $0.transports = [.bredr] }
            let number = try world.pair()
            world.send(.key(hci0, cuff.address, PairingKey(kind: .linkKey(type), isKept: true)))
            world.device(paired: true, connected: true) { $0.transports = [.bredr] }
            world.pairReturns(number)
            world.send(.removeFinished(cuff, error: nil))
            world.gone()
            #expect(world.result(of: number) == result, "\(type)")
        }
    }

    @Test("is missed by a key that is weaker than what was agreed on")
    func weakKey() throws {
        var world = World(rules: Self.strong)
        let number = try world.pairUntilCalled()
        world.agree(.keyboardDisplay)
        world.send(
            .key(hci0, cuff.address, PairingKey(kind: .longTermKey(.unauthenticated, size: 16), isKept: true)))
        world.device(paired: true, connected: true)
        world.pairReturns(number)
        #expect(world.calls == [.remove(cuff)])
    }

    @Test("is not needed for a debug key to be refused")
    func debugKey() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        world.send(.key(hci0, cuff.address, PairingKey(kind: .longTermKey(.debugP256, size: 16), isKept: true)))
        world.device(paired: true, connected: true)
        world.pairReturns(number)
        #expect(world.calls == [.remove(cuff)])
        world.send(.removeFinished(cuff, error: nil))
        world.gone()
        #expect(world.result(of: number) == .tooWeak)
        #expect(world.reason(of: number).contains("debug key"))
    }

    @Test("is told as missed also when BlueZ does not remove the device in time")
    func notRemoved() throws {
        var world = World(rules: Self.strong)
        let number = try world.pairUntilCalled()
        world.agree(.noInputNoOutput)
        world.device(paired: true, connected: true)
        world.pairReturns(number)
        world.wait(.seconds(30))
        #expect(world.result(of: number) == .tooWeak)
        #expect(world.reason(of: number).contains("BlueZ did not remove the bond"))
        #expect(
            world.history.contains {
                if case .record(let record) = $0 {
                    record.subject == .removal && record.verdict == .failed
                } else {
                    false
                }
            })
    }
}
