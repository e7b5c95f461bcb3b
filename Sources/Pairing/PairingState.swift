// SPDX-License-Identifier: Apache-2.0

import Bluetooth

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
