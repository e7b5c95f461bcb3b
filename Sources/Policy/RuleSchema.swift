// SPDX-License-Identifier: Apache-2.0

import Bluetooth

/// A rule while its file is read; starts with what holds for keys that are not given.
struct RuleDraft: Sendable {
    var description = ""
    var match = Match()
    var pairing = PairingSettings()
    var answers = AnswerSettings()
}

/// Every key of a rule file. Parsing, suggestions and the manual page follow from these tables.
enum RuleSchema {
    static let rule = Schema<RuleDraft>(
        keys: [
            Key("description", \.description, .text, help: "What the rule is for, in a few words."),
            Key(
                "match", \.match, .table(match, startingWith: Match()),
                help: "Which devices the rule is for: every key given must hold, a list means any of them."),
            Key(
                "pairing", \.pairing, .table(pairing, startingWith: PairingSettings()),
                help: "How the device is paired."),
            Key(
                "answer", \.answers, .table(answer, startingWith: AnswerSettings()),
                help: "How questions that come up while pairing are answered."),
        ],
        checks: [.hasMatch, .capabilityCanEnterPasskey])

    static let match = Schema<Match>(keys: MatchKey.all.map(\.key), checks: [.namesADevice])

    static let pairing = Schema<PairingSettings>(keys: [
        Key(
            "io-capability", \.ioCapability, .word,
            help: "What our side claims to show and to ask, in pairings that we start."),
        Key("accept-incoming", \.acceptIncoming, .boolean, help: "May the device start the pairing?"),
    ])

    static let answer = Schema<AnswerSettings>(keys: [
        Key("authorization", \.authorization, .word, help: "Just Works, started by the device."),
        Key("confirmation", \.confirmation, .word, help: "Do both sides show the same six digits?"),
        Key(
            "passkey", \.passkey,
            .secretAnswer(form: "exactly six digits", example: "\"123456\"") { Passkey(digits: $0) },
            help: "Six digits that the device shows and we enter."),
        Key(
            "pin", \.pin, .secretAnswer(form: "1 to 16 bytes of text", example: "\"0000\"") { PINCode($0) },
            help: "The PIN code of legacy BR/EDR pairing."),
        Key("service", \.service, .word, help: "A connection of the device to one of our BR/EDR services."),
    ])
}

extension Check<RuleDraft> {
    /// A rule that forgot its `[match]` must not become one for every device.
    fileprivate static let hasMatch = Check { _, reader in
        if !reader.hasRead(["match"]) {
            reader.error("the rule has no [match]", at: TextPosition(line: 1, column: 1), suggestion: everyDevice)
        }
    }

    /// Legacy and Secure Connections passkey entry both need a side that enters digits.
    fileprivate static let capabilityCanEnterPasskey = Check { draft, reader in
        guard case .value = draft.answers.passkey, !draft.pairing.ioCapability.canEnterDigits else { return }
        reader.error(
            "a fixed passkey is never asked for with io-capability = \"\(draft.pairing.ioCapability.rawValue)\"",
            at: reader.position(of: ["answer", "passkey", "value"]),
            suggestion: "set io-capability to \"KeyboardOnly\" or \"KeyboardDisplay\", or passkey to \"reject\"")
    }
}

extension Check<Match> {
    /// A key that is there but wrong has an error of its own.
    fileprivate static let namesADevice = Check { _, reader in
        if !reader.hasRead(below: ["match"]) {
            reader.error("[match] names no device", at: reader.position(of: ["match"]), suggestion: everyDevice)
        }
    }
}

private let everyDevice = "address = \"*\" in [match] makes it a rule for every device"
