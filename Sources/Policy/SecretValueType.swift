// SPDX-License-Identifier: Apache-2.0

import Bluetooth

extension ValueType {
    /// `"ask"`, `"reject"` or a table with the secret itself; no error shows what was written.
    ///
    /// - Parameter example: How the secret is written, quotes included.
    static func secretAnswer<Secret>(
        form: String, example: String, _ parse: @escaping @Sendable (String) -> Secret?
    ) -> ValueType where Value == SecretAnswer<Secret> {
        let schema = Schema<SecretDraft<Secret>>(keys: [
            Key("value", \.value, .secret(form: form, parse), help: "The secret itself: \(form).")
        ])
        let advice = "write \"ask\", \"reject\" or { value = \(example) }"
        return ValueType(
            form: "\"ask\" | \"reject\" | { value = \(example) }",
            children: schema.documentation(startingWith: SecretDraft()),
            text: { answer in
                switch answer {
                case .ask: "\"ask\""
                case .reject: "\"reject\""
                case .value: "{ value = … }"
                }
            },
            read: { value, reader in
                switch value.content {
                case .string("ask"): return .ask
                case .string("reject"): return .reject
                case .table(let entries):
                    var draft = SecretDraft<Secret>()
                    schema.read(entries, into: &draft, &reader)
                    if entries.isEmpty {
                        reader.error("\(reader.subject) has no value", at: value.position, suggestion: advice)
                    }
                    return draft.value.map { .value($0) }
                default:
                    // Most likely the secret itself, without its table.
                    reader.markSecret(at: value.position)
                    reader.error(
                        "\(reader.subject) must be \"ask\", \"reject\" or a table", at: value.position,
                        suggestion: advice)
                    return nil
                }
            })
    }

    /// A secret in a string.
    private static func secret<Secret>(
        form: String, _ parse: @escaping @Sendable (String) -> Secret?
    ) -> ValueType where Value == Secret? {
        ValueType(
            form: form, text: { _ in "" },
            read: { value, reader in
                reader.markSecret(at: value.position)
                guard case .string(let text) = value.content else {
                    reader.wrongKind(value, expected: "a string of \(form)", suggestion: "put it in quotes")
                    return nil
                }
                guard let secret = parse(text) else {
                    reader.error("\(reader.subject) must be \(form)", at: value.position)
                    return nil
                }
                return secret
            })
    }
}

/// The table of a secret while it is read.
struct SecretDraft<Secret: Sendable>: Sendable {
    var value: Secret?
}
