// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import SecurityManager
import Testing

@testable import Pairing

@Suite("The evidence")
struct OutcomeTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let evidence: Evidence
        let result: PairingResult
        let reason: String?

        init(_ result: PairingResult, _ reason: String? = nil, _ change: (inout Evidence) -> Void) {
            var evidence = Evidence()
            change(&evidence)
            self.evidence = evidence
            self.result = result
            self.reason = reason
        }

        var testDescription: String { "\(result.rawValue): \(reason ?? "")" }
    }

    private static func error(_ name: String) -> BlueZError { BlueZError(name: "org.bluez.Error." + name) }

    private static func ended(_ reason: UInt8, after seconds: Int = 1) -> Evidence.Disconnection {
        .init(reason: reason, silence: .seconds(seconds))
    }

    static let decisions: [Case] = [
        Case(.rejectedByPolicy, "why") { $0.decision = .noRule("why") },
        Case(.rejectedByPolicy, "why") { $0.decision = .refusedByRule("why") },
        Case(.rejectedByPolicy, "why") { $0.decision = .safeguard("why") },
        Case(.rejectedByPerson, "rejected by user 7") { $0.decision = .rejected(by: Actor(uid: 7)) },
        Case(.expired, "the passkey-entry request was not answered in time") { $0.decision = .expired(.passkeyEntry) },
        Case(.cancelled, "cancelled by user 7") { $0.decision = .cancelled(by: Actor(uid: 7)) },
        Case(.timedOut) { $0.decision = .timedOut },
        Case(.adapterOff) { $0.decision = .adapterOff },
        Case(.bluezGone) { $0.decision = .bluezGone },
        Case(.busy, "why") { $0.decision = .busy("why") },
    ]

    static let onTheAir: [Case] = [
        Case(.wrongPasskey, "found by the device") {
            $0.smpFailure = SMPFailure(.received, .confirmValueFailed)
            $0.usedDigits = true
        },
        Case(.wrongPasskey, "found by this side") {
            $0.smpFailure = SMPFailure(.sent, .confirmValueFailed)
            $0.usedDigits = true
        },
        Case(.peerRefused, "the device sent Confirm Value Failed (0x04)") {
            $0.smpFailure = SMPFailure(.received, .confirmValueFailed)
        },
        Case(.peerRefused, "the device sent Pairing Not Supported (0x05)") {
            $0.smpFailure = SMPFailure(.received, .pairingNotSupported)
        },
        Case(.peerRefused, "the device sent Busy (0x10)") { $0.smpFailure = SMPFailure(.received, .busy) },
        Case(.peerRefused, "the device sent Reserved (0x42)") {
            $0.smpFailure = SMPFailure(.received, PairingFailureReason(rawValue: 0x42))
        },
        Case(.failed, "this side sent Authentication Requirements (0x03)") {
            $0.smpFailure = SMPFailure(.sent, .authenticationRequirements)
        },
        Case(.cancelled, "another program cancelled the pairing; this side sent Unspecified Reason (0x08)") {
            $0.smpFailure = SMPFailure(.sent, .unspecifiedReason)
        },
        Case(.connectionLost, "the device fell silent") { $0.disconnection = ended(0x08) },
        Case(.connectionLost, "the device hung up") { $0.disconnection = ended(0x13) },
        Case(.connectionLost) { $0.disconnection = ended(0x14) },
        Case(.connectionLost) { $0.disconnection = ended(0x15) },
        Case(.connectionLost) { $0.disconnection = ended(0x3D) },
        Case(.notReachable) { $0.disconnection = ended(0x3E) },
        Case(.smpTimeout, "the device said nothing for 30 s") { $0.disconnection = ended(0x16, after: 30) },
        Case(.connectionLost) {
            $0.disconnection = ended(0x16, after: 2)
            $0.error = error("AuthenticationCanceled")
            $0.wasConnected = true
        },
    ]

    static let errors: [Case] = [
        Case(.alreadyBonded) { $0.error = error("AlreadyExists") },
        Case(.busy) { $0.error = error("InProgress") },
        Case(.notReachable, "org.bluez.Error.ConnectionAttemptFailed") { $0.error = error("ConnectionAttemptFailed") },
        Case(.notReachable) { $0.error = error("AuthenticationCanceled") },
        Case(.connectionLost) {
            $0.error = error("AuthenticationCanceled")
            $0.wasConnected = true
        },
        Case(.cancelled, "another program cancelled the pairing") {
            $0.error = error("AuthenticationCanceled")
            $0.wasConnected = true
            $0.isConnected = true
        },
        Case(.timedOut) { $0.error = error("AuthenticationTimeout") },
        Case(.peerRefused) { $0.error = error("AuthenticationRejected") },
        Case(.failed, "the reason can be seen with CAP_NET_RAW only: org.bluez.Error.AuthenticationFailed") {
            $0.error = error("AuthenticationFailed")
        },
        Case(.failed, "no reason was seen on the air: org.bluez.Error.AuthenticationFailed") {
            $0.error = error("AuthenticationFailed")
            $0.hasMonitor = true
        },
        Case(.adapterOff) { $0.error = error("NotReady") },
        Case(.timedOut) { $0.error = BlueZError(name: "org.freedesktop.DBus.Error.NoReply") },
        Case(.bluezGone) { $0.error = BlueZError(name: "org.freedesktop.DBus.Error.ServiceUnknown") },
        Case(.notFound) { $0.error = BlueZError(name: "org.freedesktop.DBus.Error.UnknownObject") },
        Case(.notFound) { $0.error = BlueZError(name: "org.freedesktop.DBus.Error.UnknownMethod") },
        Case(.failed, "what (org.bluez.Error.Failed)") {
            $0.error = BlueZError(name: "org.bluez.Error.Failed", message: "what")
        },
    ]

    static let silence: [Case] = [
        Case(.timedOut) { _ in },
        Case(.connectionLost) { $0.wasConnected = true },
        Case(.cancelled, "BlueZ took the question back") { $0.wasWithdrawn = true },
    ]

    @Test("speaks for one result", arguments: decisions + onTheAir + errors + silence)
    func outcome(of test: Case) {
        #expect(test.evidence.outcome.result == test.result)
        if let reason = test.reason { #expect(test.evidence.outcome.reason == reason) }
    }

    @Test("counts our own decision most, then SMP, then the link, then BlueZ's error")
    func order() {
        var evidence = Evidence(wasConnected: true, error: Self.error("AuthenticationFailed"))
        #expect(evidence.outcome.result == .failed)
        evidence.disconnection = Self.ended(0x13)
        #expect(evidence.outcome.result == .connectionLost)
        evidence.smpFailure = SMPFailure(.received, .keyRejected)
        #expect(evidence.outcome.result == .peerRefused)
        evidence.decision = .timedOut
        #expect(evidence.outcome.result == .timedOut)
    }

    @Test("has a sentence for each result, and advice unless all is well", arguments: PairingResult.allCases)
    func words(result: PairingResult) {
        #expect(result.sentence.hasSuffix("."))
        #expect(result.advice.isEmpty == (result == .paired))
        #expect(result.rawValue.allSatisfy { $0.isLowercase || $0 == "-" })
    }
}

