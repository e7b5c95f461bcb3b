// SPDX-License-Identifier: Apache-2.0

import Policy

/// Why our side ended a pairing.
enum Cause: Hashable, Sendable {
    /// No rule allows it, and why.
    case noRule(String)
    /// A rule says no, and to what.
    case refusedByRule(String)
    /// No, whatever the rules say, and why.
    case safeguard(String)
    case rejected(by: Actor)
    /// Nobody answered this kind of request.
    case expired(RequestKind)
    case cancelled(by: Actor)
    case timedOut
    case adapterOff
    case bluezGone
    /// The daemon ends.
    case stopping
    /// Something else is under way, or too much is.
    case busy(String)
    case notInPairingMode
    /// It failed too often, and for how long that counts.
    case lockedOut(String)
    /// The floor cannot be held, and why.
    case cannotVerify(String)
    case tooWeak(String)
    case keyTooShort(String)
    /// BlueZ showed another capability than the rule's.
    case wrongCapability(String)

    static func refused(by rule: Rule, _ kind: RequestKind) -> Cause {
        .refusedByRule("the rule \(rule.name) rejects questions of the kind \(kind.rawValue)")
    }

    /// Must a bond not stay that comes about all the same?
    var undoesBond: Bool {
        switch self {
        case .noRule, .refusedByRule, .safeguard, .rejected, .cancelled, .lockedOut, .cannotVerify, .tooWeak,
            .keyTooShort, .wrongCapability:
            true
        case .expired, .timedOut, .adapterOff, .bluezGone, .stopping, .busy, .notInPairingMode: false
        }
    }

    var decider: Record.Decider {
        switch self {
        case .noRule: .noRule
        case .refusedByRule: .rule
        case .safeguard, .busy, .lockedOut, .wrongCapability: .safeguard
        case .notInPairingMode, .cannotVerify, .tooWeak, .keyTooShort: .rule
        case .rejected(let actor), .cancelled(let actor): .person(actor)
        case .expired, .timedOut: .expiry
        case .adapterOff, .bluezGone, .stopping: .events
        }
    }

    var verdict: Record.Verdict {
        switch self {
        case .noRule, .refusedByRule, .safeguard, .rejected, .notInPairingMode, .lockedOut, .cannotVerify,
            .tooWeak, .keyTooShort:
            .rejected
        case .expired: .expired
        case .cancelled: .cancelled
        case .timedOut, .adapterOff, .bluezGone, .stopping, .busy, .wrongCapability: .failed
        }
    }
}
