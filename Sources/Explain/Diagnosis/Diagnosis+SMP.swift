// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import HCIMonitor
import SecurityManager

/// A Pairing Failed packet says why; who sent it decides what that means.
extension Diagnosis {
    static func failedInSMP(_ given: Case) -> Diagnosis? {
        guard let failure = given.reading.failure?.value else { return nil }
        let sentence = SMPSentence(failure)
        switch failure.reason {
        case .passkeyEntryFailed:
            guard failure.direction == .received else { return refusedHere(given, sentence) }
            return Diagnosis(
                .passkeyNotEntered, sentence("Nobody entered the passkey on the device, or it was cancelled there"),
                stoppedBy: .device,
                causes: [
                    .init(
                        "The digits were not typed on the device in time, or somebody cancelled there.",
                        remedy: "Pair again, and type the digits that this side shows within 30 s.")
                ])
        case .oobNotAvailable: return outOfBand(given, sentence)
        case .authenticationRequirements: return requirements(given, sentence)
        case .confirmValueFailed: return confirmValue(given, sentence)
        case .pairingNotSupported:
            return failure.direction == .received ? notReady(given, sentence) : notBondable(given, sentence)
        case .encryptionKeySize: return keySize(given, sentence)
        // What the kernel says of a key off the curve (net/bluetooth/smp.c, smp_cmd_public_key).
        case .unspecifiedReason where failure.direction == .sent && given.reading.publicKeys[.received] == .notOnCurve:
            return keyCheck(given, sentence)
        case .unspecifiedReason:
            return failure.direction == .received ? withoutReason(given, sentence) : cancelled(given, sentence)
        case .repeatedAttempts:
            return Diagnosis(
                .repeatedAttempts, sentence("Too many attempts failed, and no more are taken for a while"),
                stoppedBy: sentence.party,
                causes: [
                    .init(
                        "After a failed pairing a device waits before it takes the next, and each further failure makes"
                            + " the wait longer (Core Specification, Vol 3, Part H, 2.3.6); how long, it does not tell.",
                        remedy:
                            "Wait a minute without any attempt, then two, then four; switching the device off and on"
                            + " ends the wait of many."),
                    .init("Something tries again and again: another program, or a rule with initiate = \"auto\"."),
                ])
        case .dhKeyCheckFailed: return keyCheck(given, sentence)
        case .numericComparisonFailed:
            guard failure.direction == .received else { return refusedHere(given, sentence) }
            if given.reading.agreement?.model == .justWorks {
                return Diagnosis(
                    .refusedWithoutReason, sentence("The device declined the pairing"), stoppedBy: .device,
                    causes: [
                        .init(
                            "Nobody said yes there, or no agent is registered there.",
                            remedy: "Pair again, and say yes on the device.")
                    ])
            }
            return Diagnosis(
                .digitsDiffer, sentence("The person at the device said that the digits differ, or did not say yes"),
                stoppedBy: .device,
                causes: [
                    .init(
                        "It was declined on the device, or the time to say yes there was over.",
                        remedy: "Pair again, compare the six digits, and say yes on both sides."),
                    .init(
                        "The digits really differed: somebody is in the middle, or two devices were paired at once.",
                        remedy: "Pair again away from others; if they differ again, do not say yes."),
                ])
        case .brEdrPairingInProgress, .crossTransportKeyDerivationNotAllowed: return crossTransport(given, sentence)
        case .keyRejected:
            return Diagnosis(
                .keyRejected, sentence("\(sentence.side) does not accept a key that was distributed"),
                stoppedBy: sentence.party,
                causes: [
                    .init(
                        "The key is one that must not be used: it is known to be weak, or was used before.",
                        remedy: "Forget the bond on both sides and pair again: pairingctl forget \(given.device).")
                ])
        case .busy:
            return Diagnosis(
                .deviceBusy, sentence("\(sentence.side) is not ready to pair just now"), stoppedBy: sentence.party,
                causes: [
                    .init(
                        "It does something else at the moment, such as pairing with another host.",
                        remedy: "Pair again in a few seconds; a rule can try again by itself.",
                        ruleLines: ["[pairing]", "attempts = 3", "retry-after = \"5s\""])
                ])
        case .commandNotSupported, .invalidParameters:
            return Diagnosis(
                .protocolError, sentence("\(sentence.side) did not understand what it was sent"),
                stoppedBy: sentence.party,
                causes: [
                    .init(
                        "The device's Bluetooth stack is older than what it was offered, or has a fault.",
                        remedy: "Look for newer firmware.")
                ])
        default:
            return Diagnosis(
                .protocolError, sentence("\(sentence.side) ended the pairing for a reason that has no meaning yet"),
                stoppedBy: sentence.party)
        }
    }

