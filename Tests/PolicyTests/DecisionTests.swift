// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Policy
import Testing

@Suite("What the rules decide")
struct DecisionTests {
    static let cuff = DeviceFacts(
        address: Address(bits: 0x005F_BF71_8118), addressType: .public, name: "BLEsmart_00000244005FBF718118",
        services: [BluetoothUUID(assigned: 0x1810)], manufacturerData: [CompanyIdentifier(0x020E): [1, 9]])

    static func policy(_ texts: String...) throws -> Policy {
        Policy(rules: try texts.enumerated().map { try rule($1, file: "\($0 + 1).toml") })
    }

    static func name(_ decision: Decision) -> String? {
        if case .matched(let rule) = decision { rule.name } else { nil }
    }

    @Test(
        "A rule matches when every key of its match holds",
        arguments: [
            ("name = \"BLEsmart_*\"", true), ("name = [\"HEM*\", \"BLEsmart_*\"]", true),
            ("name = \"blesmart_*\"", false),
            ("name = \"*8118\"", true), ("name = \"*\"", true), ("name = \"BLEsmart_00000244005FBF718118\"", true),
            ("address = \"00:5f:bf:71:81:18\"", true), ("address = \"00:5F:BF:*\"", true), ("address = \"*\"", true),
            ("address = [\"AA:*\", \"00:*\"]", true), ("address = \"00:5F:BF:71:81:19\"", false),
            ("address = \"00:5F:BE:*\"", false), ("service = \"1810\"", true), ("service = \"00001810\"", true),
            ("service = \"00001810-0000-1000-8000-00805F9B34FB\"", true), ("service = [\"fe4a\", \"1810\"]", true),
            ("service = \"1811\"", false), ("manufacturer = 0x020E", true), ("manufacturer = [1, 526]", true),
            ("manufacturer = 527", false), ("name = \"BLE*\"\nmanufacturer = 526", true),
            ("name = \"BLE*\"\nmanufacturer = 1", false), ("name = \"HEM*\"\nmanufacturer = 526", false),
            ("name = \"BLE*\"\nmanufacturer = 526\nservice = \"1810\"\naddress = \"00:*\"", true),
        ])
    func keys(match: String, isMatch: Bool) throws {
        let decision = try Self.policy("[match]\n" + match).decide(Self.cuff)
        #expect((Self.name(decision) == "1") == isMatch)
        #expect(isMatch || decision == .unmatched)
    }

    @Test("The first rule that matches decides")
    func firstMatch() throws {
        let policy = try Self.policy(
            "match.name = \"HEM*\"", "match.manufacturer = 526", "match.name = \"BLEsmart_*\"", "match.address = \"*\"")
        #expect(Self.name(policy.decide(Self.cuff)) == "2")
    }

    @Test("Without a rule that matches, nothing does")
    func unmatched() throws {
        #expect(Policy().decide(Self.cuff) == .unmatched)
        #expect(try Self.policy("match.name = \"HEM*\"").decide(Self.cuff) == .unmatched)
        #expect(Policy(rules: [Rule(name: "none", profile: Profile())]).decide(Self.cuff) == .unmatched)
    }

    @Test("A rule that needs an unknown fact is waited for, also where a later one matches")
    func undetermined() throws {
        let policy = try Self.policy("match.name = \"BLE*\"", "match.address = \"*\"")
        var facts = Self.cuff
        facts.name = nil
        #expect(policy.decide(facts) == .undetermined(waitingFor: [.name]))
        facts.name = "HEM"
        #expect(Self.name(policy.decide(facts)) == "2")
    }

    @Test("A rule that matches is not kept waiting by later ones")
    func laterIsNotWaitedFor() throws {
        let policy = try Self.policy("match.address = \"00:*\"", "match.name = \"BLE*\"")
        var facts = Self.cuff
        facts.name = nil
        #expect(Self.name(policy.decide(facts)) == "1")
    }

    @Test("A key that fails settles a rule, whatever is unknown")
    func failureSettles() throws {
        let policy = try Self.policy("match.name = \"BLE*\"\nmatch.manufacturer = 1", "match.address = \"*\"")
        var facts = Self.cuff
        facts.name = nil
        #expect(Self.name(policy.decide(facts)) == "2")
    }

