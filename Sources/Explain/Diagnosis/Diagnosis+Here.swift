// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import HCIMonitor
import SecurityManager

/// What this machine's own side did: agents, programs, settings.
extension Diagnosis {
    /// bluetoothd itself answers within less where there is no agent: no message goes over the bus. In microseconds.
    private static let withoutAgent: UInt64 = 10_000
    /// An answer faster than this comes from no person, in microseconds.
    private static let machineSpeed: UInt64 = 300_000
    /// Silence longer than this is nobody's thinking, in microseconds: the radio protocol gives up after 30 s.
    private static let patience: UInt64 = 24_000_000

    /// A question of the kernel was answered with no; who did it does not show, but how fast does.
    static func refusedHere(_ given: Case, _ sentence: SMPSentence) -> Diagnosis {
        let reading = given.reading
        if let outcome = given.outcome, outcome.origin != .ours, !reading.wasAsked, reading.question != nil {
            return takenDefaultAgent(given)
        }
        if given.outcome == nil, reading.hasNewDefaultAgent { return takenDefaultAgent(given) }
        let declined = Report.LikelyCause(
            "A person, or a program that answers for one, declined.", remedy: "Pair again, and approve.")
        let noAgent = Report.LikelyCause(
            "No pairing agent is registered with BlueZ, so bluetoothd itself says no to every question.",
            remedy: "Let pairingd run and be the default agent: pairingctl shows whether it is.")
        guard let delay = reading.answerDelay else {
            return Diagnosis(
                .rejectedHere, sentence("This side said no"), stoppedBy: .us,
                causes: [declined, noAgent])
        }
        if delay >= patience { return expired(given, sentence("Nobody answered here for \(seconds(delay))")) }
        if delay >= withoutAgent, delay < machineSpeed {
            return Diagnosis(
                .rejectedHere,
                sentence("A program here said no, \(seconds(delay)) after the question: too fast for a person"),
                stoppedBy: .us,
                causes: [
                    .init(
                        "An agent is there and says no to everything, as one does that expects a person at a terminal.",
                        remedy: "Stop the other program, or let pairingd pair: pairingctl pair \(given.device)."),
                    noAgent,
                ])
        }
        if delay < withoutAgent {
            return Diagnosis(
                .noAgent,
                sentence("This side said no by itself, \(seconds(delay)) after the question: no agent answers for it"),
                stoppedBy: .us,
                causes: [
                    noAgent,
                    .init(
                        "An agent is there and says no to everything, as one does that expects a person at a terminal.",
                        remedy: "Stop the other program, or let pairingd pair: pairingctl pair \(given.device)."),
                ])
        }
        return Diagnosis(
            .rejectedHere, sentence("Somebody here said no, \(seconds(delay)) after the question"), stoppedBy: .us,
            causes: [declined])
    }

    static func expired(_ given: Case, _ summary: String) -> Diagnosis {
        Diagnosis(
            .answerExpired, summary, stoppedBy: .us,
            causes: [
                .init(
                    "A question of this pairing needs a person or a program here, and got no answer in time.",
                    remedy: "Answer within 25 s: pairingctl watch asks at the terminal.")
            ])
    }

    /// Somebody else's agent stood for this side.
    static func takenDefaultAgent(_ given: Case) -> Diagnosis {
        let reading = given.reading
        let shown = reading.ours.map { " with \($0.capabilityWords)" } ?? ""
        return Diagnosis(
            .defaultAgentTaken,
            given.outcome == nil
                ? "Another program became the default agent, and its agent stood for this side\(shown)."
                : "Another program's agent stood for this side\(shown): it has taken the default agent from pairingd.",
            stoppedBy: .program,
            causes: [
                .init(
                    "A desktop's panel, bluetoothctl or another program asked BlueZ to make it the default agent, which"
                        + " every local program may do.",
                    remedy:
                        "End that program; pairingd takes the default back when it is restarted. The bus policy that"
                        + " comes with pairingd can forbid it to others.")
            ])
    }

    // MARK: Settings

    static func notBondable(_ given: Case, _ sentence: SMPSentence) -> Diagnosis {
        let isKnown = given.reading.isBondable == false
        return Diagnosis(
            .notBondable,
            sentence(
                "This side takes no bonds now" + (isKnown ? ", because the adapter is not pairable" : "")
                    + ", and the device asked for one"),
            stoppedBy: .us,
            causes: [
                .init(
                    "The adapter's Pairable is off, as pairingd keeps it while no rule or window needs it.",
                    remedy:
                        "Let a rule for the device accept what it starts, open a window (pairingctl window open), or"
                        + " pair from this side: pairingctl pair \(given.device).",
                    ruleLines: ["[pairing]", "accept-incoming = true", "bond = \"keep\""]),
                .init(
                    "Another program switched it off.",
                    remedy: "Let pairingd manage it, or switch it on: bluetoothctl pairable on."),
            ])
    }

    // MARK: Cancellations

    static func cancelled(_ given: Case, _ sentence: SMPSentence) -> Diagnosis {
        let reading = given.reading
        if reading.isCancelledHere {
            return Diagnosis(
                .cancelledHere, sentence("pairingd cancelled the pairing"), stoppedBy: .us,
                causes: [.init("It was cancelled here.", remedy: "Pair again when you are ready.")])
        }
        let isByProgram = given.outcome != nil
        return Diagnosis(
            isByProgram ? .cancelledByProgram : .cancelledHere,
            sentence(isByProgram ? "Another program cancelled the pairing" : "The pairing was cancelled on this side"),
            stoppedBy: isByProgram ? .program : .us,
            causes: [
                .init(
                    "The program that asked to pair gave up: it called CancelPairing(), its own time was over, or it ended.",
                    remedy:
                        "Give it more time; a D-Bus call of Pair() needs 150 s, and 25 s are the default of libraries."),
                .init(
                    "An agent did not answer, and BlueZ cancelled.",
                    remedy: "Let pairingd answer: pairingctl pair \(given.device)."),
            ])
    }
}
