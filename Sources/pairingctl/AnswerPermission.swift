// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop
import Glibc

/// May this process answer requests? What polkit says of it.
enum AnswerPermission: Hashable, Sendable {
    case held
    /// With a password for each answer, which takes the terminal while the device waits.
    case withPasswordEachTime
    case refused
    /// There is no polkit to ask: the daemon decides.
    case unknown

    /// What a person should know before the first request comes.
    var advice: String? {
        switch self {
        case .held, .unknown: nil
        case .withPasswordEachTime:
            "Answering would need an administrator's password each time, which is not asked for here: use sudo, unless a"
                + " rule of polkit lets you answer for the device."
        case .refused:
            "You may look and not answer, unless a rule of polkit lets you answer for the device: use sudo, or ask an"
                + " administrator for a rule for org.pairingd.answer."
        }
    }
}

extension Client {
    /// Asks polkit for the permission to answer, with a password if that lasts: so that none is asked for while a device
    /// waits.
    ///
    /// Anybody may ask polkit about themselves. It keeps what a password gave for some minutes, for this process alone.
    func requestAnswerPermission() async -> AnswerPermission {
        guard geteuid() != 0 else { return .held }
        guard let first = await checkAnswering(interactively: false) else { return .unknown }
        if first.isAuthorized { return .held }
        guard first.isChallenge else { return .refused }
        guard first.details["polkit.retains_authorization_after_challenge"] != nil else { return .withPasswordEachTime }
        let agent = await AuthenticationAgent.start()
        defer { agent?.end() }
        return await checkAnswering(interactively: true)?.isAuthorized == true ? .held : .refused
    }

    /// The same before a pairing that somebody waits for at a terminal; what they should know, if anything.
    ///
    /// Only where a question may come: who may pair, and not answer, is asked for no second password for nothing.
    func adviceBeforePairing(_ device: String) async -> String? {
        // What is wrong with the device is told by the call that pairs.
        guard geteuid() != 0, let evaluation = try? await evaluate(device, inWindow: nil),
            PolicyReport(evaluation: evaluation).mayAskWhilePairing
        else { return nil }
        return await requestAnswerPermission().advice
    }

    private typealias Result = (isAuthorized: Bool, isChallenge: Bool, details: [String: String])

    private func checkAnswering(interactively: Bool) async -> Result? {
        let caller: Value = ["name": Value.string(connection.uniqueName)].value
        let reply = try? await connection.call(
            "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority",
            "org.freedesktop.PolicyKit1.Authority", "CheckAuthorization",
            [
                .structure([.string("system-bus-name"), caller]), .string("org.pairingd.answer"),
                // Details are for the daemon to give.
                [String: String]().value, .uint32(interactively ? 1 : 0), .string(""),
            ], timeout: interactively ? 120_000 : 10_000)
        guard case .structure(let members)? = reply?.first, members.count == 3,
            case .boolean(let isAuthorized) = members[0], case .boolean(let isChallenge) = members[1]
        else { return nil }
        return (isAuthorized, isChallenge, members[2].converted() ?? [:])
    }
}

extension PolicyReport {
    /// May a pairing that we start lead to a question for a person? Not by a rule that answers all of them, nor where
    /// our side can neither show nor take digits.
    var mayAskWhilePairing: Bool {
        guard rule != nil else { return decision == "undetermined" }
        let isAnswered = ["answer.confirmation", "answer.passkey", "answer.pin"].allSatisfy { value(of: $0) != "ask" }
        let isSilent =
            value(of: "pairing.io-capability") == IOCapability.noInputNoOutput.rawValue
            && !settings.contains { $0.key.hasPrefix("pairing.fallback") }
        return !isAnswered && !isSilent
    }

    private func value(of key: String) -> String? { settings.first { $0.key == key }?.value }
}
