// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing
import Policy
import Testing

@Suite("A device that tells whether it is in pairing mode")
struct PairingModeTests {
    static let text = """
        match.name = "Cuff"
        pairing.accept-incoming = true
        pairing-mode = { manufacturer-data = { company = 0x020E, offset = 1, mask = 0x08, value = 0x08 } }
        """
    static let ready: [CompanyIdentifier: [UInt8]] = [CompanyIdentifier(0x020E): [1, 0x09]]
    static let notReady: [CompanyIdentifier: [UInt8]] = [CompanyIdentifier(0x020E): [1, 0x01]]

    @Test("is paired while it is")
    func ready() throws {
        var world = World(rules: try policy(Self.text))
        world.device(inRange: true) { $0.manufacturerData = Self.ready }
        let number = try world.pair()
        #expect(world.phase(of: number) == .connecting)
    }

    @Test("is listened to for a while when it is not, and then left alone")
    func notReady() throws {
        var world = World(rules: try policy(Self.text))
        world.device { $0.manufacturerData = Self.notReady }
        let number = try world.pair()
        #expect(world.phase(of: number) == .discovering)
        world.device(inRange: true) { $0.manufacturerData = Self.notReady }
        world.wait(.seconds(4))
        #expect(world.phase(of: number) == .discovering)
        world.wait(.seconds(1))
        #expect(world.result(of: number) == .peerNotInPairingMode)
        #expect(world.coordinator.pairing(number)?.rule == "1")
        #expect(!world.history.contains(.pair(number, cuff, .keyboardDisplay)))
        #expect(world.isQuiet)
    }

    @Test("is paired as soon as the bit appears")
    func appears() throws {
        var world = World(rules: try policy(Self.text))
        world.device(inRange: true) { $0.manufacturerData = Self.notReady }
        let number = try world.pair()
        world.wait(.seconds(3))
        world.device(inRange: true) { $0.manufacturerData = Self.ready }
        #expect(world.phase(of: number) == .connecting)
    }

    @Test("is listened to when what BlueZ knows is old")
    func stale() throws {
        var world = World(rules: try policy(Self.text))
        let heardAt = world.now
        world.wait(.seconds(61))
        world.device(heardAt: heardAt) { $0.manufacturerData = Self.ready }
        let number = try world.pair()
        #expect(world.phase(of: number) == .discovering)
        world.device(inRange: true) { $0.manufacturerData = Self.ready }
        #expect(world.phase(of: number) == .connecting)
    }

    @Test("is not found when it is not heard at all")
    func silent() throws {
        var world = World(rules: try policy(Self.text))
        world.device { $0.manufacturerData = Self.ready }
        let number = try world.pair()
        world.wait(.seconds(30))
        #expect(world.result(of: number) == .notFound)
    }

    @Test("and has a bond is bonded already, whatever it advertises")
    func bonded() throws {
        var world = World(rules: try policy(Self.text))
        world.device(paired: true) { $0.manufacturerData = Self.notReady }
        let number = try world.pair()
        #expect(world.result(of: number) == .alreadyBonded)
    }

    @Test("may not start a pairing when it was heard lately, and was not")
    func incoming() throws {
        var world = World(rules: try policy(Self.text))
        world.device(connected: true, inRange: true) { $0.manufacturerData = Self.notReady }
        let token = world.ask { .authorization($0) }
        #expect(world.calls == [.reply(token, .rejected)])
        #expect(world.lastPairing?.outcome?.result == .peerNotInPairingMode)
        world.device(connected: true) { $0.manufacturerData = Self.notReady }
        world.ask { .authorization($0) }
        #expect(world.openRequests.count == 1)
    }

    @Test("says by its silence that it has no name, after it was listened to")
    func settled() throws {
        var world = World(rules: try policy("match.name = \"Lock\"", "match.address = \"*\""))
        world.device { $0.name = nil }
        let number = try world.pair()
        #expect(world.phase(of: number) == .discovering)
        world.device(inRange: true) { $0.name = nil }
        world.wait(.seconds(5))
        #expect(world.phase(of: number) == .connecting)
        #expect(world.coordinator.pairing(number)?.rule == "2")
    }
}
