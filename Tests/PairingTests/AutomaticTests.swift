// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing
import Policy
import SecurityManager
import Testing

@Suite("A rule that starts pairings by itself")
struct AutomaticTests {
    static let text = """
        match.name = "Cuff"
        pairing.initiate = "auto"
        pairing-mode = { manufacturer-data = { company = 0x020E, offset = 1, mask = 0x08, value = 0x08 } }
        """
    static let simple = "match.name = \"Cuff\"\npairing.initiate = \"auto\""

    private static func calls(_ world: World) -> Int {
        world.history.count { if case .pair = $0 { true } else { false } }
    }

    private static func discovering(_ world: inout World, _ isDiscovering: Bool = true) {
        world.send(
            .adapterChanged(
                AdapterSnapshot(
                    reference: hci0, address: Address(bits: 1), isPowered: true, isDiscovering: isDiscovering)))
    }

    @Test("pairs a device that appears ready, and says that it did so by itself")
    func appears() throws {
        var world = World(rules: try policy(Self.text))
        world.device(inRange: true) { $0.manufacturerData = PairingModeTests.ready }
        let pairing = try #require(world.lastPairing)
        #expect(world.calls.contains(.pair(pairing.number, cuff, .keyboardDisplay)))
        #expect(pairing.origin == .automatic)
        #expect(pairing.actor == nil)
        world.device(paired: true, connected: true) { _ in }
        world.pairReturns(pairing.number)
        #expect(world.result(of: pairing.number) == .paired)
        #expect(world.isQuiet)
    }

    @Test("leaves a device alone that is not ready, and follows it until it is")
    func notReady() throws {
        var world = World(rules: try policy(Self.text))
        world.device(inRange: true) { $0.manufacturerData = PairingModeTests.notReady }
        #expect(world.lastPairing == nil)
        #expect(world.effects.contains(.watch(cuff)))
        world.wait(.seconds(60))
        #expect(Self.calls(world) == 0)
        world.device(inRange: true) { $0.manufacturerData = PairingModeTests.ready }
        #expect(Self.calls(world) == 1)
    }

    @Test(
        "starts nothing with a device that is not there, is bonded, or is connected to somebody",
        arguments: [(false, false, false), (true, true, false), (true, false, true)])
    func notNow(inRange: Bool, paired: Bool, connected: Bool) throws {
        var world = World(rules: try policy(Self.simple))
        world.device(paired: paired, connected: connected, inRange: inRange) { _ in }
        #expect(world.coordinator.pairings.isEmpty)
        #expect(world.isQuiet)
    }

    @Test("starts nothing under a rule that waits to be asked, and follows nobody for it")
    func manual() throws {
        var world = World(rules: try policy("match.name = \"Cuff\""))
        world.device(inRange: true) { _ in }
        world.device(scale, inRange: true) { $0.name = nil }
        #expect(world.coordinator.pairings.isEmpty)
        #expect(world.isQuiet)
    }

    @Test("waits twice as long after each pairing that came to nothing")
    func backOff() throws {
        var world = World(rules: try policy(Self.simple), bounds: LockOutTests.bounds(device: 0))
        for (index, pause) in [10, 20, 40].enumerated() {
            world.device(inRange: true) { _ in }
            #expect(Self.calls(world) == index + 1)
            let number = try #require(world.pairCall)
            world.smpFailure(.received, .unspecifiedReason)
            world.pairReturns(number, "org.bluez.Error.AuthenticationFailed")
            #expect(world.result(of: number) == .peerRefused)
            world.wait(.seconds(pause - 1))
            world.device(inRange: true) { _ in }
            #expect(Self.calls(world) == index + 1, "after \(pause) s")
            world.wait(.seconds(1))
        }
        #expect(Self.calls(world) == 4)
    }

    @Test("does not try a device that is locked out, and does so when a window forgives")
    func lockedOut() throws {
        var world = World(rules: try policy(Self.simple), bounds: LockOutTests.bounds(device: 1))
        world.device(inRange: true) { _ in }
        let number = try #require(world.pairCall)
        world.smpFailure(.received, .unspecifiedReason)
        world.pairReturns(number, "org.bluez.Error.AuthenticationFailed")
        world.wait(.seconds(20))
        #expect(Self.calls(world) == 1)
        world.openWindow()
        #expect(Self.calls(world) == 2)
    }

