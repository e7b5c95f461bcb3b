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
    private var given: [GivenKey] = []

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

    /// A key that the file gives. Small, because there may be ten thousand rules.
    private struct GivenKey: Sendable, Hashable {
        /// Where the key stands in ``KeyDocumentation/rule``.
        let key: UInt16
        let line: UInt32
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
        var reader = Reader(file: file, documentation: KeyDocumentation.rule)
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
                match: draft.match, profile: draft.profile)
            given = reader.positions.compactMap { path, position in
                Self.keys[path].map { GivenKey(key: $0, line: UInt32(clamping: position.line)) }
            }
        } catch {
            reader.error("invalid TOML: \(error.reason)", at: error.position)
            return nil
        }
    }

    /// Each key's place in ``KeyDocumentation/rule``, by its whole name.
    private static let keys = Dictionary(
        KeyDocumentation.rule.enumerated().map { ($1.path, UInt16(clamping: $0)) }
    ) { first, _ in first }

    static func name(ofFile path: String) -> String {
        let last = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path[path.utf8.index(after: $0)...] } ?? path[...]
        return String(last.hasSuffix(".toml") ? last.dropLast(5) : last)
    }
}

/// One value of a rule, and where it comes from.
public struct RuleSetting: Sendable, Hashable {
    /// With its tables, such as `pairing.io-capability`.
    public var key: String
    /// As it would be written in a rule file, without secrets.
    public var value: String
    /// The line of the rule's file, from 1; `nil` for what holds because the file does not say.
    public var line: Int?
}

extension Rule {
    /// Every value of the rule that says what is done with a device, in the order of the manual; keys that are not given
    /// and have no value by default are left out.
    public var settings: [RuleSetting] {
        let lines = Dictionary(given.map { ($0.key, Int($0.line)) }) { first, _ in first }
        return RuleSetting.all(of: RuleDraft(self)).map { setting in
            var setting = setting
            setting.line = Self.keys[setting.key.split(separator: ".").map(String.init)].flatMap { lines[$0] }
            return setting
        }
    }
}

extension Profile {
    /// Every value of the profile, in the order of the manual; where they come from is not told.
    public var settings: [RuleSetting] {
        RuleSetting.all(of: RuleDraft(Rule(name: "", profile: self))).filter { !$0.key.hasPrefix("match.") }
    }
}

extension RuleSetting {
    fileprivate static func all(of draft: RuleDraft) -> [RuleSetting] {
        RuleSchema.rule.settings(of: draft).compactMap { setting in
            let table = setting.path.first
            guard !setting.text.isEmpty, table != "description" else { return nil }
            // How old data may be says nothing where no data is looked at.
            let data = table == "match" ? draft.match.data : draft.pairingMode.data
            if setting.path.last == "fresh", data.isEmpty { return nil }
            return RuleSetting(key: setting.path.joined(separator: "."), value: setting.text)
        }
    }
}

extension KeyDocumentation {
    fileprivate var path: [String] { fullName.split(separator: ".").map(String.init) }

    /// The key with its tables, such as `pairing.io-capability`.
    public var fullName: String { table.isEmpty ? name : "\(table).\(name)" }
}
