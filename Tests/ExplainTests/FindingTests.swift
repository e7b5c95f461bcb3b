// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import HCIMonitor
import SecurityManager
import Testing

@testable import Explain

/// Each finding has a trace that leads to it, so that none is a word only.
@Suite struct FindingTests {
    struct Expectation: CustomTestStringConvertible {
        var finding: Finding
        var stoppedBy: Report.Party?
        var stage: Report.Stage
        var trace: Trace
        var testDescription: String { finding.rawValue }

        init(
            _ finding: Finding, by stoppedBy: Report.Party? = nil, at stage: Report.Stage,
            _ events: [(Double, TraceEvent)], outcome: TraceOutcome? = nil
        ) {
            self.finding = finding
            self.stoppedBy = stoppedBy
            self.stage = stage
            trace = Sample.trace(events, outcome: outcome)
        }
    }

    @Test("a trace leads to its finding, its stage, and who ended it", arguments: table)
    func traceLeadsFinding(_ expectation: Expectation) {
        let report = Report(explaining: expectation.trace)
        #expect(report.finding == expectation.finding, "\(report.summary)")
        #expect(report.stoppedBy == expectation.stoppedBy, "\(report.summary)")
        #expect(report.stage == expectation.stage, "\(report.summary)")
    }

    @Test("every finding has a trace that leads to it") func everyFindingHas() {
        let missing = Set(Finding.allCases).subtracting(Self.table.map(\.finding))
        #expect(missing.isEmpty)
    }

    @Test("whoever reads a failure is told what may help", arguments: table)
    func whoeverReadsFailure(_ expectation: Expectation) {
        let report = Report(explaining: expectation.trace)
        let needsNone: Set<Finding> = [.paired, .unfinished, .unknown]
        #expect(needsNone.contains(report.finding) || report.causes.contains { !$0.remedy.isEmpty }, "\(report)")
        #expect(report.summary.hasSuffix("."))
    }

    private static let legacy: [(Double, TraceEvent)] = [
        (0, Sample.connected), (0.1, Sample.request()), (0.2, Sample.response()),
    ]
    private static let keyboard = Sample.features(.keyboardDisplay, [.bonding, .mitmProtection, .secureConnections])
    private static let display = Sample.features(.displayOnly, [.bonding, .mitmProtection, .secureConnections])
    private static let secure: [(Double, TraceEvent)] = [
        (0, Sample.connected), (0.1, Sample.request(keyboard)), (0.2, Sample.response(display)),
        (0.3, .packet(.sent, .pairingPublicKey(.ordinary))), (0.4, .packet(.received, .pairingPublicKey(.ordinary))),
    ]
    private static let checked: [(Double, TraceEvent)] =
        secure + [
            (0.5, .packet(.sent, .pairingConfirm)), (0.6, .packet(.received, .pairingRandom)),
            (0.7, .packet(.sent, .pairingDHKeyCheck)),
        ]
    private static let asked = TraceEvent.management(.asked(.confirmation, Sample.peer, isHint: true))
    private static func answer(_ isPositive: Bool) -> TraceEvent {
        .command(.reply(.confirmation, Sample.peer, isPositive: isPositive))
    }
    private static func sent(_ reason: PairingFailureReason) -> TraceEvent { Sample.failed(.sent, reason) }
    private static func received(_ reason: PairingFailureReason) -> TraceEvent { Sample.failed(.received, reason) }
    private static func ended(_ code: HCIErrorCode) -> TraceEvent { .disconnected(code) }