    @Test("lets a person's wish go first")
    func personFirst() throws {
        var world = World(rules: try policy("match.name = \"Cuff\"\npairing.initiate = \"auto\""))
        world.device { _ in }
        let first = try world.pair()
        world.device(scale, inRange: true) { _ in }
        world.device(device(3)) { _ in }
        let person = try world.pair(.device(device(3)))
        world.device(paired: true, connected: true) { _ in }
        world.pairReturns(first)
        #expect(world.phase(of: person) == .connecting)
    }

    @Test("listens to a device that has not told what the rules ask for, and then knows")
    func settled() throws {
        var world = World(
            rules: try policy("match.manufacturer = 1", "match.address = \"*\"\npairing.initiate = \"auto\""))
        world.device(inRange: true) { _ in }
        #expect(Self.calls(world) == 0)
        world.wait(.seconds(5))
        #expect(Self.calls(world) == 1)
    }

    @Test("follows nobody that only other rules wait for")
    func strangers() throws {
        let other = "match.manufacturer = 1\npairing.initiate = \"manual\""
        var world = World(rules: try policy(other, Self.simple))
        world.device(scale, inRange: true) { $0.name = "Stranger" }
        #expect(world.isQuiet)
        world.device(inRange: true) { _ in }
        #expect(world.effects.contains(.watch(cuff)))
    }

    @Test("follows a device that BlueZ knew before, as soon as somebody discovers")
    func knownBefore() throws {
        var world = World(rules: try policy(Self.simple))
        world.device { _ in }
        #expect(world.isQuiet)
        Self.discovering(&world)
        #expect(world.calls.isEmpty)
        #expect(world.effects.contains(.watch(cuff)))
        world.device(inRange: true) { _ in }
        #expect(Self.calls(world) == 1)
    }

    @Test("follows nobody any more when the discovery has ended")
    func discoveryEnded() throws {
        var world = World(rules: try policy(Self.text))
        Self.discovering(&world)
        world.device(inRange: true) { $0.manufacturerData = PairingModeTests.notReady }
        Self.discovering(&world, false)
        world.device { $0.manufacturerData = PairingModeTests.notReady }
        #expect(world.isQuiet)
        #expect(world.coordinator.nextDeadline == nil)
    }

    @Test("follows a bounded number of devices, whatever a neighbour makes up")
    func bounded() throws {
        var world = World(rules: try policy(Self.text))
        for number in 10..<300 as Range<UInt64> {
            world.device(device(number), inRange: true) { $0.name = nil }
            world.forgetHistory()
        }
        world.device(inRange: true) { $0.manufacturerData = PairingModeTests.ready }
        #expect(Self.calls(world) == 1)
    }

    @Test("starts in a window what holds in a window only")
    func window() throws {
        var world = World(rules: try policy(Self.simple + "\npairing.when = \"window\""))
        world.device(inRange: true) { _ in }
        #expect(Self.calls(world) == 0)
        world.openWindow()
        #expect(Self.calls(world) == 1)
    }

    @Test("starts when the rules come to say so")
    func newRules() throws {
        var world = World(rules: try policy("match.name = \"Cuff\""))
        world.device(inRange: true) { _ in }
        world.send(.rulesChanged(try policy(Self.simple)))
        #expect(Self.calls(world) == 1)
    }

    @Test("searches for nobody: a device that has left is not found, and seen when it is back")
    func left() throws {
        var world = World(rules: try policy(Self.simple))
        world.device(scale) { _ in }
        let other = try world.pair(.device(scale))
        world.device(inRange: true) { _ in }
        world.gone()
        world.pairReturns(other, "org.bluez.Error.InProgress")
        #expect(world.lastPairing?.outcome?.result == .notFound)
        #expect(!world.history.contains(.startDiscovery(hci0)))
        #expect(world.isQuiet)
    }
}
