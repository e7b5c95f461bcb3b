// SPDX-License-Identifier: Apache-2.0

/// An explanation in words, ready to be shown, sent over the bus or written as JSON.
///
/// The words of the enumerations are stable: programs may depend on them. Sentences may change.
public struct Report: Hashable, Sendable {
    public var finding: Finding
    /// One sentence: what happened, and who ended it.
    public var summary: String
    /// How far the pairing came.
    public var stage: Stage
    /// `nil` for a pairing that succeeded or goes on.
    public var stoppedBy: Party?
    /// What each side offered and demanded, the initiator first; empty where nobody saw.
    public var offers: [Offer]
    /// The association model, with its reason; empty where it was not settled.
    public var model: String
    /// What else was noticed, a sentence each, in the order of time.
    public var observations: [String]
    /// The likeliest first; empty for a pairing that succeeded.
    public var causes: [LikelyCause]
    public var steps: [Step]
    /// How many steps are left out at the end, for want of room.
    public var omittedSteps: Int

    public init(
        finding: Finding, summary: String, stage: Stage, stoppedBy: Party? = nil, offers: [Offer] = [],
        model: String = "",
        observations: [String] = [], causes: [LikelyCause] = [], steps: [Step] = [], omittedSteps: Int = 0
    ) {
        self.finding = finding
        self.summary = summary
        self.stage = stage
        self.stoppedBy = stoppedBy
        self.offers = offers
        self.model = model
        self.observations = observations
        self.causes = causes
        self.steps = steps
        self.omittedSteps = omittedSteps
    }

    public enum Party: String, Hashable, Sendable, CaseIterable {
        /// pairingd, BlueZ or the kernel of this machine.
        case us
        case device
        /// The connection broke, or never came about.
        case radio
        /// A program of this machine other than pairingd.
        case program
    }

    /// One side's part of the request or response.
    public struct Offer: Hashable, Sendable {
        public var from: Party
        /// BlueZ's name, or the value for a reserved one.
        public var ioCapability: String
        public var mitmProtection: Bool
        public var bonding: Bool
        /// `nil` over BR/EDR, where it is not told.
        public var secureConnections: Bool?
        public var outOfBandData: Bool
        /// The longest key in octets, 7 to 16; `nil` over BR/EDR.
        public var maximumKeySize: UInt8?
        /// The field itself, for whoever compares with a sniffer.
        public var authenticationRequirements: UInt8
        /// The keys that this side wants to give: EncKey, IdKey, Sign, LinkKey.
        public var keys: [String]

        public init(
            from: Party, ioCapability: String, mitmProtection: Bool, bonding: Bool, secureConnections: Bool?,
            outOfBandData: Bool, maximumKeySize: UInt8?, authenticationRequirements: UInt8, keys: [String]
        ) {
            self.from = from
            self.ioCapability = ioCapability
            self.mitmProtection = mitmProtection
            self.bonding = bonding
            self.secureConnections = secureConnections
            self.outOfBandData = outOfBandData
            self.maximumKeySize = maximumKeySize
            self.authenticationRequirements = authenticationRequirements
            self.keys = keys
        }
    }

    public struct LikelyCause: Hashable, Sendable {
        /// What may be the matter, as a sentence; empty where the summary says it all.
        public var text: String
        /// What to do about it, as a sentence; may be empty.
        public var remedy: String
        /// Lines for the device's rule file that help; empty where none do.
        public var ruleLines: [String]

        public init(_ text: String, remedy: String = "", ruleLines: [String] = []) {
            self.text = text
            self.remedy = remedy
            self.ruleLines = ruleLines
        }
    }

    /// One line of the sequence chart.
    public struct Step: Hashable, Sendable {
        /// Microseconds since the epoch.
        public var time: UInt64
        public var arrow: Arrow
        /// A few words: `Pairing Request`.
        public var title: String
        /// More words, one piece each: `NoInputNoOutput`, `bonding`, `16 octets`.
        public var details: [String]

        public init(time: UInt64, _ arrow: Arrow, _ title: String, _ details: [String] = []) {
            self.time = time
            self.arrow = arrow
            self.title = title
            self.details = details
        }
    }

    public enum Arrow: String, Hashable, Sendable, CaseIterable {
        /// From this side to the device.
        case sent
        case received
        /// About the link as a whole: it was made, encrypted, ended.
        case link
        /// On this machine: the kernel, bluetoothd, an agent, a person.
        case here
    }

    /// How far a pairing came, the earliest first.
    public enum Stage: String, Hashable, Sendable, CaseIterable {
        case notStarted = "not-started"
        case connecting
        /// There was a link, and no Pairing Request.
        case connected
        /// Request and response are exchanged.
        case features
        case publicKeys = "public-keys"
        /// The digits, or the values that stand for none, are checked.
        case authentication
        case dhKeyCheck = "dhkey-check"
        case encryption
        case keyDistribution = "key-distribution"
        case done
    }
}

extension Report.Stage: Comparable {
    public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .notStarted: 0
        case .connecting: 1
        case .connected: 2
        case .features: 3
        case .publicKeys: 4
        case .authentication: 5
        case .dhKeyCheck: 6
        case .encryption: 7
        case .keyDistribution: 8
        case .done: 9
        }
    }
}
