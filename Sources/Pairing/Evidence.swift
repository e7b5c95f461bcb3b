// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import SecurityManager

/// What is known of why a pairing ended, collected while it goes on.
struct Evidence: Hashable, Sendable {
    /// What our side decided.
    var decision: Cause?
    /// The first that was seen: what follows is its consequence.
    var smpFailure: SMPFailure?
    /// What the two sides agreed on.
    var agreement: PairingAgreement?
    /// The HCI error code of an authentication that failed over BR/EDR.
    var authenticationError: UInt8?
    /// The keys that came of it.
    var keys: Set<PairingKey> = []
    /// What our side showed in SMP.
    var localCapability: IOCapability?
    /// Were digits entered or shown?
    var usedDigits = false
    /// Was it a PIN code?
    var usedPIN = false
    var disconnection: Disconnection?
    var wasConnected = false
    var isConnected = false
    /// Did BlueZ take a question back?
    var wasWithdrawn = false
    /// What `Pair()` returned.
    var error: BlueZError?
    /// Is the monitor channel read? Without it there is neither ``smpFailure`` nor ``disconnection``.
    var hasMonitor = false
    /// When our side did something last.
    var lastStep: MonotonicTime?

    /// The end of the link, as the monitor channel shows it.
    struct Disconnection: Hashable, Sendable {
        /// The HCI error code.
        let reason: UInt8
        /// How long after our side's last step.
        let silence: Duration
    }

    /// The result that the evidence speaks for, the surest first: our own decision, what was said in SMP, how the link
    /// ended, and only then BlueZ's error, which is the same for most causes (`src/device.c`,
    /// new_authentication_return).
    var outcome: PairingOutcome {
        decision.map(Self.outcome(of:)) ?? smpFailure.map(outcome(of:))
            ?? authenticationError.flatMap(outcome(ofAuthentication:)) ?? disconnection.flatMap(outcome(of:))
            ?? error.map(outcome(of:)) ?? outcomeWithoutError
    }

    private static func outcome(of cause: Cause) -> PairingOutcome {
        switch cause {
        case .noRule(let why), .refusedByRule(let why), .safeguard(let why): .init(.rejectedByPolicy, why)
        case .rejected(let actor): .init(.rejectedByPerson, "rejected by user \(actor.uid)")
        case .expired(let kind): .init(.expired, "the \(kind.rawValue) request was not answered in time")
        case .cancelled(let actor): .init(.cancelled, "cancelled by user \(actor.uid)")
        case .timedOut: .init(.timedOut)
        case .adapterOff: .init(.adapterOff)
        case .bluezGone: .init(.bluezGone)
        case .stopping: .init(.interrupted)
        case .busy(let why): .init(.busy, why)
        case .notInPairingMode: .init(.peerNotInPairingMode, "what it advertises says so")
        case .lockedOut(let why): .init(.lockedOut, why)
        case .cannotVerify(let why): .init(.cannotVerify, why)
        case .tooWeak(let why): .init(.tooWeak, why)
        case .keyTooShort(let why): .init(.keyTooShort, why)
        case .wrongCapability(let why): .init(.failed, why)
        }
    }

    private func outcome(of failure: SMPFailure) -> PairingOutcome {
        let code = String(failure.reason.rawValue, radix: 16, uppercase: true)
        let name = "\(failure.reason.name ?? "Reserved") (0x\(code.utf8.count < 2 ? "0" : "")\(code))"
        // Both sides compare what was entered, bit by bit; the first to see a difference says so.
        if failure.reason == .confirmValueFailed, usedDigits {
            return .init(.wrongPasskey, failure.direction == .sent ? "found by this side" : "found by the device")
        }
        switch (failure.direction, failure.reason) {
        case (.received, _): return .init(.peerRefused, "the device sent \(name)")
        // The kernel's reason when Cancel Pair Device ends SMP; we did not ask for it, so another program did.
        case (.sent, .unspecifiedReason):
            return .init(.cancelled, "another program cancelled the pairing; this side sent \(name)")
        case (.sent, _): return .init(.failed, "this side sent \(name)")
        }
    }