    static let table: [Expectation] = [
        Expectation(
            .paired, at: .done,
            legacy + [
                (0.3, .packet(.sent, .pairingConfirm)), (0.5, Sample.encrypted),
                (0.6, .packet(.received, .encryptionInformation)),
                (
                    0.7,
                    .management(
                        .newKey(Sample.peer, PairingKey(kind: .longTermKey(.unauthenticated, size: 16), isKept: true)))
                ),
            ]),
        Expectation(.unfinished, at: .features, legacy),
        Expectation(
            .decidedHere, by: .us, at: .notStarted, [],
            outcome: Sample.outcome("rejected-by-policy", reason: "no rule", isOurDecision: true)),
        Expectation(
            .noAgent, by: .us, at: .features,
            legacy + [(0.300, asked), (0.303, answer(false)), (0.31, sent(.passkeyEntryFailed))]),
        Expectation(
            .rejectedHere, by: .us, at: .publicKeys,
            secure + [(1, asked), (4, answer(false)), (4.1, sent(.numericComparisonFailed))]),
        Expectation(
            .answerExpired, by: .us, at: .features,
            legacy + [(1, asked), (31, answer(false)), (31.1, sent(.passkeyEntryFailed))]),
        Expectation(
            .cancelledHere, by: .us, at: .features,
            legacy + [(1, .command(.cancelPairDevice(Sample.peer))), (1.1, sent(.unspecifiedReason))]),
        Expectation(
            .cancelledByProgram, by: .program, at: .features, legacy + [(1.1, sent(.unspecifiedReason))],
            outcome: Sample.outcome("cancelled")),
        Expectation(
            .authenticationRequirements, by: .device, at: .features,
            legacy + [(1, received(.authenticationRequirements))]),
        Expectation(.wrongPasskey, by: .us, at: .authentication, checked.dropLast() + [(1, sent(.confirmValueFailed))]),
        Expectation(.confirmMismatch, by: .device, at: .features, legacy + [(1, received(.confirmValueFailed))]),
        Expectation(.passkeyNotEntered, by: .device, at: .publicKeys, secure + [(9, received(.passkeyEntryFailed))]),
        Expectation(.digitsDiffer, by: .device, at: .publicKeys, secure + [(9, received(.numericComparisonFailed))]),
        Expectation(.outOfBandMissing, by: .device, at: .features, legacy + [(1, received(.oobNotAvailable))]),
        Expectation(
            .notInPairingMode, by: .device, at: .features,
            [(0, Sample.connected), (0.1, Sample.request()), (0.2, received(.pairingNotSupported))]),
        Expectation(
            .refusedWithoutReason, by: .device, at: .features,
            [(0, Sample.connected), (0.1, Sample.request()), (0.2, received(.unspecifiedReason))]),
        Expectation(
            .notBondable, by: .us, at: .connected,
            [
                (-1, .command(.setBondable(false))), (0, Sample.connected),
                (0.1, .packet(.received, .securityRequest([.bonding]))), (0.2, sent(.pairingNotSupported)),
            ]),
        Expectation(
            .keyTooShort, by: .us, at: .features,
            [
                (0, Sample.connected), (0.1, Sample.request()),
                (0.2, Sample.response(Sample.features(.noInputNoOutput, keySize: 5))), (0.3, sent(.encryptionKeySize)),
            ]),
        Expectation(.repeatedAttempts, by: .device, at: .features, legacy + [(1, received(.repeatedAttempts))]),
        Expectation(.dhKeyCheckFailed, by: .device, at: .dhKeyCheck, checked + [(1, received(.dhKeyCheckFailed))]),
        Expectation(
            .invalidPublicKey, by: .us, at: .publicKeys,
            secure.dropLast() + [
                (0.4, .packet(.received, .pairingPublicKey(.notOnCurve))), (0.5, sent(.dhKeyCheckFailed)),
            ]),
        Expectation(
            .debugKey, at: .done,
            secure.dropLast() + [
                (0.4, .packet(.received, .pairingPublicKey(.debug))), (0.7, .packet(.sent, .pairingDHKeyCheck)),
                (0.8, Sample.encrypted), (0.9, .management(.pairDeviceEnded(Sample.peer, .success))),
            ]),
        Expectation(
            .crossTransport, by: .device, at: .features,
            legacy + [(1, received(.crossTransportKeyDerivationNotAllowed))]),
        Expectation(.keyRejected, by: .device, at: .features, legacy + [(1, received(.keyRejected))]),
        Expectation(.deviceBusy, by: .device, at: .features, legacy + [(1, received(.busy))]),
        Expectation(.protocolError, by: .device, at: .features, legacy + [(1, received(.invalidParameters))]),
        Expectation(
            .smpTimeout, by: .device, at: .features,
            [(0, Sample.connected), (0.1, Sample.request()), (30.2, ended(.connectionTerminatedByLocalHost))]),
        Expectation(
            .bondLostByDevice, by: .device, at: .connected,
            [
                (0, Sample.connected),
                (0.1, .encryption(EncryptionChange(status: .pinOrKeyMissing, isEnabled: false, keySize: nil))),
                (0.2, ended(.authenticationFailure)),
            ]),
        Expectation(
            .bondLostHere, by: .device, at: .connected,
            [
                (0, .connected(.le, .peripheral)), (0.1, .longTermKeyRequested),
                (0.1, .longTermKeyAnswered(isKnown: false)), (0.2, ended(.pinOrKeyMissing)),
            ]),
        Expectation(
            .securityRequestFirst, at: .done,
            [
                (0, Sample.connected), (0.1, .packet(.received, .securityRequest([.bonding]))),
                (0.2, Sample.request(Sample.features(.keyboardDisplay))), (0.3, Sample.response(display)),
                (0.6, Sample.encrypted), (0.9, .management(.pairDeviceEnded(Sample.peer, .success))),
            ]),
        Expectation(
            .defaultAgentTaken, by: .program, at: .features,
            legacy + [(0.3, asked), (0.303, answer(false)), (0.31, sent(.passkeyEntryFailed))],
            outcome: Sample.outcome("failed", origin: .device)),
        Expectation(
            .tooWeak, by: .us, at: .features, legacy,
            outcome: Sample.outcome("too-weak", reason: "it reached encrypted", isOurDecision: true)),
        Expectation(
            .notReachable, by: .radio, at: .connecting,
            [
                (0, .command(.pairDevice(Sample.peer, ioCapability: 3))),
                (20, .management(.pairDeviceEnded(Sample.peer, .connectFailed))),
            ]),
        Expectation(
            .connectionLostBeforePairing, by: .device, at: .connected,
            [
                (0, .command(.pairDevice(Sample.peer, ioCapability: 3))), (0.5, Sample.connected),
                (0.6, ended(.remoteUserTerminatedConnection)),
            ]),
        Expectation(.connectionLost, by: .radio, at: .features, legacy + [(3, ended(.connectionTimeout))]),
        Expectation(
            .encryptionFailed, by: .radio, at: .features,
            legacy + [(3, ended(.connectionTerminatedDueToMICFailure))]),
        Expectation(
            .unknown, at: .features,
            legacy + [(1, .management(.pairDeviceEnded(Sample.peer, ManagementStatus(rawValue: 0x07))))]),
    ]
}
