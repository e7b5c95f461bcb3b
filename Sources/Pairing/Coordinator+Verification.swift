// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Policy
import SecurityManager

/// How strong a pairing became, and whether that is enough for its rule.
///
/// BlueZ does not tell. The SMP request and response do (Core Specification, Vol 3, Part H, 2.3.5.1), and they are on the
/// monitor channel before BlueZ asks its first question.
extension Coordinator {
    mutating func agreed(
        _ adapter: AdapterReference, _ address: Address, _ agreement: PairingAgreement, at now: Moment
    ) {
        let key = LockOuts.Key(adapter: adapter, address: address)
        // More links than an adapter can have are none of ours.
        if agreements.count < bounds.agreements || agreements[key] != nil { agreements[key] = agreement }
        for number in pairings(with: address, on: adapter) { modify(number) { $0.evidence.agreement = agreement } }
    }

    /// Why a rule's floor rules out every pairing with this device: it is better to have none than one that may be too
    /// weak.
    func floorRefusal(_ rule: Rule, for device: DeviceSnapshot) -> Cause? {
        guard rule.profile.pairing.needsVerification else { return nil }
        if !hasMonitor {
            return .cannotVerify(
                "the rule \(rule.name) demands strong keys, and without CAP_NET_RAW nobody sees how strong they are")
        }
        if device.facts.transports == [.bredr] {
            return .cannotVerify(
                "the rule \(rule.name) demands strong keys, and over BR/EDR this version does not see them")
        }
        return nil
    }

    /// Why a pairing that BlueZ calls done is none.
    func weakness(of pairing: LivePairing) -> Cause? {
        guard let rule = pairing.rule, rule.profile.pairing.needsVerification else { return nil }
        let floor = rule.profile.pairing
        guard let agreement = pairing.evidence.agreement else {
            return .cannotVerify("nothing was seen on the air of how strong the keys are")
        }
        let isStrong =
            agreement.securityLevel >= floor.security && (agreement.isSecureConnections || !floor.secureConnections)
        if !isStrong {
            let wanted = floor.security.rawValue + (floor.secureConnections ? " with Secure Connections" : "")
            return .tooWeak(
                "it reached \(agreement.words), and the rule \(rule.name) asks for \(wanted)")
        }
        if let least = floor.minimumKeySize, agreement.encryptionKeySize < least {
            return .keyTooShort(
                "the key has \(agreement.encryptionKeySize) octets, and the rule \(rule.name) asks for \(least)")
        }
        return nil
    }

    /// Undoes a pairing before its result is told.
    mutating func undo(_ number: PairingNumber, _ cause: Cause, at now: Moment) {
        guard let device = live[number]?.device else { return finish(number, cause, at: now) }
        let until = now.monotonic + timing.promptness + timing.promptness
        enter(.ending(cause, .removal(until: until)), number)
        for request in openRequests(of: number) { cancel(request, at: now) }
        remove(device, for: nil, at: now)
    }

    /// Tells the result of a pairing that was to be undone, and whether it is.
    mutating func finishUndone(_ number: PairingNumber, _ cause: Cause, isRemoved: Bool, at now: Moment) {
        let outcome = Evidence(decision: cause).outcome
        let rest = isRemoved ? "" : "; BlueZ did not remove the bond"
        finish(number, PairingOutcome(outcome.result, outcome.reason + rest), cause, at: now)
    }
}

extension PairingAgreement {
    /// The level of the key that comes of it.
    public var securityLevel: SecurityLevel { model.isAuthenticated ? .authenticated : .encrypted }

    fileprivate var words: String {
        let model =
            switch model {
            case .justWorks: "Just Works"
            case .numericComparison: "numeric comparison"
            case .passkeyEntry: "passkey entry"
            case .outOfBand: "out-of-band data"
            }
        return "\(securityLevel.rawValue) (\(model), \(isSecureConnections ? "Secure Connections" : "legacy pairing"))"
    }
}
