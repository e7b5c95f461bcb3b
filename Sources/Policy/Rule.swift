// SPDX-License-Identifier: Apache-2.0

/// One rule file: which devices it is for, and what is done with them.
public struct Rule: Sendable, Hashable {
    /// The file's name without `.toml`; it is told wherever the rule decides.
    public var name: String
    /// The path of the file; empty for a rule that comes from none.
    public var file: String
    /// What the rule is for, in its author's words; may be empty.
    public var description: String
    public var match: Match
    public var profile: Profile

    public init(name: String, profile: Profile) {
        self.init(name: name, match: Match(), profile: profile)
    }

    public init(name: String, file: String = "", description: String = "", match: Match, profile: Profile) {
        self.name = name
        self.file = file
        self.description = description
        self.match = match
        self.profile = profile
    }
}

extension Rule {
    /// The rule in a file's text.
    ///
    /// - Parameters:
    ///   - text: UTF-8, at most 64 KiB.
    ///   - file: The path that errors name; the rule's name is its last component without `.toml`.
    /// - Throws: Everything that is wrong with the text; of several syntax errors only the first.
    public init(parsing text: [UInt8], file: String) throws(PolicyErrors) {
        var reader = Reader(file: file)
        guard let rule = Rule(parsing: text, &reader), reader.errors.isEmpty else {
            throw PolicyErrors(reader.sortedErrors)
        }
        self = rule
    }

    /// `nil` for a text that is no TOML; a rule with wrong values is made, and the reader has its errors.
    init?(parsing text: [UInt8], _ reader: inout Reader) {
        do {
            var draft = RuleDraft()
            RuleSchema.rule.read(try TOMLDocument.parse(text), into: &draft, &reader)
            self.init(
                name: Self.name(ofFile: reader.file), file: reader.file, description: draft.description,
                match: draft.match, profile: Profile(pairing: draft.pairing, answers: draft.answers))
        } catch {
            reader.error("invalid TOML: \(error.reason)", at: error.position)
            return nil
        }
    }

    static func name(ofFile path: String) -> String {
        let last = path.split(separator: "/").last ?? ""
        return String(last.hasSuffix(".toml") ? last.dropLast(5) : last)
    }
}