    // MARK: Refusals of the device

    /// It refuses to pair at all.
    private static func notReady(_ given: Case, _ sentence: SMPSentence) -> Diagnosis {
        var causes: [Report.LikelyCause] = [
            .init(
                "The device is not in pairing mode.",
                remedy: "Switch it to pairing mode, as its manual says, and pair while it blinks."),
            .init(
                "It is bonded to another host, such as a phone, and keeps one bond only.",
                remedy: "Forget it there, or reset the device's bonds, and pair again."),
        ]
        if given.reading.ours?.authenticationRequirements.contains(.bonding) == false {
            causes.insert(
                .init(
                    "This side offered a pairing without a bond, and the device wants one.",
                    remedy: "Let the rule keep the bond.", ruleLines: ["[pairing]", "bond = \"keep\""]), at: 0)
        }
        causes.append(
            .init(
                "It does not pair at all: many devices work without.",
                remedy: "Connect without pairing."))
        return Diagnosis(
            .notInPairingMode, sentence("The device does not pair now"), stoppedBy: .device, causes: causes)
    }

    /// The reason that devices give when they mean none of the others. The order is that of what helped others.
    private static func withoutReason(_ given: Case, _ sentence: SMPSentence) -> Diagnosis {
        let reading = given.reading
        var causes: [Report.LikelyCause] = [
            .init(
                "The device is no longer in pairing mode: that ends after some seconds.",
                remedy: "Switch it to pairing mode again, and pair at once."),
            .init(
                "It is still bonded to a phone or another host, and takes one only.",
                remedy: "Forget it there, and in the app that came with it."),
            .init(
                "Half a bond from an earlier attempt is left on one of the sides.",
                remedy: "Remove it here, and begin anew: pairingctl forget \(given.device)."),
        ]
        causes.append(
            .init(
                "It was used before it was paired, and wants to be paired first.",
                remedy: "Pair before any program connects to it; a rule can do so as soon as it appears.",
                ruleLines: ["[pairing]", "initiate = \"auto\""]))
        causes.append(
            .init(
                "The adapter or its firmware is too old: below Bluetooth 4.2, or a clone of one.",
                remedy: "Try another adapter; btmgmt info shows the version, 8 stands for 4.2."))
        causes.append(
            .init(
                "Some devices fail the first attempt and take the second.",
                remedy: "Let the rule try twice.", ruleLines: ["[pairing]", "attempts = 2", "retry-after = \"1s\""]))
        if let ours = reading.ours?.ioCapability {
            let lines = fallback(reading)
            causes.append(
                .init(
                    "It does not like what it was offered (\(ours.rawValue)).",
                    remedy: lines.isEmpty
                        ? "NoInputNoOutput would pair without digits, and so without protection against somebody in the"
                            + " middle: let the rule try it only where that is enough."
                        : "Let the rule try another capability after the first.",
                    ruleLines: lines))
        }
        return Diagnosis(
            .refusedWithoutReason, sentence("The device refused to pair, without saying why"), stoppedBy: .device,
            causes: causes)
    }

    private static func outOfBand(_ given: Case, _ sentence: SMPSentence) -> Diagnosis {
        Diagnosis(
            .outOfBandMissing, sentence("\(sentence.side) wants out-of-band data, and there is none"),
            stoppedBy: sentence.party,
            causes: [
                .init(
                    "The device pairs with data from another way only, such as NFC or a code in its app.",
                    remedy: "pairingd does not carry such data: look for a setting of the device that pairs without.")
            ])
    }

    // MARK: What the two sides demand

