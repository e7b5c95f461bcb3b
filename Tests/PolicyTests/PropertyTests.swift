// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Policy
import Testing

/// What holds for every set of rules, tried on many random ones.
@Suite("Whatever the rules are")
struct PropertyTests {
    /// Lines of which a match is made; each device below fulfils some of them.
    static let lines = [
        "name = \"BLE*\"", "name = [\"*44\", \"HEM*\"]", "name = \"Door lock\"", "address = \"00:5F:*\"",
        "address = \"*\"", "address = [\"AA:*\", \"C4:11:22:33:44:01\"]", "address-type = \"public\"",
        "adapter = \"hci0\"", "adapter = \"hci1\"", "transport = \"le\"", "transport = \"bredr\"", "bonded = false",
        "manufacturer = 0x020E", "manufacturer = [1, 2]", "service = \"1810\"", "service = [\"1124\", \"1812\"]",
        "appearance = 0x03C1", "class = { mask = 0x1F00, value = 0x0500 }", "icon = \"input-*\"",
        "manufacturer-data = { offset = 1, mask = 0x08, value = 0x08 }", "service-data = { service = \"1810\" }",
        "advertising-data = { type = 0x24 }",
    ]

    private static func rule(_ number: Int, using random: inout SplitMix64) throws -> Rule {
        var chosen: [String: String] = [:]
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            guard let line = lines.randomElement(using: &random) else { continue }
            chosen[String(line.prefix { $0 != " " })] = line
        }
        let when = Bool.random(using: &random) ? "" : "\n[pairing]\nwhen = \"window\""
        let text = "[match]\n" + chosen.values.sorted().joined(separator: "\n") + when
        return try makeRule(text, file: "\(number).toml")
    }

    private static func device(using random: inout SplitMix64) -> DeviceFacts {
        var facts = MatchKeyTests.known
        if Bool.random(using: &random) { facts.address = Address(bits: 0xC411_2233_4401) }
        if Bool.random(using: &random) {
            facts.name = ["Door lock", nil, "HEM-7322T"].randomElement(using: &random) ?? nil
        }
        if Bool.random(using: &random) {
            facts.services = [nil, [BluetoothUUID(assigned: 0x1124)]].randomElement(using: &random) ?? nil
        }
        if Bool.random(using: &random) { facts.manufacturerData = [nil, [:]].randomElement(using: &random) ?? nil }
        if Bool.random(using: &random) { facts.adapter = [nil, "hci1"].randomElement(using: &random) ?? nil }
        if Bool.random(using: &random) { facts.transports = [nil, [.bredr]].randomElement(using: &random) ?? nil }
        if Bool.random(using: &random) {
            facts.advertisingAge = [nil, .seconds(100)].randomElement(using: &random) ?? nil
        }
        if Bool.random(using: &random) { facts.appearance = nil }
        facts.isBonded = Bool.random(using: &random)
        facts.isSettled = Bool.random(using: &random)
        return facts
    }

    @Test("a rule after the one that decides changes nothing")
    func laterRules() throws {
        var random = SplitMix64(state: 1)
        var decided = 0
        for _ in 0..<120 {
            let rules = try (0..<12).map { try Self.rule($0, using: &random) }
            for _ in 0..<12 {
                let (facts, inWindow) = (Self.device(using: &random), Bool.random(using: &random))
                let decision = Policy(rules: rules).decide(facts, inWindow: inWindow)
                guard case .matched(let rule) = decision, let position = rules.firstIndex(of: rule) else { continue }
                decided += 1
                let more = try Self.rule(100, using: &random)
                var longer = rules
                longer.insert(more, at: Int.random(in: position + 1...rules.count, using: &random))
                #expect(Policy(rules: longer).decide(facts, inWindow: inWindow) == decision)
                let shorter = Array(rules[...position])
                #expect(Policy(rules: shorter).decide(facts, inWindow: inWindow) == decision)
            }
        }
        #expect(decided > 200)
    }

    @Test("a decision depends on rules, device and window alone")
    func pure() throws {
        var random = SplitMix64(state: 2)
        for _ in 0..<100 {
            let rules = try (0..<12).map { try Self.rule($0, using: &random) }
            let policy = Policy(rules: rules)
            let devices = (0..<12).map { _ in Self.device(using: &random) }
            let first = devices.map { policy.decide($0, inWindow: false) }
            // In another order, after other questions, and by another policy made of the same rules.
            _ = devices.map { policy.decide($0, inWindow: true) }
            #expect(devices.reversed().map { policy.decide($0, inWindow: false) } == first.reversed())
            #expect(devices.map { Policy(rules: rules).decide($0, inWindow: false) } == first)
        }
    }

    @Test("a rule for a window decides in it alone, and one that always holds decides alike in it")
    func windows() throws {
        var random = SplitMix64(state: 3)
        for _ in 0..<100 {
            let rules = try (0..<12).map { try Self.rule($0, using: &random) }
            let always = rules.filter { $0.profile.pairing.when == .always }
            for _ in 0..<12 {
                let facts = Self.device(using: &random)
                #expect(Policy(rules: rules).decide(facts) == Policy(rules: always).decide(facts))
                #expect(Policy(rules: always).decide(facts, inWindow: true) == Policy(rules: always).decide(facts))
            }
        }
    }

    @Test("what is told of each rule agrees with the decision")
    func evaluations() throws {
        var random = SplitMix64(state: 4)
        for _ in 0..<120 {
            let rules = try (0..<12).map { try Self.rule($0, using: &random) }
            let policy = Policy(rules: rules)
            for _ in 0..<12 {
                let (facts, inWindow) = (Self.device(using: &random), Bool.random(using: &random))
                let evaluation = policy.evaluate(facts, inWindow: inWindow)
                var waiting: Set<Decision.Fact> = []
                var expected = Decision.unmatched
                for (rule, outcome) in zip(rules, evaluation.rules.map(\.outcome)) {
                    if case .waits(let facts) = outcome { waiting.formUnion(facts) }
                    guard case .matches = outcome else { continue }
                    expected = .matched(rule)
                    break
                }
                if !waiting.isEmpty { expected = .undetermined(waitingFor: waiting) }
                #expect(evaluation.decision == expected)
            }
        }
    }

    @Test("a rule that is said never to decide never does")
    func shadows() throws {
        var random = SplitMix64(state: 5)
        var shadowed = 0
        for _ in 0..<100 {
            let rules = try (0..<12).map { try Self.rule($0, using: &random) }
            let policy = Policy(rules: rules)
            let dead = Set(policy.shadowedRules.map(\.file))
            shadowed += dead.count
            for _ in 0..<30 {
                let decision = policy.decide(Self.device(using: &random), inWindow: Bool.random(using: &random))
                if case .matched(let rule) = decision { #expect(!dead.contains(rule.file)) }
            }
        }
        #expect(shadowed > 50)
    }
}

/// ``rule(_:file:)``, where a function of that name hides it.
private func makeRule(_ text: String, file: String) throws -> Rule { try rule(text, file: file) }
