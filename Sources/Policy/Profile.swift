// SPDX-License-Identifier: Apache-2.0

public import Bluetooth

/// What a rule resolves to for one device: how it is paired, and how BlueZ's questions are answered.
public struct Profile: Sendable, Hashable {
    public var pairing: PairingSettings
    public var answers: AnswerSettings

    public init(pairing: PairingSettings = .init(), answers: AnswerSettings = .init()) {
        self.pairing = pairing
        self.answers = answers
    }
}

/// The `[pairing]` table of a rule.
public struct PairingSettings: Sendable, Hashable {
    /// The capability that our side shows in a pairing that we start.
    public var ioCapability: IOCapability
    /// May the device start the pairing?
    public var acceptIncoming: Bool

    public init(ioCapability: IOCapability = .keyboardDisplay, acceptIncoming: Bool = false) {
        self.ioCapability = ioCapability
        self.acceptIncoming = acceptIncoming
    }
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
    public var service: Answer

    public init(
        authorization: Answer = .ask, confirmation: Answer = .ask, passkey: SecretAnswer<Passkey> = .ask,
        pin: SecretAnswer<PINCode> = .ask, service: Answer = .ask
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
}
