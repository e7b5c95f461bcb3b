// SPDX-License-Identifier: Apache-2.0

/// What the rules say of one device.
public enum Decision: Sendable, Hashable {
    /// The first rule whose whole `[match]` holds.
    case matched(Rule)
    /// An earlier or the only candidate rule needs a fact that is not known yet; until it is, the device is treated as
    /// unmatched.
    case undetermined(waitingFor: Set<Fact>)
    /// No rule matches, and no fact that may still come can change that.
    case unmatched

    /// The facts that `[match]` keys look at and that a device may send later.
    public enum Fact: String, Sendable, Hashable, CaseIterable {
        case addressType = "address-type"
        case adapter
        case transport
        case name
        case services = "service"
        case manufacturerData = "manufacturer"
        case serviceData = "service-data"
        case advertisingData = "advertising-data"
        case appearance
        case deviceClass = "class"
        case icon
    }
}

/// Is a device in pairing mode, as far as its rule can tell?
public enum PairingMode: Sendable, Hashable {
    /// It is, or the rule does not ask.
    case ready
    case notReady
    /// What it advertises has not been heard lately.
    case unknown
}

extension Profile {
    public func pairingMode(of facts: DeviceFacts) -> PairingMode {
        guard !pairingMode.isEmpty else { return .ready }
        var match = Match()
        match.data = pairingMode
        let observation = Observation(facts)
        var mode = PairingMode.ready
        for key in MatchKey.data {
            switch key.verdict(match, observation) {
            case .notGiven, .holds: break
            case .fails: return .notReady
            case .unknown: mode = .unknown
            }
        }
        return mode
    }
}
