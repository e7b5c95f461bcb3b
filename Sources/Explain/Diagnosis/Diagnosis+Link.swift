// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import HCIMonitor
import SecurityManager

/// How links and bonds end.
extension Diagnosis {
    /// Microseconds of silence after which the kernel hangs up without a word: 30 s from the last packet that it sent
    /// (net/bluetooth/smp.c, SMP_TIMEOUT), less what clocks may differ.
    private static let securityManagerTimeout: UInt64 = 28_000_000

    // MARK: Lost bonds

    static func lostBond(_ given: Case) -> Diagnosis? {
        let reading = given.reading
        if reading.longTermKeyMissingHere != nil && !reading.hasBegun || reading.isToldThatWeLostTheBond {
            return Diagnosis(
                .bondLostHere, "The device has a bond with this machine, and this machine has none with it (any more).",
                stoppedBy: .device,
                causes: [
                    .init(
                        "The bond was removed here, by a program or with BlueZ's files, and the device kept its half.",
                        remedy: "Forget this machine on the device, and pair again."),
                    .init(
                        "The device was paired with another system that has this adapter's address, such as the other one"
                            + " of a dual boot.",
                        remedy: "Pair again here; the other system then has to pair anew."),
                ])
        }
        guard !reading.hasBegun,
            reading.encryptionFailed?.value == .pinOrKeyMissing
                || reading.authenticationFailed?.value == .pinOrKeyMissing
        else { return nil }
        return Diagnosis(
            .bondLostByDevice,
            "The device has forgotten us: it has no key for the bond that this side still has"
                + ", and said PIN or Key Missing (0x06).",
            stoppedBy: .device,
            causes: [
                .init(
                    "The device was reset, or paired with another host, or keeps its bond for one session only.",
                    remedy: "If it is your device, put it in pairing mode and pair it anew: pairingctl pair --force"
                        + " \(given.device). A rule can ask, or do so by itself.",
                    ruleLines: ["[repair]", "bond-lost = \"ask\""]),
                .init(
                    "Another device pretends to have its address, to make you pair anew.",
                    remedy: "Do not pair anew where the device itself still works."),
            ])
    }

    // MARK: Links

    static func unreachable(_ given: Case) -> Diagnosis? {
        let reading = given.reading
        if let call = reading.pairDevice, let end = reading.pairDeviceEnded, end.value == .cancelled,
            reading.stage <= .connecting, end.time >= call.time
        {
            return Diagnosis(
                .notReachable,
                "The device was not heard for \(seconds(end.time - call.time)); then the pairing was cancelled on this side.",
                stoppedBy: .us, causes: absent)
        }
        let isRefusedByKernel = reading.connected == nil && reading.pairDeviceEnded?.value == .connectFailed
        guard reading.connectionFailed != nil || isRefusedByKernel, !reading.hasBegun else { return nil }
        // The controller's word for a connection that the host gave up says nothing more.
        let code = reading.connectionFailed.flatMap { $0.value == .unknownConnectionIdentifier ? nil : $0.value }
        return Diagnosis(
            .notReachable,
            "The device did not answer the connection, so no pairing began\(code.map { ": \($0.words)" } ?? "").",
            stoppedBy: .radio, causes: absent)
    }

    private static let absent: [Report.LikelyCause] = [
        .init(
            "It has left pairing mode, sleeps, or is out of reach.",
            remedy: "Wake it, switch it to pairing mode, bring it closer, and pair at once."),
        .init(
            "It is connected to something else, such as a phone, and takes one connection only.",
            remedy: "Disconnect it there, or switch Bluetooth off there."),
        .init("Its private address has changed since it was seen.", remedy: "Search for it again."),
    ]

    /// Nobody said anything for half a minute.
    static func silent(_ given: Case) -> Diagnosis? {
        let reading = given.reading
        guard let end = reading.disconnected, reading.hasBegun, let last = reading.lastPacket,
            reading.stage < .encryption,
            end.time >= last.time, end.time - last.time >= securityManagerTimeout
        else { return nil }
        let isAsked = reading.question.map { $0.value.answer == nil } ?? false
        let isOurTurn = last.value == .received && reading.question?.value.answer?.value != true
        if isAsked || isOurTurn && !reading.passkeyShown {
            return expired(
                given, "Nobody answered here in time: the device waited for \(seconds(end.time - last.time)).")
        }
        return Diagnosis(
            .smpTimeout,
            "The device said nothing more for \(seconds(end.time - last.time)), so the kernel hung up"
                + " (the Security Manager's timeout is 30 s).",
            stoppedBy: .device,
            causes: [
                .init(
                    reading.passkeyShown
                        ? "Nobody typed the digits on the device in time."
                        : "The device waits for a person: a button to press, a question to answer on it.",
                    remedy: "Pair again, and do on the device what it asks."),
                .init(
                    "Its Bluetooth stack hangs.",
                    remedy: "Switch it off and on, bring it closer, and pair again."
                        + (fallback(reading).isEmpty ? "" : " Another capability may suit it."),
                    ruleLines: fallback(reading)),
            ])
    }

