// SPDX-License-Identifier: Apache-2.0

public import Bluetooth

/// A call of BlueZ on one of our agents that is about a device (`org.bluez.Agent1`).
public struct AgentQuestion: Hashable, Sendable {
    /// What is asked, and the call to answer where BlueZ waits for an answer.
    public enum Kind: Hashable, Sendable {
        /// `RequestPinCode`
        case pinCode(AgentToken)
        /// `DisplayPinCode`: BlueZ sends the PIN on only once this is answered (`src/device.c`).
        case displayPINCode(PINCode, AgentToken)
        /// `RequestPasskey`
        case passkey(AgentToken)
        /// `DisplayPasskey`, which is never answered; comes again for each of the `entered` digits.
        case displayPasskey(Passkey, entered: UInt16)
        /// `RequestConfirmation`
        case confirmation(Passkey, AgentToken)
        /// `RequestAuthorization`
        case authorization(AgentToken)
        /// `AuthorizeService`
        case service(BluetoothUUID, AgentToken)
    }

    public var role: AgentRole
    public var device: DeviceReference
    public var kind: Kind

    public init(role: AgentRole, device: DeviceReference, kind: Kind) {
        self.role = role
        self.device = device
        self.kind = kind
    }

    /// The call to answer; `nil` for `DisplayPasskey`.
    var token: AgentToken? {
        switch kind {
        case .displayPasskey: nil
        case .pinCode(let token), .displayPINCode(_, let token), .passkey(let token), .confirmation(_, let token),
            .authorization(let token), .service(_, let token):
            token
        }
    }
}

/// Which of our agents was called.
public enum AgentRole: Hashable, Sendable {
    /// The one for pairings that others start.
    case `default`
    /// The one for our own pairings with this capability.
    case capability(IOCapability)
}

/// What BlueZ gets as the answer to a call.
public enum AgentReply: Hashable, Sendable {
    case accept
    case passkey(Passkey)
    case pinCode(PINCode)
    /// `org.bluez.Error.Rejected`: somebody or a rule said no.
    case rejected
    /// `org.bluez.Error.Canceled`: nobody answered, or the question was taken back.
    case canceled
}
