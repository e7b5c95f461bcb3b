// SPDX-License-Identifier: Apache-2.0

public import Pairing

extension Entry {
    /// The journal's form of a decision.
    public init(_ record: Record) {
        var fields: [Field] = []
        func add(_ name: String, _ value: String?) {
            if let value, !value.isEmpty { fields.append(Field("PAIRINGD_" + name, value)) }
        }
        add("DEVICE", record.address?.description)
        add("NAME", record.name?.description)
        add("ADAPTER", record.adapter?.name)
        add("RULE", record.rule)
        add("PAIRING", record.pairing?.description)
        add("REQUEST", record.request?.description)
        add("KIND", record.kind?.rawValue)
        add("DECISION", record.verdict.rawValue)
        add("DECIDER", Self.word(record.decider))
        add("RESULT", record.result?.rawValue)
        add("REASON", record.reason)
        add("ACTOR_UID", record.actor.map { String($0.uid) })
        add("ATTEMPT", record.attempt.map { String($0) })
        add("SECURITY", record.strength?.level.rawValue)
        add("SECURE_CONNECTIONS", record.strength.map { $0.isSecureConnections ? "yes" : "no" })
        add("KEY_SIZE", record.strength?.keySize.map { String($0) })
        self.init(
            record.result.map(\.isSuccess) == false ? .warning : .notice, Self.sentence(record),
            messageID: Self.messageID(record.subject), fields: fields)
    }

    /// Each kind of message has its own number; random, as `sd-id128(3)` asks for.
    private static func messageID(_ subject: Record.Subject) -> String {
        switch subject {
        case .question: "b3e21aa857524a79a2ec5eaf51389dde"
        case .requestOpened: "9577eebafdc14ca2818c0184083a5cbd"
        case .attempt: "34f93d1e7c544961be06c6c105f2e95f"
        case .pairing: "fdec94d5205545d6ac993c19f3ea718a"
        case .bondLost: "6ad83924f45246bc80867052fa6949fd"
        case .removal: "ecbe85ca480147cfa8449fce9cfd3438"
        case .windowOpened: "4f0cf4ee611d49899bb1e1c7184dc90d"
        case .windowClosed: "b31134114dee41cfbd09cb313ba2d3ab"
        case .lockOut: "d24ec4551ab1410cb341e887965fedc9"
        case .adapter: "ea11bb44af3b4387b88b341921948654"
        case .refusal: "5393dad3ac2449fe8e594601d6a87c03"
        }
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
