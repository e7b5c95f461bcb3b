// SPDX-License-Identifier: Apache-2.0

/// The rules in force, in their order, and the daemon's own settings.
public struct Policy: Sendable {
    public let rules: [Rule]
    /// Every rule file that was found, in the order of reading, also those that are masked or switched off.
    public let files: [RuleFile]
    public let configuration: Configuration
    /// What is allowed and hardly meant.
    public let warnings: [PolicyError]
    /// By the paths of rule files that need not be read again as long as they do not change.
    let stamps: [String: FileStamp]
    /// Is there a rule by which devices may start a pairing, without a window?
    public let acceptsIncoming: Bool
    /// The positions of the rules with `initiate = "auto"`.
    private let starting: [Int]
    private let startsOutsideOfWindows: Bool
    private let index: MatchIndex

    /// - Parameter rules: The earliest that matches decides.
    public init(
        rules: [Rule] = [], files: [RuleFile] = [], configuration: Configuration = Configuration(),
        warnings: [PolicyError] = []
    ) {
        self.init(rules: rules, files: files, configuration: configuration, warnings: warnings, stamps: [:])
    }

    init(
        rules: [Rule], files: [RuleFile], configuration: Configuration, warnings: [PolicyError],
        stamps: [String: FileStamp]
    ) {
        self.stamps = stamps
        starting = rules.indices.filter { rules[$0].profile.pairing.initiate == .auto }
        startsOutsideOfWindows = starting.contains { rules[$0].profile.pairing.when == .always }
        acceptsIncoming =
            configuration.unknownDevices.action == .ask
            || rules.contains { rule in
                let profile = rule.profile
                return profile.pairing.when == .always
                    && (profile.pairing.acceptIncoming || profile.repair.bondedDevice != .reject)
            }
        self.rules = rules
        self.files = files
        self.configuration = configuration
        self.warnings = warnings
        index = MatchIndex(rules)
    }

    /// The first rule whose whole `[match]` holds.
    ///
    /// A rule that may still match once a fact is known comes before every later one: the answer is then
    /// ``Decision/undetermined(waitingFor:)`` with each fact that such a rule looks at.
    ///
    /// - Parameter inWindow: Is a window open for this device? Only then do rules with `when = "window"` hold.
    public func decide(_ facts: DeviceFacts, inWindow: Bool = false) -> Decision {
        let observation = Observation(facts)
        let candidates = index.candidates(for: observation, inWindow: inWindow, among: rules.count)
        var certain = candidates.rules
        for waiting in candidates.waiting where !waiting.isKnown { certain.subtract(waiting.rules) }
        let match = certain.first { outcome(of: $0, observation) == .matches }

        var missing: Set<Decision.Fact> = []
        for waiting in candidates.waiting {
            var possible = candidates.rules
            possible.formIntersection(waiting.rules)
            let undecided = possible.first { position in
                if position >= match ?? rules.count { return true }
                if case .waits(let facts) = outcome(of: position, observation) { return facts.contains(waiting.fact) }
                return false
            }
            if let undecided, undecided < match ?? rules.count { missing.insert(waiting.fact) }
        }
        if !missing.isEmpty { return .undetermined(waitingFor: missing) }
        return match.map { .matched(rules[$0]) } ?? .unmatched
    }

    /// Is there a rule with `initiate = "auto"` that holds now?
    public func startsPairings(inWindow: Bool) -> Bool {
        inWindow ? !starting.isEmpty : startsOutsideOfWindows
    }

    /// Is there a rule with `initiate = "auto"` that the device fulfils, as far as it is known?
    public func mayStart(_ facts: DeviceFacts, inWindow: Bool = false) -> Bool {
        let observation = Observation(facts)
        return starting.contains { position in
            if rules[position].profile.pairing.when == .window, !inWindow { return false }
            if case .fails = outcome(of: position, observation) { return false }
            return true
        }
    }

    /// The decision for a device, and why each rule did or did not match.
    public func evaluate(_ facts: DeviceFacts, inWindow: Bool = false) -> Evaluation {
        let observation = Observation(facts)
        return Evaluation(
            decision: decide(facts, inWindow: inWindow),
            rules: rules.indices.map { position in
                let rule = rules[position]
                let isShut = rule.profile.pairing.when == .window && !inWindow
                let outcome = isShut ? .fails(key: "when") : outcome(of: position, observation)
                return RuleEvaluation(rule: rule.name, file: rule.file, outcome: outcome)
            })
    }

    private func outcome(of position: Int, _ observation: Observation) -> RuleEvaluation.Outcome {
        var given = index.given[position]
        guard given != 0 else { return .fails(key: nil) }
        var waiting: Set<Decision.Fact> = []
        while given != 0 {
            let key = MatchKey.all[given.trailingZeroBitCount]
            given &= given - 1
            switch key.verdict(rules[position].match, observation) {
            case .notGiven, .holds: break
            case .fails: return .fails(key: key.key.name)
            case .unknown: if let fact = key.fact { waiting.insert(fact) }
            }
        }
        return waiting.isEmpty ? .matches : .waits(for: waiting)
    }

    /// What holds for a device that no rule matches, if the administrator wants to be asked.
    public var unknownDevices: Rule? {
        guard configuration.unknownDevices.action == .ask else { return nil }
        return Rule(
            name: "unknown-devices", file: configuration.file,
            description: "what [unknown-devices] in pairingd.toml says",
            match: Match(), profile: Profile(pairing: PairingSettings(acceptIncoming: true)))
    }
}

/// Why the rules say of a device what they say.
public struct Evaluation: Sendable, Hashable {
    public var decision: Decision
    /// Every rule in its order, also those behind the one that decides.
    public var rules: [RuleEvaluation]

    /// The rules that were looked at and did not decide.
    public var passedOver: [RuleEvaluation] {
        guard case .matched(let rule) = decision else { return rules }
        return Array(rules.prefix { $0.rule != rule.name })
    }
}

/// What one rule says of a device.
public struct RuleEvaluation: Sendable, Hashable {
    public enum Outcome: Sendable, Hashable {
        case matches
        /// The first key that does not hold: one of `[match]`, or `when`; `nil` for a rule without any.
        case fails(key: String?)
        /// No key fails, but these facts are not known yet.
        case waits(for: Set<Decision.Fact>)
    }

    /// The rule's name.
    public var rule: String
    /// The path of the rule's file.
    public var file: String
    public var outcome: Outcome

    /// The outcome in words.
    public var reason: String {
        switch outcome {
        case .matches: "matches"
        case .fails(key: "when"): "holds only while a window is open"
        case .fails(key: let key?): "\(key) does not match"
        case .fails(key: nil): "matches no device"
        case .waits(let facts): "waits for \(facts.map(\.rawValue).sorted().joined(separator: ", ")), not known yet"
        }
    }
}
