// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Policy

/// A pairing that has no result yet.
struct LivePairing: Sendable {
    enum Origin: Sendable {
        case requested(Wish)
        case incoming
        /// Another program made the bond, or the kernel by itself.
        case foreign

        /// Did we start it?
        var isOurs: Bool { if case .requested = self { true } else { false } }
    }

    /// What somebody asked for, or a rule.
    struct Wish: Sendable {
        /// `nil` when it was a rule.
        let actor: Actor?
        let address: Address
        let adapter: AdapterReference?
        /// The object that was named, if one was.
        let device: DeviceReference?
        /// What the command said; `nil` for the rule's own.
        let timeout: Duration?
        /// What is done about a bond that is there.
        var replacement = Replacement.none
        /// The only rule that whoever asked may pair by; `nil` for any.
        var authorizedRule: String?

        /// Why a pairing by this rule is not what was allowed.
        func refusal(by rule: Rule) -> Cause? {
            guard let authorizedRule, authorizedRule != rule.name else { return nil }
            return .refusedByRule(
                "it was allowed for the rule \(authorizedRule), and now the rule \(rule.name) is for the device: pair again"
            )
        }
    }

    /// Does a pairing take the place of a bond that is there, and why?
    enum Replacement: Sendable {
        case none
        /// Somebody wants it so.
        case forced
        /// The device has forgotten us, or whoever has its address claims so.
        case bondLost
        /// The device asks for security, and its rule wants a new bond then.
        case securityRequest
    }

    let number: PairingNumber
    let origin: Origin
    /// Microseconds since the epoch.
    let startedAt: UInt64
    var address: Address
    var name: UntrustedText?
    /// The device, from when its changes are followed; each is watched as long as it stands here.
    var device: DeviceReference?
    /// What answers the device's questions; `nil` as long as no rule allows it.
    var rule: Rule?
    var state: PairingState
    /// When its turn came; `nil` until then, and for incoming ones.
    var begun: MonotonicTime?
    /// When the whole of a requested pairing is over; `nil` until its turn, and for incoming ones.
    var deadline: MonotonicTime?
    /// When the discovery for this pairing began.
    var searchBegan: MonotonicTime?
    /// Since when the device has been heard in the discovery that goes on for this pairing.
    var heardSince: MonotonicTime?
    /// When the device has been heard for long enough.
    var settledAt: MonotonicTime?
    /// A person has to answer, whatever the rule's answers are.
    var mustAsk = false
    var evidence = Evidence()
    /// Was the device looked for anew after its object had gone from under `Pair()`?
    var hasLookedAgain = false
    /// Has the kernel a key for the device, of which BlueZ knows nothing?
    var hasStaleKey = false
    /// Has `Pair()` returned without an error? The properties may lag behind.
    var hasSucceeded = false
    /// A bond from before is not this pairing's to undo.
    var hadBond = false
    /// Who accepted a question of it was a person.
    var isApproved = false
    /// The kinds of questions that its rule said yes to.
    var ruledKinds: Set<RequestKind> = []
    /// Did our side say yes to a question?
    var isAnswered: Bool { isApproved || !ruledKinds.isEmpty }
    /// Its `Pair()` was given up, and may still come to something.
    var isAbandoned = false
    /// Is the bond from before removed, that this pairing takes the place of?
    var hasReplaced = false
    /// How strong the bond from before was: a new one may not be weaker.
    var leastStrength: BondRecord.Strength?
    /// Other addresses that the device has turned out to have.
    var identities: Set<Address> = []
    /// The address by which the rule was found.
    var ruledAddress: Address?
    /// The device as it was when BlueZ last had it.
    var lastSeen: DeviceSnapshot?
    /// What is written down of it, while a bond may come about.
    var unsettled: UnsettledPairing?
    /// The capability of its last `Pair()`.
    var capability: IOCapability?
    /// From 1.
    var attempt = 1
    /// Its questions that wait for an answer.
    var openRequests = 0

    /// When something has to happen at the latest.
    var nextDeadline: MonotonicTime? {
        let settling = if case .discovering = state { settledAt } else { MonotonicTime?.none }
        guard let settling else { return endOfPatience }
        return endOfPatience.map { min($0, settling) } ?? settling
    }

    private var endOfPatience: MonotonicTime? {
        switch (state.deadline, deadline) {
        case (let until?, let whole?) where !state.isEnding: min(until, whole)
        case (nil, let whole?) where !state.isEnding: whole
        case (let until, _): until
        }
    }

    /// The device that our outstanding `Pair()` is for.
    var pairCall: PairCall? {
        if case .pairing(let call) = state { call } else { nil }
    }

    /// May a bond come of it from here on?
    var isOnAir: Bool {
        switch state {
        case .pairing, .verifying: true
        case .answering: evidence.lastStep != nil && openRequests == 0
        default: false
        }
    }

    /// Did a rule start it?
    var isAutomatic: Bool {
        if case .requested(let wish) = origin { wish.actor == nil } else { false }
    }

    /// What is to become of a bond that is there.
    var replacement: Replacement {
        if case .requested(let wish) = origin { wish.replacement } else { .none }
    }

    /// Where discovery runs for this pairing.
    var discoveringAdapters: Set<AdapterReference> {
        if case .discovering(let adapters, _) = state { adapters } else { [] }
    }

    /// Is this the device that is wished for, and not found yet?
    func isLookingFor(_ device: DeviceSnapshot) -> Bool {
        guard case .requested(let wish) = origin, state.isPreparation else { return false }
        return wish.device == device.reference
            || wish.address == device.facts.address
                && (wish.adapter == nil || wish.adapter == device.reference.adapter)
    }

    /// Is the device on the air under this address? It may have told its identity address meanwhile.
    func isKnown(by address: Address) -> Bool {
        if case .requested(let wish) = origin, wish.address == address { return true }
        return self.address == address || identities.contains(address)
    }

    private var phase: PairingPhase {
        switch state {
        case .queued: .queued
        case .discovering: .discovering
        case .awaitingRemoval, .disconnecting, .switchingPairable, .pausing: .preparing
        case .pairing(let call) where call.bondedUntil != nil: .keeping
        case .pairing, .answering:
            if openRequests > 0 {
                .waitingForAnswer
            } else {
                evidence.wasConnected || evidence.agreement != nil ? .pairing : .connecting
            }
        case .verifying: .verifying
        case .ending: .undoing
        }
    }

    func snapshot(outcome: PairingOutcome? = nil, finishedAt: UInt64? = nil) -> PairingSnapshot {
        var snapshot = PairingSnapshot(
            number: number, origin: .incoming, actor: nil, address: address, device: device, adapter: device?.adapter,
            name: name, rule: rule?.name, profile: rule?.profile, attempt: attempt,
            agreement: evidence.agreement, strength: evidence.strength, phase: outcome == nil ? phase : .done,
            startedAt: startedAt,
            finishedAt: finishedAt,
            outcome: outcome)
        if case .foreign = origin { snapshot.origin = .foreign }
        if case .requested(let wish) = origin {
            snapshot.origin = wish.actor == nil ? .automatic : .requested
            snapshot.actor = wish.actor
            snapshot.adapter = device?.adapter ?? wish.adapter
        }
        return snapshot
    }
}
