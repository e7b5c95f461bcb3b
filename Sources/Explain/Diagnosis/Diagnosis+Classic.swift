// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import HCIMonitor

/// Pairing over BR/EDR: the controller does it, and an HCI error code is all that is told.
extension Diagnosis {
    static func failedOverBREDR(_ given: Case) -> Diagnosis? {
        let reading = given.reading
        if let code = reading.classicRefused?.value {
            return Diagnosis(
                .notBondable, "This side refused to pair, because the adapter is not pairable now: \(code.words).",
                stoppedBy: .us,
                causes: notBondable(given, SMPSentence(.init(direction: .sent, reason: .pairingNotSupported))).causes)
        }
        guard let code = reading.classicFailed?.value ?? reading.authenticationFailed?.value,
            code != .pinOrKeyMissing || reading.hasBegun
        else { return nil }
        let isRefusedHere = reading.isRefusedByHost || reading.question?.value.answer?.value == false
        if isRefusedHere {
            return Diagnosis(
                .rejectedHere, "This side said no: \(code.words).", stoppedBy: .us,
                causes: [
                    .init("A person or a program here declined.", remedy: "Pair again, and approve."),
                    .init(
                        "No agent is registered with BlueZ.",
                        remedy: "Let pairingd run and be the default agent: pairingctl shows whether it is."),
                ])
        }
        switch code {
        case .connectionTimeout, .remoteUserTerminatedConnection, .connectionTerminatedByLocalHost,
            .linkLayerResponseTimeout:
            return nil
        case .authenticationFailure where reading.usedPIN:
            return Diagnosis(
                .wrongPasskey, "The PIN code was wrong: \(code.words).",
                causes: [
                    .init(
                        "Both sides need the same PIN code; devices without keys have a fixed one, often 0000 or 1234.",
                        remedy: "Look at its label or manual, and let a person enter it.",
                        ruleLines: ["[answer]", "pin = \"ask\""])
                ])
        case .authenticationFailure:
            return Diagnosis(
                .digitsDiffer, "The device ended the pairing: \(code.words).", stoppedBy: .device,
                causes: [
                    .init(
                        "It was declined on the device, or the digits differed, or were typed wrongly.",
                        remedy: "Pair again, compare the digits, and say yes on both sides.")
                ])
        case .repeatedAttempts:
            return Diagnosis(
                .repeatedAttempts, "The device takes no more attempts for a while: \(code.words).", stoppedBy: .device,
                causes: [
                    .init(
                        "After a failed pairing a device waits before it takes the next, longer each time.",
                        remedy: "Wait a minute without any attempt, then two, then four.")
                ])
        case .pairingNotAllowed:
            return Diagnosis(
                .notInPairingMode, "The device does not pair now: \(code.words).", stoppedBy: .device,
                causes: [
                    .init(
                        "It is not in pairing mode, or bonded to another host.",
                        remedy: "Switch it to pairing mode, and forget it on other hosts.")
                ])
        default:
            return Diagnosis(
                .unknown, "The pairing failed over BR/EDR: \(code.words).")
        }
    }
}
