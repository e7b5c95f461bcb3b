// SPDX-License-Identifier: Apache-2.0

import Bluetooth

/// A request that nobody has answered yet.
struct OpenRequest: Sendable {
    /// What is asked, with the call to answer. Displays have none: `DisplayPasskey` expects no answer, and
    /// `DisplayPinCode` is answered at once, because BlueZ sends the PIN on only then.
    enum Question: Sendable {
        case authorization(AgentToken)
        case confirmation(Passkey, AgentToken)
        case passkeyEntry(AgentToken)
        case passkeyDisplay(Passkey)
        case pinEntry(AgentToken)
        case pinDisplay(PINCode)
        case service(BluetoothUUID, AgentToken)
        /// Is a lost bond to be replaced? Nobody at BlueZ waits for that.
        case repair

        init(_ kind: AgentQuestion.Kind) {
            switch kind {
            case .pinCode(let token): self = .pinEntry(token)
            case .displayPINCode(let pin, _): self = .pinDisplay(pin)
            case .passkey(let token): self = .passkeyEntry(token)
            case .displayPasskey(let passkey, _): self = .passkeyDisplay(passkey)
            case .confirmation(let passkey, let token): self = .confirmation(passkey, token)
            case .authorization(let token): self = .authorization(token)
            case .service(let uuid, let token): self = .service(uuid, token)
            }
        }

        var kind: RequestKind {
            switch self {
            case .authorization: .authorization
            case .confirmation: .confirmation
            case .passkeyEntry: .passkeyEntry
            case .passkeyDisplay: .passkeyDisplay
            case .pinEntry: .pinEntry
            case .pinDisplay: .pinDisplay
            case .service: .service
            case .repair: .repair
            }
        }

        /// The call that waits for an answer.
        var token: AgentToken? {
            switch self {
            case .authorization(let token), .confirmation(_, let token), .passkeyEntry(let token),
                .pinEntry(let token), .service(_, let token):
                token
            case .passkeyDisplay, .pinDisplay, .repair: nil
            }
        }

        var digits: RequestDigits? {
            switch self {
            case .confirmation(let passkey, _), .passkeyDisplay(let passkey): .passkey(passkey)
            case .pinDisplay(let pin): .pinCode(pin)
            case .authorization, .passkeyEntry, .pinEntry, .service, .repair: nil
            }
        }

        /// What BlueZ is told for `answer`, which is not a rejection; an error where the two do not fit.
        func reply(for answer: RequestAnswer) throws(CommandError) -> AgentReply {
            switch (answer, self) {
            case (.accept, .authorization), (.accept, .confirmation), (.accept, .service),
                (.accept, .repair):
                .accept
            case (.passkey(let passkey), .passkeyEntry): .passkey(passkey)
            case (.pinCode(let pin), .pinEntry): .pinCode(pin)
            default: throw .wrongKind(kind)
            }
        }
    }

    let question: Question
    /// Which agent was asked, for BlueZ takes questions back by agent; `nil` for a question of our own.
    let role: AgentRole?
    /// Is it part of a pairing that we started? Those have room of their own.
    let isRequested: Bool
    /// Does only a window allow it?
    let isWindowed: Bool
    var snapshot: RequestSnapshot
}
