// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing
import Policy
import SecurityManager
import Testing

@Suite("A bond that the device has forgotten")
struct LostBondTests {
    private static func rules(_ bondLost: LostBond) -> Rules { Rules { $0.repair.bondLost = bondLost } }

    private static let key = BondRecord.Key(adapter: Address(bits: 0xA0), device: cuff.address, type: .public)

    /// A world with a bonded cuff whose last connection ended for want of its key.
    private static func lost(
        _ rules: any RuleBook, strength: BondRecord.Strength? = nil, heard: Bool = false
    ) -> World {
        var recollection = Recollection()
        var record = BondRecord(key: key)
        record.state = .kept
        record.strength = strength
        record.lastPaired = 1
        recollection.records = [record]
        var world = World(rules: rules, recalled: recollection)
        world.device(paired: true, connected: true)
        world.send(.keyMissing(hci0, cuff.address))
        return world
    }

    /// The link that we closed is gone, and was given the time that the kernel takes.
    private static func linkGoes(_ world: inout World) {
        world.device(paired: true)
        world.wait(.milliseconds(500))
    }

    private static func hear(_ world: inout World, paired: Bool) {
        world.device(paired: paired, inRange: true) { _ in }
    }

    /// BlueZ removes the device that it was told to.
    private static func removed(_ world: inout World) {
        world.send(.removeFinished(cuff, error: nil))
        world.gone()
    }

