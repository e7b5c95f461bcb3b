// SPDX-License-Identifier: Apache-2.0

/// The keys of one table, and what must hold between them.
struct Schema<Draft: Sendable>: Sendable {
    var keys: [Key<Draft>]
    var checks: [Check<Draft>] = []

    /// Fills the draft from a table; what is wrong goes to the reader, and leaves the draft's value as it was.
    func read(_ entries: [TOMLEntry], into draft: inout Draft, _ reader: inout Reader) {
        for entry in entries {
            if let key = keys.first(where: { $0.name == entry.key }) {
                reader.descend(into: key.name, at: entry.value.position) { key.read(entry.value, &draft, &$0) }
            } else {
                reportUnknown(entry, &reader)
                reader.passOver(entry.key, at: entry.value.position)
            }
        }
        for check in checks { check.run(draft, &reader) }
    }

    private func reportUnknown(_ entry: TOMLEntry, _ reader: inout Reader) {
        let isTable = if case .table = entry.value.content { true } else { false }
        let shown = entry.key.count <= 64 ? entry.key : "\(entry.key.prefix(64))…"
        let name = isTable ? "table [\((reader.tables + [shown]).joined(separator: "."))]" : "key \"\(shown)\""
        let place = isTable ? "" : " in \(reader.table)"
        reader.error(
            "unknown \(name)\(place)", at: entry.keyPosition,
            suggestion: Suggestion.question(entry.key, among: keys.map(\.name))
                ?? Self.home(of: entry.key).map { "\"\(entry.key)\" belongs in [\($0)]" })
    }

    /// The table that does have this key.
    private static func home(of key: String) -> String? {
        RuleKeyDocumentation.all.first { $0.name == key && !$0.table.isEmpty }?.table
    }
}

/// One key of a table: its name, where its value goes, what may be written, and a line of help.
struct Key<Draft: Sendable>: Sendable {
    let name: String
    let help: String
    let form: String
    let children: [RuleKeyDocumentation]
    let defaultText: @Sendable (Draft) -> String
    let read: @Sendable (TOMLValue, inout Draft, inout Reader) -> Void

    init<Value>(
        _ name: String, _ path: WritableKeyPath<Draft, Value> & Sendable, _ type: ValueType<Value>, help: String
    ) {
        self.name = name
        self.help = help
        form = type.form
        children = type.children
        defaultText = { type.text($0[keyPath: path]) }
        read = { value, draft, reader in
            if let decoded = type.read(value, &reader) { draft[keyPath: path] = decoded }
        }
    }
}

/// Something that must hold between the values of a table.
struct Check<Draft: Sendable>: Sendable {
    let run: @Sendable (Draft, inout Reader) -> Void
}

/// What the manual page says of one key of a rule file; it comes from the same table that parsing uses.
public struct RuleKeyDocumentation: Sendable, Hashable {
    /// The table, such as `pairing`; empty for the top level.
    public var table: String
    public var name: String
    /// What may be written, such as `accept | reject | ask`.
    public var form: String
    /// What holds when the key is not given, as it would be written; empty when there is no such value.
    public var defaultText: String
    /// One line.
    public var help: String

    /// Every key of a rule file; a table stands before its keys.
    public static let all: [RuleKeyDocumentation] = RuleSchema.rule.documentation(startingWith: RuleDraft())
}

extension Schema {
    func documentation(startingWith draft: Draft) -> [RuleKeyDocumentation] {
        keys.flatMap { key in
            let own = RuleKeyDocumentation(
                table: "", name: key.name, form: key.form, defaultText: key.defaultText(draft), help: key.help)
            return [own]
                + key.children.map { child in
                    var child = child
                    child.table = child.table.isEmpty ? key.name : "\(key.name).\(child.table)"
                    return child
                }
        }
    }
}
