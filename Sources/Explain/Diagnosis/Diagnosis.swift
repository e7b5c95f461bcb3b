// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import HCIMonitor
import SecurityManager

/// What is the matter, who ended it, and what may help.
struct Diagnosis: Hashable, Sendable {
    var finding: Finding
    /// One sentence, or two.
    var summary: String
    /// `nil` where nobody stopped anything.
    var stoppedBy: Report.Party?
    /// The likeliest first.
    var causes: [Report.LikelyCause]

    init(
        _ finding: Finding, _ summary: String, stoppedBy: Report.Party? = nil, causes: [Report.LikelyCause] = []
    ) {
        self.finding = finding
        self.summary = summary
        self.stoppedBy = stoppedBy
        self.causes = causes
    }
}

/// What a diagnosis is made from.
struct Case: Sendable {
    var reading: Reading
    var outcome: TraceOutcome?
    /// For sentences that name a command.
    var device: String
}

extension Diagnosis {
    /// The first rule that has something to say decides: what is sure comes before what is concluded.
    init(of given: Case) {
        let rules: [(Case) -> Diagnosis?] = [
            Self.success, Self.ownDecision, Self.weakened, Self.failedInSMP, Self.failedOverBREDR, Self.lostBond,
            Self.unreachable, Self.silent, Self.lostConnection, Self.failedInKernel, Self.told,
        ]
        self = rules.lazy.compactMap { $0(given) }.first ?? Self.nothingSeen(given)
    }

    // MARK: What went well

    private static func success(_ given: Case) -> Diagnosis? {
        let reading = given.reading
        guard given.outcome?.isSuccess ?? reading.looksPaired else { return nil }
        if given.outcome?.result == "already-bonded" {
            return Diagnosis(.paired, "The device is paired already: nothing was done.")
        }
        if let debug = debugKey(given) { return debug }
        if let weakened = weakened(given) { return weakened }
        guard let words = reading.strengthWords else {
            return Diagnosis(.paired, "The device is paired; how strong the key is was not seen.")
        }
        return Diagnosis(.paired, "The device is paired: \(words).")
    }

    /// A debug key is worth nothing, whatever else is right.
    static func debugKey(_ given: Case) -> Diagnosis? {
        let reading = given.reading
        let theirs = reading.publicKeys[.received] == .debug
        guard theirs || reading.publicKeys[.sent] == .debug || reading.keys.contains(where: \.isDebugKey) else {
            return nil
        }
        let remedy =
            theirs
            ? "Switch the device's debug mode off, or load its release firmware; it is in no state to be used."
            : "Switch the debug keys of this machine off, and pair again."
        return Diagnosis(
            .debugKey,
            "The key is worthless: \(theirs ? "the device" : "this side") used the debug key pair of the specification,"
                + " and everybody has that.",
            stoppedBy: given.outcome?.isSuccess == false ? .us : nil,
            causes: [
                Report.LikelyCause(
                    "\(theirs ? "The device runs" : "This machine runs") in the debug mode that sniffers need.",
                    remedy: remedy)
            ])
    }

    /// A Security Request that came ahead of `Pair()` decides what the kernel asks for.
    ///
    /// Source: Linux, net/bluetooth/smp.c (smp_cmd_security_req: the request mirrors it).
    private static func weakened(_ given: Case) -> Diagnosis? {
        let reading = given.reading
        guard given.outcome.map({ $0.isSuccess || $0.isOurDecision }) ?? reading.looksPaired,
            reading.isWeakenedBySecurityRequest
        else { return nil }
        let isKept = given.outcome?.isSuccess ?? true
        return Diagnosis(
            .securityRequestFirst,
            "The pairing is weaker than both sides can make it"
                + (isKept ? ": " : ", and was undone: ")
                + "the device's Security Request came ahead of Pair(), and the kernel asked for no more than that did.",
            stoppedBy: isKept ? nil : .us,
            causes: [
                Report.LikelyCause(
                    "The device asked for security as soon as it was connected, before this side began to pair.",
                    remedy: "Begin from this side, without a link: pairingctl pair \(given.device). A rule can do so"
                        + " whenever the device appears.",
                    ruleLines: ["[pairing]", "initiate = \"auto\""])
            ])
    }

    // MARK: What pairingd decided

    private static func ownDecision(_ given: Case) -> Diagnosis? {
        guard let outcome = given.outcome, outcome.isOurDecision else { return nil }
        let finding: Finding
        switch outcome.result {
        case "too-weak":
            if let better = debugKey(given) ?? weakened(given) { return better }
            finding = .tooWeak
        case "failed" where !given.reading.hasShownWanted(outcome.wantedCapability):
            if let better = weakened(given) { return better }
            return takenDefaultAgent(given)
        case "key-too-short": finding = .keyTooShort
        case "expired": finding = .answerExpired
        case "cancelled": finding = .cancelledHere
        case "rejected-by-person": finding = .rejectedHere
        case "peer-not-in-pairing-mode": finding = .notInPairingMode
        case "timed-out":
            // The rule's own time was over: what was seen until then says more.
            return nil
        default: finding = .decidedHere
        }
        return Diagnosis(
            finding, outcome.words, stoppedBy: .us,
            causes: outcome.advice.isEmpty ? [] : [Report.LikelyCause("", remedy: outcome.advice)])
    }

