// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing
import Policy
import Testing

@Suite("Adapter1.Pairable")
struct PairableTests {
    /// A cuff that we may pair, and that may not start a pairing.
    private static let ours = """
        [match]
        address = "00:00:00:00:00:01"
        """
    private static let incoming = ours + "\n[pairing]\naccept-incoming = true\n"
    private static let withoutBond = ours + "\n[pairing]\nbond = \"none\"\n"

    private static func world(_ rule: String, pairable: Bool, conduct: Conduct? = nil) throws -> World {
        World(rules: try policy(rule), conduct: conduct, pairable: pairable)
    }

    @Test("is switched off where no rule lets others start a pairing")
    func off() throws {
        let world = try Self.world(Self.ours, pairable: true)
        #expect(world.history.contains(.setPairable(hci0, false)))
    }

    @Test("is on while a rule lets a device start one")
    func liveRule() throws {
        let world = try Self.world(Self.incoming, pairable: false)
        #expect(world.calls == [.setPairable(hci0, true)])
    }

    @Test("is on while a bonded device may pair again")
    func bondedDevice() throws {
        let world = try Self.world(Self.ours + "\n[repair]\nbonded-device = \"ask\"\n", pairable: false)
        #expect(world.calls == [.setPairable(hci0, true)])
    }

    @Test("is on while a window is open, and off after it")
    func window() throws {
        var world = try Self.world(Self.ours, pairable: false)
        world.openWindow(.seconds(60))
        #expect(world.calls == [.setPairable(hci0, true)])
        world.adapter(hci0, isPowered: true, isPairable: true)
        world.send(.pairableSet(hci0, error: nil))
        world.wait(.seconds(61))
        #expect(world.calls == [.setPairable(hci0, false)])
    }

    @Test("is switched on before Pair() for a bond, and off after it")
    func pairing() throws {
        var world = try Self.world(Self.ours, pairable: false)
        world.device()
        let number = try world.pair()
        #expect(world.calls == [.setPairable(hci0, true)])
        #expect(world.phase(of: number) == .preparing)
        world.adapter(hci0, isPowered: true, isPairable: true)
        #expect(world.calls == [.pair(number, cuff, .keyboardDisplay)])
        world.send(.pairableSet(hci0, error: nil))
        world.device(paired: true, connected: true)
        #expect(!world.calls.contains(.setPairable(hci0, false)), "BlueZ would do it after Pair() only")
        world.pairReturns(number)
        #expect(world.result(of: number) == .paired)
        #expect(world.calls == [.setPairable(hci0, false)])
    }

    @Test("is switched off before Pair() where the rule wants no bond, and on after it")
    func noBond() throws {
        var world = World(
            rules: try policy(Self.withoutBond, Self.incoming.replacing("01\"", with: "02\"")), pairable: true)
        world.device()
        let number = try world.pair()
        #expect(world.calls == [.setPairable(hci0, false)])
        world.adapter(hci0, isPowered: true, isPairable: false)
        #expect(world.calls == [.pair(number, cuff, .keyboardDisplay)])
        world.send(.pairableSet(hci0, error: nil))
        world.pairReturns(number, "org.bluez.Error.AuthenticationFailed")
        #expect(world.calls == [.setPairable(hci0, true)])
    }

    @Test("that BlueZ does not switch ends the pairing, and nothing was asked of the device")
    func refusal() throws {
        var world = try Self.world(Self.ours, pairable: false)
        world.device()
        let number = try world.pair()
        world.send(.pairableSet(hci0, error: BlueZError(name: "org.bluez.Error.Failed", message: "no")))
        #expect(world.result(of: number) == .failed)
        #expect(world.reason(of: number).contains("Pairable could not be switched"))
        #expect(!world.history.contains { if case .pair = $0 { true } else { false } })
    }

    @Test("that is never switched ends the pairing in time")
    func silence() throws {
        var world = try Self.world(Self.ours, pairable: false)
        world.device()
        let number = try world.pair()
        world.wait(.seconds(11))
        #expect(world.result(of: number) == .failed)
    }

    @Test("that another program switches on is named, and switched off again")
    func others() throws {
        var world = try Self.world(Self.ours, pairable: false)
        world.wait(.seconds(20))
        world.adapter(hci0, isPowered: true, isPairable: true)
        #expect(world.calls == [.setPairable(hci0, false)])
        let record = try #require(world.records.first)
        #expect(record.subject == .adapter && record.adapter == hci0)
        #expect(record.reason.hasPrefix("another program switched Pairable on"))
    }

    @Test("that BlueZ switches on for its new default agent is switched off without a word")
    func startOfBlueZ() throws {
        var world = try Self.world(Self.ours, pairable: false)
        world.adapter(hci0, isPowered: true, isPairable: true)
        #expect(world.calls == [.setPairable(hci0, false)])
        #expect(world.records.isEmpty)
    }

