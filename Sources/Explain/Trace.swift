// SPDX-License-Identifier: Apache-2.0

public import Bluetooth
public import HCIMonitor

/// What was seen of one pairing, in order: on the air, between the kernel and bluetoothd, and in this daemon.
///
/// Nothing in it is secret: keys, digits, confirm and random values are never stored.
public struct Trace: Hashable, Sendable {
    /// More steps than any honest pairing has; what comes later is counted only.
    public static let maximumSteps = 256

    public var device: MonitorPeer
    public var adapter: MonitorAdapter?
    public var name: UntrustedText?
    public private(set) var steps: [TraceStep]
    /// How many steps there was no room for.
    public private(set) var omitted = 0
    /// What the daemon knows beyond; `nil` for a capture file.
    public var outcome: TraceOutcome?

    public init(
        device: MonitorPeer, adapter: MonitorAdapter? = nil, name: UntrustedText? = nil, steps: [TraceStep] = []
    ) {
        self.device = device
        self.adapter = adapter
        self.name = name
        self.steps = []
        for step in steps { append(step) }
    }

    public mutating func append(_ step: TraceStep) {
        if steps.count < Self.maximumSteps { steps.append(step) } else { omitted += 1 }
    }
}

public struct TraceStep: Hashable, Sendable {
    /// Microseconds since the epoch.
    public var time: UInt64
    public var event: TraceEvent

    public init(time: UInt64, _ event: TraceEvent) {
        self.time = time
        self.event = event
    }
}

public enum TraceEvent: Hashable, Sendable {
    case connected(Transport, LinkRole?)
    case connectionFailed(HCIErrorCode)
    case disconnected(HCIErrorCode)
    case packet(MonitorDirection, TracePacket)
    case encryption(EncryptionChange)
    case encryptionKeyRefreshed(HCIErrorCode)
    /// BR/EDR only.
    case authenticationFailed(HCIErrorCode)
    case longTermKeyRequested
    case longTermKeyAnswered(isKnown: Bool)
    case simplePairing(SimplePairingStep)
    /// From bluetoothd, or another program with a control socket, to the kernel.
    case command(ManagementCommand)
    /// From the kernel to bluetoothd.
    case management(ManagementEvent)
    /// By this daemon.
    case own(OwnStep)
    case unreadable(MalformedRecord.Fault)
}

/// What the daemon did or decided.
public enum OwnStep: Hashable, Sendable {
    /// An attempt began, from 1.
    case attempt(Int)
    /// `Device1.Pair()` was called on the agent with this capability.
    case pairCalled(IOCapability)
    /// It returned; with BlueZ's error name, or none for success.
    case pairReturned(error: String?)
    /// BlueZ asked, in the words of `Request1.Kind`.
    case asked(String)
    /// Who answered: a rule's name, `user 1000`, expiry.
    case answered(String, isPositive: Bool, by: String)
    /// BlueZ took its question back.
    case questionCancelled
    /// `Device1.CancelPairing()` was called.
    case cancelled
    /// `Device1.Disconnect()` was called.
    case disconnected
    /// The bond was removed again.
    case undone
    /// Another program changed `Adapter1.Pairable`.
    case pairableChanged(Bool)
}

/// How the daemon's pairing came to its end.
public struct TraceOutcome: Hashable, Sendable {
    /// The word of `Pairing1.Result`; empty while the pairing goes on.
    public var result: String
    public var isSuccess: Bool
    /// The result's sentence, and what to do next.
    public var sentence: String
    public var advice: String
    /// In words; may be empty.
    public var reason: String
    /// Did our side end it: a rule, a person, expiry, a cancellation, the daemon's end?
    public var isOurDecision: Bool
    public var origin: Origin
    /// The name of the rule; `nil` without one.
    public var rule: String?
    /// Can the monitor channel be read? Without it nothing of the air is in the trace.
    public var hasMonitor: Bool
    /// The capability that the rule wants, or of the default agent.
    public var wantedCapability: IOCapability?

    public enum Origin: Hashable, Sendable {
        /// This side started it.
        case ours
        /// The device started it.
        case device
        /// Another program did.
        case foreign
    }

    public init(
        result: String, isSuccess: Bool, sentence: String, advice: String, reason: String, isOurDecision: Bool,
        origin: Origin, rule: String?, hasMonitor: Bool, wantedCapability: IOCapability?
    ) {
        self.result = result
        self.isSuccess = isSuccess
        self.sentence = sentence
        self.advice = advice
        self.reason = reason
        self.isOurDecision = isOurDecision
        self.origin = origin
        self.rule = rule
        self.hasMonitor = hasMonitor
        self.wantedCapability = wantedCapability
    }
}
