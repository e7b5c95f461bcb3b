// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing
import Policy
import SecurityManager
import Testing

@Suite("A bond that must not stay")
struct BondThatMustGoTests {
    private static let private1 = Address("4A:00:00:00:00:01") ?? Address(bits: 0)
    private static let weak = PairingKey(kind: .longTermKey(.unauthenticated, size: 16), isKept: true)
    private static let anyCuff = """
        [match]
        name = "Cuff"
        [pairing]
        accept-incoming = true
        [answer]
        authorization = "accept"
        """

    private static func tell(
        _ world: inout World, _ reference: DeviceReference, _ address: Address, _ type: AddressType,
        bonded: Bool, icon: String? = nil
    ) {
        var facts = DeviceFacts(address: address, addressType: type, name: "Cuff")
        facts.icon = icon
        world.send(
            .deviceChanged(
                DeviceSnapshot(
                    reference: reference, facts: facts, isPaired: bonded, isBonded: bonded, isConnected: true)))
    }

    /// A phone with a private address, at the path of device 3, pairs and tells `identity` as its own.
    private static func pairs(_ world: inout World, as identity: Address, bonded: Bool = true) {
        let phone = device(3)
        tell(&world, phone, private1, .random, bonded: false)
        world.ask({ .authorization($0) }, about: phone)
        world.send(.identity(hci0, private1, identity: identity))
        world.send(.key(hci0, identity, weak))
        tell(&world, phone, identity, .public, bonded: false)
        if bonded { tell(&world, phone, identity, .public, bonded: true) }
    }

    /// The daemon dies, and starts again with what was on disk.
    private static func restarted(_ world: World, rules: any RuleBook) -> World {
        var unsettled: [PairingNumber: UnsettledPairing] = [:]
        for effect in world.history {
            if case .keepUnsettled(let pairing) = effect { unsettled[pairing.number] = pairing }
            if case .dropUnsettled(let number) = effect { unsettled[number] = nil }
        }
        var recollection = Recollection()
        recollection.unsettled = Array(unsettled.values)
        var next = World(rules: rules, recalled: recollection, adapterIsThere: false)
        next.send(.monitorAvailable(true))
        next.adapter(hci0, isPowered: true)
        return next
    }

    @Test("made by another program while a pairing of ours with the device waits for its turn")
    func foreignWhileQueued() throws {
        var world = World(rules: VerificationTests.strong)
        let first = try world.pairUntilCalled()
        world.device(scale, name: "Scale")
        let second = try world.pair(.device(scale))
        world.device(scale, name: "Scale", connected: true)
        world.send(.key(hci0, scale.address, Self.weak))
        world.device(scale, name: "Scale", paired: true, connected: true)
        world.pairReturns(first, "org.bluez.Error.AuthenticationFailed")
        world.send(.removeFinished(scale, error: nil))
        #expect(world.result(of: second) != .alreadyBonded, "the bond is weaker than the rule allows")
        #expect(world.history.contains(.remove(scale)))
    }

    @Test("that comes between two attempts is held against the floor")
    func betweenAttempts() throws {
        var world = World(
            rules: Rules {
                $0.pairing.security = .authenticated
                $0.pairing.attempts = 2
            })
        let number = try world.pairUntilCalled()
        world.device(connected: true)
        world.pairReturns(number, "org.bluez.Error.AuthenticationFailed")
        #expect(world.phase(of: number) == .preparing)
        world.send(.key(hci0, cuff.address, Self.weak))
        world.device(paired: true, connected: true)
        world.wait(.seconds(2))
        #expect(world.result(of: number) != .alreadyBonded)
        #expect(world.history.contains(.remove(cuff)))
    }

    @Test("of a stranger that claims the identity of a bonded device, which a rule lets nobody pair again")
    func stolenIdentity() throws {
        var world = World(rules: try policy(Self.anyCuff))
        world.invariants.hasPrivateAddresses = true
        world.device(paired: true)
        Self.pairs(&world, as: cuff.address)
        #expect(world.calls.contains(.remove(device(3))))
    }

    @Test("that a rule accepted, where the rule of the identity address rejects such questions")
    func stricterAnswer() throws {
        let strict = """
            [match]
            address = "00:00:00:00:00:01"
            [pairing]
            accept-incoming = true
            [answer]
            authorization = "reject"
            """
        var world = World(rules: try policy(strict, Self.anyCuff))
        Self.pairs(&world, as: cuff.address)
        #expect(world.calls.contains(.remove(device(3))))
    }

