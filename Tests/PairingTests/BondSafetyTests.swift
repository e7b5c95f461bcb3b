// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing
import Policy
import SecurityManager
import Testing

@Suite("A good bond, and what must not cost it")
struct BondSafetyTests {
    private static let key = BondRecord.Key(adapter: Address(bits: 0xA0), device: cuff.address, type: .public)
    private static let weak = PairingKey(kind: .longTermKey(.unauthenticated, size: 16), isKept: true)
    private static let strong = PairingKey(kind: .longTermKey(.authenticatedP256, size: 16), isKept: true)

    /// A world with a cuff whose bond is authenticated.
    private static func bonded(_ rules: any RuleBook = Rules(), connected: Bool = true) -> World {
        var record = BondRecord(key: key)
        record.state = .kept
        record.strength = .init(level: .authenticated, isSecureConnections: true, keySize: 16)
        record.lastPaired = 1
        var recollection = Recollection()
        recollection.records = [record]
        var world = World(rules: rules, recalled: recollection)
        world.device(paired: true, connected: connected)
        return world
    }

    /// The pairing with the cuff comes to its bond.
    private static func succeed(_ world: inout World, _ number: PairingNumber) {
        world.device(paired: true, connected: true)
        world.pairReturns(number)
        #expect(world.result(of: number) == .paired)
    }

    // MARK: A bonded device that asks to pair again

    @Test("a bonded device that asks again is not paired before anybody has answered")
    func changeWhileAsked() {
        var world = Self.bonded(Rules { $0.repair.bondedDevice = .ask })
        world.ask { .authorization($0) }
        world.device(name: "Cuff 2", paired: true, connected: true)
        #expect(world.openRequests.count == 1, "a change of the name is no answer")
        #expect(world.lastPairing?.outcome == nil, "\(String(describing: world.lastPairing?.outcome))")
    }

    @Test("the bond stays when a bonded device only asks for a weak pairing, and nobody has answered")
    func weakWhileAsked() {
        var world = Self.bonded(
            Rules {
                $0.pairing.security = .authenticated
                $0.repair.bondedDevice = .ask
            })
        world.agree(.noInputNoOutput)
        world.ask { .authorization($0) }
        world.device(name: "Cuff 2", paired: true, connected: true)
        #expect(!world.history.contains(.remove(cuff)))
    }

    @Test("a bonded device that pairs again is paired when the kernel makes the new key, for BlueZ tells nothing")
    func pairedAgain() throws {
        var world = Self.bonded(Rules { $0.repair.bondedDevice = .ask })
        world.ask { .authorization($0) }
        world.send(.key(hci0, cuff.address, Self.strong))
        #expect(world.lastPairing?.outcome == nil, "nobody has answered")
        try world.answer(.accept)
        world.send(.key(hci0, cuff.address, Self.strong))
        #expect(world.lastPairing?.outcome?.result == .paired)
    }

    // MARK: Keys for the other transport

    @Test("a key over BR/EDR as good as the bond's costs no bond, for nobody tells its size")
    func otherTransport() {
        var world = Self.bonded()
        world.send(.key(hci0, cuff.address, PairingKey(kind: .linkKey(.authenticatedP256), isKept: true)))
        #expect(!world.history.contains(.remove(cuff)))
    }

    @Test("a key that goes with its link, which the kernel makes for anybody with the address, costs no bond")
    func passingKey() {
        var world = Self.bonded()
        world.send(.key(hci0, cuff.address, PairingKey(kind: .linkKey(.unauthenticatedP192), isKept: false)))
        #expect(!world.history.contains(.remove(cuff)))
    }

    // MARK: What was unsettled before

    @Test("a bond made anew right after bluetoothd came back is not taken for the one that was interrupted")
    func repairedAfterRestart() throws {
        var world = World()
        _ = try world.pairUntilCalled()
        world.send(.bluezVanished)
        world.send(.bluezAppeared)
        world.adapter(hci0, isPowered: true)
        Self.succeed(&world, try world.pairUntilCalled())
        world.wait(.seconds(11))
        #expect(!world.history.contains(.remove(cuff)))
    }

    @Test("a bond made after a pairing that ended as adapter-off outlives a restart of bluetoothd")
    func repairedAfterNotReady() throws {
        var world = World()
        let first = try world.pairUntilCalled()
        world.pairReturns(first, "org.bluez.Error.NotReady")
        #expect(world.result(of: first) == .adapterOff)
        Self.succeed(&world, try world.pair())
        #expect(world.isSettled, "the pairing that came to nothing is still written down as one that may have a bond")
        world.send(.bluezVanished)
        world.adapter(hci0, isPowered: true)
        world.device(paired: true)
        world.send(.bluezAppeared)
        #expect(!world.history.contains(.remove(cuff)))
    }

    // MARK: Repair requests

