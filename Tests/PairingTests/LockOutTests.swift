// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing
import Policy
import Testing

@Suite("A device that fails again and again")
struct LockOutTests {
    static func bounds(device: Int = 2, adapter: Int = 0) -> Bounds {
        var bounds = Bounds()
        bounds.failuresPerDevice = device
        bounds.failuresPerAdapter = adapter
        return bounds
    }

    /// The device starts a pairing, and a person says no.
    private static func fail(_ world: inout World, _ device: DeviceReference = cuff) throws {
        world.device(device) { _ in }
        world.device(device, connected: true) { _ in }
        world.ask({ .authorization($0) }, about: device)
        guard !world.openRequests.isEmpty else { return }
        try world.answer(.reject)
        #expect(world.lastPairing?.outcome?.result == .rejectedByPerson)
    }

    private static func isLockedOut(_ world: inout World, _ device: DeviceReference = cuff) -> Bool {
        world.device(device, connected: true) { _ in }
        let token = world.ask({ .authorization($0) }, about: device)
        return world.calls == [.reply(token, .rejected)] && world.lastPairing?.outcome?.result == .lockedOut
    }

    @Test("is locked out, and that is recorded")
    func lockedOut() throws {
        var world = World(bounds: Self.bounds(device: 2))
        try Self.fail(&world)
        #expect(!world.records.contains { $0.subject == .lockOut })
        try Self.fail(&world)
        let record = try #require(world.records.first { $0.subject == .lockOut })
        #expect(record.address == cuff.address)
        #expect(record.reason == "the device failed 2 times; it may start no pairing for 30 s")
        #expect(Self.isLockedOut(&world))
        let refused = try #require(world.lastPairing?.number)
        #expect(world.reason(of: refused).contains("failed 2 times"))
        #expect(world.coordinator.failures(of: cuff.address, on: hci0) == 2)
    }

    @Test("waits twice as long after each further failure, up to the longest")
    func growing() throws {
        var timing = Timing()
        timing.longestLockOut = .seconds(100)
        var world = World(timing: timing, bounds: Self.bounds(device: 1))
        for seconds in [30, 60, 100, 100] {
            try Self.fail(&world)
            world.wait(.seconds(seconds - 1))
            #expect(Self.isLockedOut(&world), "\(seconds)")
            world.wait(.seconds(1))
        }
        #expect(!Self.isLockedOut(&world))
    }

    @Test("is forgiven when it pairs")
    func success() throws {
        var world = World(bounds: Self.bounds(device: 2))
        try Self.fail(&world)
        world.ask { .authorization($0) }
        try world.answer(.accept)
        world.device(paired: true, connected: true)
        #expect(world.lastPairing?.outcome?.result == .paired)
        world.gone()
        try Self.fail(&world)
        #expect(!Self.isLockedOut(&world))
    }

    @Test("is forgotten after long enough")
    func forgotten() throws {
        var timing = Timing()
        timing.longestLockOut = .seconds(100)
        var world = World(timing: timing, bounds: Self.bounds(device: 2))
        try Self.fail(&world)
        world.wait(.seconds(101))
        try Self.fail(&world)
        #expect(!Self.isLockedOut(&world))
    }

    @Test("can be paired from our side all the same, for its address may be somebody else's")
    func ourSide() throws {
        var world = World(bounds: Self.bounds(device: 1))
        try Self.fail(&world)
        world.device()
        let number = try world.pair()
        #expect(world.phase(of: number) == .connecting)
    }

    @Test("does not lock out another one")
    func another() throws {
        var world = World(bounds: Self.bounds(device: 1))
        try Self.fail(&world)
        #expect(!Self.isLockedOut(&world, scale))
    }

    @Test("is let in by a window")
    func window() throws {
        var world = World(bounds: Self.bounds(device: 1, adapter: 1))
        try Self.fail(&world)
        #expect(Self.isLockedOut(&world))
        world.openWindow(for: [scale.address])
        #expect(Self.isLockedOut(&world))
        world.openWindow()
        #expect(!Self.isLockedOut(&world))
    }

    @Test("under many addresses locks the adapter, and not what we start")
    func adapter() throws {
        var world = World(bounds: Self.bounds(device: 0, adapter: 3))
        for number in 10..<13 { try Self.fail(&world, device(UInt64(number))) }
        #expect(world.records.contains { $0.subject == .lockOut && $0.address == nil })
        #expect(Self.isLockedOut(&world))
        world.device()
        let number = try world.pair()
        #expect(world.phase(of: number) == .connecting)
    }

    @Test("does not count what a rule refuses")
    func refusals() throws {
        var world = World(
            rules: Rules { $0.answers.authorization = .reject }, bounds: Self.bounds(device: 1, adapter: 1))
        for _ in 0..<5 {
            world.device(connected: true)
            world.ask { .authorization($0) }
            #expect(world.lastPairing?.outcome?.result == .rejectedByPolicy)
        }
    }

    @Test("under ever new addresses does not push out one that is locked out")
    func manyAddresses() throws {
        var bounds = Self.bounds(device: 2)
        bounds.countedDevices = 10
        var world = World(bounds: bounds)
        try Self.fail(&world, scale)
        try Self.fail(&world, scale)
        for number in 0..<100 {
            let stranger = device(1000 + UInt64(number))
            try Self.fail(&world, stranger)
            world.gone(stranger)
            world.wait(.milliseconds(1))
        }
        let counted = (0..<100).filter { world.coordinator.failures(of: device(1000 + $0).address, on: hci0) > 0 }
        #expect(counted == Array(91..<100))
        #expect(Self.isLockedOut(&world, scale))
    }

    @Test("never, where no number is given")
    func unlimited() throws {
        var world = World(bounds: Self.bounds(device: 0))
        for _ in 0..<20 { try Self.fail(&world) }
        #expect(!Self.isLockedOut(&world))
    }
}
