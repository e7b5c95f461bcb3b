// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing
import Policy
import SecurityManager
import Testing

@Suite("A bond that came about without us")
struct ForeignBondTests {
    private static let weak = PairingKey(kind: .longTermKey(.unauthenticated, size: 16), isKept: true)
    private static let strong = PairingKey(kind: .longTermKey(.authenticatedP256, size: 16), isKept: true)

    private static func bonded(_ world: inout World, _ key: PairingKey? = nil) {
        world.device(connected: true)
        if let key { world.send(.key(hci0, cuff.address, key)) }
        world.device(paired: true, connected: true)
    }

    @Test("is written down")
    func report() throws {
        var world = World()
        Self.bonded(&world, Self.strong)
        let pairing = try #require(world.lastPairing)
        #expect(pairing.origin == .foreign && pairing.outcome?.result == .paired)
        #expect(pairing.strength == .init(level: .authenticated, isSecureConnections: true, keySize: 16))
        #expect(world.records.map(\.result) == [.paired])
        #expect(world.calls.isEmpty)
    }

    @Test("is none of our own pairing, whichever signal comes first", arguments: [true, false])
    func ours(bondFirst: Bool) throws {
        var world = World()
        let number = try world.pairUntilCalled()
        world.send(.key(hci0, cuff.address, Self.strong))
        if !bondFirst { world.pairReturns(number) }
        world.device(paired: true, connected: true)
        if bondFirst { world.pairReturns(number) }
        #expect(world.coordinator.pairings.map(\.origin) == [.requested])
    }

    @Test("that was there before is none")
    func before() {
        var world = World()
        world.device(paired: true)
        #expect(world.coordinator.pairings.isEmpty)
    }

    @Test("with a device that no rule matches stays, or is removed, as the settings say", arguments: [true, false])
    func unknown(undo: Bool) throws {
        var conduct = Conduct()
        conduct.undoesForeignBonds = undo
        var world = World(rules: NoRules(), conduct: conduct)
        Self.bonded(&world, Self.strong)
        #expect(world.lastPairing?.outcome?.result == (undo ? .rejectedByPolicy : .paired))
        #expect(world.calls == (undo ? [.remove(cuff)] : []))
    }

    @Test("that is too weak for the device's rule is removed, and told then")
    func tooWeak() throws {
        var world = World(rules: VerificationTests.strong)
        Self.bonded(&world, Self.weak)
        #expect(world.calls == [.remove(cuff)])
        #expect(world.lastPairing?.outcome == nil)
        world.send(.removeFinished(cuff, error: nil))
        world.gone()
        #expect(world.lastPairing?.outcome?.result == .tooWeak)
    }

    @Test("with a key weaker than the one before is removed", arguments: [true, false])
    func downgrade(isWeaker: Bool) throws {
        var world = World()
        let number = try world.pairUntilCalled()
        world.send(.key(hci0, cuff.address, Self.strong))
        world.device(paired: true, connected: true)
        world.pairReturns(number)
        world.linkEnds(0x13)
        world.device(paired: true)
        world.wait(.seconds(60))
        world.device(paired: true, connected: true)
        world.send(.key(hci0, cuff.address, isWeaker ? Self.weak : Self.strong))
        #expect(world.calls == (isWeaker ? [.remove(cuff)] : []))
        #expect(world.lastPairing?.origin == .foreign)
    }

    @Test("is not made of a second key of the pairing that just ended")
    func afterglow() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        world.send(.key(hci0, cuff.address, Self.strong))
        world.device(paired: true, connected: true)
        world.pairReturns(number)
        world.send(.key(hci0, cuff.address, PairingKey(kind: .linkKey(.authenticatedP256), isKept: true)))
        #expect(world.coordinator.pairings.map(\.origin) == [.requested])
    }

    @Test("of a device that is not followed is looked at when the kernel makes a key")
    func look() {
        var world = World()
        world.device(connected: true)
        world.send(.key(hci0, cuff.address, Self.strong))
        #expect(world.effects.contains(.look(cuff)))
    }
}

@Suite("A device that turns out to be another")
struct IdentityTests {
    private static let private1 = Address("4A:00:00:00:00:01") ?? Address(bits: 0)

    /// A pairing that a phone with a private address starts, until it has told its identity address.
    private static func paired(_ rules: any RuleBook, as identity: Address) throws -> World {
        var world = World(rules: rules)
        func tell(_ address: Address, _ type: AddressType, bonded: Bool) {
            var facts = DeviceFacts(address: address, addressType: type, name: "Cuff")
            facts.isSettled = true
            world.send(
                .deviceChanged(
                    DeviceSnapshot(
                        reference: cuff, facts: facts, isPaired: bonded, isBonded: bonded, isConnected: true)))
        }
        tell(private1, .random, bonded: false)
        world.ask { .authorization($0) }
        #expect(world.calls.count == 1)
        world.send(.identity(hci0, private1, identity: identity))
        world.send(
            .key(hci0, identity, PairingKey(kind: .longTermKey(.unauthenticatedP256, size: 16), isKept: true)))
        tell(identity, .public, bonded: false)
        tell(identity, .public, bonded: true)
        return world
    }

    private static let anyCuff = """
        [match]
        name = "Cuff"
        [pairing]
        accept-incoming = true
        [answer]
        authorization = "accept"
        """

    @Test("is held against the rule that its identity address leads to")
    func stricter() throws {
        let strict = """
            [match]
            address = "00:00:00:00:00:01"
            [pairing]
            accept-incoming = false
            """
        let world = try Self.paired(try policy(strict, Self.anyCuff), as: cuff.address)
        #expect(world.calls == [.remove(cuff)])
        #expect(world.coordinator.pairings.last?.rule == "1")
    }

    @Test("stays when the same rule holds for it, and its keys are seen under either address")
    func same() throws {
        let world = try Self.paired(try policy(Self.anyCuff), as: cuff.address)
        #expect(world.calls.isEmpty)
        let pairing = try #require(world.coordinator.pairings.last)
        #expect(pairing.outcome?.result == .paired && pairing.origin == .incoming)
        #expect(pairing.strength == .init(level: .encrypted, isSecureConnections: true, keySize: 16))
    }

    @Test("is told with the rule that its identity address led to")
    func otherRule() throws {
        let other = """
            [match]
            address = "00:00:00:00:00:01"
            [pairing]
            accept-incoming = true
            bond = "session"
            [answer]
            authorization = "accept"
            """
        let world = try Self.paired(try policy(other, Self.anyCuff), as: cuff.address)
        #expect(world.coordinator.pairings.last?.rule == "1")
        #expect(world.coordinator.pairings.last?.outcome?.result == .paired)
    }

    @Test("an input device, after a rule accepted it, is undone")
    func inputDevice() throws {
        var world = World(rules: try policy(Self.anyCuff))
        world.device(connected: true)
        world.ask { .authorization($0) }
        world.device(paired: true, connected: true) { $0.icon = "input-keyboard" }
        #expect(world.calls == [.remove(cuff)])
        world.send(.removeFinished(cuff, error: nil))
        world.gone()
        #expect(world.lastPairing?.outcome?.result == .rejectedByPolicy)
    }
}