    @Test("All facts that may change the decision are waited for, and no others")
    func waitingFor() throws {
        let policy = try Self.policy(
            "match.name = \"A*\"\nmatch.address = \"AA:*\"", "match.service = \"1810\"",
            "match.service = \"1811\"\nmatch.manufacturer = 1")
        let unknown = DeviceFacts(address: Self.cuff.address)
        #expect(policy.decide(unknown) == .undetermined(waitingFor: [.services, .manufacturerData]))
        var facts = unknown
        facts.services = [BluetoothUUID(assigned: 0x1811)]
        #expect(policy.decide(facts) == .undetermined(waitingFor: [.manufacturerData]))
        facts.manufacturerData = [:]
        #expect(policy.decide(facts) == .unmatched)
    }

    @Test("A private address is matched by the lone star only")
    func privateAddress() throws {
        let policy = try Self.policy("match.address = [\"4F:*\", \"4F:00:00:00:00:01\"]", "match.address = \"*\"")
        let bits: UInt64 = 0x4F00_0000_0001
        #expect(Self.name(policy.decide(DeviceFacts(address: Address(bits: bits), addressType: .random))) == "2")
        #expect(Self.name(policy.decide(DeviceFacts(address: Address(bits: bits), addressType: .public))) == "1")
    }

    @Test("An evaluation names for each rule the first key that fails, or what it waits for")
    func evaluation() throws {
        let policy = try Self.policy(
            "match.manufacturer = 1\nmatch.name = \"x\"", "match.name = \"x\"\nmatch.address = \"AA:*\"",
            "match.service = \"1810\"", "match.address = \"*\"")
        var facts = Self.cuff
        facts.services = nil
        let evaluation = policy.evaluate(facts)
        #expect(evaluation.decision == .undetermined(waitingFor: [.services]))
        #expect(evaluation.rules.map(\.rule) == ["1", "2", "3", "4"])
        #expect(
            evaluation.rules.map(\.outcome) == [
                .fails(key: "manufacturer"), .fails(key: "address"), .waits(for: [.services]), .matches,
            ])
    }

    @Test("Looking rules up gives the same decision as going through them one by one")
    func indexAgrees() throws {
        var random = SplitMix64(state: 7)
        let parts = [
            ["", "name = \"BLE*\"\n", "name = \"*8\"\n", "name = [\"B*\", \"BLEsmart_?*\"]\n", "name = \"HEM\"\n"],
            ["", "address = \"00:5F:*\"\n", "address = \"*\"\n", "address = \"AA:*\"\n"],
            ["", "manufacturer = [526, 3]\n", "manufacturer = 1\n"],
            ["", "service = \"1810\"\n", "service = \"fe4a\"\n"],
        ]
        for _ in 0..<40 {
            let rules = try (0..<100).compactMap { number -> Rule? in
                let match = parts.map { $0.randomElement(using: &random) ?? "" }.joined()
                return match.isEmpty ? nil : try rule("[match]\n" + match, file: "\(number).toml")
            }
            let policy = Policy(rules: rules)
            for known in 0..<8 {
                var facts = Self.cuff
                if known & 1 == 0 { facts.name = nil }
                if known & 2 == 0 { facts.services = nil }
                if known & 4 == 0 { facts.manufacturerData = nil }
                let evaluation = policy.evaluate(facts)
                let outcomes = evaluation.rules.map(\.outcome)
                let match = outcomes.firstIndex(of: .matches)
                var waiting: Set<Decision.Fact> = []
                for case .waits(let missing) in outcomes[..<(match ?? outcomes.count)] { waiting.formUnion(missing) }
                let expected: Decision =
                    if !waiting.isEmpty {
                        .undetermined(waitingFor: waiting)
                    } else if let match {
                        .matched(rules[match])
                    } else {
                        .unmatched
                    }
                #expect(evaluation.decision == expected)
            }
        }
    }
}

/// Random numbers that are the same in every run (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators).
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
