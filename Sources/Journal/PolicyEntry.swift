// SPDX-License-Identifier: Apache-2.0

extension Entry {
    /// The rule files were read, and are in force.
    ///
    /// - Parameter warnings: What looks wrong in them, a line each.
    public static func policyLoaded(rules: Int, warnings: [String]) -> Entry {
        let problems = warnings.isEmpty ? "" : ", with warnings:\n" + warnings.joined(separator: "\n")
        return Entry(
            warnings.isEmpty ? .notice : .warning,
            "\(counted(rules, "rule")) \(rules == 1 ? "is" : "are") in force\(problems)",
            .policyLoaded, fields: [Field(.decision, "accepted")])
    }

    /// The rule files have errors, and are not taken into force.
    ///
    /// - Parameters:
    ///   - errors: A line each.
    ///   - isStart: Was nothing in force before?
    public static func policyRefused(_ errors: [String], isStart: Bool) -> Entry {
        let consequence =
            isStart ? "every pairing is refused until they are mended" : "the rules that were in force stay so"
        return Entry(
            .error, "the rule files have errors; \(consequence):\n" + errors.joined(separator: "\n"),
            .policyRefused, fields: [Field(.decision, "rejected")])
    }
}

/// `1 rule`, `2 rules`.
public func counted(_ count: Int, _ noun: String) -> String { count == 1 ? "1 \(noun)" : "\(count) \(noun)s" }
