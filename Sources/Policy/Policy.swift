// SPDX-License-Identifier: Apache-2.0

/// The rules in force, in their order.
public struct Policy: Sendable {
    public let rules: [Rule]
    /// Every rule file that was found, in the order of reading, also those that are masked or switched off.
    public let files: [RuleFile]
    private let index: MatchIndex

    /// - Parameter rules: The earliest that matches decides.
    public init(rules: [Rule] = [], files: [RuleFile] = []) {
        self.rules = rules
        self.files = files
        index = MatchIndex(rules)
    }

    /// The first rule whose whole `[match]` holds.
    ///
    /// A rule that may still match once a fact is known comes before every later one: the answer is then
    /// ``Decision/undetermined(waitingFor:)`` with each fact that such a rule looks at.
    public func decide(_ facts: DeviceFacts) -> Decision {
        let observation = Observation(facts)
        let candidates = index.candidates(for: observation, among: rules.count)
        var certain = candidates.rules
        for waiting in candidates.waiting { certain.subtract(waiting.rules) }
        let match = certain.first { rules[$0].outcome(observation) == .matches }

        var missing: Set<Decision.Fact> = []
        for waiting in candidates.waiting {
            var possible = candidates.rules
            possible.formIntersection(waiting.rules)
            let undecided = possible.first { position in
                if position >= match ?? rules.count { return true }
                if case .waits = rules[position].outcome(observation) { return true }
                return false
            }
            if let undecided, undecided < match ?? rules.count { missing.insert(waiting.fact) }
        }
        if !missing.isEmpty { return .undetermined(waitingFor: missing) }
        return match.map { .matched(rules[$0]) } ?? .unmatched
    }

    /// The decision for a device, and why each rule did or did not match.
    public func evaluate(_ facts: DeviceFacts) -> Evaluation {
        let observation = Observation(facts)
        return Evaluation(
            decision: decide(facts),
            rules: rules.map { RuleEvaluation(rule: $0.name, file: $0.file, outcome: $0.outcome(observation)) })
    }
}

/// Why the rules say of a device what they say.
public struct Evaluation: Sendable, Hashable {
    public var decision: Decision
    /// Every rule in its order, also those behind the one that decides.
    public var rules: [RuleEvaluation]
}

/// What one rule says of a device.
public struct RuleEvaluation: Sendable, Hashable {
    public enum Outcome: Sendable, Hashable {
        case matches
        /// The first key of `[match]` that does not hold; `nil` for a rule without any.
        case fails(key: String?)
        /// No key fails, but these facts are not known yet.
        case waits(for: Set<Decision.Fact>)
    }

    /// The rule's name.
    public var rule: String
    /// The path of the rule's file.
    public var file: String
    public var outcome: Outcome
}

extension Rule {
    func outcome(_ observation: Observation) -> RuleEvaluation.Outcome {
        var isGiven = false
        var waiting: Set<Decision.Fact> = []
        for key in MatchKey.all {
            switch key.verdict(match, observation) {
            case .notGiven: break
            case .holds: isGiven = true
            case .fails: return .fails(key: key.key.name)
            case .unknown:
                isGiven = true
                if let fact = key.fact { waiting.insert(fact) }
            }
        }
        if !isGiven { return .fails(key: nil) }
        return waiting.isEmpty ? .matches : .waits(for: waiting)
    }
}
