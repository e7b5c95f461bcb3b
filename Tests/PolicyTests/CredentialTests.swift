// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Policy
import Testing

@Suite("Secrets from credentials")
struct CredentialTests {
    static let text = "match.address = \"*\"\nanswer.passkey = { credential = \"cuff\" }"
    static let address = Address(bits: 0x005F_BF71_8118)

    /// The passkey for a device out of a credential with this text, or the errors.
    private static func passkey(_ credential: String?, for address: Address = address) throws -> Passkey? {
        let (rules, credentials) = (try TestFolder(), try TestFolder())
        try rules.write("1.toml", text)
        if let credential { try credentials.write("cuff", credential, mode: 0o400) }
        let files = PolicyFiles(
            folders: RuleFolders([rules.path]), credentials: CredentialFolder(path: credentials.path))
        guard case .credential("cuff", let table)? = try files.load().rules.first?.profile.answers.passkey else {
            return nil
        }
        return table.secret(for: address, type: .public)
    }

    private static func error(_ credential: String?) -> String? {
        do {
            _ = try passkey(credential)
            return nil
        } catch let errors as PolicyErrors {
            return errors.errors.first.map { "\($0.message)" + ($0.suggestion.map { "; \($0)" } ?? "") }
        } catch {
            return "\(error)"
        }
    }

    @Test("A credential holds one secret for every device", arguments: ["012345", "012345\n", "012345\r\n"])
    func single(credential: String) throws {
        #expect(try Self.passkey(credential)?.digits == "012345")
    }

    @Test("A credential holds a secret for each device, and the first line that matches counts")
    func table() throws {
        let credential = "# cuffs\n00:5F:BF:71:81:18 000001\n\n00:5f:bf:* 000002\n* 000003\n"
        #expect(try Self.passkey(credential)?.digits == "000001")
        #expect(try Self.passkey(credential, for: Address(bits: 0x005F_BF00_0000))?.digits == "000002")
        #expect(try Self.passkey(credential, for: Address(bits: 1))?.digits == "000003")
        #expect(try Self.passkey("00:5F:BF:71:81:18 000001\n", for: Address(bits: 1)) == nil)
    }

    @Test("A missing credential is an error that says to load it and restart")
    func missing() {
        #expect(
            Self.error(nil)
                == "there is no credential \"cuff\"; load it with LoadCredential=cuff:PATH in pairingd.service, and restart pairingd"
        )
    }

    @Test(
        "A wrong line is told by its number, without what it holds",
        arguments: [
            ("918273918273\n", 1), ("* 000001\n00:5F:BF:71:81:18 918273x\n", 2), ("918273 000001", 1), ("", 1),
            ("# x\n", 1),
        ])
    func wrongLine(credential: String, line: Int) {
        let error = Self.error(credential)
        #expect(
            error
                == "line \(line) of the credential \"cuff\" must be exactly six digits, or an address and after a space that"
        )
    }

    @Test("A credential that is too long is refused")
    func tooLong() {
        #expect(Self.error(String(repeating: "* 000001\n", count: 8000))?.contains("longer than 64 KiB") == true)
    }

    @Test("Where credentials are not looked up, a rule that names one is right all the same")
    func notLookedUp() throws {
        #expect(try rule(Self.text).profile.answers.passkey == .credential("cuff", SecretTable()))
    }

    @Test(
        "What is no name of a credential is refused, and not shown",
        arguments: ["../cuff", "a/b", "", ".hidden", "918273 x", "a\\u0000b", "ä"])
    func name(name: String) {
        let found = errors("match.address = \"*\"\nanswer.pin = { credential = \"\(name)\" }")
        #expect(
            found == [
                "2:29: error: \"credential\" in [answer.pin] must be a name of letters, digits, \".\", \"_\" and \"-\"; "
                    + "it names what LoadCredential= in the unit loads"
            ])
    }

    @Test("A rule has a value or a credential")
    func both() {
        let found = errors("match.address = \"*\"\nanswer.pin = { credential = \"x\", value = \"0000\" }")
        #expect(found == ["2:14: error: \"pin\" in [answer] has both a value and a credential; remove one of them"])
    }

    @Test("Neither a rule's settings nor its reflection shows a credential's secrets")
    func hidden() throws {
        let (rules, credentials) = (try TestFolder(), try TestFolder())
        try rules.write("1.toml", Self.text)
        try credentials.write("cuff", "918273", mode: 0o400)
        let files = PolicyFiles(
            folders: RuleFolders([rules.path]), credentials: CredentialFolder(path: credentials.path))
        let rule = try #require(try files.load().rules.first)
        var dumped = ""
        dump(rule, to: &dumped)
        for text in ["\(rule)", String(reflecting: rule), "\(rule.settings)", "\(rule.profile.settings)", dumped] {
            #expect(!text.contains("918273"))
        }
        #expect(rule.settings.first { $0.key == "answer.passkey" }?.value == "{ credential = \"cuff\" }")
    }

    @Test("A secret that was written as a key is not repeated")
    func secretAsKey() throws {
        for line in ["answer.passkey = { \"918273\" = 1 }", "answer.pin.918273 = true", "answer.pin = { 918273 = {} }"]
        {
            let found = errors("match.address = \"*\"\n" + line)
            #expect(found.count == 1 && !found[0].contains("918"), "\(found)")
        }
        let folder = try TestFolder()
        try folder.write("1.toml", "match.address = \"*\"\nanswer.pin.918273 = true", mode: 0o644)
        #expect(folder.errors().contains { $0.contains("a secret in a file that everybody may read") })
    }
}
