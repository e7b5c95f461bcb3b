// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import Pairing

/// What callers need to be allowed to do.
extension Access {
    static let pair = Access(action: "org.pairingd.pair")
    static let answer = Access(action: "org.pairingd.answer")
    static let manage = Access(action: "org.pairingd.manage")
}

extension MethodCall {
    /// The one who was authorised. A guarded method never runs without.
    var actor: Actor { Actor(uid: authorization?.user ?? UInt32.max) }

    /// The rule that polkit allowed this for; `nil` where it was asked about none, or not at all.
    var authorizedRule: String? { authorization?.details[Authorizer.Detail.rule] }
}

extension Optional where Wrapped == UntrustedText {
    /// Names go over the bus escaped: what programs print of them can do no harm.
    var escaped: String { self.map(\.description) ?? "" }
}
