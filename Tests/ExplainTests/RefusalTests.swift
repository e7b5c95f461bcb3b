// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import HCIMonitor
import Policy
import SecurityManager
import Testing

@testable import Explain

/// The case that made people spend weeks in sniffers: a cuff that sends Unspecified Reason.
@Suite struct RefusalTests {
    private let report = Report(
        explaining: Sample.trace([
            (0, .own(.pairCalled(.noInputNoOutput))), (0.1, Sample.connected), (0.2, Sample.request()),
            (0.3, Sample.failed(.received, .unspecifiedReason)), (0.4, .disconnected(.remoteUserTerminatedConnection)),
        ]))

    @Test("a refusal is told as the device's, with the packet that proves it") func refusalToldAs() {
        #expect(
            report.summary
                == "The device refused to pair, without saying why. The device sent Pairing Failed: Unspecified Reason (0x08)."
        )
    }

    @Test("what was offered is told, with the field as a sniffer shows it") func whatOfferedTold() {
        #expect(report.offers.map(\.from) == [.us])
        #expect(report.offers.first?.ioCapability == "NoInputNoOutput")
        #expect(report.offers.first?.authenticationRequirements == 0x09)
        #expect(report.offers.first?.keys == ["EncKey", "Sign"])
    }

    @Test("the causes come in the order of what helped others") func causesComeIn() {
        let order = [
            "pairing mode", "bonded to a phone", "Half a bond", "used before", "adapter", "first attempt", "offered",
        ]
        #expect(report.causes.count == order.count)
        for (cause, word) in zip(report.causes, order) {
            #expect(cause.text.contains(word), "\(cause.text)")
        }
    }

    @Test("the last cause brings the fallback as lines of a rule") func lastCauseBrings() {
        #expect(report.causes.last?.ruleLines == ["[[pairing.fallback]]", "io-capability = \"KeyboardDisplay\""])
    }

    @Test("the same reason from our side is a cancellation, not a refusal") func sameReasonFrom() {
        let events: [(Double, TraceEvent)] = [
            (0, Sample.connected), (0.2, Sample.request()), (0.3, Sample.failed(.sent, .unspecifiedReason)),
        ]
        let other = Report(explaining: Sample.trace(events))
        #expect(other.finding == .cancelledHere)
        #expect(other.stoppedBy == .us)
    }

    @Test("all lines for rules are lines that a rule file takes") func allLinesFor() throws {
        for expectation in FindingTests.table {
            for cause in Report(explaining: expectation.trace).causes where !cause.ruleLines.isEmpty {
                let text = "[match]\nname = \"x\"\n" + cause.ruleLines.joined(separator: "\n") + "\n"
                let errors = ruleErrors(text)
                #expect(errors.isEmpty, "\(cause.ruleLines): \(errors)")
            }
        }
    }
}

/// What the reader of rule files says against a text.
private func ruleErrors(_ text: String) -> String {
    do throws(PolicyErrors) {
        _ = try Rule(parsing: Array(text.utf8), file: "10-suggested.toml")
        return ""
    } catch {
        return error.errors.map(\.description).joined(separator: "; ")
    }
}