    private static func requirements(_ given: Case, _ sentence: SMPSentence) -> Diagnosis {
        let reading = given.reading
        let ours = reading.ours?.ioCapability
        let theirs = reading.theirs?.ioCapability
        let summary = sentence(
            "What the two sides can show and enter does not reach the security that is demanded")
        var causes: [Report.LikelyCause] = []
        let isDemandedByDevice =
            sentence.party == .device || reading.theirs?.authenticationRequirements.contains(.mitmProtection) == true
        if theirs == .noInputNoOutput, isDemandedByDevice {
            causes.append(
                .init(
                    "The device demands protection against somebody in the middle, and can neither show nor enter digits.",
                    remedy: "Nothing here can change that: look for newer firmware, or a setting of the device."))
        } else if theirs == .noInputNoOutput {
            causes.append(
                .init(
                    "The device can neither show nor enter digits, so no protection against somebody in the middle is"
                        + " possible, and this side demands it.",
                    remedy:
                        "Demand none from this side. Then anybody nearby can pretend to be the device while you pair.",
                    ruleLines: ["[pairing]", "io-capability = \"NoInputNoOutput\"", "security = \"encrypted\""]))
        } else if ours != .keyboardDisplay {
            causes.append(
                .init(
                    "This side showed \(ours?.rawValue ?? "a capability"), and with that no digits can be compared or entered.",
                    remedy: "Give it a capability with which a person can compare or enter digits.",
                    ruleLines: ["[pairing]", "io-capability = \"\(strongCapability(for: theirs).rawValue)\""]))
        }
        if causes.isEmpty {
            causes.append(
                .init(
                    "Perhaps \(sentence.party == .us ? "this side" : "the device") takes LE Secure Connections only.",
                    remedy: sentence.party == .us
                        ? "btmgmt info shows whether it does; allowing the old way weakens every pairing of this adapter."
                        : "Look for newer firmware, or an adapter of Bluetooth 4.2 or later."))
        }
        return Diagnosis(.authenticationRequirements, summary, stoppedBy: sentence.party, causes: causes)
    }

    private static func keySize(_ given: Case, _ sentence: SMPSentence) -> Diagnosis {
        let ours = given.reading.ours?.maximumEncryptionKeySize
        let theirs = given.reading.theirs?.maximumEncryptionKeySize
        let sizes = ours.flatMap { ours in theirs.map { " (\(ours) octets here, \($0) on the device)" } } ?? ""
        return Diagnosis(
            .keyTooShort,
            sentence(
                "The key would be shorter than \(sentence.party == .us ? "this side" : "the device")"
                    + " accepts\(sizes)"),
            stoppedBy: sentence.party,
            causes: [
                .init(
                    sentence.party == .us
                        ? "The device offers keys of \(theirs.map(String.init) ?? "too few") octets; the specification"
                            + " allows 7 to 16."
                        : "The device wants longer keys than this side offers.",
                    remedy: sentence.party == .us
                        ? "Look for newer firmware of the device: nothing here makes its keys longer."
                        : "Take the limit away from the adapter (le_max_key_size in its debugfs folder).")
            ])
    }

    private static func strongCapability(for theirs: IOCapability?) -> IOCapability {
        switch theirs {
        case .displayOnly: .keyboardOnly
        case .keyboardOnly: .displayOnly
        default: .keyboardDisplay
        }
    }

    // MARK: What was checked

