// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop
import Policy

/// What the rules say of a device, wherever that was found out.
struct PolicyReport: Sendable {
    struct Setting: Sendable {
        let key: String
        let value: String
        /// `FILE:LINE`, or `default`.
        let origin: String
    }

    /// What was looked at: a name, an address, or both.
    var subject = ""
    /// `matched`, `undetermined` or `unmatched`; empty for a rule without a device.
    var decision = ""
    var rule: String?
    var file = ""
    var waitingFor: [String] = []
    var passedOver: [(rule: String, reason: String)] = []
    var settings: [Setting] = []
    /// `ready`, `not-ready` or `unknown`.
    var pairingMode = ""
    var isInputDevice = false

    /// A rule by itself.
    init(_ rule: Rule) { take(rule) }

    init(_ facts: DeviceFacts, _ evaluation: Evaluation, unknown: Rule?) {
        let address = facts.address.bits == 0 ? nil : facts.address.description
        subject = [facts.name?.description, address].compactMap(\.self).joined(separator: " ")
        isInputDevice = facts.isInputDevice
        passedOver = evaluation.passedOver.map { ($0.rule, $0.reason) }
        switch evaluation.decision {
        case .matched(let rule):
            decision = "matched"
            take(rule, facts)
        case .undetermined(let facts):
            decision = "undetermined"
            waitingFor = facts.map(\.rawValue).sorted()
        case .unmatched:
            decision = "unmatched"
            if let unknown { take(unknown, facts) }
        }
    }

    /// What `Manager1.Evaluate` returned.
    init(evaluation: [String: Value]) {
        let properties = Properties(evaluation)
        subject = [properties.text("name"), properties.text("address")].filter { !$0.isEmpty }.joined(separator: " ")
        decision = properties.text("decision")
        rule = evaluation["rule"]?.converted()
        file = properties.text("file")
        waitingFor = properties.texts("waiting-for")
        pairingMode = properties.text("pairing-mode")
        isInputDevice = properties.flag("input-device")
        if case .array(_, let rows)? = evaluation["passed-over"] {
            passedOver = rows.compactMap { row in
                guard case .structure(let cells) = row, case .string(let rule)? = cells.first,
                    case .string(let reason)? = cells.last
                else { return nil }
                return (rule, reason)
            }
        }
        let origins: [String: String] = evaluation["origins"]?.converted() ?? [:]
        settings = properties.settings("profile").map {
            Setting(key: $0.key, value: $0.value, origin: origins[$0.key] ?? "default")
        }
    }

    private mutating func take(_ rule: Rule, _ facts: DeviceFacts? = nil) {
        self.rule = rule.name
        file = rule.file
        let isAlone = facts == nil
        settings = rule.settings.filter { isAlone || !$0.key.hasPrefix("match.") }.map { setting in
            Setting(
                key: setting.key, value: Self.unquoted(setting.value),
                origin: setting.line.map { "\(rule.file):\($0)" } ?? "default")
        }
        guard let facts else { return }
        switch rule.profile.pairingMode(of: facts) {
        case .ready: pairingMode = "ready"
        case .notReady: pairingMode = "not-ready"
        case .unknown: pairingMode = "unknown"
        }
    }

    private static func unquoted(_ text: String) -> String {
        text.utf8.count >= 2 && text.hasPrefix("\"") && text.hasSuffix("\"")
            ? String(text.dropFirst().dropLast()) : text
    }
}

extension Value {
    /// A simple value as a rule file has it, without quotes.
    var text: String {
        switch self {
        case .variant(let inner): inner.text
        case .boolean(let flag): flag ? "true" : "false"
        case .uint32(let number): String(number)
        case .string(let text): text
        default: ""
        }
    }
}

// MARK: For people and programs

extension PolicyReport {
    @LoopActor func show(_ output: Output) {
        guard !output.isJSON else { return output.document(document) }
        for line in headline { output.wrapped(line, margin: 2) }
        if !passedOver.isEmpty {
            output.note("")
            output.note("\(rule == nil ? "Rules that do not match:" : "Rules before it:", .bold)")
            var table = Table(.cut("RULE"), .wrapped("WHY NOT"))
            table.rows = passedOver.map { [Line($0.rule), Line($0.reason)] }
            for line in table.lines(within: output.columns.map { $0 - 2 }).dropFirst() { output.note("  \(line)") }
        }
        guard !settings.isEmpty else { return }
        output.note("")
        var table = Table("KEY", .cut("VALUE"), .cut("FROM"))
        table.rows = settings.map { setting in
            let isDefault = setting.origin == "default"
            let origin =
                setting.origin.hasPrefix(file + ":")
                ? "line \(setting.origin.dropFirst(file.count + 1))" : setting.origin
            return [Line(setting.key), Line(setting.value, isDefault ? .dim : .bold), Line(origin, .dim)]
        }
        output.table(table)
    }

    private var headline: [Line] {
        let device: Line = subject.isEmpty ? "The device" : "\(subject, .bold)"
        var lines: [Line] = []
        switch decision {
        case "matched": lines.append("\("●", .green) \(device) is for the rule \(rule ?? "", .bold)")
        case "undetermined":
            lines.append("\("●", .yellow) \(device): not known yet, because it has not told its \(list(waitingFor))")
        case "unmatched" where rule != nil:
            lines.append("\("●", .yellow) \(device): no rule matches, and a person is asked")
        case "unmatched": lines.append("\("●", .red) \(device): no rule matches, so it is refused")
        default: lines.append("\(rule ?? "", .bold)")
        }
        if !file.isEmpty { lines.append("  \(file, .dim)") }
        if pairingMode == "not-ready" { lines.append("  It is not in pairing mode: we would not start a pairing now.") }
        if pairingMode == "unknown" {
            lines.append("  Whether it is in pairing mode is not known: it has to be heard in a discovery.")
        }
        if isInputDevice, rule != nil, !decision.isEmpty {
            lines.append("  It is an input device: where the rule accepts, a person is asked all the same.")
        }
        return lines
    }

    private func list(_ words: [String]) -> String { words.joined(separator: ", ") }

    private var document: JSON {
        var members: [(key: String, value: JSON)] = []
        if !decision.isEmpty {
            members += [
                ("device", .string(subject)), ("decision", .string(decision)), ("waiting_for", .strings(waitingFor)),
            ]
        }
        members += [("rule", .optional(rule)), ("file", .optional(file.isEmpty ? nil : file))]
        if !decision.isEmpty {
            members += [
                ("pairing_mode", .optional(pairingMode.isEmpty ? nil : pairingMode)),
                ("input_device", .boolean(isInputDevice)),
                (
                    "passed_over",
                    .array(passedOver.map { ["rule": .string($0.rule), "reason": .string($0.reason)] })
                ),
            ]
        }
        members.append(
            (
                "settings",
                .array(
                    settings.map {
                        ["key": .string($0.key), "value": .string($0.value), "from": .string($0.origin)]
                    })
            ))
        return .object(members)
    }
}