    /// What the daemon says, where the air says nothing.
    private static func told(_ given: Case) -> Diagnosis? {
        guard let outcome = given.outcome, !outcome.result.isEmpty else { return nil }
        let finding: Finding
        let party: Report.Party?
        switch outcome.result {
        case "not-found", "not-reachable": (finding, party) = (.notReachable, .radio)
        case "connection-lost":
            (finding, party) = (given.reading.hasBegun ? .connectionLost : .connectionLostBeforePairing, .radio)
        case "bond-lost": (finding, party) = (.bondLostByDevice, .device)
        case "wrong-passkey": (finding, party) = (.wrongPasskey, nil)
        case "smp-timeout": (finding, party) = (.smpTimeout, .device)
        case "cancelled": (finding, party) = (.cancelledByProgram, .program)
        case "peer-refused": (finding, party) = (.refusedWithoutReason, .device)
        case "bluez-gone", "adapter-off", "interrupted", "busy", "locked-out", "cannot-verify", "timed-out":
            (finding, party) = (.decidedHere, .us)
        default: (finding, party) = (.unknown, nil)
        }
        var causes = outcome.advice.isEmpty ? [] : [Report.LikelyCause("", remedy: outcome.advice)]
        if !outcome.hasMonitor, finding == .unknown || finding == .refusedWithoutReason {
            causes.insert(
                Report.LikelyCause(
                    "BlueZ has one error for nearly everything, and what went over the air could not be seen.",
                    remedy: "Give pairingd CAP_NET_RAW, as its systemd unit does, and pair again."), at: 0)
        }
        return Diagnosis(finding, outcome.words, stoppedBy: party, causes: causes)
    }

    private static func nothingSeen(_ given: Case) -> Diagnosis {
        Diagnosis(
            .unfinished,
            given.outcome == nil
                ? "The capture ends before the pairing does." : "The pairing has not come to its end yet.")
    }
}

extension TraceOutcome {
    /// The sentence, with the reason that was told.
    var words: String {
        guard !reason.isEmpty else { return sentence }
        let end = sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence
        return "\(end): \(reason)."
    }
}

extension Reading {
    /// Did it come to its good end, as far as a capture shows that?
    var looksPaired: Bool {
        guard failure == nil, failedStatus == nil, encryptionFailed == nil, authenticationFailed == nil,
            classicFailed == nil, hasBegun
        else { return false }
        return stage == .done || stage >= .encryption && isEncrypted && pairDeviceEnded?.value ?? .success == .success
    }

    /// `numeric comparison with LE Secure Connections, a key of 16 octets`.
    var strengthWords: String? {
        if let agreement {
            let model =
                switch agreement.model {
                case .justWorks: "Just Works"
                case .numericComparison: "Numeric Comparison"
                case .passkeyEntry: "Passkey Entry"
                case .outOfBand: "Out of Band"
                }
            let kind = agreement.isSecureConnections ? "LE Secure Connections" : "LE legacy pairing"
            return "\(model) with \(kind), a key of \(agreement.encryptionKeySize) octets"
        }
        guard let key = keys.last, let level = key.level else { return nil }
        return "the key is \(level == .authenticated ? "authenticated" : "unauthenticated")"
            + (key.isSecureConnections ? ", of Secure Connections" : "")
    }

    /// Is our request what the Security Request before it demanded, and less than both sides can?
    var isWeakenedBySecurityRequest: Bool {
        guard let securityRequest, securityRequest.value.direction == .received, let request, let response,
            request.value.direction == .sent, securityRequest.index < request.index,
            (pairDevice.map { $0.index > request.index } ?? true)
        else { return false }
        let demanded = securityRequest.value.requirements
        // What the kernel asks for by itself. A responder may leave out what the request did not offer.
        var (asked, offered) = (request.value.features, response.value.features)
        asked.authenticationRequirements.formUnion([.mitmProtection, .secureConnections])
        let lacked = !request.value.features.authenticationRequirements.contains(.secureConnections)
        if lacked { offered.authenticationRequirements.formUnion(.secureConnections) }
        let lacksSecureConnections =
            lacked && !demanded.contains(.secureConnections)
            && response.value.features.authenticationRequirements.contains(.secureConnections)
        let lacksProtection =
            !demanded.contains(.mitmProtection)
            && !AssociationModel(request: request.value.features, response: response.value.features).isAuthenticated
            && AssociationModel(request: asked, response: offered).isAuthenticated
        return lacksSecureConnections || lacksProtection
    }

    /// Did our side show the capability that it was to show? Also where nobody saw.
    func hasShownWanted(_ wanted: IOCapability?) -> Bool {
        guard let wanted, let shown = ours?.ioCapability else { return true }
        return shown == wanted
    }
}