    private static func confirmValue(_ given: Case, _ sentence: SMPSentence) -> Diagnosis {
        if case .passkeyEntry(let entry)? = given.reading.agreement?.model {
            let isEnteredHere =
                switch (entry, given.reading.isInitiator ?? true) {
                case (.initiatorDisplaysResponderEnters, true), (.responderDisplaysInitiatorEnters, false): false
                default: true
                }
            return Diagnosis(
                .wrongPasskey, sentence("The passkey was wrong"), stoppedBy: sentence.party,
                causes: [
                    .init(
                        isEnteredHere
                            ? "Other digits were entered here than the device shows or has on its label."
                            : "Other digits were typed on the device than this side showed.",
                        remedy: isEnteredHere
                            ? "Pair again, with the digits that the device shows then; if the rule has them, mend it."
                            : "Pair again: the digits are new each time.",
                        ruleLines: isEnteredHere ? ["[answer]", "passkey = \"ask\""] : [])
                ])
        }
        let isAtOnce = given.reading.stage == .features
        var causes: [Report.LikelyCause] = [
            .init(
                "Some devices fail the first attempt in pairing mode and take the second.",
                remedy: "Let the rule try twice.", ruleLines: ["[pairing]", "attempts = 2", "retry-after = \"1s\""]),
            .init(
                "The device has a fixed passkey and says nothing of it.",
                remedy: "If there is one on its label, enter it.",
                ruleLines: ["[pairing]", "io-capability = \"KeyboardOnly\""]),
        ]
        if !isAtOnce {
            causes.append(
                .init("Somebody is in the middle.", remedy: "Do not use the device if it fails at another place too."))
        }
        return Diagnosis(
            .confirmMismatch,
            sentence(
                isAtOnce
                    ? "\(sentence.side) refused at once, with the reason of a check that fails"
                    : "The two sides' values do not fit together, although no digits were entered"),
            stoppedBy: sentence.party, causes: causes)
    }

    private static func keyCheck(_ given: Case, _ sentence: SMPSentence) -> Diagnosis {
        let reading = given.reading
        let other: MonitorDirection = sentence.party == .us ? .received : .sent
        let isOffCurve = reading.publicKeys[other] == .notOnCurve
        if isOffCurve || reading.stage == .publicKeys {
            let owner = sentence.party == .us ? "The device's" : "This side's"
            return Diagnosis(
                .invalidPublicKey,
                sentence("\(owner) public key was refused" + (isOffCurve ? ": it is no point of the curve" : "")),
                stoppedBy: sentence.party,
                causes: [
                    .init(
                        isOffCurve
                            ? "\(owner) Bluetooth stack has a fault, or is an attack (CVE-2018-5383)."
                            : "The key is the other side's own sent back, or was damaged.",
                        remedy: "Do not pair with it; look for newer firmware.")
                ])
        }
        return Diagnosis(
            .dhKeyCheckFailed,
            sentence("The last check of LE Secure Connections failed"),
            stoppedBy: sentence.party,
            causes: [
                .init(
                    "The two sides computed with different addresses or capabilities: a fault of the device's Bluetooth"
                        + " stack, or a bond that only one side has forgotten.",
                    remedy: "Forget the bond on both sides and pair again: pairingctl forget \(given.device)."),
                .init(
                    "Somebody is in the middle.",
                    remedy: "Pair again at another place; do not use the device if it fails there too."),
            ])
    }

    private static func crossTransport(_ given: Case, _ sentence: SMPSentence) -> Diagnosis {
        let isBusy = given.reading.failure?.value.reason == .brEdrPairingInProgress
        return Diagnosis(
            .crossTransport,
            sentence(
                isBusy
                    ? "The two sides are pairing over BR/EDR at the same time"
                    : "Keys for the other transport may not be derived from this pairing"),
            stoppedBy: sentence.party,
            causes: [
                .init(
                    isBusy
                        ? "A program connects or pairs the device over BR/EDR meanwhile."
                        : "There is a stronger key for the other transport already, which this one must not replace.",
                    remedy: isBusy
                        ? "Wait until that is done, and pair again."
                        : "Forget the device on both sides, and pair it anew over the transport that you use:"
                            + " pairingctl forget \(given.device).")
            ])
    }

    /// Another capability to try, as lines of a rule; none where the other would be without protection.
    static func fallback(_ reading: Reading) -> [String] {
        guard reading.ours?.ioCapability == .noInputNoOutput else { return [] }
        return ["[[pairing.fallback]]", "io-capability = \"KeyboardDisplay\""]
    }
}

/// What happened, and the packet that proves it.
struct SMPSentence {
    let failure: Reading.Failure

    init(_ failure: Reading.Failure) { self.failure = failure }

    var party: Report.Party { failure.direction == .sent ? .us : .device }
    /// At the beginning of a sentence.
    var side: String { party == .us ? "This side" : "The device" }

    func callAsFunction(_ text: String) -> String {
        "\(text). \(side) sent Pairing Failed: \(failure.reason.words)."
    }
}
