// SPDX-License-Identifier: Apache-2.0

/// What may be written as a key's value, and how it becomes a value of ours.
struct ValueType<Value: Sendable>: Sendable {
    /// What may be written, in words for the manual.
    let form: String
    /// The keys, when the value is a table.
    var children: [RuleKeyDocumentation] = []
    /// The value as it would be written; empty when there is nothing to write.
    let text: @Sendable (Value) -> String
    /// `nil` after an error was given to the reader.
    let read: @Sendable (TOMLValue, inout Reader) -> Value?
}

extension Reader {
    /// Says that a value is of the wrong kind, without showing it.
    mutating func wrongKind(_ value: TOMLValue, expected: String, suggestion: String? = nil) {
        error("\(subject) must be \(expected), not \(value.kind)", at: value.position, suggestion: suggestion)
    }
}

extension ValueType<Bool> {
    static let boolean = ValueType(
        form: "true | false",
        text: { $0 ? "true" : "false" },
        read: { value, reader in
            if case .boolean(let truth) = value.content { return truth }
            let isQuoted = if case .string = value.content { true } else { false }
            reader.wrongKind(
                value, expected: "true or false", suggestion: isQuoted ? "write it without quotes" : nil)
            return nil
        })
}

extension ValueType<String> {
    /// Text for people: one line of at most 256 bytes.
    static let text = ValueType(
        form: "a string",
        text: { $0.isEmpty ? "" : "\"\($0)\"" },
        read: { value, reader in
            guard case .string(let text) = value.content else {
                reader.wrongKind(value, expected: "a string", suggestion: "put it in quotes")
                return nil
            }
            guard text.utf8.count <= 256, text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
            else {
                reader.error("\(reader.subject) must be one line of at most 256 bytes", at: value.position)
                return nil
            }
            return text
        })
}

extension ValueType where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of the words of an enumeration.
    static var word: ValueType {
        let words = Value.allCases.map(\.rawValue)
        let list = words.map { "\"\($0)\"" }
        return ValueType(
            form: words.joined(separator: " | "),
            text: { "\"\($0.rawValue)\"" },
            read: { value, reader in
                let expected = "\(list.dropLast().joined(separator: ", ")) or \(list.last ?? "")"
                guard case .string(let word) = value.content else {
                    reader.wrongKind(value, expected: expected)
                    return nil
                }
                if let known = Value(rawValue: word) { return known }
                reader.error(
                    "\(reader.subject) must be \(expected)", at: value.position,
                    suggestion: Suggestion.question(word, among: words))
                return nil
            })
    }
}

extension ValueType {
    /// A string in a notation of its own; `parse` gives `nil` for what is not in it.
    static func notation(
        _ form: String, suggestion: String, text: @escaping @Sendable (Value) -> String,
        _ parse: @escaping @Sendable (String) -> Value?
    ) -> ValueType {
        ValueType(
            form: form, text: text,
            read: { value, reader in
                guard case .string(let string) = value.content else {
                    reader.wrongKind(value, expected: "a string (\(form))", suggestion: suggestion)
                    return nil
                }
                if let parsed = parse(string) { return parsed }
                reader.error("\(reader.subject) must be \(form)", at: value.position, suggestion: suggestion)
                return nil
            })
    }

    /// One element or a list of at least one.
    static func oneOrMore<Element: Sendable>(_ element: ValueType<Element>) -> ValueType where Value == [Element] {
        ValueType(
            form: "\(element.form), or a list of them",
            text: { elements in
                elements.isEmpty ? "" : "[\(elements.map(element.text).joined(separator: ", "))]"
            },
            read: { value, reader in
                guard case .array(let values) = value.content else {
                    return element.read(value, &reader).map { [$0] }
                }
                if values.isEmpty {
                    reader.error(
                        "\(reader.subject) is an empty list", at: value.position,
                        suggestion: "name at least one, or remove the key")
                }
                let elements = values.compactMap { element.read($0, &reader) }
                return elements.count == values.count && !elements.isEmpty ? elements : nil
            })
    }

    /// A table with keys of its own. A wrong key leaves the others in force, so that later checks see them.
    static func table(_ schema: Schema<Value>, startingWith start: Value) -> ValueType {
        ValueType(
            form: "a table", children: schema.documentation(startingWith: start), text: { _ in "" },
            read: { value, reader in
                guard case .table(let entries) = value.content else {
                    reader.wrongKind(value, expected: "a table")
                    return nil
                }
                var draft = start
                schema.read(entries, into: &draft, &reader)
                return draft
            })
    }
}
