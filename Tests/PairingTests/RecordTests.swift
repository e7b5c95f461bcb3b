// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing
import Policy
import Testing

@Suite("What is kept of devices")
struct RecordTests {
    private static let key = BondRecord.Key(adapter: Address(bits: 0xA0), device: cuff.address, type: .public)

    /// The state as it would be on disk after all that a world did.
    private static func disk(_ world: World) -> Recollection {
        var records: [BondRecord.Key: BondRecord] = [:]
        var unsettled: [PairingNumber: UnsettledPairing] = [:]
        for effect in world.history {
            switch effect {
            case .keepRecord(let record): records[record.key] = record
            case .dropRecord(let key): records[key] = nil
            case .keepUnsettled(let pairing): unsettled[pairing.number] = pairing
            case .dropUnsettled(let number): unsettled[number] = nil
            default: break
            }
        }
        var recollection = Recollection()
        recollection.records = Array(records.values)
        recollection.unsettled = Array(unsettled.values)
        return recollection
    }

    /// The daemon dies, and starts again with what was on disk; BlueZ went on, and has the device as given.
    private static func restarted(
        _ world: World, rules: any RuleBook = Rules(), paired: Bool?, connected: Bool = false
    ) -> World {
        var next = World(rules: rules, recalled: disk(world), adapterIsThere: false)
        next.send(.monitorAvailable(true))
        next.adapter(hci0, isPowered: true)
        if let paired { next.device(paired: paired, connected: connected) }
        next.send(.bluezAppeared)
        return next
    }

