// SPDX-License-Identifier: Apache-2.0

/// Finds the few rules of many that may match a device, without looking at the others.
///
/// Each key of `[match]` has one bit per rule: set where the key does not rule the device out. The rules that all keys
/// leave over are the candidates.
struct MatchIndex: Sendable {
    private struct Column: Sendable {
        let key: MatchKey
        /// The rules that give the key.
        var given: RuleSet
        /// The rules that do not give the key, or cannot be found by it.
        var always: RuleSet
        var byLabel: [UInt64: [Int]] = [:]
    }

    /// What is left of the rules for one device.
    struct Candidates {
        /// The rules that no known fact rules out by its labels.
        var rules: RuleSet
        /// For each fact that is not known, or may be too old, the rules that look at it.
        var waiting: [Waiting] = []
    }

    struct Waiting {
        let fact: Decision.Fact
        let rules: RuleSet
        /// Is the fact there, and new enough for some rules?
        let isKnown: Bool
    }

    private var columns: [Column]
    /// For each rule, one bit for each key of ``MatchKey/all`` that it gives.
    private(set) var given: [UInt32] = []
    /// The rules that hold only while a window is open.
    private var windowed: RuleSet

    init(_ rules: [Rule]) {
        let (none, all) = (RuleSet(count: rules.count), RuleSet(all: rules.count))
        windowed = none
        columns = MatchKey.all.map { Column(key: $0, given: none, always: all) }
        given.reserveCapacity(rules.count)
        for (position, rule) in rules.enumerated() {
            if rule.profile.pairing.when == .window { windowed.insert(position) }
            var keys = MatchKey.given(rule.match)
            given.append(keys)
            while keys != 0 {
                let index = keys.trailingZeroBitCount
                keys &= keys - 1
                columns[index].given.insert(position)
                guard let labels = columns[index].key.labels(rule.match) else { continue }
                columns[index].always.remove(position)
                for label in Set(labels) { columns[index].byLabel[label, default: []].append(position) }
            }
        }
        // A key that no rule gives costs nothing, and is not waited for.
        columns.removeAll { $0.given.isEmpty }
    }

    func candidates(for observation: Observation, inWindow: Bool, among count: Int) -> Candidates {
        var result = Candidates(rules: RuleSet(all: count))
        if !inWindow { result.rules.subtract(windowed) }
        for column in columns {
            if let labels = column.key.observedLabels(observation) {
                if column.key.isAboutNow, let fact = column.key.fact, !observation.facts.isSettled {
                    result.waiting.append(Waiting(fact: fact, rules: column.given, isKnown: true))
                }
                // No rule can be found by this key.
                if column.byLabel.isEmpty { continue }
                var possible = column.always
                for label in labels {
                    for position in column.byLabel[label] ?? [] { possible.insert(position) }
                }
                result.rules.formIntersection(possible)
            } else if let fact = column.key.fact {
                result.waiting.append(Waiting(fact: fact, rules: column.given, isKnown: false))
            }
        }
        return result
    }
}

/// A set of positions in the list of rules, one bit each.
struct RuleSet: Sendable {
    private var words: [UInt64]

    /// None of `count` rules.
    init(count: Int) { words = Array(repeating: 0, count: (count + 63) / 64) }

    /// All of `count` rules.
    init(all count: Int) {
        words = Array(repeating: .max, count: (count + 63) / 64)
        if count % 64 != 0 { words[words.count - 1] = (1 << UInt64(count % 64)) - 1 }
    }

    var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    mutating func insert(_ position: Int) { words[position / 64] |= 1 << UInt64(position % 64) }

    mutating func remove(_ position: Int) { words[position / 64] &= ~(1 << UInt64(position % 64)) }

    mutating func formIntersection(_ other: RuleSet) {
        for index in words.indices { words[index] &= other.words[index] }
    }

    mutating func subtract(_ other: RuleSet) {
        for index in words.indices { words[index] &= ~other.words[index] }
    }

    /// The lowest position that fulfils the condition.
    func first(where condition: (Int) -> Bool) -> Int? {
        for (index, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                let position = index * 64 + rest.trailingZeroBitCount
                if condition(position) { return position }
                rest &= rest - 1
            }
        }
        return nil
    }
}
