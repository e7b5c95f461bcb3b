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
        case name
        case services = "service"
        case manufacturerData = "manufacturer"
    }
}
