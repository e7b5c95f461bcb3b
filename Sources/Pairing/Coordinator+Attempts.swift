// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Policy

/// Several attempts at one pairing, with one IO capability after the other.
///
/// Devices refuse for reasons of their own: some fail the first attempt and take the second, some take one capability
/// and not another. What worked is tried first the next time.
extension Coordinator {
    /// The capabilities of a pairing's attempts, in order.
    func plan(_ pairing: LivePairing, _ rule: Rule) -> [IOCapability] {
        let settings = rule.profile.pairing
        var plan = Array(repeating: settings.ioCapability, count: settings.attempts)
        plan += settings.fallbacks.map(\.ioCapability)
        let device = pairing.device.flatMap { devices[$0] } ?? pairing.lastSeen
        if let proven = device.flatMap({ record(of: $0) })?.capability, let place = plan.firstIndex(of: proven) {
            plan.insert(plan.remove(at: place), at: 0)
        }
        return plan
    }

    /// The number of the attempt that follows on one that came to nothing; `nil` when that was the end.
    func nextAttempt(_ pairing: LivePairing, after outcome: PairingOutcome, at now: Moment) -> Int? {
        guard case .requested = pairing.origin, let rule = pairing.rule else { return nil }
        let plan = plan(pairing, rule)
        guard plan.count > pairing.attempt else { return nil }
        let resumption = now.monotonic + rule.profile.pairing.retryAfter
        guard pairing.deadline.map({ resumption < $0 }) ?? true else { return nil }
        switch outcome.result {
        case .peerRefused, .connectionLost, .notReachable, .smpTimeout, .failed: return pairing.attempt + 1
        case .wrongPasskey:
            // A person may read the digits again; a rule would say the same once more.
            let answers = rule.profile.answers
            let isAsked = pairing.evidence.usedPIN ? answers.pin == .ask : answers.passkey == .ask
            return isAsked ? pairing.attempt + 1 : nil
        case .tooWeak, .keyTooShort:
            // A weak bond that is still there would pass for a good one in the next attempt.
            guard pairing.device.flatMap({ devices[$0] })?.hasBond != true else { return nil }
            // The same capability would lead to the same.
            let used = plan[pairing.attempt - 1]
            return plan.indices.dropFirst(pairing.attempt).first { plan[$0] != used }.map { $0 + 1 }
        default: return nil
        }
    }

    /// Ends an attempt, and begins the next one after the rule's pause.
    mutating func tryAgain(_ number: PairingNumber, _ attempt: Int, after outcome: PairingOutcome, at now: Moment) {
        guard let pairing = live[number], let rule = pairing.rule else { return }
        for request in openRequests(of: number) { cancel(request, at: now) }
        emit(
            .record(
                Record(
                    subject: .attempt, device: pairing.device, address: pairing.address, name: pairing.name,
                    adapter: pairing.device?.adapter, rule: rule.name, pairing: number, verdict: .failed,
                    decider: .events, result: outcome.result, reason: outcome.reason, attempt: pairing.attempt)))
        let until = now.monotonic + rule.profile.pairing.retryAfter
        modify(number) { pairing in
            pairing.attempt = attempt
            pairing.state = .pausing(until: until)
            pairing.evidence = Evidence()
            pairing.hasSucceeded = false
            pairing.hasLookedAgain = false
        }
    }
}
