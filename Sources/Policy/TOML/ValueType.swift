// SPDX-License-Identifier: Apache-2.0

import Bluetooth

/// What may be written as a key's value, and how it becomes a value of ours.
struct ValueType<Value: Sendable>: Sendable {
    /// What may be written, in words for the manual.
    let form: String
    /// The keys, when the value is a table.
    var children: [KeyDocumentation] = []
    /// The keys with their values, when the value is a table.
    var settings: (@Sendable (Value) -> [Setting])?
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
        text: { $0.isEmpty ? "" : TOMLText.quoted($0) },
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
        let expected = "\(list.dropLast().joined(separator: ", ")) or \(list.last ?? "")"
        return ValueType(
            form: words.joined(separator: " | "),
            text: { "\"\($0.rawValue)\"" },
            read: { value, reader in
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

extension ValueType where Value: FixedWidthInteger {
    /// A whole number in a range.
    ///
    /// - Parameter text: How it is written; decimal where nothing is said.
    static func integer(
        _ range: ClosedRange<Value>, example: String, text: @escaping @Sendable (Value) -> String = { "\($0)" }
    ) -> ValueType {
        let lowest = range.lowerBound == 0 ? "0" : text(range.lowerBound)
        let bounds = "from \(lowest) to \(text(range.upperBound))"
        return ValueType(
            form: "an integer \(bounds)", text: text,
            read: { value, reader in
                guard case .integer(let number) = value.content else {
                    reader.wrongKind(
                        value, expected: "an integer", suggestion: "write it as in \(example), without quotes")
                    return nil
                }
                guard let exact = Value(exactly: number), range.contains(exact) else {
                    reader.error("\(reader.subject) must be \(bounds)", at: value.position)
                    return nil
                }
                return exact
            })
    }
}

extension ValueType<Duration> {
    /// A span as systemd writes it.
    static func timespan(_ range: ClosedRange<Duration>) -> ValueType {
        let bounds = "from \(Timespan.text(range.lowerBound)) to \(Timespan.text(range.upperBound))"
        let form = "a span of time \(bounds)"
        let example = "write it as in \"25s\" or \"1min 30s\""
        return ValueType(
            form: form, text: { "\"\(Timespan.text($0))\"" },
            read: { value, reader in
                guard case .string(let string) = value.content else {
                    reader.wrongKind(value, expected: "a string (\(form))", suggestion: example)
                    return nil
                }
                guard let span = Timespan.parse(string) else {
                    reader.error("\(reader.subject) must be \(form)", at: value.position, suggestion: example)
                    return nil
                }
                guard range.contains(span) else {
                    reader.error("\(reader.subject) must be \(bounds)", at: value.position)
                    return nil
                }
                return span
            })
    }
}

extension ValueType {
    /// The same, in a type that another value of ours holds.
    func map<Other: Sendable>(
        _ make: @escaping @Sendable (Value) -> Other, back: @escaping @Sendable (Other) -> Value?
    ) -> ValueType<Other> {
        let (settings, text, read) = (settings, text, read)
        var type = ValueType<Other>(
            form: form, children: children, text: { other in back(other).map(text) ?? "" },
            read: { value, reader in
                guard let inner = read(value, &reader) else { return nil }
                return make(inner)
            })
        if let settings { type.settings = { other in back(other).map(settings) ?? [] } }
        return type
    }

    /// A value that may be missing.
    var optional: ValueType<Value?> {
        map {
            .some($0)
        } back: {
            $0
        }
    }

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
            form: "\(element.form), or a list of them", children: element.children,
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

    /// One table in braces, or several after another as `[[table]]`.
    static func tables<Element: Sendable>(
        _ schema: Schema<Element>, startingWith start: Element
    ) -> ValueType where Value == [Element] {
        let element = ValueType<Element>.table(schema, startingWith: start)
        return ValueType(
            form: "tables, each after [[…]]", children: element.children,
            text: { elements in
                elements.isEmpty ? "" : "[\(elements.map { schema.inline($0) }.joined(separator: ", "))]"
            },
            read: { value, reader in
                guard case .array(let values) = value.content else {
                    reader.wrongKind(
                        value, expected: "a list of tables",
                        suggestion: "write [[\(reader.tables.joined(separator: "."))]]")
                    return nil
                }
                let elements = values.compactMap { element.read($0, &reader) }
                return elements.count == values.count ? elements : nil
            })
    }

    /// A table with keys of its own that stands on one line.
    static func inlineTable(_ schema: Schema<Value>, startingWith start: Value) -> ValueType {
        var type = table(schema, startingWith: start)
        type.settings = nil
        return ValueType(
            form: "{ \(schema.keys.map { "\($0.name) = …" }.joined(separator: ", ")) }", children: type.children,
            text: { schema.inline($0) }, read: type.read)
    }

    /// A table with keys of its own. A wrong key leaves the others in force, so that later checks see them.
    static func table(_ schema: Schema<Value>, startingWith start: Value) -> ValueType {
        ValueType(
            form: "a table", children: schema.documentation(startingWith: start), settings: schema.settings,
            text: { _ in "" },
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

extension Schema {
    /// What the table holds that can be written, on one line.
    func inline(_ draft: Draft) -> String {
        let parts = settings(of: draft).filter { !$0.text.isEmpty }
            .map { "\($0.path.joined(separator: ".")) = \($0.text)" }
        return parts.isEmpty ? "{}" : "{ \(parts.joined(separator: ", ")) }"
    }
}
