// SPDX-License-Identifier: Apache-2.0

import Policy
import Testing

@Suite("Secrets in rule files")
struct SecretTests {
    static let secret = "918273"

    @Test(
        "No error shows a secret, however wrong it is written",
        arguments: [
            "answer.passkey = 918273", "answer.passkey = \"918273\"", "answer.passkey.value = 918273",
            "answer.passkey.value = \"9182730\"", "answer.passkey.value = [\"918273\"]", "answer.pin = \"918273\"",
            "answer.pin.value = \"918273918273918273\"", "answer.pin.value = 918273918273918273918273",
            "answer.passkey.value = \"918273", "answer.passkey.value = 918273a", "answer.passkey.value = 918273 \"x\"",
            "answer.passkey.value = 0918273", "answer.pin.value = \"918273\\q\"", "answer.service = \"918273\"",
            "answer.pin.value = 918273-13-45", "answer.pin.value = 0b918273", "answer.pin.value = 9182.73.1",
            "answer.passkey = { value = \"918273\", value = \"918273\" }", "answer.passkey.value = 9_18273__1",
        ])
    func errorsHideSecrets(line: String) {
        let found = errors("match.address = \"*\"\n" + line)
        #expect(!found.isEmpty)
        for error in found {
            // Not even three digits of it.
            #expect(!error.contains("918") && !error.contains("827") && !error.contains("273"), "\(error)")
        }
    }

    @Test("Neither a rule's description nor its reflection shows a secret")
    func rulesHideSecrets() throws {
        let rule = try rule(
            "match.address = \"*\"\n[answer]\npasskey = { value = \"918273\" }\npin = { value = \"918273\" }")
        var dumped = ""
        dump(rule, to: &dumped)
        dump(Decision.matched(rule), to: &dumped)
        for text in ["\(rule)", String(reflecting: rule), "\(rule.profile)", dumped] {
            #expect(!text.contains(Self.secret))
        }
    }

    @Test(
        "A secret in a file that everybody may read is an error at the secret",
        arguments: [("answer.passkey.value = \"918273\"", 24), ("answer.pin.value = \"0000\"", 20)])
    func readableSecret(line: String, column: Int) throws {
        let folder = try TestFolder()
        try folder.write("1.toml", "match.address = \"*\"\n" + line, mode: 0o644)
        #expect(
            folder.errors() == [
                "1.toml:2:\(column): error: a secret in a file that everybody may read; "
                    + "make it root's and the daemon's group's, with mode 0640"
            ])
    }

    @Test("A secret is fine in a file that only its owner and group may read", arguments: [0o640, 0o600, 0o400])
    func hiddenSecret(mode: UInt32) throws {
        let folder = try TestFolder()
        try folder.write("1.toml", "match.address = \"*\"\nanswer.pin.value = \"0000\"", mode: mode)
        #expect(folder.errors().isEmpty)
    }

    @Test("A secret that is wrong is still one that nobody else may read")
    func wrongReadableSecret() throws {
        let folder = try TestFolder()
        try folder.write("1.toml", "match.address = \"*\"\nanswer.passkey = \"123456\"", mode: 0o644)
        #expect(folder.errors().count == 2)
    }
}