@Suite("What is collected while a pairing goes on")
struct EvidenceTests {
    @Test("a passkey that was entered makes 0x04 a wrong passkey")
    func wrongPasskey() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        world.device(connected: true)
        world.ask({ .passkey($0) }, on: .capability(.keyboardDisplay))
        try world.answer(.passkey(.secret))
        world.smpFailure(.received, .confirmValueFailed)
        #expect(world.phase(of: number) == .pairing, "BlueZ has to give Pair() back first")
        world.pairReturns(number, "org.bluez.Error.AuthenticationFailed")
        #expect(world.result(of: number) == .wrongPasskey)
    }

    @Test("the first failure counts, not what follows from it")
    func firstFailure() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        world.smpFailure(.received, .repeatedAttempts)
        world.smpFailure(.sent, .unspecifiedReason)
        world.pairReturns(number, "org.bluez.Error.AuthenticationFailed")
        #expect(world.reason(of: number) == "the device sent Repeated Attempts (0x09)")
    }

    @Test("what another device, or the same address elsewhere, does is none of it")
    func otherDevice() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        world.smpFailure(.received, .busy, with: scale)
        world.smpFailure(.received, .busy, with: device(1, on: hci1))
        world.pairReturns(number, "org.bluez.Error.ConnectionAttemptFailed")
        #expect(world.result(of: number) == .notReachable)
    }

    @Test("a link that went while Pair() was outstanding is connection-lost; none at all is not-reachable")
    func connection() throws {
        var world = World()
        let lost = try world.pairUntilCalled()
        world.device(connected: true)
        world.device(connected: false)
        world.pairReturns(lost, "org.bluez.Error.AuthenticationCanceled")
        #expect(world.result(of: lost) == .connectionLost)
        let unreachable = try world.pairUntilCalled()
        world.pairReturns(unreachable, "org.bluez.Error.AuthenticationCanceled")
        #expect(world.result(of: unreachable) == .notReachable)
    }

    @Test("our side's hanging up after 30 s of silence is smp-timeout")
    func smpTimeout() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        world.device(connected: true)
        world.wait(.seconds(31))
        world.linkEnds(0x16)
        world.device(connected: false)
        world.pairReturns(number, "org.bluez.Error.AuthenticationCanceled")
        #expect(world.result(of: number) == .smpTimeout)
    }

    @Test("without the monitor channel, the result says what is missing")
    func withoutMonitor() throws {
        var world = World(monitor: false)
        let number = try world.pairUntilCalled()
        world.pairReturns(number, "org.bluez.Error.AuthenticationFailed")
        #expect(world.reason(of: number).contains("CAP_NET_RAW"))
    }
}
