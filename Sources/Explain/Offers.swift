// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import HCIMonitor
import SecurityManager

extension Reading {
    /// What both sides offered and demanded, the initiator first.
    var offers: [Report.Offer] {
        let overLE = [(request, true), (response, false)].compactMap { seen, isRequest in
            seen.map { Report.Offer($0.value, isRequest: isRequest) }
        }
        guard overLE.isEmpty || transport == .bredr else { return overLE }
        let ours = classicFeatures[.sent].map { Report.Offer(.us, $0) }
        let theirs = classicFeatures[.received].map { Report.Offer(.device, $0) }
        let classic = [ours, theirs].compactMap { $0 }
        return classic.isEmpty ? overLE : classic
    }

    /// The association model and where it comes from; empty where it was not settled.
    var model: String {
        if usedPIN { return "a PIN code (legacy pairing): who listens can try all codes at leisure" }
        if transport == .bredr { return classicModel }
        guard let agreement, let request, let response else { return "" }
        let kind = agreement.isSecureConnections ? "LE Secure Connections" : "LE legacy pairing"
        switch agreement.model {
        case .justWorks: return "Just Works (\(kind)), because \(whyJustWorks(request.value, response.value))"
        case .numericComparison: return "Numeric Comparison (\(kind)): both sides show six digits, to be compared"
        case .outOfBand: return "Out of Band (\(kind)): with data that came by another way"
        case .passkeyEntry(let entry):
            return "Passkey Entry (\(kind)): "
                + Self.entryWords(entry, isInitiator: request.value.direction == .sent)
        }
    }

    private func whyJustWorks(_ request: Features, _ response: Features) -> String {
        let demanding = [request, response].contains {
            $0.features.authenticationRequirements.contains(.mitmProtection)
        }
        guard demanding else { return "neither side demands protection against somebody in the middle" }
        let unable = [request, response].filter { $0.features.ioCapability == .noInputNoOutput }
        switch unable.count {
        case 0:
            let capabilities = Set([request, response].compactMap(\.features.ioCapability))
            return agreement?.isSecureConnections == false
                && capabilities.isSubset(of: [.displayYesNo, .keyboardDisplay])
                ? "LE legacy pairing has no comparison of digits"
                : "what the two sides can show and enter allows no more"
        case 1: return "\(Self.side(unable[0].direction)) can neither show nor enter anything (NoInputNoOutput)"
        default: return "neither side can show or enter anything (NoInputNoOutput)"
        }
    }

    private var classicModel: String {
        guard let ours = classicFeatures[.sent], let theirs = classicFeatures[.received] else { return "" }
        guard ours.demandsMITMProtection || theirs.demandsMITMProtection, let here = ours.ioCapability,
            let there = theirs.ioCapability, here != .noInputNoOutput, there != .noInputNoOutput
        else { return "Just Works (Secure Simple Pairing): nothing protects against somebody in the middle" }
        switch (here == .keyboardOnly, there == .keyboardOnly) {
        case (false, false):
            return "Numeric Comparison (Secure Simple Pairing): both sides show six digits, to be compared"
        case (true, true): return "Passkey Entry (Secure Simple Pairing): the same digits are typed on both sides"
        case (true, false):
            return "Passkey Entry (Secure Simple Pairing): the device shows the digits, they are typed on this side"
        case (false, true):
            return "Passkey Entry (Secure Simple Pairing): this side shows the digits, they are typed on the device"
        }
    }

    private static func entryWords(_ entry: AssociationModel.PasskeyEntry, isInitiator: Bool) -> String {
        switch (entry, isInitiator) {
        case (.bothEnter, _): "the same digits are typed on both sides"
        case (.initiatorDisplaysResponderEnters, true), (.responderDisplaysInitiatorEnters, false):
            "this side shows the digits, they are typed on the device"
        case (.responderDisplaysInitiatorEnters, true), (.initiatorDisplaysResponderEnters, false):
            "the device shows the digits, they are typed on this side"
        }
    }

    static func side(_ direction: MonitorDirection) -> String { direction == .sent ? "this side" : "the device" }
}

extension Report.Offer {
    fileprivate init(_ seen: Reading.Features, isRequest: Bool) {
        let features = seen.features
        let requirements = features.authenticationRequirements
        self.init(
            from: seen.direction == .sent ? .us : .device, ioCapability: features.capabilityWords,
            mitmProtection: requirements.contains(.mitmProtection), bonding: requirements.contains(.bonding),
            secureConnections: requirements.contains(.secureConnections), outOfBandData: features.hasOOBData,
            maximumKeySize: features.maximumEncryptionKeySize, authenticationRequirements: requirements.rawValue,
            keys: (isRequest ? features.initiatorKeyDistribution : features.responderKeyDistribution).names)
    }

    fileprivate init(_ side: Report.Party, _ features: SimplePairingFeatures) {
        self.init(
            from: side, ioCapability: features.capabilityWords, mitmProtection: features.demandsMITMProtection,
            bonding: features.demandsBonding, secureConnections: nil, outOfBandData: features.oobDataPresent != 0,
            maximumKeySize: nil, authenticationRequirements: features.authenticationRequirements, keys: [])
    }
}
