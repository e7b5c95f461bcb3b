// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Explain
import HCIMonitor
import SecurityManager

/// Traces to explain, written as what happened when.
enum Sample {
    static let cuff = MonitorPeer(address: Address(bits: 0x005F_BF71_8118), addressType: .public)
    static let peer = ManagementPeer(address: cuff.address, addressType: .public)

    /// Each event with its moment, in seconds.
    static func trace(_ events: [(Double, TraceEvent)], outcome: TraceOutcome? = nil) -> Trace {
        var trace = Trace(device: cuff)
        for (moment, event) in events {
            trace.append(TraceStep(time: UInt64(1_000_000_000_000 + moment * 1_000_000), event))
        }
        trace.outcome = outcome
        return trace
    }

    static func features(
        _ capability: IOCapability, _ requirements: AuthenticationRequirements = [.bonding], keySize: UInt8 = 16
    ) -> PairingFeatures {
        PairingFeatures(
            ioCapability: capability, authenticationRequirements: requirements, maximumEncryptionKeySize: keySize,
            initiatorKeyDistribution: [.encryptionKey, .signatureKey], responderKeyDistribution: [.encryptionKey])
    }

    static let ours = features(.noInputNoOutput, [.bonding, .secureConnections])
    static let theirs = features(.noInputNoOutput)

    static func request(_ features: PairingFeatures = ours) -> TraceEvent { .packet(.sent, .pairingRequest(features)) }
    static func response(_ features: PairingFeatures = theirs) -> TraceEvent {
        .packet(.received, .pairingResponse(features))
    }
    static func failed(_ direction: MonitorDirection, _ reason: PairingFailureReason) -> TraceEvent {
        .packet(direction, .pairingFailed(reason))
    }
    static let connected = TraceEvent.connected(.le, .central)
    static let encrypted = TraceEvent.encryption(EncryptionChange(status: .success, isEnabled: true, keySize: nil))

    static func outcome(
        _ result: String, isSuccess: Bool = false, reason: String = "", isOurDecision: Bool = false,
        origin: TraceOutcome.Origin = .ours, hasMonitor: Bool = true, wanted: IOCapability? = nil
    ) -> TraceOutcome {
        TraceOutcome(
            result: result, isSuccess: isSuccess, sentence: "It ended as \(result).", advice: "Do something.",
            reason: reason, isOurDecision: isOurDecision, origin: origin, rule: "cuff", hasMonitor: hasMonitor,
            wantedCapability: wanted)
    }
}
