// SPDX-License-Identifier: Apache-2.0

public import Bluetooth

/// A question that waits for a person or a program, as others see it: nothing in it is secret.
public struct RequestSnapshot: Hashable, Sendable {
    public let number: RequestNumber
    public let kind: RequestKind
    /// `nil` for a connection to a service, which is no pairing.
    public let pairing: PairingNumber?
    public let device: DeviceReference
    public let address: Address
    public let name: UntrustedText?
    public internal(set) var rule: String
    /// The service that the device wants to use; `nil` for other kinds.
    public let service: BluetoothUUID?
    /// How many of the digits shown are typed on the other side, if it says so.
    public internal(set) var entered: UInt16
    /// When it expires.
    public let deadline: Moment
    /// `nil` while it is open.
    public internal(set) var outcome: RequestOutcome?
    /// Who answered; `nil` when nobody did.
    public internal(set) var actor: Actor?
}

/// What a request asks for.
public enum RequestKind: String, Hashable, Sendable, CaseIterable {
    case authorization
    case confirmation
    case passkeyEntry = "passkey-entry"
    case passkeyDisplay = "passkey-display"
    case pinEntry = "pin-entry"
    case pinDisplay = "pin-display"
    case service
    /// The device has forgotten us: is it to be paired anew?
    case repair

    /// Is it there to be read, with nothing to answer but no?
    public var isDisplay: Bool { self == .passkeyDisplay || self == .pinDisplay }
}

/// How a request ended.
public enum RequestOutcome: String, Hashable, Sendable, CaseIterable {
    case accepted
    case rejected
    /// Nobody answered in time.
    case expired
    /// BlueZ took the question back, or the pairing was ended otherwise.
    case cancelled
    /// The digits shown are needed no more: the pairing came to its result.
    case completed
}

/// What a person or a program answers.
public enum RequestAnswer: Hashable, Sendable {
    case accept
    case reject
    case passkey(Passkey)
    case pinCode(PINCode)
}

/// The digits of a request, for the person who asked for them. Its description hides them.
public enum RequestDigits: Hashable, Sendable {
    case passkey(Passkey)
    case pinCode(PINCode)

    /// A secret: show it only to the person who asked.
    public var text: String {
        switch self {
        case .passkey(let passkey): passkey.digits
        case .pinCode(let pin): pin.text
        }
    }
}

/// Why a command is refused; nothing has changed then.
public enum CommandError: Error, Hashable, Sendable {
    /// BlueZ is not running.
    case bluezAbsent
    /// BlueZ does not know this device.
    case unknownDevice
    /// BlueZ does not know this adapter.
    case unknownAdapter
    case unknownPairing
    case unknownRequest
    /// The request's deadline is over.
    case expired
    /// The request ended before, in this way.
    case alreadyAnswered(RequestOutcome)
    /// The answer does not fit this kind of request, such as a passkey for a confirmation; or, when digits are to be
    /// revealed, the request has none.
    case wrongKind(RequestKind)
    /// The pairing has a result already.
    case alreadyFinished(PairingResult)
    /// This pairing with the device is under way.
    case busy(PairingNumber)
    /// The device is being removed already.
    case beingRemoved
    /// As many pairings wait as ``Bounds`` allows.
    case tooMany
}
