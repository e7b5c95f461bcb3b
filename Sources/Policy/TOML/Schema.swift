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

    /// Every key with its value as it would be written, tables as paths.
    func settings(of draft: Draft) -> [Setting] { keys.flatMap { $0.settings(draft) } }

    private func reportUnknown(_ entry: TOMLEntry, _ reader: inout Reader) {
        guard !reader.isInSecret else {
            // Somebody may have written the secret as the key.
            reader.markSecret(at: entry.keyPosition)
            return reader.error(
                "unknown key in \(reader.table)", at: entry.keyPosition,
                suggestion: "it may hold \(keys.map { "\"\($0.name)\"" }.joined(separator: " or "))")
        }
        let isTable = if case .table = entry.value.content { true } else { false }
        // By scalars, because one character may be of any number of them.
        let isLong = entry.key.unicodeScalars.dropFirst(64).first != nil
        let shown = isLong ? "\(String(entry.key.unicodeScalars.prefix(64)))…" : entry.key
        let name = isTable ? "table [\((reader.tables + [shown]).joined(separator: "."))]" : "key \"\(shown)\""
        let place = isTable ? "" : " in \(reader.table)"
        let home = reader.documentation.first { $0.name == entry.key && !$0.table.isEmpty }?.table
        reader.error(
            "unknown \(name)\(place)", at: entry.keyPosition,
            suggestion: Suggestion.question(entry.key, among: keys.map(\.name))
                ?? home.map { "\"\(entry.key)\" belongs in [\($0)]" })
    }
}

/// The value of one key, whether it was given or holds by default.
struct Setting: Sendable, Hashable {
    /// The tables around the key, and the key.
    var path: [String]
    /// The value as it would be written, without secrets; empty when there is nothing to write.
    var text: String
}

/// One key of a table: its name, where its value goes, what may be written, and a line of help.
struct Key<Draft: Sendable>: Sendable {
    let name: String
    let help: String
    let form: String
    let children: [KeyDocumentation]
    let settings: @Sendable (Draft) -> [Setting]
    let read: @Sendable (TOMLValue, inout Draft, inout Reader) -> Void

    init<Value>(
        _ name: String, _ path: WritableKeyPath<Draft, Value> & Sendable, _ type: ValueType<Value>, help: String
    ) {
        self.init(name, get: { $0[keyPath: path] }, set: { $0[keyPath: path] = $1 }, type, help: help)
    }

    init<Value>(
        _ name: String, get: @escaping @Sendable (Draft) -> Value,
        set: @escaping @Sendable (inout Draft, Value) -> Void, _ type: ValueType<Value>, help: String
    ) {
        self.name = name
        self.help = help
        form = type.form
        children = type.children
        settings = { draft in
            guard let nested = type.settings else {
                return [Setting(path: [name], text: type.text(get(draft)))]
            }
            return nested(get(draft)).map { Setting(path: [name] + $0.path, text: $0.text) }
        }
        read = { value, draft, reader in
            guard let decoded = type.read(value, &reader) else { return }
            set(&draft, decoded)
        }
    }
}

/// Something that must hold between the values of a table.
struct Check<Draft: Sendable>: Sendable {
    let run: @Sendable (Draft, inout Reader) -> Void
}

/// What the manual says of one key; it comes from the same table that parsing uses.
public struct KeyDocumentation: Sendable, Hashable {
    /// The table, such as `pairing`; empty for the top level.
    public var table: String
    public var name: String
    /// What may be written, such as `accept | reject | ask`.
    public var form: String
    /// What holds when the key is not given, as it would be written; empty when there is no such value.
    public var defaultText: String
    /// One line.
    public var help: String
    /// Does the key hold others?
    public var isTable: Bool

    /// Every key of a rule file; a table stands before its keys.
    public static let rule = RuleSchema.rule.documentation(startingWith: RuleDraft())
    /// Every key of `pairingd.toml`; a table stands before its keys.
    public static let configuration = ConfigurationSchema.all.documentation(startingWith: Configuration())
}

extension Schema {
    func documentation(startingWith draft: Draft) -> [KeyDocumentation] {
        keys.flatMap { key in
            let settings = key.settings(draft)
            let own = KeyDocumentation(
                table: "", name: key.name, form: key.form,
                defaultText: settings.first { $0.path == [key.name] }?.text ?? "", help: key.help,
                isTable: !key.children.isEmpty && key.form == "a table")
            return [own]
                + key.children.map { child in
                    var child = child
                    child.table = child.table.isEmpty ? key.name : "\(key.name).\(child.table)"
                    return child
                }
        }
    }
}
