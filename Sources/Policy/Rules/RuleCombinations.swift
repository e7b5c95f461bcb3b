// SPDX-License-Identifier: Apache-2.0

import Bluetooth

/// What values of different tables cannot be together.
extension Check<RuleDraft> {
    static let combinations = [
        passkeyCanBeEntered, floorCanBeReached, floorIsWhole, bondCanBeTrusted, mayStartAgain, pairingModeIsLookedAt,
        bondLastsAMoment,
    ]

    /// Legacy and Secure Connections passkey entry both need a side that enters digits.
    private static let passkeyCanBeEntered = Check { draft, reader in
        switch draft.answers.passkey {
        case .ask, .reject: return
        case .value, .credential: break
        }
        guard !draft.capabilities.contains(where: \.canEnterDigits) else { return }
        let key = if case .value = draft.answers.passkey { "value" } else { "credential" }
        reader.error(
            "a fixed passkey is never asked for with io-capability = \"\(draft.pairing.ioCapability.rawValue)\"",
            at: reader.position(of: ["answer", "passkey", key]),
            suggestion: "set io-capability to \"KeyboardOnly\" or \"KeyboardDisplay\", or passkey to \"reject\"")
    }

    /// Without input and output, every association model is Just Works (Core Specification, Vol 3, Part H, 2.3.5.1).
    private static let floorCanBeReached = Check { draft, reader in
        guard draft.pairing.security == .authenticated else { return }
        let place =
            reader.hasRead(["pairing", "security"]) ? ["pairing", "security"] : ["pairing", "io-capability"]
        guard let weak = draft.capabilities.first(where: { $0 == .noInputNoOutput }) else { return }
        reader.error(
            "security = \"authenticated\" is never reached with io-capability = \"\(weak.rawValue)\"",
            at: reader.position(of: place),
            suggestion: "lower it to \"encrypted\", or give our side a display or a keyboard")
    }

    private static let floorIsWhole = Check { draft, reader in
        guard draft.pairing.security == .none else { return }
        for key in ["secure-connections", "minimum-key-size"] where reader.hasRead(["pairing", key]) {
            if key == "secure-connections", !draft.pairing.secureConnections { continue }
            reader.error(
                "\"\(key)\" needs a key, and security = \"none\" asks for none",
                at: reader.position(of: ["pairing", key]), suggestion: "set security to \"encrypted\"")
        }
    }

    private static let bondCanBeTrusted = Check { draft, reader in
        guard draft.after.trust, draft.pairing.bond != .keep else { return }
        reader.error(
            "trust outlives the link, and bond = \"\(draft.pairing.bond.rawValue)\" does not",
            at: reader.position(of: ["after", "trust"]), suggestion: "set bond to \"keep\", or trust to false")
    }

    private static let mayStartAgain = Check { draft, reader in
        guard draft.pairing.initiate == .never else { return }
        if draft.repair.bondLost == .repair {
            reader.error(
                "bond-lost = \"repair\" starts a pairing, and initiate = \"never\" forbids it",
                at: reader.position(of: ["repair", "bond-lost"]), suggestion: "set initiate to \"manual\"")
        }
        if draft.repair.securityRequest == .repair {
            reader.error(
                "security-request = \"repair\" starts a pairing, and initiate = \"never\" forbids it",
                at: reader.position(of: ["repair", "security-request"]), suggestion: "set initiate to \"manual\"")
        }
    }

    /// Only a pairing that we start waits for the pairing mode.
    private static let pairingModeIsLookedAt = Check { draft, reader in
        guard draft.pairing.initiate == .never, !draft.pairingMode.data.isEmpty else { return }
        reader.error(
            "[pairing-mode] is for pairings that we start, and initiate = \"never\" forbids them",
            at: reader.position(of: ["pairing-mode"]), suggestion: "remove it, or set initiate to \"manual\"")
    }

    private static let bondLastsAMoment = Check { draft, reader in
        guard draft.after.disconnect, draft.pairing.bond != .keep else { return }
        reader.warning(
            "disconnect ends the link, and with bond = \"\(draft.pairing.bond.rawValue)\" nothing is left of the pairing",
            at: reader.position(of: ["after", "disconnect"]), suggestion: "set bond to \"keep\", or disconnect to false"
        )
    }
}

extension RuleDraft {
    /// Every capability that a pairing of ours may show.
    fileprivate var capabilities: [IOCapability] {
        [pairing.ioCapability] + pairing.fallbacks.map(\.ioCapability)
    }
}
