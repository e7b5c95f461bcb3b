// SPDX-License-Identifier: Apache-2.0

public import Explain
public import Pairing

extension Entry {
    /// The journal's form of a decision.
    ///
    /// - Parameter report: The explanation of a pairing that came to its end; without it, what the result itself says is told.
    public init(_ record: Record, _ report: Report? = nil) {
        var fields: [Field] = []
        func add(_ name: FieldName, _ value: String?) {
            if let value, !value.isEmpty { fields.append(Field(name, value)) }
        }
        add(.device, record.address?.description)
        add(.name, record.name?.description)
        add(.adapter, record.adapter?.name)
        add(.rule, record.rule)
        add(.pairing, record.pairing?.description)
        add(.attempt, record.attempt.map { String($0) })
        add(.request, record.request?.description)
        add(.kind, record.kind?.rawValue)
        add(.decision, record.verdict.rawValue)
        add(.decider, Self.word(record.decider))
        add(.actor, record.actor.map { String($0.uid) })
        add(.result, record.result?.rawValue)
        add(.reason, record.reason)
        if let result = record.result, !result.isSuccess {
            // Of our own decisions, explain says nothing that the result does not.
            let cause = report?.causes.first.flatMap { $0.text == result.sentence ? nil : [$0.text, $0.remedy] }
            add(.finding, report?.finding.rawValue)
            add(.summary, report?.summary ?? result.sentence)
            add(.advice, cause.map { $0.filter { !$0.isEmpty }.joined(separator: " ") } ?? result.advice)
        }
        add(.security, record.strength?.level.rawValue)
        add(.secureConnections, record.strength.map { $0.isSecureConnections ? "yes" : "no" })
        add(.keySize, record.strength?.keySize.map { String($0) })
        self.init(
            record.result.map(\.isSuccess) == false ? .warning : .notice, Self.sentence(record), MessageKind(record),
            fields: fields)
    }

    private static func sentence(_ record: Record) -> String {
        let device = [record.address?.description, record.name.map { "(\($0))" }].compactMap(\.self)
            .joined(separator: " ")
        let kind = record.kind?.rawValue ?? "question"
        let reason = record.reason.isEmpty ? "" : ": \(record.reason)"
        switch record.subject {
        case .question: return "\(device): \(kind) \(record.verdict.rawValue) by \(decider(record))\(reason)"
        case .requestOpened:
            return "\(device): \(kind) waits for an answer, request \(record.request?.description ?? "?")\(reason)"
        case .attempt:
            let result = record.result.map { "\($0.rawValue). \($0.sentence)" } ?? record.verdict.rawValue
            return
                "\(device): attempt \(record.attempt ?? 1) of pairing \(record.pairing?.description ?? "?"): \(result)"
                + " Trying again.\(record.reason.isEmpty ? "" : " Reason: \(record.reason)")"
        case .pairing:
            let result = record.result.map { "\($0.rawValue). \($0.sentence)" } ?? record.verdict.rawValue
            let decider = if case .events = record.decider { "" } else { " Decided by \(decider(record))." }
            return "\(device): pairing \(record.pairing?.description ?? "?"): \(result)\(decider)"
                + (record.reason.isEmpty ? "" : " Reason: \(record.reason)")
        case .bondLost:
            return "\(device): bond-lost. \(PairingResult.bondLost.sentence)\(reason)"
        case .removal: return "\(device): forgotten, \(record.verdict.rawValue), by \(decider(record))\(reason)"
        case .windowOpened: return "window opened by \(decider(record))\(reason)"
        case .windowClosed: return "window closed by \(decider(record))"
        case .lockOut: return device.isEmpty ? "locked out\(reason)" : "\(device): locked out\(reason)"
        case .adapter: return "\(record.adapter?.name ?? "adapter")\(reason)"
        case .refusal: return "\(device): refused by \(decider(record))\(reason)"
        }
    }

    /// Who decided, as a word for programs.
    private static func word(_ decider: Record.Decider) -> String {
        switch decider {
        case .rule: "rule"
        case .noRule: "default"
        case .person: "user"
        case .expiry: "expiry"
        case .cancellation: "cancellation"
        case .safeguard: "safeguard"
        case .events: "events"
        case .kernel: "kernel"
        case .device: "device"
        }
    }

    private static func decider(_ record: Record) -> String {
        switch record.decider {
        case .rule: record.rule.map { "rule \($0)" } ?? "rule"
        case .noRule: "default, as no rule matches"
        case .person(let actor): "user \(actor.uid)"
        case .expiry: "expiry"
        case .cancellation: "cancellation"
        case .safeguard: "safeguard"
        case .events: "the course of events"
        case .kernel: "the kernel"
        case .device: "the device"
        }
    }
}