    /// What a failed authentication over BR/EDR says (Core Specification, Vol 1, Part F, 2); `nil` where that is nothing.
    private func outcome(ofAuthentication code: UInt8) -> PairingOutcome? {
        switch code {
        // Both sides prove that they have the same PIN code, or the same digits.
        case 0x05 where usedDigits: .init(.wrongPasskey, "Authentication Failure (0x05)")
        case 0x05: .init(.peerRefused, "Authentication Failure (0x05)")
        case 0x06: .init(.peerRefused, "PIN or Key Missing (0x06)")
        case 0x17: .init(.peerRefused, "Repeated Attempts (0x17): it wants to be left alone for a while")
        case 0x18: .init(.peerRefused, "Pairing Not Allowed (0x18)")
        case 0x29: .init(.peerRefused, "Pairing with Unit Key Not Supported (0x29)")
        case 0x38: .init(.peerRefused, "Host Busy - Pairing (0x38)")
        default: nil
        }
    }

    /// `nil` for a code that says nothing about why.
    private func outcome(of disconnection: Disconnection) -> PairingOutcome? {
        switch disconnection.reason {
        case 0x08, 0x22: .init(.connectionLost, "the device fell silent")
        case 0x13: .init(.connectionLost, "the device hung up")
        case 0x14: .init(.connectionLost, "the device hung up for want of resources")
        case 0x15: .init(.connectionLost, "the device hung up because it switches off")
        case 0x3D: .init(.connectionLost, "the two sides used different keys")
        case 0x3E: .init(.notReachable, "the device did not answer the connection")
        // The kernel hangs up, and says nothing in SMP, when its 30 s are over (`net/bluetooth/smp.c`, smp_timeout).
        case 0x16 where disconnection.silence >= .seconds(28):
            .init(.smpTimeout, "the device said nothing for 30 s")
        default: nil
        }
    }

    private func outcome(of error: BlueZError) -> PairingOutcome {
        switch error.name {
        case "org.bluez.Error.AlreadyExists": return .init(.alreadyBonded)
        case "org.bluez.Error.InProgress": return .init(.busy, "BlueZ is pairing or connecting this device already")
        case "org.bluez.Error.ConnectionAttemptFailed": return .init(.notReachable, error.text)
        case "org.bluez.Error.AuthenticationCanceled":
            if !wasConnected { return .init(.notReachable, "there was no connection") }
            return isConnected
                ? .init(.cancelled, "another program cancelled the pairing")
                : .init(.connectionLost, "the connection ended before the pairing did")
        case "org.bluez.Error.AuthenticationTimeout": return .init(.timedOut, error.text)
        case "org.bluez.Error.AuthenticationRejected": return .init(.peerRefused, error.text)
        case "org.bluez.Error.AuthenticationFailed" where usedPIN:
            return .init(.wrongPasskey, "authentication failed after the PIN code")
        case "org.bluez.Error.AuthenticationFailed":
            return .init(
                .failed,
                hasMonitor
                    ? "no reason was seen on the air: \(error.text)"
                    : "the reason can be seen with CAP_NET_RAW only: \(error.text)")
        case "org.bluez.Error.NotReady": return .init(.adapterOff)
        case "org.freedesktop.DBus.Error.NoReply", "org.freedesktop.DBus.Error.Timeout":
            return .init(.timedOut, "BlueZ did not answer")
        case "org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner",
            "org.freedesktop.DBus.Error.Disconnected":
            return .init(.bluezGone)
        default: return error.isUnknownObject ? .init(.notFound, error.text) : .init(.failed, error.text)
        }
    }

    /// For pairings that the device started: nobody tells their result.
    private var outcomeWithoutError: PairingOutcome {
        if wasConnected, !isConnected {
            return .init(.connectionLost, "the connection ended before the pairing did")
        }
        return wasWithdrawn ? .init(.cancelled, "BlueZ took the question back") : .init(.timedOut)
    }
}

/// What the monitor channel showed of one link.
struct LinkEvidence: Sendable {
    /// What was agreed on in SMP.
    var agreement: PairingAgreement?
    /// The keys that were made.
    var keys: Set<PairingKey> = []
    /// BlueZ may still tell of a bond that was made on it.
    var endedAt: MonotonicTime?
}
