// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing
import Policy
import SecurityManager
import Testing

@Suite("What strangers must not be able to do")
struct StrangerTests {
    private static let auto = "match.name = \"Cuff\"\npairing.initiate = \"auto\""

    @Test("a stranger that is turned away does not switch Pairable on")
    func pairable() throws {
        var world = World(rules: try policy("match.address = \"00:00:00:00:00:09\""), pairable: false)
        world.device(connected: true)
        world.show(try .secret)
        #expect(world.calls == [.disconnect(cuff)])
    }

    @Test("devices that a rule pairs by itself do not take the room of a person's command")
    func queue() throws {
        var bounds = Bounds()
        bounds.queuedPairings = 4
        var world = World(rules: try policy(Self.auto), bounds: bounds)
        for index in 10..<20 {
            world.device(device(UInt64(index)), inRange: true) { $0.address = device(UInt64(index)).address }
        }
        world.device()
        #expect(throws: Never.self) { try world.pair() }
    }

    @Test("a stranger under a bonded device's address does not make each of its attempts a write to disk")
    func writes() {
        var recollection = Recollection()
        var record = BondRecord(key: .init(adapter: Address(bits: 0xA0), device: cuff.address, type: .public))
        record.state = .kept
        record.lastPaired = 1
        recollection.records = [record]
        var world = World(recalled: recollection)
        world.device(paired: true, connected: true)
        for _ in 0..<50 {
            world.send(.keyMissing(hci0, cuff.address))
            world.ask { .authorization($0) }
        }
        let writes = world.history.count { if case .keepRecord = $0 { true } else { false } }
        #expect(writes <= 5)
    }

    @Test("a restart on a machine that runs for long forgives no failures")
    func failuresAfterRestart() throws {
        var record = BondRecord(key: .init(adapter: Address(bits: 0xA0), device: cuff.address, type: .public))
        record.lastPaired = 1
        record.failures = 4
        var recollection = Recollection()
        recollection.records = [record]
        var world = World(recalled: recollection, adapterIsThere: false)
        world.wait(.seconds(7200))
        world.send(.bluezAppeared)
        world.adapter(hci0, isPowered: true)
        world.device(connected: true)
        world.ask { .authorization($0) }
        try world.answer(.reject)
        #expect(world.coordinator.failures(of: cuff.address, on: hci0) == 5)
        #expect(world.records.contains { $0.subject == .lockOut })
    }
}

@Suite("What else is wrong")
struct SmallDefectTests {
    @Test("a pairing that BlueZ kept no bond of is no kept one in the record")
    func recordWithoutBond() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        world.send(
            .deviceChanged(
                DeviceSnapshot(
                    reference: cuff, facts: DeviceFacts(address: cuff.address, name: "Cuff"), isPaired: true,
                    isBonded: false, isConnected: true)))
        world.pairReturns(number)
        #expect(world.reason(of: number).contains("no bond was made"))
        let states = world.history.compactMap { effect -> BondRecord.State? in
            if case .keepRecord(let record) = effect { record.state } else { nil }
        }
        #expect(states == [.session])
    }

    @Test("a device removed by another program has no bond in its record")
    func recordAfterForeignRemoval() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        world.device(paired: true, connected: true)
        world.pairReturns(number)
        world.gone()
        world.device()
        let snapshot = DeviceSnapshot(
            reference: cuff, facts: DeviceFacts(address: cuff.address, name: "Cuff"))
        #expect(world.coordinator.record(of: snapshot)?.state == BondRecord.State.none)
    }

    @Test("a refused Security Request is forgotten with the rule that refused it")
    func refusedSecurity() {
        var world = World(
            rules: Rules {
                $0.repair.securityRequest = .reject
                $0.answers.authorization = .accept
            })
        world.device()
        world.send(.securityRequest(hci0, cuff.address))
        #expect(world.calls == [.disconnect(cuff)])
        world.send(.rulesChanged(Rules { $0.answers.authorization = .accept }))
        world.wait(.seconds(60))
        world.device(connected: true)
        let token = world.ask { .authorization($0) }
        #expect(world.calls == [.reply(token, .accept)])
    }

    @Test("a person's yes to a repair for which there is no room is no yes")
    func noRoomForRepair() throws {
        var bounds = Bounds()
        bounds.queuedPairings = 1
        var world = World(rules: Rules { $0.repair.bondLost = .ask }, bounds: bounds)
        world.device(paired: true)
        world.send(.keyMissing(hci0, cuff.address))
        for index in 2...3 as ClosedRange<UInt64> {
            world.device(device(index))
            _ = try world.pair(.device(device(index)))
        }
        #expect(throws: CommandError.tooMany) { try world.answer(.accept) }
    }

    @Test("BlueZ's refusal of an earlier switch of Pairable does not end a pairing that needs another one")
    func earlierSwitch() throws {
        // A window needs Pairable on, and the pairing that comes meanwhile needs it off.
        var world = World(rules: try policy("match.name = \"Cuff\"\npairing.bond = \"none\""), pairable: true)
        world.send(.pairableSet(hci0, error: nil))
        world.openWindow(.seconds(60))
        #expect(world.calls == [.setPairable(hci0, true)])
        world.adapter(hci0, isPowered: true, isPairable: true)
        world.device()
        let number = try world.pair()
        #expect(world.phase(of: number) == .preparing)
        world.send(.pairableSet(hci0, error: BlueZError(name: "org.bluez.Error.Failed")))
        #expect(world.result(of: number) == nil)
        #expect(world.calls == [.setPairable(hci0, false)])
    }
}