    @Test("tells of a bond how it came about and how strong it is")
    func bond() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        world.agree(.keyboardDisplay)
        world.device(paired: true, connected: true)
        world.pairReturns(number)
        let record = try #require(Self.disk(world).records.first)
        #expect(record.key == Self.key)
        #expect(record.state == .kept)
        #expect(record.strength == .init(level: .authenticated, isSecureConnections: true, keySize: 16))
        #expect(record.rule == "cuffs")
        #expect(record.capability == .keyboardDisplay)
        #expect(record.lastResult == .paired)
        #expect(record.lastPaired == world.now.realtime)
        #expect(Self.disk(world).unsettled.isEmpty)
    }

    @Test("tells of a failed pairing of ours how often that happened")
    func failure() throws {
        var world = World()
        for _ in 0..<3 {
            let number = try world.pairUntilCalled()
            world.pairReturns(number, "org.bluez.Error.AuthenticationFailed")
        }
        let record = try #require(Self.disk(world).records.first)
        #expect(record.failures == 3 && record.lastResult == .failed && record.state == .none)
    }

    @Test("is nothing for a stranger that fails, however often")
    func stranger() {
        var world = World()
        world.device(connected: true)
        world.ask { .authorization($0) }
        world.linkEnds(0x13)
        world.wait(.seconds(3))
        #expect(world.lastPairing?.outcome?.result == .connectionLost)
        #expect(Self.disk(world).records.isEmpty)
    }

    @Test("is not keyed by a private address, which says nothing of who it is")
    func privateAddress() throws {
        var world = World()
        world.invariants.hasPrivateAddresses = true
        world.device(paired: false) { $0.addressType = .random }
        let number = try world.pair()
        world.device(paired: true, connected: true) { $0.addressType = .random }
        world.pairReturns(number)
        #expect(world.result(of: number) == .paired)
        #expect(Self.disk(world).records.isEmpty)
    }

    @Test("has room for a bond when it is full of failures")
    func room() throws {
        var bounds = Bounds()
        bounds.records = 2
        var world = World(bounds: bounds)
        for index in 1...4 {
            world.device(device(UInt64(index)))
            let number = try world.pair(.device(device(UInt64(index))))
            if index == 1 {
                world.device(device(1), paired: true, connected: true)
                world.pairReturns(number)
            } else {
                world.pairReturns(number, "org.bluez.Error.AuthenticationFailed")
            }
        }
        let kept = Self.disk(world).records
        #expect(kept.count == 2)
        #expect(kept.contains { $0.key.device == device(1).address && $0.state == .kept })
    }

    @Test("says after a restart which capability worked, and that one is tried first")
    func capability() throws {
        let rule = """
            [match]
            name = "Cuff"
            [pairing]
            io-capability = "NoInputNoOutput"
            [[pairing.fallback]]
            io-capability = "DisplayOnly"
            """
        var world = World(rules: try policy(rule))
        world.device()
        let number = try world.pair()
        world.pairReturns(number, "org.bluez.Error.AuthenticationFailed")
        world.wait(.seconds(2))
        #expect(world.pairCall == number)
        world.device(paired: true, connected: true)
        world.pairReturns(number)
        var next = Self.restarted(world, rules: try policy(rule), paired: false)
        let second = try next.pair()
        #expect(next.calls.contains(.pair(second, cuff, .displayOnly)))
    }

    // MARK: Crashes

    @Test("crosses out a pairing whose result is certain")
    func settled() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        #expect(Self.disk(world).unsettled.map(\.number) == [number])
        world.pairReturns(number, "org.bluez.Error.AuthenticationFailed")
        #expect(Self.disk(world).unsettled.isEmpty)
    }

    @Test("tells after a crash that the pairing was interrupted, where no bond came of it", arguments: [false, nil])
    func crash(paired: Bool?) throws {
        var world = World()
        let number = try world.pairUntilCalled()
        world = Self.restarted(world, paired: paired)
        #expect(world.result(of: number) == .interrupted)
        #expect(world.records.contains { $0.result == .interrupted && $0.pairing == number })
        #expect(world.calls.isEmpty && world.isSettled)
    }

    @Test("keeps a bond that was complete when the daemon crashed, and that its rule wants")
    func completeBond() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        world = Self.restarted(world, paired: true)
        #expect(world.result(of: number) == .paired)
        #expect(world.calls.isEmpty && world.isSettled)
        #expect(Self.disk(world).records.first?.state == .kept)
    }

    /// Rules by which a pairing that a crash cut short leaves no bond.
    private static let strictRules = [
        Rules { $0.pairing.security = .authenticated }, Rules { $0.pairing.bond = .session },
    ]

    @Test("removes a bond that nobody verified before the crash", arguments: strictRules)
    func unverifiedBond(rules: Rules) throws {
        var world = World(rules: rules)
        let number = try world.pairUntilCalled()
        world = Self.restarted(world, rules: rules, paired: true)
        #expect(world.result(of: number) == .interrupted)
        #expect(world.calls == [.remove(cuff)])
        world.send(.removeFinished(cuff, error: nil))
        world.gone()
        #expect(world.isSettled)
    }

    @Test("removes the bond that bluetoothd took with it into its restart, for its result was told")
    func bluezCrash() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        world.send(.bluezVanished)
        #expect(world.result(of: number) == .bluezGone)
        world.adapter(hci0, isPowered: true)
        world.device(paired: true)
        world.send(.bluezAppeared)
        #expect(world.calls == [.remove(cuff)])
    }

    @Test("removes the bond that an adapter took with it when it went")
    func adapterLoss() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        world.device(connected: true)
        world.send(.adapterRemoved(hci0))
        world.pairReturns(number, "org.bluez.Error.Failed")
        #expect(world.result(of: number) == .adapterOff)
        world.adapter(hci0, isPowered: true)
        world.device(paired: true)
        #expect(world.calls == [.remove(cuff)])
    }

    @Test("does not tell the result of a pairing twice")
    func toldOnce() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        world.send(.stopping)
        #expect(world.result(of: number) == .interrupted)
        world = Self.restarted(world, paired: nil)
        #expect(world.records.isEmpty && world.coordinator.pairing(number) == nil)
        #expect(world.isSettled)
    }

    @Test("removes a session's bond after a crash, when the link is gone", arguments: [true, false])
    func session(connected: Bool) throws {
        let rules = Rules { $0.pairing.bond = .session }
        var world = World(rules: rules)
        let number = try world.pairUntilCalled()
        world.device(paired: true, connected: true)
        world.pairReturns(number)
        #expect(Self.disk(world).records.first?.state == .session)
        world = Self.restarted(world, rules: rules, paired: true, connected: connected)
        #expect(world.history.contains(.remove(cuff)) == !connected)
        if connected { world.device(paired: true) }
        #expect(world.history.contains(.remove(cuff)))
    }
}
