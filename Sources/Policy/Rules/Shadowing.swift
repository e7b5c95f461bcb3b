// SPDX-License-Identifier: Apache-2.0

/// Rules that can never decide, because an earlier one holds wherever they would.
extension Policy {
    /// A warning for each rule that an earlier one keeps from ever deciding, in their order.
    ///
    /// Where it cannot tell, as with some patterns for names, it says nothing.
    public var shadowedRules: [PolicyError] {
        let matches = rules.map { Shadow($0) }
        return rules.indices.compactMap { later in
            guard let earlier = rules.indices.prefix(later).first(where: { matches[$0].covers(matches[later]) })
            else { return nil }
            return PolicyError(
                .warning, file: rules[later].file, position: TextPosition(line: 1, column: 1),
                message: "this rule never decides: \(rules[earlier].name) comes first and matches every such device",
                suggestion: "rename it so that it sorts before \(rules[earlier].file), or narrow that one")
        }
    }
}

/// A rule's match, prepared for being held against many others.
private struct Shadow {
    let match: Match
    let isWindowed: Bool
    /// One bit for each key of ``MatchKey/all`` that narrows the match.
    let given: UInt32

    init(_ rule: Rule) {
        match = rule.match
        isWindowed = rule.profile.pairing.when == .window
        var given = MatchKey.given(rule.match)
        // The lone star narrows nothing.
        if rule.match.addresses.contains(where: { $0.octets == 0 }) { given &= ~Self.address }
        self.given = given
    }

    private static let address: UInt32 = {
        let bit = MatchKey.all.firstIndex { $0.key.name == "address" }
        return bit.map { 1 << UInt32($0) } ?? 0
    }()

    func covers(_ other: Shadow) -> Bool {
        // A rule that does not always hold covers only others that hold no oftener.
        guard given & ~other.given == 0, !isWindowed || other.isWindowed else { return false }
        // How old data may be counts too.
        guard match.data.isEmpty || match.data.fresh >= other.match.data.fresh else { return false }
        return MatchKey.all.enumerated().allSatisfy { bit, key in
            given & (1 << UInt32(bit)) == 0 || key.covers(match, other.match)
        }
    }
}
