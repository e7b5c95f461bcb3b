// SPDX-License-Identifier: Apache-2.0

public import Bluetooth

/// What a rule resolves to for one device: how it is paired, and how BlueZ's questions are answered.
public struct Profile: Sendable, Hashable {
    public var pairing: PairingSettings
    /// What the device advertises while it is ready to pair; empty where it does not say.
    public var pairingMode: DataMatch
    public var answers: AnswerSettings
    public var repair: RepairSettings
    public var after: AfterSettings

    public init(
        pairing: PairingSettings = .init(), pairingMode: DataMatch = .init(), answers: AnswerSettings = .init(),
        repair: RepairSettings = .init(), after: AfterSettings = .init()
    ) {
        self.pairing = pairing
        self.pairingMode = pairingMode
        self.answers = answers
        self.repair = repair
        self.after = after
    }
}

/// The `[pairing]` table of a rule.
public struct PairingSettings: Sendable, Hashable {
    /// The capability that our side shows in a pairing that we start.
    public var ioCapability: IOCapability
    public var bond = BondPolicy.keep
    /// The floor: a weaker pairing is not accepted.
    public var security = SecurityLevel.encrypted
    /// Are Secure Connections part of the floor?
    public var secureConnections = false
    /// In octets, 7 to 16; `nil` where any is good enough.
    public var minimumKeySize: UInt8?
    public var initiate = Initiation.manual
    /// May a device without a bond start the pairing?
    public var acceptIncoming: Bool
    public var when = Liveness.always
    /// How often a pairing is tried with ``ioCapability``, from 1.
    public var attempts = 1
    public var retryAfter = Duration.seconds(1)
    /// For the whole of a pairing that we start, from its turn on.
    public var timeout = Duration.seconds(60)
    /// What is tried after ``attempts``, in order.
    public var fallbacks: [PairingFallback] = []

    public init(ioCapability: IOCapability = .keyboardDisplay, acceptIncoming: Bool = false) {
        self.ioCapability = ioCapability
        self.acceptIncoming = acceptIncoming
    }

    /// Does the floor ask for more than BlueZ itself makes sure of?
    public var needsVerification: Bool {
        security > .encrypted || secureConnections || minimumKeySize != nil
    }
}

/// What becomes of the keys after a pairing.
public enum BondPolicy: String, Sendable, Hashable, CaseIterable {
    case keep
    /// Removed when the link ends.
    case session
    /// None is made; one that is made all the same is removed when the link ends.
    case none
}

/// Who may make us start a pairing.
public enum Initiation: String, Sendable, Hashable, CaseIterable {
    /// The daemon, when the device appears; and whoever asks for it.
    case auto
    /// Whoever asks for it.
    case manual
    /// Nobody.
    case never
}

/// When a rule holds.
public enum Liveness: String, Sendable, Hashable, CaseIterable {
    case always
    /// While a person holds a window open.
    case window
}

/// The `[[pairing.fallback]]` table of a rule.
public struct PairingFallback: Sendable, Hashable {
    public var ioCapability: IOCapability

    public init(ioCapability: IOCapability = .keyboardDisplay) { self.ioCapability = ioCapability }
}

/// The `[answer]` table of a rule: what is done with each kind of question; a kind that the rule does not name is asked.
public struct AnswerSettings: Sendable, Hashable {
    /// Just Works, started by the device (`RequestAuthorization`).
    public var authorization: Answer
    /// Numeric comparison (`RequestConfirmation`).
    public var confirmation: Answer
    /// A passkey that the device shows and we enter (`RequestPasskey`).
    public var passkey: SecretAnswer<Passkey>
    /// A PIN code of legacy BR/EDR pairing (`RequestPinCode`).
    public var pin: SecretAnswer<PINCode>
    /// A connection to one of our BR/EDR services (`AuthorizeService`).
    public var service: ServiceAnswer

    public init(
        authorization: Answer = .ask, confirmation: Answer = .ask, passkey: SecretAnswer<Passkey> = .ask,
        pin: SecretAnswer<PINCode> = .ask, service: ServiceAnswer = .init()
    ) {
        self.authorization = authorization
        self.confirmation = confirmation
        self.passkey = passkey
        self.pin = pin
        self.service = service
    }
}

/// How a question of yes or no is answered.
public enum Answer: String, Sendable, Hashable, CaseIterable {
    case accept
    case reject
    case ask
}

/// How a question for digits is answered.
public enum SecretAnswer<Secret: Sendable & Hashable>: Sendable, Hashable {
    case ask
    case reject
    case value(Secret)
    /// The secrets of the systemd credential with this name; a device without one is asked about.
    case credential(String, SecretTable<Secret>)
}

/// How connections to our services are answered.
public struct ServiceAnswer: Sendable, Hashable {
    /// Services that are accepted.
    public var allow: Set<BluetoothUUID>
    /// Services that are rejected, also where they are allowed.
    public var deny: Set<BluetoothUUID>
    public var otherwise: Answer

    public init(allow: Set<BluetoothUUID> = [], deny: Set<BluetoothUUID> = [], otherwise: Answer = .ask) {
        self.allow = allow
        self.deny = deny
        self.otherwise = otherwise
    }

    public func answer(for service: BluetoothUUID) -> Answer {
        if deny.contains(service) { return .reject }
        return allow.contains(service) ? .accept : otherwise
    }
}

/// The `[repair]` table of a rule: what is done about bonds that one side only has.
public struct RepairSettings: Sendable, Hashable {
    /// The device has forgotten us.
    public var bondLost = LostBond.keep
    /// A device with a bond asks to pair again.
    public var bondedDevice = Answer.reject
    /// A peripheral asks for security.
    public var securityRequest = SecurityRequestAnswer.accept

    public init() {}
}

/// What is done about a bond that the device has lost. Anybody who pretends to be the device can claim that.
public enum LostBond: String, Sendable, Hashable, CaseIterable {
    /// A new pairing, at least as strong as the old one.
    case repair
    case remove
    case ask
    case keep
}

/// What is done about an SMP Security Request.
public enum SecurityRequestAnswer: String, Sendable, Hashable, CaseIterable {
    /// Encrypt with the bond, or begin to pair.
    case accept
    case reject
    /// Forget the bond, and pair anew.
    case repair
}

/// The `[after]` table of a rule: what is done once the device is paired.
public struct AfterSettings: Sendable, Hashable {
    /// Let the device connect to services without a question (`org.bluez.Device1.Trusted`).
    public var trust = false
    public var disconnect = false

    public init() {}
}