    static func lostConnection(_ given: Case) -> Diagnosis? {
        let reading = given.reading
        guard let reason = reading.disconnected?.value ?? reading.endByKernel else { return nil }
        let failed = reading.encryptionFailed?.value
        if reason == .connectionTerminatedDueToMICFailure || failed == .authenticationFailure
            || failed == .pinOrKeyMissing
            || failed == .connectionTerminatedDueToMICFailure
        {
            return Diagnosis(
                .encryptionFailed,
                "The link could not be encrypted, as the two sides have different keys:"
                    + " \((reading.encryptionFailed?.value ?? reason).words).",
                stoppedBy: .radio,
                causes: [
                    .init(
                        "One side kept a key of an earlier pairing.",
                        remedy: "Forget the bond on both sides and pair again: pairingctl forget \(given.device).")
                ])
        }
        let (words, party) = endWords(reason)
        guard reading.hasBegun else {
            guard given.outcome != nil || reading.pairDevice != nil || reading.securityRequest != nil else {
                return nil
            }
            return Diagnosis(
                .connectionLostBeforePairing, "\(words) before the pairing began: \(reason.words).", stoppedBy: party,
                causes: party == .us
                    ? [hungUpHere]
                    : [
                        .init(
                            party == .device
                                ? "The device takes connections from hosts only that it knows, or is not in pairing mode."
                                : "The device is far away, its battery is low, or the air is crowded.",
                            remedy: party == .device
                                ? "Switch it to pairing mode, and forget it on other hosts."
                                : "Bring it closer, renew its battery, and pair again."),
                        .init(
                            "It wants to be asked for something first, or at once.",
                            remedy: "Let a rule pair as soon as it appears.",
                            ruleLines: ["[pairing]", "initiate = \"auto\""]),
                    ])
        }
        return Diagnosis(
            .connectionLost, "\(words) in the middle of the pairing: \(reason.words).", stoppedBy: party,
            causes: party == .us
                ? [hungUpHere]
                : [
                    .init(
                        party == .device
                            ? "The device gave up: its own time was over, somebody cancelled there, or it did not like an answer."
                            : "The device is far away, its battery is low, or the air is crowded.",
                        remedy: party == .device
                            ? "Pair again, and do at once what the device asks."
                            : "Bring it closer, keep it awake, and pair again.",
                        ruleLines: ["[pairing]", "attempts = 2", "retry-after = \"1s\""])
                ])
    }

    private static func endWords(_ reason: HCIErrorCode) -> (String, Report.Party) {
        switch reason {
        case .remoteUserTerminatedConnection: ("The device hung up", .device)
        case .remoteDeviceTerminatedLowResources: ("The device hung up for want of resources", .device)
        case .remoteDeviceTerminatedPowerOff: ("The device hung up because it switches off", .device)
        case .connectionTerminatedByLocalHost: ("This side hung up", .us)
        case .authenticationFailure, .pairingWithUnitKeyNotSupported, .unacceptableConnectionParameters:
            ("The link was closed", .device)
        case .connectionFailedToBeEstablished:
            ("The device did not answer on the new connection, which was lost", .radio)
        default: ("The connection broke", .radio)
        }
    }

    private static let hungUpHere = Report.LikelyCause(
        "A program here disconnected it, or bluetoothd ended.",
        remedy: "Pair again, and let no other program connect to it meanwhile.")

    // MARK: What only the kernel says

    static func failedInKernel(_ given: Case) -> Diagnosis? {
        guard given.outcome == nil,
            let status = given.reading.pairDeviceEnded?.value ?? given.reading.failedStatus?.value, status != .success
        else { return nil }
        guard status == .cancelled else {
            return Diagnosis(.unknown, "The kernel ended the pairing (\(status)), and the capture does not show why.")
        }
        return Diagnosis(
            .cancelledHere, "The pairing was cancelled on this side.", stoppedBy: .us,
            causes: [
                .init(
                    "The program that asked to pair gave up, or ended.",
                    remedy: "Give it more time; a D-Bus call of Pair() needs 150 s.")
            ])
    }
}

extension Reading {
    /// The central ended the link because we had no key for its encryption.
    var isToldThatWeLostTheBond: Bool {
        role == .peripheral && !hasBegun && disconnected?.value == .pinOrKeyMissing
    }

    /// The kernel's word for the end of the link, as HCI would have it.
    ///
    /// Source: BlueZ, doc/mgmt-api.txt (Device Disconnected Event).
    var endByKernel: HCIErrorCode? {
        switch managementEnd?.value {
        case 1: .connectionTimeout
        case 2: .connectionTerminatedByLocalHost
        case 3: .remoteUserTerminatedConnection
        default: nil
        }
    }
}
