// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing
import Testing

@Suite("Whatever happens")
struct WalkTests {
    @Test("in any state, what always holds holds, and all comes to an end by itself", arguments: Situation.all)
    func everyHappening(in situation: Situation) throws {
        for happening in Happening.all {
            for device in [cuff, scale] {
                var world = World()
                try situation.reach(&world)
                happening.run(&world, device)
                comesToAnEnd(&world, "\(situation.name): \(happening.name)")
            }
        }
    }

    @Test("one thing after the other, what always holds holds", arguments: [1, 2, 3] as [UInt64])
    func randomWalk(seed: UInt64) {
        var generator = SplitMix(state: seed)
        var world = World()
        for _ in 0..<2000 {
            let happening = Happening.all[Int(generator.next() % UInt64(Happening.all.count))]
            happening.run(&world, generator.next() % 3 == 0 ? scale : cuff)
            // The radio protocol's 30 s are never reached; nobody at BlueZ waits for a repair.
            for request in world.openRequests where request.kind != .repair {
                #expect(request.deadline.monotonic <= world.now.monotonic + .seconds(30))
            }
            world.forgetHistory()
        }
        // Nothing starts by itself any more.
        world.send(.settingsChanged(Timing(), Bounds(), Conduct()))
        world.send(.rulesChanged(Rules()))
        comesToAnEnd(&world, "seed \(seed)")
    }

    @Test("a device that no rule matches gets no for an answer, to everything")
    func defaultDeny() {
        var generator = SplitMix(state: 42)
        var world = World(rules: NoRules())
        let happenings = Happening.all.filter { !$0.name.hasPrefix("rules") }
        for _ in 0..<1500 {
            happenings[Int(generator.next() % UInt64(happenings.count))].run(&world, cuff)
            for effect in world.effects {
                switch effect {
                case .pair, .reply(_, .accept), .reply(_, .passkey), .reply(_, .pinCode):
                    Issue.record("\(effect) without a rule")
                default: break
                }
            }
            world.forgetHistory()
        }
    }

    private func comesToAnEnd(_ world: inout World, _ what: String) {
        world.wait(.seconds(400))
        #expect(world.openRequests.isEmpty, Comment(rawValue: what))
        #expect(world.coordinator.pairings.allSatisfy { $0.outcome != nil }, Comment(rawValue: what))
        #expect(world.coordinator.nextDeadline == nil, Comment(rawValue: what))
        #expect(world.isQuiet, Comment(rawValue: what))
        // What BlueZ or the adapter took with it is clear once it is back.
        if world.isSettled { return }
        world.send(.bluezAppeared)
        world.adapter(hci0, isPowered: true)
        for device in [cuff, scale] { world.gone(device) }
        world.wait(.seconds(30))
        #expect(world.isSettled, Comment(rawValue: what))
    }
}

/// A generator whose walk can be walked again (Steele, Lea, Flood: "Fast splittable pseudorandom number generators").
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
