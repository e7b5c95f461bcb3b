// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Glibc
import Policy
import Testing

@Suite("The rules that are shipped")
struct ShippedRuleTests {
    /// The text of a file below `policy/` of the package.
    private static func text(_ name: String) throws -> [UInt8] {
        let tests = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        let file = try #require(fopen(tests.joined(separator: "/") + "/policy/\(name)", "r"))
        defer { fclose(file) }
        var text = [UInt8](repeating: 0, count: 65_536)
        text.removeSubrange(fread(&text, 1, text.count, file)...)
        return text
    }

    @Test("Omron's cuffs pair as Just Works that they start, and nothing else is answered")
    func omron() throws {
        let name = "50-omron-blood-pressure.toml"
        let rule = try Rule(parsing: try Self.text(name), file: name)
        #expect(rule.profile.pairing == PairingSettings(ioCapability: .noInputNoOutput, acceptIncoming: true))
        #expect(
            rule.profile.answers
                == AnswerSettings(
                    authorization: .accept, confirmation: .reject, passkey: .reject, pin: .reject,
                    service: ServiceAnswer(otherwise: .reject)))

        let policy = Policy(rules: [rule])
        var facts = DecisionTests.cuff
        #expect(policy.decide(facts) == .matched(rule))
        facts.name = "BLESmart_00000116005FBF000001"
        #expect(policy.decide(facts) == .matched(rule))
        facts.name = "HEM-7322T"
        #expect(policy.decide(facts) == .unmatched)
        facts.name = nil
        #expect(policy.decide(facts) == .undetermined(waitingFor: [.name]))
        facts.manufacturerData = [:]
        #expect(policy.decide(facts) == .unmatched)
    }
}
