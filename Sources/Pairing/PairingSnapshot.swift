// SPDX-License-Identifier: Apache-2.0

public import Bluetooth
public import Policy
public import SecurityManager

/// A pairing as others see it: nothing in it is secret.
public struct PairingSnapshot: Hashable, Sendable {
    public let number: PairingNumber
    public internal(set) var origin: PairingOrigin
    /// Who asked for it; `nil` when the device did, or a rule.
    public internal(set) var actor: Actor?
    /// The device's address as BlueZ knows it at present.
    public let address: Address
    /// `nil` until BlueZ knows the device.
    public let device: DeviceReference?
    /// `nil` until it is clear on which adapter.
    public internal(set) var adapter: AdapterReference?
    public let name: UntrustedText?
    /// `nil` until a rule matched.
    public let rule: String?
    /// What the rule says; `nil` until one decided.
    public let profile: Profile?
    /// From 1.
    public let attempt: Int
    /// What was agreed on in SMP, as the monitor channel showed it; `nil` where nothing was seen.
    public let agreement: PairingAgreement?
    /// How strong the keys are; `nil` where nothing was seen.
    public let strength: BondRecord.Strength?
    public let phase: PairingPhase
    /// Microseconds since the epoch.
    public let startedAt: UInt64
    /// Microseconds since the epoch; `nil` while it goes on.
    public let finishedAt: UInt64?
    /// `nil` while it goes on.
    public let outcome: PairingOutcome?
}

/// Who started a pairing.
public enum PairingOrigin: String, Hashable, Sendable, CaseIterable {
    /// A person or a program asked for it.
    case requested
    /// A rule started it, because the device appeared.
    case automatic
    /// The device started it.
    case incoming
    /// Another program made the bond, or the kernel, and nobody asked us.
    case foreign
}

/// How far a pairing is.
public enum PairingPhase: String, Hashable, Sendable, CaseIterable {
    /// Another one is under way.
    case queued
    /// A removal, the end of a connection, or a switch of the adapter is waited for.
    case preparing
    /// The device, or something that a rule needs to know of it, has not been seen yet.
    case discovering
    /// BlueZ was told to pair, and there is no connection yet.
    case connecting
    case pairing
    /// A person or a program has to answer.
    case waitingForAnswer = "waiting-for-answer"
    /// BlueZ says that it is done; its properties have to say so too.
    case verifying
    /// The bond is there, and BlueZ reads the device's services.
    case keeping
    /// It is decided that nothing comes of it: BlueZ has to let go, and what was made is removed.
    case undoing
    case done
}

/// How a pairing ended.
public struct PairingOutcome: Hashable, Sendable {
    public let result: PairingResult
    /// What exactly happened, in words; empty where the result says it all. Never a secret, always safe to print.
    public let reason: String

    init(_ result: PairingResult, _ reason: String = "") {
        self.result = result
        self.reason = reason
    }
}
