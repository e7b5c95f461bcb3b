// SPDX-License-Identifier: Apache-2.0

public import Bluetooth

/// How a device on the air behaves; a test may change it between two attempts.
public struct DeviceBehaviour: Sendable {
    public enum Reachability: Sendable {
        case reachable
        /// It is not found: the connect or page timeout passes.
        case neverFound
        /// The connection attempt itself fails, at once.
        case connectionFails
    }

    public enum Moment: Sendable { case beforeAsking, whileAsking, afterAnswer }

    public enum Reaction: Sendable {
        case accepts
        /// It sends SMP Pairing Failed, or the like.
        case refuses
        /// The link breaks.
        case vanishes(Moment)
        /// It answers nothing until our timer ends the pairing.
        case silent
    }

    /// What its person says to six digits that both sides show.
    public enum Comparison: Sendable { case confirms, denies, ignores }

    /// What its person types when our side shows a passkey.
    public enum Typing: Sendable {
        case whatIsShown
        case digits(UInt32)
        case nothing
    }

    public var ioCapability = IOCapability.noInputNoOutput
    /// Does it ask for protection against a man in the middle?
    public var mitm = false
    public var secureConnections = true
    public var bonding = true
    public var reachability = Reachability.reachable
    public var reaction = Reaction.accepts
    public var comparison = Comparison.confirms
    /// The passkey that it displays, and that has to be entered on our side.
    public var shows: UInt32 = 123_456
    public var types = Typing.whatIsShown
    /// BR/EDR: how many `DisplayPasskey` with the digits typed so far follow the first.
    public var keypresses: UInt16 = 0
    /// Legacy BR/EDR: what our side must answer.
    public var pin = "0000"
    /// A private address turns into this one once the device has told its identity.
    public var identity: Address?
    /// It has forgotten its bond: every encryption fails and the link breaks.
    public var hasForgottenBond = false

    public init(_ ioCapability: IOCapability = .noInputNoOutput, mitm: Bool? = nil) {
        self.ioCapability = ioCapability
        self.mitm = mitm ?? (ioCapability != .noInputNoOutput)
    }
}

/// How a device comes to BlueZ's knowledge.
public enum Presence: Sendable, Hashable {
    /// It has an object as soon as BlueZ runs.
    case known
    /// It is seen while a discovery runs; with a delay, its name comes that much later than its address.
    case advertising(nameAfter: Duration? = nil)
    /// It is never seen by itself.
    case hidden
}

public enum SimulatedTransport: Sendable, Hashable {
    case le
    case classic
    /// BR/EDR without Secure Simple Pairing: PIN codes.
    case classicLegacy
}
