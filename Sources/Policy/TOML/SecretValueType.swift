// SPDX-License-Identifier: Apache-2.0

import Bluetooth

extension ValueType {
    /// `"ask"`, `"reject"`, a table with the secret itself or one with the name of a systemd credential that holds it;
    /// no error shows what was written.
    ///
    /// - Parameter example: How the secret is written, quotes included.
    static func secretAnswer<Secret>(
        form: String, example: String, _ parse: @escaping @Sendable (String) -> Secret?
    ) -> ValueType where Value == SecretAnswer<Secret> {
        let schema = Schema<SecretDraft<Secret>>(keys: [
            Key("value", \.value, .secret(form: form, parse), help: "The secret itself: \(form)."),
            Key(
                "credential", \.credential, .credentialName,
                help: "The systemd credential that holds the secret, or lines of an address and a secret each."),
        ])
        let advice = "write \"ask\", \"reject\", { value = \(example) } or { credential = \"NAME\" }"
        return ValueType(
            form: "\"ask\" | \"reject\" | { value = \(example) } | { credential = \"NAME\" }",
            children: schema.documentation(startingWith: SecretDraft()),
            text: { answer in
                switch answer {
                case .ask: "\"ask\""
                case .reject: "\"reject\""
                case .value: "{ value = … }"
                case .credential(let name, _): "{ credential = \"\(name)\" }"
                }
            },
            read: { value, reader in
                switch value.content {
                case .string("ask"): return .ask
                case .string("reject"): return .reject
                case .table(let entries):
                    let errors = reader.errors.count
                    var draft = SecretDraft<Secret>()
                    reader.isInSecret = true
                    schema.read(entries, into: &draft, &reader)
                    reader.isInSecret = false
                    guard reader.errors.count == errors else { return nil }
                    switch (draft.value, draft.credential) {
                    case (let value?, nil): return .value(value)
                    case (nil, let name?):
                        let place = reader.position(below: "credential")
                        return reader.credential(name, at: place, form: form, parse).map { .credential(name, $0) }
                    case (nil, nil):
                        reader.error("\(reader.subject) has no value", at: value.position, suggestion: advice)
                    case (_?, _?):
                        reader.error(
                            "\(reader.subject) has both a value and a credential", at: value.position,
                            suggestion: "remove one of them")
                    }
                    return nil
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

extension ValueType<String?> {
    /// The name of a systemd credential. What is no name may be the secret itself, and is not shown.
    fileprivate static let credentialName = ValueType(
        form: "the name of a systemd credential", text: { $0.map { "\"\($0)\"" } ?? "" },
        read: { value, reader in
            guard case .string(let name) = value.content, CredentialFolder.isName(name) else {
                reader.markSecret(at: value.position)
                reader.error(
                    "\(reader.subject) must be a name of letters, digits, \".\", \"_\" and \"-\"", at: value.position,
                    suggestion: "it names what LoadCredential= in the unit loads")
                return nil
            }
            return name
        })
}

/// The table of a secret while it is read.
struct SecretDraft<Secret: Sendable>: Sendable {
    var value: Secret?
    var credential: String?
}

extension Reader {
    /// What a credential holds; nothing is looked up where there is no folder of credentials.
    ///
    /// - Returns: `nil` after an error.
    fileprivate mutating func credential<Secret>(
        _ name: String, at position: TextPosition, form: String, _ parse: (String) -> Secret?
    ) -> SecretTable<Secret>? {
        usesCredentials = true
        guard let credentials else { return SecretTable() }
        do throws(CredentialFolder.Problem) {
            return try SecretTable(try credentials.read(name), parse)
        } catch {
            switch error {
            case .missing:
                self.error(
                    "there is no credential \"\(name)\"", at: position,
                    suggestion: "load it with LoadCredential=\(name):PATH in pairingd.service, and restart pairingd")
            case .unreadable(let why): self.error("the credential \"\(name)\" cannot be read: \(why)", at: position)
            case .wrongLine(let line):
                self.error(
                    "line \(line) of the credential \"\(name)\" must be \(form), or an address and after a space that",
                    at: position)
            }
            return nil
        }
    }
}
