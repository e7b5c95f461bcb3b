// SPDX-License-Identifier: Apache-2.0

public import Bluetooth

/// One decision, for the journal. No field can hold a secret.
public struct Record: Hashable, Sendable {
    /// What was decided about; each is one journal message.
    public enum Subject: String, Hashable, Sendable, CaseIterable {
        /// A question of BlueZ was answered, or ended without an answer.
        case question
        /// A question of BlueZ waits for a person or a program.
        case requestOpened = "request-opened"
        /// One attempt of a pairing came to nothing, and another follows.
        case attempt
        /// A pairing came to its result.
        case pairing
        /// A device has forgotten its bond.
        case bondLost = "bond-lost"
        /// A device was removed from BlueZ, with its bond.
        case removal
        case windowOpened = "window-opened"
        case windowClosed = "window-closed"
        /// A device, or an adapter, failed too often.
        case lockOut = "lock-out"
        /// An adapter is not as it should be: another program changed it, or BlueZ refused a change.
        case adapter
        /// A pairing or a link was refused without a question of BlueZ.
        case refusal
    }

    public enum Verdict: String, Hashable, Sendable, CaseIterable {
        case accepted
        case rejected
        case asked
        case expired
        case cancelled
        /// A pairing or a removal was carried through, or came to its end; ``Record/result`` says how.
        case finished
        case failed
    }

    /// Who decided.
    public enum Decider: Hashable, Sendable {
        /// The rule in ``Record/rule``.
        case rule
        /// No rule matches.
        case noRule
        case person(Actor)
        case expiry
        /// BlueZ took the question back, or the pairing ended.
        case cancellation
        /// Not allowed whatever the rules say: see ``Record/reason``.
        case safeguard
        /// What happened on the air decided.
        case events
        /// The kernel of this machine, by itself.
        case kernel
        /// The other side.
        case device
    }

    public var subject: Subject
    public var device: DeviceReference?
    public var address: Address?
    public var name: UntrustedText?
    public var adapter: AdapterReference?
    public var rule: String?
    public var pairing: PairingNumber?
    public var request: RequestNumber?
    public var kind: RequestKind?
    public var verdict: Verdict
    public var decider: Decider
    public var result: PairingResult?
    /// In words; may be empty.
    public var reason: String
    /// From 1; `nil` outside a pairing.
    public var attempt: Int?
    /// How strong the keys are; `nil` where none were made or nobody saw.
    public var strength: BondRecord.Strength?

    /// The user who decided or gave the command; `nil` when nobody did.
    public var actor: Actor? {
        if case .person(let actor) = decider { actor } else { nil }
    }
}
