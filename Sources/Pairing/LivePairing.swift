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
    /// Has `Pair()` returned without an error? The properties may lag behind.
    var hasSucceeded = false
    /// A bond from before is not this pairing's to undo.
    var hadBond = false
    /// Who accepted a question of it was a person.
    var isApproved = false
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

/// Where a live pairing stands. Up to `verifying`, all but `answering` are for requested ones.
enum PairingState: Sendable {
    case queued
    /// The device is being removed from BlueZ.
    case awaitingRemoval(until: MonotonicTime)
    /// Discovery runs on `adapters`.
    case discovering(adapters: Set<AdapterReference>, until: MonotonicTime)
    /// On a live link, BlueZ from 5.81 on ignores the capability (`src/device.c`, pair_device): it is closed first.
    case disconnecting(until: MonotonicTime)
    /// `Adapter1.Pairable` has to be as the rule's bond needs it.
    case switchingPairable(until: MonotonicTime)
    /// An attempt came to nothing and the next one follows, or a link was closed.
    case pausing(until: MonotonicTime)
    /// Our `Pair()` is outstanding.
    case pairing(PairCall)
    /// The device asks; `until` is when it has to have come to something.
    case answering(until: MonotonicTime)
    /// `Pair()` succeeded, and the bond is not in the properties yet.
    case verifying(until: MonotonicTime)
    /// The pairing is decided, and BlueZ has to let go.
    case ending(Cause, Release)

    /// What is waited for at the end.
    enum Release: Sendable {
        /// Our `Pair()` has to return; at `until` it is cancelled if it can be, or else given up.
        case pairResult(Cancellation, until: MonotonicTime)
        /// The link has to go.
        case disconnection(until: MonotonicTime)
        /// The bond has to go.
        case removal(until: MonotonicTime)
    }

    /// Where `CancelPairing()` stands.
    enum Cancellation: Sendable {
        /// BlueZ was told no, which is enough as a rule.
        case notNeeded
        case sent
        /// There is no adapter to cancel on.
        case impossible
    }

    var deadline: MonotonicTime? {
        switch self {
        case .queued: nil
        case .awaitingRemoval(let until), .discovering(_, let until), .disconnecting(let until),
            .switchingPairable(let until), .pausing(let until), .answering(let until), .verifying(let until):
            until
        case .pairing(let call): call.bondedUntil
        case .ending(_, .pairResult(_, let until)), .ending(_, .disconnection(let until)),
            .ending(_, .removal(let until)):
            until
        }
    }

    /// Is nothing asked of the device yet?
    var isPreparation: Bool {
        switch self {
        case .queued, .awaitingRemoval, .discovering, .disconnecting, .switchingPairable, .pausing: true
        case .pairing, .answering, .verifying, .ending: false
        }
    }

    /// BlueZ unpairs in the kernel when the pairing is over just before `CancelPairing()` comes, and still shows the bond.
    var mayHaveBrokenBond: Bool {
        if case .ending(_, .pairResult(.sent, _)) = self { true } else { false }
    }

    /// Does BlueZ owe us the result of a `Pair()`?
    var isPairOutstanding: Bool {
        switch self {
        case .pairing, .ending(_, .pairResult): true
        default: false
        }
    }

    var isBeingUndone: Bool {
        if case .ending(_, .removal) = self { true } else { false }
    }

    var isEnding: Bool {
        if case .ending = self { true } else { false }
    }
}

/// An outstanding `Pair()` of ours.
struct PairCall: Sendable {
    let device: DeviceReference
    let capability: IOCapability
    /// The bond is there; from this moment on it counts, whether BlueZ has read the services or not.
    var bondedUntil: MonotonicTime?
}

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