    @Test("is told once, and kept, where the rule says nothing")
    func keep() {
        var world = Self.lost(Rules())
        #expect(world.records.map(\.subject) == [.bondLost])
        #expect(world.calls.isEmpty)
        world.send(.keyMissing(hci0, cuff.address))
        #expect(world.records.isEmpty)
        #expect(
            world.history.contains { if case .keepRecord(let record) = $0 { record.state == .lost } else { false } })
    }

    @Test("is removed where the rule says so")
    func remove() {
        #expect(Self.lost(Self.rules(.remove)).calls == [.remove(cuff)])
    }

    @Test("makes a pairing on demand end as bond-lost, unless it is forced")
    func onDemand() throws {
        var world = Self.lost(Rules())
        world.device(paired: true)
        let number = try world.pair()
        #expect(world.result(of: number) == .bondLost)
    }

    @Test("is repaired once the device is heard: removed, looked for and paired")
    func repair() throws {
        var world = Self.lost(Self.rules(.repair))
        let number = try #require(world.lastPairing?.number)
        #expect(world.lastPairing?.origin == .automatic)
        #expect(world.calls == [.disconnect(cuff)])
        Self.linkGoes(&world)
        #expect(world.calls == [.startDiscovery(hci0)], "nothing is removed before the device is heard")
        Self.hear(&world, paired: true)
        #expect(world.calls == [.stopDiscovery(hci0), .remove(cuff)])
        Self.removed(&world)
        #expect(world.calls == [.startDiscovery(hci0)])
        Self.hear(&world, paired: false)
        #expect(world.calls == [.stopDiscovery(hci0), .pair(number, cuff, .keyboardDisplay)])
        world.device(paired: true, connected: true)
        world.pairReturns(number)
        #expect(world.result(of: number) == .paired)
    }

    @Test("stays when the device is not heard: whoever claimed its loss may not have been it")
    func notHeard() throws {
        var world = Self.lost(Self.rules(.repair))
        let number = try #require(world.lastPairing?.number)
        world.device(paired: true)
        world.wait(.seconds(31))
        #expect(world.result(of: number) == .notFound)
        #expect(!world.history.contains(.remove(cuff)))
    }

    @Test("is replaced by none that is weaker", arguments: [true, false])
    func weaker(secureConnections: Bool) throws {
        let old = BondRecord.Strength(level: .authenticated, isSecureConnections: true, keySize: 16)
        var world = Self.lost(Self.rules(.repair), strength: old)
        let number = try #require(world.lastPairing?.number)
        Self.linkGoes(&world)
        Self.hear(&world, paired: true)
        Self.removed(&world)
        Self.hear(&world, paired: false)
        world.agree(.keyboardDisplay, secureConnections: secureConnections)
        world.device(paired: true, connected: true)
        world.pairReturns(number)
        guard !secureConnections else { return #expect(world.result(of: number) == .paired) }
        #expect(world.calls == [.remove(cuff)])
        Self.removed(&world)
        #expect(world.result(of: number) == .tooWeak)
        #expect(world.reason(of: number).contains("the bond before had authenticated with Secure Connections"))
    }

    @Test("is asked about where the rule says so, and repaired when a person wants it")
    func ask() throws {
        var world = Self.lost(Self.rules(.ask))
        let request = try #require(world.openRequests.first)
        #expect(request.kind == .repair && request.pairing == nil)
        world.device(paired: true)
        #expect(world.openRequests.count == 1, "the end of the link does not end it")
        world.send(.keyMissing(hci0, cuff.address))
        #expect(world.openRequests.count == 1)
        try world.answer(.accept)
        #expect(world.lastPairing?.origin == .requested && world.lastPairing?.actor == anna)
        Self.hear(&world, paired: true)
        #expect(world.calls.contains(.remove(cuff)))
    }

    @Test("stays when the person says no, or nothing", arguments: [true, false])
    func no(isAnswered: Bool) throws {
        var world = Self.lost(Self.rules(.ask))
        world.device(paired: true)
        if isAnswered { try world.answer(.reject) } else { world.wait(.seconds(301)) }
        #expect(world.openRequests.isEmpty)
        #expect(!world.history.contains(.remove(cuff)) && world.coordinator.pairings.isEmpty)
    }

    @Test("is not tried again at once when it came to nothing")
    func backOff() throws {
        var world = Self.lost(Self.rules(.repair))
        world.device(paired: true)
        world.wait(.seconds(31))
        let count = world.coordinator.pairings.count
        world.send(.keyMissing(hci0, cuff.address))
        #expect(world.coordinator.pairings.count == count)
        world.wait(.seconds(11))
        world.send(.keyMissing(hci0, cuff.address))
        #expect(world.coordinator.pairings.count == count + 1)
    }

    @Test("is one that BlueZ has: a device without a bond is looked at, and nothing is dropped")
    func noBond() {
        var world = World(rules: Self.rules(.remove))
        world.device(connected: true)
        world.send(.keyMissing(hci0, cuff.address))
        #expect(world.calls.isEmpty && world.records.isEmpty)
        #expect(world.effects.contains(.look(cuff)), "BlueZ may have made a bond that nobody told")
    }

    @Test("is none once a link with the device is encrypted: it has its key after all")
    func healed() throws {
        var world = Self.lost(Self.rules(.ask))
        #expect(world.openRequests.count == 1)
        world.send(.encrypted(hci0, cuff.address))
        #expect(world.openRequests.isEmpty)
        let number = try world.pair()
        #expect(world.result(of: number) == .alreadyBonded)
    }

    @Test("is not repaired any more when the device turns out to have its key")
    func healedWhileRepairing() throws {
        var world = Self.lost(Self.rules(.repair))
        let number = try #require(world.lastPairing?.number)
        Self.linkGoes(&world)
        world.device(paired: true, connected: true)
        world.send(.encrypted(hci0, cuff.address))
        #expect(world.result(of: number) == .alreadyBonded)
        #expect(!world.history.contains(.remove(cuff)))
    }

    // MARK: Force

    @Test("or any other bond is replaced by force, once the device is heard")
    func force() throws {
        var world = World()
        world.device(paired: true)
        let (number, effects) = try world.coordinator.pair(
            .device(cuff), isForced: true, actor: anna, at: world.now)
        world.take(effects)
        #expect(world.calls == [.startDiscovery(hci0)])
        Self.hear(&world, paired: true)
        #expect(world.calls == [.stopDiscovery(hci0), .remove(cuff)])
        Self.removed(&world)
        Self.hear(&world, paired: false)
        #expect(world.calls.contains(.pair(number, cuff, .keyboardDisplay)))
    }

    @Test("of a device that is connected is replaced by force at once")
    func forceConnected() throws {
        var world = World()
        world.device(paired: true, connected: true)
        world.take(try world.coordinator.pair(.device(cuff), isForced: true, actor: anna, at: world.now).effects)
        #expect(world.calls == [.remove(cuff)])
    }

    @Test("that BlueZ does not remove ends the pairing")
    func notRemoved() throws {
        var world = World()
        world.device(paired: true, connected: true)
        let (number, effects) = try world.coordinator.pair(.device(cuff), isForced: true, actor: anna, at: world.now)
        world.take(effects)
        world.send(.removeFinished(cuff, error: BlueZError(name: "org.bluez.Error.Failed")))
        #expect(world.result(of: number) == .failed)
    }

    // MARK: Security Requests

    @Test("is not needed for a Security Request to lead to a new bond, where the rule says so")
    func securityRequest() throws {
        var world = World(rules: Rules { $0.repair.securityRequest = .repair })
        world.device(paired: true, connected: true)
        world.send(.securityRequest(hci0, cuff.address))
        #expect(world.calls == [.disconnect(cuff)])
        Self.linkGoes(&world)
        Self.hear(&world, paired: true)
        #expect(world.calls.contains(.remove(cuff)))
    }

    @Test("of a pairing that just ended is not made anew by its Security Request")
    func securityRequestAfterwards() throws {
        var world = World(rules: Rules { $0.repair.securityRequest = .repair })
        let number = try world.pairUntilCalled()
        world.device(paired: true, connected: true)
        world.pairReturns(number)
        world.send(.securityRequest(hci0, cuff.address))
        #expect(world.calls.isEmpty)
    }

    // MARK: Keys without a bond

    @Test("a key that the kernel tries for a device without a bond is dropped, once BlueZ was looked at")
    func keyWithoutBond() throws {
        var world = World()
        world.device(connected: true)
        world.send(.keyMissing(hci0, cuff.address))
        #expect(world.effects == [.look(cuff)])
        world.device()
        world.wait(.milliseconds(500))
        #expect(world.calls == [.unpair(cuff)])
        #expect(world.coordinator.nextDeadline == nil)
    }

    @Test("a key that is tried for a device whose bond was news stays")
    func keyOfLateBond() throws {
        var world = World()
        world.device(connected: true)
        world.send(.keyMissing(hci0, cuff.address))
        world.device(paired: true)
        world.wait(.seconds(1))
        #expect(!world.history.contains(.unpair(cuff)))
    }

    @Test("a key without a bond is left alone while the device pairs")
    func keyWhilePairing() throws {
        var world = World()
        world.device(connected: true)
        world.send(.keyMissing(hci0, cuff.address))
        world.ask { .authorization($0) }
        world.wait(.seconds(1))
        #expect(!world.history.contains(.unpair(cuff)))
    }
}
