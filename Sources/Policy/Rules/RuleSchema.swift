// SPDX-License-Identifier: Apache-2.0

import Bluetooth

/// A rule while its file is read; starts with what holds for keys that are not given.
struct RuleDraft: Sendable {
    var description = ""
    var match = Match()
    var pairing = PairingSettings()
    var pairingMode = Match()
    var answers = AnswerSettings()
    var repair = RepairSettings()
    var after = AfterSettings()

    init() {}

    init(_ rule: Rule) {
        description = rule.description
        match = rule.match
        pairing = rule.profile.pairing
        pairingMode.data = rule.profile.pairingMode
        answers = rule.profile.answers
        repair = rule.profile.repair
        after = rule.profile.after
    }

    var profile: Profile {
        Profile(pairing: pairing, pairingMode: pairingMode.data, answers: answers, repair: repair, after: after)
    }
}

/// Every key of a rule file. Parsing, suggestions, `policy test` and the manual page follow from these tables.
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
                "pairing-mode", \.pairingMode, .table(pairingMode, startingWith: Match()),
                help: "What the device advertises while it is ready to pair; we start no pairing without it."),
            Key(
                "answer", \.answers, .table(answer, startingWith: AnswerSettings()),
                help: "How questions that come up while pairing are answered."),
            Key(
                "repair", \.repair, .table(repair, startingWith: RepairSettings()),
                help: "What is done about bonds that one side only has."),
            Key(
                "after", \.after, .table(after, startingWith: AfterSettings()),
                help: "What is done once the device is paired."),
        ],
        checks: [.hasMatch] + Check.combinations)

    static let match = Schema<Match>(keys: MatchKey.all.map(\.key) + [fresh], checks: [.namesADevice, .freshHasData])

    static let pairingMode = Schema<Match>(keys: MatchKey.data.map(\.key) + [fresh], checks: [.freshHasData])

    private static let fresh = Key<Match>(
        "fresh", \.data.fresh, .timespan(.seconds(1)...(.seconds(3600))),
        help: "How old the data may be that the keys ending in -data look at.")

    private static let pairing = Schema<PairingSettings>(keys: [
        Key(
            "io-capability", \.ioCapability, .word,
            help: "What our side claims to show and to ask, in pairings that we start."),
        Key(
            "bond", \.bond, .word,
            help: "Are the keys kept? session: removed when the link ends; none: the device needs no bond."),
        Key(
            "security", \.security, .word, help: "The least that the pairing must reach, or it is refused."),
        Key(
            "secure-connections", \.secureConnections, .boolean,
            help: "Must the keys come from Secure Connections (P-256)?"),
        Key(
            "minimum-key-size", \.minimumKeySize, ValueType<UInt8>.integer(7...16, example: "16").optional,
            help: "The shortest key, in octets; any where it is not given."),
        Key(
            "initiate", \.initiate, .word,
            help: "May we start the pairing: when the device appears, when somebody asks for it, or not at all?"),
        Key("accept-incoming", \.acceptIncoming, .boolean, help: "May a device without a bond start the pairing?"),
        Key("when", \.when, .word, help: "Does the rule hold always, or only while a window is open?"),
        Key(
            "attempts", \.attempts, .integer(1...10, example: "2"), help: "How often a pairing that we start is tried."),
        Key(
            "retry-after", \.retryAfter, .timespan(.zero ... .seconds(60)), help: "The pause before the next attempt."),
        Key(
            "timeout", \.timeout, .timespan(.seconds(5)...(.seconds(3600))),
            help: "How long a pairing that we start may take, from its turn on."),
        Key(
            "fallback", \.fallbacks, .tables(fallback, startingWith: PairingFallback()),
            help: "What is tried once the attempts are used up, in order; what worked comes first the next time."),
    ])

    private static let fallback = Schema<PairingFallback>(keys: [
        Key("io-capability", \.ioCapability, .word, help: "What our side claims then.")
    ])

    private static let answer = Schema<AnswerSettings>(keys: [
        Key(
            "authorization", \.authorization, .word,
            help: "Just Works, started by the device. An input device is never accepted without a person."),
        Key("confirmation", \.confirmation, .word, help: "Do both sides show the same six digits?"),
        Key(
            "passkey", \.passkey,
            .secretAnswer(form: "exactly six digits", example: "\"123456\"") { Passkey(digits: $0) },
            help: "Six digits that the device shows and we enter."),
        Key(
            "pin", \.pin, .secretAnswer(form: "1 to 16 bytes of text", example: "\"0000\"") { PINCode($0) },
            help: "The PIN code of legacy BR/EDR pairing."),
        Key("service", \.service, .service, help: "A connection of the device to one of our BR/EDR services."),
    ])

    private static let repair = Schema<RepairSettings>(keys: [
        Key(
            "bond-lost", \.bondLost, .word,
            help: "The device has forgotten us: pair anew at least as strongly, remove the bond, ask, or only say so."),
        Key("bonded-device", \.bondedDevice, .word, help: "A device with a bond asks to pair again."),
        Key(
            "security-request", \.securityRequest, .word,
            help: "A peripheral asks for security: encrypt or begin to pair, refuse, or forget the bond and pair anew."),
    ])

    private static let after = Schema<AfterSettings>(keys: [
        Key(
            "trust", \.trust, .boolean, help: "Let the device use our BR/EDR services without a question."),
        Key("disconnect", \.disconnect, .boolean, help: "Close the connection."),
    ])
}

extension ValueType<ServiceAnswer> {
    private static let word = ValueType<Answer>.word

    private static let table = ValueType.inlineTable(
        Schema(keys: [
            Key("allow", \.allow, uuids, help: "Services that are accepted."),
            Key("deny", \.deny, uuids, help: "Services that are rejected, also where they are allowed."),
            Key("otherwise", \.otherwise, word, help: "All other services."),
        ]), startingWith: ServiceAnswer())

    private static let uuids = ValueType<[BluetoothUUID]>.oneOrMore(.uuid)
        .map {
            Set($0)
        } back: {
            $0.sorted { $0.description < $1.description }
        }

    /// One answer for all services, or a table that tells them apart.
    fileprivate static let service = ValueType(
        form: "\(word.form) | { allow = […], deny = […], otherwise = … }", children: table.children,
        text: { $0.allow.isEmpty && $0.deny.isEmpty ? word.text($0.otherwise) : table.text($0) },
        read: { value, reader in
            guard case .table = value.content else {
                return word.read(value, &reader).map { ServiceAnswer(otherwise: $0) }
            }
            return table.read(value, &reader)
        })
}

extension Check<RuleDraft> {
    /// A rule that forgot its `[match]` must not become one for every device.
    fileprivate static let hasMatch = Check { _, reader in
        if !reader.hasRead(["match"]) {
            reader.error("the rule has no [match]", at: TextPosition(line: 1, column: 1), suggestion: everyDevice)
        }
    }
}

extension Check<Match> {
    /// A key that is there but wrong has an error of its own.
    fileprivate static let namesADevice = Check { _, reader in
        if !reader.hasRead(below: ["match"]) {
            reader.error("[match] names no device", at: reader.position(of: ["match"]), suggestion: everyDevice)
        }
    }

    fileprivate static let freshHasData = Check { draft, reader in
        guard reader.hasReadBelow("fresh"), draft.data.isEmpty else { return }
        reader.error(
            "\"fresh\" in \(reader.table) has no data to be about", at: reader.position(below: "fresh"),
            suggestion: "add manufacturer-data, service-data or advertising-data, or remove it")
    }
}

private let everyDevice = "address = \"*\" in [match] makes it a rule for every device"