    @Test("a request to repair is over once the device has paired anew")
    func repairRequestAfterPairing() throws {
        var world = Self.bonded(
            Rules {
                $0.repair.bondLost = .ask
                $0.repair.bondedDevice = .accept
                $0.answers.authorization = .accept
            })
        world.send(.keyMissing(hci0, cuff.address))
        #expect(world.openRequests.map(\.kind) == [.repair])
        world.ask { .authorization($0) }
        world.send(.key(hci0, cuff.address, Self.strong))
        world.device(paired: true, connected: true)
        #expect(world.lastPairing?.outcome?.result == .paired)
        #expect(world.openRequests.isEmpty)
    }

    // MARK: Evidence of another link

    @Test("a strong bond is not judged by the weak key of an earlier link, which was under a private address")
    func earlierPrivateLink() throws {
        let private1 = try #require(Address("4A:00:00:00:00:01"))
        var world = World(rules: VerificationTests.strong)
        world.device(connected: true)
        world.send(.identity(hci0, private1, identity: cuff.address))
        world.send(.key(hci0, cuff.address, Self.weak))
        world.device(paired: true, connected: true)
        world.send(.removeFinished(cuff, error: nil))
        world.gone()
        world.send(.linkDisconnected(hci0, private1, reason: 0x16))
        #expect(world.lastPairing?.outcome?.result == .tooWeak)
        world.device(connected: true)
        world.send(.key(hci0, cuff.address, Self.strong))
        world.device(paired: true, connected: true)
        #expect(world.lastPairing?.outcome?.result == .paired)
        #expect(!world.calls.contains(.remove(cuff)))
    }

    @Test("a strong bond is not judged by the weak key of a link that ended with its adapter")
    func earlierPowerCycle() throws {
        var world = World(rules: VerificationTests.strong)
        world.device(connected: true)
        world.send(.key(hci0, cuff.address, Self.weak))
        world.device(paired: true, connected: true)
        world.send(.removeFinished(cuff, error: nil))
        world.gone()
        world.adapter(hci0, isPowered: false)
        world.adapter(hci0, isPowered: true)
        world.device(connected: true)
        world.send(.key(hci0, cuff.address, Self.strong))
        world.device(paired: true, connected: true)
        #expect(!world.calls.contains(.remove(cuff)))
    }

    @Test("a foreign bond's keys are known also when the link ended before BlueZ told the bond")
    func linkEndedFirst() {
        var world = World(rules: VerificationTests.strong)
        world.device(connected: true)
        world.send(.key(hci0, cuff.address, Self.strong))
        world.linkEnds(0x13)
        world.device(paired: true)
        #expect(!world.calls.contains(.remove(cuff)))
    }

    // MARK: What is under way already

    @Test("a second repair of the same device does not cost the bond that the first one made")
    func repairedTwice() throws {
        var world = Self.bonded(Rules { $0.repair.bondLost = .ask })
        world.send(.keyMissing(hci0, cuff.address))
        world.device(paired: true)
        world.device(scale, name: "Scale")
        let other = try world.pair(.device(scale))
        let forced = try world.pair(.device(cuff), isForced: true)
        try world.answer(.accept)
        world.pairReturns(other, "org.bluez.Error.AuthenticationFailed")
        world.device(paired: true, inRange: true) { _ in }
        world.send(.removeFinished(cuff, error: nil))
        world.gone()
        world.device(inRange: true) { _ in }
        world.send(.key(hci0, cuff.address, Self.strong))
        Self.succeed(&world, forced)
        world.device(paired: true)
        world.wait(.seconds(1))
        world.device(paired: true, inRange: true) { _ in }
        #expect(world.history.count { $0 == .remove(cuff) } == 1)
    }

    @Test("no Pair() begins while Pairable is being switched to what it must not be")
    func pairableInFlight() throws {
        var world = World(rules: try policy("match.name = \"Cuff\""), pairable: true)
        #expect(world.history.contains(.setPairable(hci0, false)), "the call has not returned")
        world.device()
        _ = try world.pair()
        #expect(world.pairCall == nil, "it would be done without a bond")
    }

    @Test("links under private addresses use up no room, without which a strong foreign bond looks unverified")
    func roomForKeys() throws {
        var world = World(rules: VerificationTests.strong)
        for index in 0..<300 as Range<UInt64> {
            let private1 = Address(bits: 0x4A00_0000_0000 + index)
            world.send(.identity(hci0, private1, identity: Address(bits: 0x100 + index)))
            world.send(.key(hci0, Address(bits: 0x100 + index), Self.strong))
            world.send(.linkDisconnected(hci0, private1, reason: 0x13))
        }
        world.device(connected: true)
        world.send(.key(hci0, cuff.address, Self.strong))
        world.device(paired: true, connected: true)
        #expect(!world.calls.contains(.remove(cuff)))
    }
}