    @Test("is not kept after a crash where the rule of the identity address forbids it")
    func stricterIdentityAfterCrash() throws {
        let strict = """
            [match]
            address = "00:00:00:00:00:01"
            [pairing]
            accept-incoming = false
            """
        let rules = try policy(strict, Self.anyCuff)
        var world = World(rules: rules)
        Self.pairs(&world, as: cuff.address, bonded: false)
        world = Self.restarted(world, rules: rules)
        Self.tell(&world, cuff, cuff.address, .public, bonded: true)
        world.send(.bluezAppeared)
        #expect(world.calls.contains(.remove(cuff)))
    }

    @Test("is not kept after a crash where it is an input device's that no person let in")
    func inputDeviceAfterCrash() throws {
        let rules = try policy(Self.anyCuff)
        var world = World(rules: rules)
        world.device(connected: true)
        world.ask { .authorization($0) }
        world = Self.restarted(world, rules: rules)
        Self.tell(&world, cuff, cuff.address, .public, bonded: true, icon: "input-keyboard")
        world.send(.bluezAppeared)
        #expect(world.calls.contains(.remove(cuff)))
    }

    @Test("is not kept after a crash where the rules got a floor between two attempts")
    func floorBetweenAttempts() throws {
        var world = World(rules: Rules { $0.pairing.attempts = 2 })
        let number = try world.pairUntilCalled()
        world.pairReturns(number, "org.bluez.Error.AuthenticationFailed")
        let strong = Rules {
            $0.pairing.attempts = 2
            $0.pairing.security = .authenticated
        }
        world.send(.rulesChanged(strong))
        world.wait(.seconds(1))
        #expect(world.pairCall == number)
        world = Self.restarted(world, rules: strong)
        world.device(paired: true)
        world.send(.bluezAppeared)
        #expect(world.calls.contains(.remove(cuff)))
    }

    @Test("that comes of a Pair() that was cancelled and given up")
    func afterAbandonedCancel() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        world.device(connected: true)
        try world.cancel(number)
        world.wait(.seconds(11))
        #expect(world.result(of: number) == .cancelled)
        world.device(paired: true, connected: true)
        #expect(world.calls.contains(.remove(cuff)))
    }

    @Test("because it is too weak, and that BlueZ did not remove, is removed after its restart")
    func removalFailed() throws {
        var world = World(rules: VerificationTests.strong)
        let number = try world.pairUntilCalled()
        world.agree(.noInputNoOutput)
        world.device(paired: true, connected: true)
        world.pairReturns(number)
        world.send(.removeFinished(cuff, error: BlueZError(name: "org.bluez.Error.Failed")))
        #expect(world.result(of: number) == .tooWeak)
        world.send(.bluezVanished)
        world.adapter(hci0, isPowered: true)
        world.device(paired: true)
        world.send(.bluezAppeared)
        #expect(world.calls.contains(.remove(cuff)))
    }

    @Test("beyond its link, and that BlueZ did not remove, is removed after the next link")
    func sessionRemovalFailed() throws {
        var world = World(rules: Rules { $0.pairing.bond = .session })
        let number = try world.pairUntilCalled()
        world.device(paired: true, connected: true)
        world.pairReturns(number)
        world.device(paired: true)
        #expect(world.calls == [.remove(cuff)])
        world.send(.removeFinished(cuff, error: BlueZError(name: "org.bluez.Error.Failed")))
        world.device(paired: true, connected: true)
        world.device(paired: true)
        #expect(world.calls == [.remove(cuff)])
    }

    @Test("made by another program with a phone that BlueZ still shows under its private address, is looked at")
    func lookAtPrivate() {
        var world = World(rules: VerificationTests.strong)
        Self.tell(&world, device(3), Self.private1, .random, bonded: false)
        world.send(.identity(hci0, Self.private1, identity: cuff.address))
        world.send(.key(hci0, cuff.address, Self.weak))
        #expect(world.effects.contains(.look(device(3))))
    }

    @Test("that bluetoothd took with it as it ended in good order is removed after its restart")
    func gracefulEnd() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        world.device(connected: true)
        world.send(.agentReleased(.default))
        #expect(world.result(of: number) == .bluezGone)
        // It takes its objects from the bus before it leaves.
        world.gone()
        world.send(.adapterRemoved(hci0))
        world.send(.bluezVanished)
        world.adapter(hci0, isPowered: true)
        world.device(paired: true)
        world.send(.bluezAppeared)
        #expect(world.calls.contains(.remove(cuff)))
    }

    @Test("is written down before the answer that may make it")
    func writtenFirst() throws {
        var world = World()
        world.device(connected: true)
        let token = world.ask { .authorization($0) }
        try world.answer(.accept)
        let written = try #require(world.effects.firstIndex { if case .keepUnsettled = $0 { true } else { false } })
        let replied = try #require(world.effects.firstIndex(of: .reply(token, .accept)))
        #expect(written < replied)
    }
}
