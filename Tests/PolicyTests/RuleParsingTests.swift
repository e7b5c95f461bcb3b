// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Policy
import Testing

@Suite("What a rule file says")
struct RuleParsingTests {
    @Test("The smallest rule has the defaults of a profile")
    func defaults() throws {
        let rule = try rule("match.address = \"*\"")
        #expect(rule.profile == Profile())
        #expect(rule.profile.pairing.ioCapability == .keyboardDisplay)
        #expect(!rule.profile.pairing.acceptIncoming)
        #expect(rule.profile.answers.passkey == .ask)
        #expect(rule.description.isEmpty)
    }

    @Test("A rule is named after its file, and keeps the path and the description")
    func names() throws {
        let rule = try rule(
            "description = \"Locks\"\nmatch.address = \"*\"", file: "/etc/pairingd/devices.d/9-lock.toml")
        #expect(rule.name == "9-lock")
        #expect(rule.file == "/etc/pairingd/devices.d/9-lock.toml")
        #expect(rule.description == "Locks")
    }

    @Test("A name matches by one pattern or any of a list")
    func name() throws {
        #expect(try rule("match.name = \"A*\"").match.names.map(\.description) == ["A*"])
        #expect(try rule("match.name = [\"A*\", \"B?\"]").match.names.map(\.description) == ["A*", "B?"])
    }

    @Test("An address is whole, a beginning with a star, or every one", arguments: ["00:5F:BF:71:81:18", "00:*", "*"])
    func address(text: String) throws {
        #expect(try rule("match.address = \"\(text)\"").match.addresses.map(\.description) == [text])
    }

    @Test("A service is a short or a full UUID")
    func service() throws {
        let full = "ecbe3980-c9a2-11e1-b1bd-0002a5d5c51b"
        let vendor = try #require(BluetoothUUID(full))
        let services = try rule("match.service = [\"1810\", \"0000FE4A\", \"\(full)\"]").match.services
        #expect(services == [BluetoothUUID(assigned: 0x1810), BluetoothUUID(assigned: 0xFE4A), vendor])
    }

    @Test("A manufacturer is any 16-bit number")
    func manufacturer() throws {
        let rule = try rule("match.manufacturer = [0, 0x020E, 0xFFFF]")
        #expect(rule.match.manufacturers.map(\.value) == [0, 0x020E, 0xFFFF])
    }

    @Test("BlueZ's names stand for the capabilities", arguments: IOCapability.allCases)
    func capability(_ capability: IOCapability) throws {
        let rule = try rule("match.address = \"*\"\npairing.io-capability = \"\(capability.rawValue)\"")
        #expect(rule.profile.pairing.ioCapability == capability)
    }

    @Test("A device may be allowed to start", arguments: [true, false])
    func acceptIncoming(isAllowed: Bool) throws {
        let rule = try rule("match.address = \"*\"\npairing.accept-incoming = \(isAllowed)")
        #expect(rule.profile.pairing.acceptIncoming == isAllowed)
    }

    @Test("Questions of yes or no take three words", arguments: Answer.allCases)
    func answers(answer: Answer) throws {
        let answers = try rule(
            """
            match.address = "*"
            [answer]
            authorization = "\(answer.rawValue)"
            confirmation = "\(answer.rawValue)"
            service = "\(answer.rawValue)"
            """
        ).profile.answers
        #expect(answers.authorization == answer)
        #expect(answers.confirmation == answer)
        #expect(answers.service == ServiceAnswer(otherwise: answer))
    }

    @Test("Questions for digits are asked, rejected, or answered with a value")
    func secrets() throws {
        let start = "match.address = \"*\"\n[answer]\n"
        #expect(try rule(start + "passkey = \"ask\"\npin = \"ask\"").profile.answers == AnswerSettings())
        let rejected = try rule(start + "passkey = \"reject\"\npin = \"reject\"").profile.answers
        #expect(rejected.passkey == .reject)
        #expect(rejected.pin == .reject)
        let fixed = try rule(start + "passkey = { value = \"012345\" }\npin = { value = \"0000\" }").profile.answers
        let passkey = try #require(Passkey(digits: "012345"))
        let pin = try #require(PINCode("0000"))
        #expect(fixed.passkey == .value(passkey))
        #expect(fixed.pin == .value(pin))
    }

    @Test("A PIN has 1 to 16 bytes", arguments: ["0", "0123456789abcdef", "äöüß"])
    func pin(text: String) throws {
        let rule = try rule("match.address = \"*\"\nanswer.pin.value = \"\(text)\"")
        let pin = try #require(PINCode(text))
        #expect(rule.profile.answers.pin == .value(pin))
    }

    @Test("A fixed passkey goes with a capability that enters digits", arguments: ["KeyboardOnly", "KeyboardDisplay"])
    func enterable(capability: String) throws {
        let text = "match.address = \"*\"\npairing.io-capability = \"\(capability)\"\nanswer.passkey.value = \"123456\""
        #expect(errors(text).isEmpty)
    }

    @Test("The documentation has every key with its form, default and one line of help")
    func documentation() {
        let keys = KeyDocumentation.rule
        #expect(
            keys.filter { $0.isTable }.map(\.fullName) == [
                "match", "pairing", "pairing-mode", "answer", "repair", "after",
            ])
        #expect(Set(keys.map(\.fullName)).count == keys.count)
        #expect(keys.contains { $0.fullName == "pairing.fallback.io-capability" })
        #expect(keys.contains { $0.fullName == "pairing-mode.manufacturer-data.mask" })
        #expect(keys.allSatisfy { !$0.form.isEmpty && !$0.help.isEmpty && !$0.help.contains("\n") })
        #expect(keys.first { $0.name == "io-capability" }?.defaultText == "\"KeyboardDisplay\"")
        #expect(keys.first { $0.name == "accept-incoming" }?.defaultText == "false")
    }
}