    @Test("that another program insists on is left to it for a minute, and that is told")
    func insistence() throws {
        var world = try Self.world(Self.ours, pairable: false)
        world.wait(.seconds(20))
        for _ in 0..<3 {
            world.adapter(hci0, isPowered: true, isPairable: true)
            #expect(world.calls == [.setPairable(hci0, false)])
            world.adapter(hci0, isPowered: true, isPairable: false)
            world.send(.pairableSet(hci0, error: nil))
        }
        world.adapter(hci0, isPowered: true, isPairable: true)
        #expect(world.calls.isEmpty)
        #expect(world.records.first?.reason.contains("again and again") == true)
        world.wait(.seconds(61))
        #expect(world.calls == [.setPairable(hci0, false)])
    }

    @Test("is none of our business where the settings say so")
    func unmanaged() throws {
        var conduct = Conduct()
        conduct.managesPairable = false
        var world = try Self.world(Self.withoutBond, pairable: true, conduct: conduct)
        world.device()
        let number = try world.pair()
        #expect(world.calls == [.pair(number, cuff, .keyboardDisplay)])
        world.adapter(hci0, isPowered: true, isPairable: false)
        #expect(world.calls.isEmpty && world.records.isEmpty)
    }

    @Test("waits until Pair() has returned, for BlueZ would do it no sooner")
    func behindPair() throws {
        var world = try Self.world(Self.ours, pairable: true)
        world.send(.pairableSet(hci0, error: BlueZError(name: "org.bluez.Error.Failed")))
        world.device()
        let number = try world.pair()
        #expect(world.calls == [.pair(number, cuff, .keyboardDisplay)])
        world.wait(.seconds(40))
        #expect(!world.calls.contains(.setPairable(hci0, false)))
    }
}

@Suite("Discovery of our own")
struct OwnDiscoveryTests {
    private static let automatic = """
        [match]
        address = "00:00:00:00:00:01"
        [pairing]
        initiate = "auto"
        """

    private static func conduct(_ change: (inout Conduct) -> Void) -> Conduct {
        var conduct = Conduct()
        conduct.managesPairable = false
        change(&conduct)
        return conduct
    }

    @Test("goes on while the settings say so and a rule starts pairings")
    func always() throws {
        let conduct = Self.conduct { $0.discovers = true }
        var world = World(rules: try policy(Self.automatic), conduct: conduct)
        #expect(world.history.contains(.startDiscovery(hci0)))
        world.send(.rulesChanged(Rules()))
        #expect(world.calls == [.stopDiscovery(hci0)])
    }

    @Test("does not go on without such a rule")
    func withoutRule() {
        let world = World(conduct: Self.conduct { $0.discovers = true })
        #expect(!world.history.contains(.startDiscovery(hci0)))
    }

    @Test("goes on in a window, where the settings say so")
    func window() throws {
        let conduct = Self.conduct { $0.discoversInWindow = true }
        var world = World(rules: try policy(Self.automatic), conduct: conduct)
        #expect(world.calls.isEmpty)
        world.openWindow(.seconds(60))
        #expect(world.calls == [.startDiscovery(hci0)])
        world.wait(.seconds(61))
        #expect(world.calls == [.stopDiscovery(hci0)])
    }

    @Test("ends before Pair() and goes on after it")
    func pausesForPairing() throws {
        let conduct = Self.conduct { $0.discovers = true }
        var world = World(rules: try policy(Self.automatic), conduct: conduct)
        world.device()
        let number = try world.pair()
        #expect(world.calls == [.stopDiscovery(hci0), .pair(number, cuff, .keyboardDisplay)])
        world.pairReturns(number, "org.bluez.Error.AuthenticationFailed")
        #expect(world.calls == [.startDiscovery(hci0)])
    }

    @Test("that does not start is tried again, and not at once")
    func retry() throws {
        let conduct = Self.conduct { $0.discovers = true }
        var world = World(rules: try policy(Self.automatic), conduct: conduct)
        world.send(.discoveryStarted(hci0, error: BlueZError(name: "org.bluez.Error.Failed")))
        #expect(world.calls.isEmpty)
        world.wait(.seconds(11))
        #expect(world.calls == [.startDiscovery(hci0)])
    }

    @Test("pairs a device that appears in it")
    func pairs() throws {
        let conduct = Self.conduct { $0.discovers = true }
        var world = World(rules: try policy(Self.automatic), conduct: conduct)
        let facts = DeviceFacts(address: cuff.address, name: "Cuff")
        world.send(.deviceChanged(DeviceSnapshot(reference: cuff, facts: facts, isInRange: true)))
        #expect(world.calls.contains { if case .pair(_, cuff, _) = $0 { true } else { false } })
    }
}
