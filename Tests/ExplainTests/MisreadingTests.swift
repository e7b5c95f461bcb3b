// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import HCIMonitor
import SecurityManager
import Testing

@testable import Explain

/// Traces that were explained wrongly once.
@Suite struct MisreadingTests {
    private static let keyboard = Sample.features(.keyboardDisplay, [.bonding, .mitmProtection, .secureConnections])
    private static let exchange: [(Double, TraceEvent)] = [
        (0, Sample.connected), (0.1, Sample.request()), (0.2, Sample.response()),
    ]

    private func report(_ events: [(Double, TraceEvent)]) -> Report { Report(explaining: Sample.trace(events)) }

    @Test("a device that falls silent while digits are shown here is the one that stopped") func deviceFallsSilent() {
        let report = report([
            (0, Sample.connected), (0.1, Sample.request(Self.keyboard)), (0.2, Sample.response(Self.keyboard)),
            (0.3, .management(.passkeyShown(Sample.peer, entered: 0))),
            (0.4, .packet(.received, .pairingKeypressNotification(.passkeyEntryStarted))),
            (31, .disconnected(.connectionTerminatedByLocalHost)),
        ])
        #expect(report.finding == .smpTimeout)
    }

    @Test("a link that times out in a pairing is not a lost bond from before it") func linkTimesOut() {
        let report = report([
            (0, .connected(.le, .peripheral)), (0.1, .longTermKeyAnswered(isKnown: false)),
            (0.2, .packet(.received, .pairingRequest(Sample.theirs))), (5, .disconnected(.connectionTimeout)),
        ])
        #expect(report.finding == .connectionLost)
    }

    @Test("no digits are spoken of where none were compared") func noDigitsSpoken() {
        let report = report(Self.exchange + [(1, Sample.failed(.received, .numericComparisonFailed))])
        #expect(report.finding == .refusedWithoutReason)
        #expect(!report.summary.contains("digits"))
    }

    @Test("who hung up here is not sent to look at the device's battery") func whoHungUp() {
        let report = report(Self.exchange + [(1, .disconnected(.connectionTerminatedByLocalHost))])
        #expect(report.stoppedBy == .us)
        #expect(report.causes.allSatisfy { !$0.text.contains("battery") })
    }

    @Test("keys that are distributed over BR/EDR are no LE legacy pairing") func keysDistributedOver() {
        let classic = SimplePairingFeatures(ioCapabilityValue: 1, oobDataPresent: 0, authenticationRequirements: 5)
        let report = report([
            (0, .connected(.bredr, nil)), (0.1, .simplePairing(.ioCapability(.sent, classic))),
            (0.2, .simplePairing(.ioCapability(.received, classic))), (0.3, .simplePairing(.completed(.success))),
            (0.4, Sample.encrypted), (0.5, Sample.request()), (0.6, Sample.response()),
            (0.7, .management(.pairDeviceEnded(Sample.peer, .success))),
        ])
        #expect(report.finding == .paired)
        #expect(report.model.hasPrefix("Numeric Comparison"))
        #expect(report.observations.isEmpty)
    }

    @Test("a capability that was set long before is no default agent that was taken") func capabilitySetLong() {
        let peer = Sample.peer
        let report = report([
            (-60, .command(.setIOCapability(4))), (-50, .command(.setIOCapability(1))), (0, Sample.connected),
            (0.1, Sample.request()), (0.2, Sample.response()),
            (0.3, .management(.asked(.confirmation, peer, isHint: true))),
            (5, .command(.reply(.confirmation, peer, isPositive: false))),
            (5.1, Sample.failed(.sent, .passkeyEntryFailed)),
        ])
        #expect(report.finding == .rejectedHere)
    }

    @Test("nobody is advised to pair without protection where there was some") func nobodyAdvisedPair() {
        let report = report([
            (0, Sample.connected), (0.1, Sample.request(Self.keyboard)),
            (0.2, Sample.failed(.received, .unspecifiedReason)),
        ])
        #expect(report.causes.allSatisfy { !$0.ruleLines.joined().contains("NoInputNoOutput") })
    }
}
