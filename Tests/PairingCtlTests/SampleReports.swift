// SPDX-License-Identifier: Apache-2.0

import Explain
import Glibc

@testable import pairingctl

/// Explanations made by hand.
enum SampleReports {
    /// 2026-11-21 12:30:04 UTC.
    static let begin: UInt64 = 1_795_264_204_000_000

    static let offers = [
        Report.Offer(
            from: .us, ioCapability: "NoInputNoOutput", mitmProtection: false, bonding: true, secureConnections: true,
            outOfBandData: false, maximumKeySize: 16, authenticationRequirements: 0x09,
            keys: ["EncKey", "IdKey", "Sign"]),
        Report.Offer(
            from: .device, ioCapability: "NoInputNoOutput", mitmProtection: false, bonding: true,
            secureConnections: false, outOfBandData: false, maximumKeySize: 16, authenticationRequirements: 0x01,
            keys: ["EncKey"]),
    ]

    /// A cuff that answers with Unspecified Reason.
    static let refused = Report(
        finding: .refusedWithoutReason, summary: "The device refused to pair, without saying why.", stage: .features,
        stoppedBy: .device, offers: offers,
        model: "Just Works, because neither side demands protection against somebody in the middle",
        observations: ["The device asked for security by itself before the Pairing Request was sent to it."],
        causes: [
            Report.LikelyCause(
                "The device is no longer in pairing mode, or never was.",
                remedy: "Put it into pairing mode, as its manual says, and pair within a minute."),
            Report.LikelyCause(
                "It does not like what this side can show.", remedy: "Let pairingd try another IO capability.",
                ruleLines: ["[[pairing.fallback]]", "io-capability = \"KeyboardDisplay\""]),
        ],
        steps: [
            Report.Step(time: begin, .here, "Pair", ["NoInputNoOutput"]),
            Report.Step(time: begin + 400_000, .link, "connected", ["this side is the central"]),
            Report.Step(
                time: begin + 431_250, .sent, "Pairing Request",
                ["NoInputNoOutput", "bonding", "Secure Connections", "16 octets", "gives EncKey, IdKey, Sign"]),
            Report.Step(time: begin + 494_000, .received, "Pairing Response", ["NoInputNoOutput", "bonding"]),
            Report.Step(time: begin + 1_120_000, .received, "Pairing Failed", ["Unspecified Reason (0x08)"]),
            Report.Step(time: begin + 1_220_000, .link, "disconnected", ["Remote User Terminated Connection (0x13)"]),
        ])

    /// Times are shown in the machine's time zone.
    private static let isInUTC: Bool = {
        setenv("TZ", "UTC0", 1)
        tzset()
        return true
    }()

    static func explanation(_ report: Report, name: String = "BLEsmart_00000244005FBF718118") -> Explanation {
        var explanation = Explanation(number: 7, report: report)
        explanation.path = "/org/pairingd/pairing/7"
        explanation.name = name
        explanation.address = "00:5F:BF:71:81:18"
        explanation.adapter = "hci0"
        explanation.rule = "50-omron-blood-pressure"
        explanation.result = "peer-refused"
        explanation.startedAt = begin
        explanation.finishedAt = begin + 1_230_000
        return explanation
    }

    static func text(
        _ report: Report, columns: Int = 80, isUnicode: Bool = true, isColored: Bool = false, hasChart: Bool = true,
        change: (inout Explanation) -> Void = { _ in }
    ) -> String {
        _ = isInUTC
        var explanation = explanation(report)
        change(&explanation)
        return ExplanationText(explanation: explanation, page: Page(columns: columns, isUnicode: isUnicode))
            .lines(hasChart: hasChart).map { $0.text(isColored: isColored) }.joined(separator: "\n") + "\n"
    }
}
