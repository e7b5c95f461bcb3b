// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import HCIMonitor
import SecurityManager

extension Reading {
    /// What else is worth knowing of this attempt, a sentence each.
    func observations(_ outcome: TraceOutcome?) -> [String] {
        var sentences: [String] = []
        if let outcome, !outcome.hasMonitor {
            sentences.append("pairingd has no CAP_NET_RAW, so nothing of what went over the air could be seen.")
        }
        if let securityRequest, securityRequest.value.direction == .received {
            let words = securityRequest.value.requirements.words.joined(separator: ", ")
            let order = request.map { securityRequest.index < $0.index } ?? true
            sentences.append(
                "The device asked for security by itself (\(words))"
                    + (order ? ", before this side had sent anything." : ", when the pairing was under way already."))
        }
        if let wanted = outcome?.wantedCapability, let shown = ours?.ioCapability, shown != wanted {
            sentences.append("This side showed \(shown.rawValue), although \(wanted.rawValue) was wanted.")
        }
        if hasNewDefaultAgent, let last = capabilities.last {
            let name = IOCapability(smpValue: last.value)?.rawValue ?? octet(last.value)
            sentences.append("The adapter's capability was changed to \(name): a program has become the default agent.")
        }
        if looksPaired { sentences += agreementObservations }
        if let mismatch = agreement.flatMap(questionMismatch) { sentences.append(mismatch) }
        if keys.contains(where: { !$0.isKept }), isComplete {
            sentences.append("The key goes with the link: no bond was made.")
        }
        if unreadable > 0 {
            sentences.append("\(unreadable) \(unreadable == 1 ? "record" : "records") of it could not be read.")
        }
        return sentences
    }

    private var agreementObservations: [String] {
        guard let agreement, let ours, let theirs else { return [] }
        var sentences: [String] = []
        if !agreement.isSecureConnections {
            let offers = (
                ours.authenticationRequirements.contains(.secureConnections),
                theirs.authenticationRequirements.contains(.secureConnections)
            )
            let why =
                switch offers {
                case (true, false): "the device does not offer Secure Connections"
                case (false, true): "this side did not offer Secure Connections"
                default: "neither side offers Secure Connections"
                }
            sentences.append("LE legacy pairing, as \(why): who records the pairing can find the key.")
        }
        if agreement.encryptionKeySize < 16 {
            sentences.append("The key has only \(agreement.encryptionKeySize) of 16 octets.")
        }
        if !agreement.isBonding {
            sentences.append("No bond comes of it, because not both sides want one.")
        }
        return sentences
    }

    /// The kernel's question belongs to the association model; another one means that something is not as it seems.
    ///
    /// Source: Linux, net/bluetooth/smp.c (tk_request, sc_passkey_round).
    private func questionMismatch(_ agreement: PairingAgreement) -> String? {
        let isInitiator = request?.value.direction == .sent
        let asked: String
        if passkeyShown {
            asked = "digits to be shown"
        } else if let question = question?.value {
            switch question.kind {
            case .confirmation: asked = question.isHint ? "a plain yes" : "a comparison of digits"
            case .passkey: asked = "a passkey"
            case .pinCode: asked = "a PIN code"
            }
        } else {
            return nil
        }
        let expected: Set<String>
        switch agreement.model {
        // The kernel asks for a comparison in Just Works too, where this side can show one.
        case .justWorks: expected = ["a plain yes", "a comparison of digits"]
        case .numericComparison: expected = ["a comparison of digits"]
        case .outOfBand: expected = []
        case .passkeyEntry(.bothEnter): expected = ["a passkey"]
        case .passkeyEntry(.initiatorDisplaysResponderEnters):
            expected = isInitiator ? ["digits to be shown"] : ["a passkey"]
        case .passkeyEntry(.responderDisplaysInitiatorEnters):
            expected = isInitiator ? ["a passkey"] : ["digits to be shown"]
        }
        guard !expected.contains(asked) else { return nil }
        return "The kernel asked for \(asked), which is not what the specification's table leads to."
    }

    /// How an attempt before the last one ended.
    var asEarlierAttempt: String {
        if let failure {
            let side = failure.value.direction == .sent ? "this side" : "the device"
            return "An earlier attempt ended because \(side) sent Pairing Failed: \(failure.value.reason.words)."
        }
        if let code = disconnected?.value ?? connectionFailed?.value {
            return "An earlier attempt ended with its link: \(code.words)."
        }
        if isComplete { return "An earlier pairing of it succeeded." }
        return "An earlier attempt came to nothing" + (pairError.map { " (\($0))." } ?? ".")
    }
}
