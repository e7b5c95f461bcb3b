// SPDX-License-Identifier: Apache-2.0

/// How a pairing ended: the word for programs, a sentence for people, and what to do next.
public enum PairingResult: String, Sendable, Hashable, CaseIterable {
    case paired
    case alreadyBonded = "already-bonded"
    case rejectedByPolicy = "rejected-by-policy"
    case rejectedByPerson = "rejected-by-person"
    case expired
    case cancelled
    case notFound = "not-found"
    case notReachable = "not-reachable"
    case connectionLost = "connection-lost"
    case peerRefused = "peer-refused"
    case peerNotInPairingMode = "peer-not-in-pairing-mode"
    case wrongPasskey = "wrong-passkey"
    case tooWeak = "too-weak"
    case keyTooShort = "key-too-short"
    case lockedOut = "locked-out"
    case cannotVerify = "cannot-verify"
    case smpTimeout = "smp-timeout"
    case bondLost = "bond-lost"
    case interrupted
    case timedOut = "timed-out"
    case adapterOff = "adapter-off"
    case bluezGone = "bluez-gone"
    case busy
    case failed

    public var isSuccess: Bool { self == .paired || self == .alreadyBonded }

    public var sentence: String { texts.sentence }
    /// What to do next; empty where nothing is to be done.
    public var advice: String { texts.advice }

    private var texts: (sentence: String, advice: String) {
        switch self {
        case .paired:
            ("The device is paired.", "")
        case .alreadyBonded:
            ("The device is paired already.", "To pair anew, forget it first: pairingctl forget DEVICE.")
        case .rejectedByPolicy:
            (
                "No rule allows this pairing.",
                "Write a rule for the device in /etc/pairingd/devices.d, or change the one that refused it."
            )
        case .rejectedByPerson:
            ("Somebody said no.", "Pair again, and approve the request.")
        case .expired:
            (
                "Nobody answered in time.",
                "Pair again and answer within 25 s: pairingctl watch asks at the terminal. A rule can answer by itself."
            )
        case .cancelled:
            ("The pairing was cancelled.", "Pair again when you are ready.")
        case .notFound:
            (
                "The device was not seen on the air.",
                "Bring it close, switch it to pairing mode, check the address, and pair again."
            )
        case .notReachable:
            (
                "The device did not answer a connection.",
                "It has perhaps left pairing mode, or is connected to something else: switch it to pairing mode again."
            )
        case .connectionLost:
            (
                "The connection was lost while pairing.",
                "Bring the device closer, keep it awake, and pair again."
            )
        case .peerRefused:
            (
                "The device refused to pair.",
                "Make it forget other hosts, switch it to pairing mode, and pair at once; another io-capability in the"
                    + " rule may suit it."
            )
        case .peerNotInPairingMode:
            (
                "The device is not in pairing mode.",
                "Switch it to pairing mode, as its manual says, and pair again while it blinks."
            )
        case .lockedOut:
            (
                "The device failed too often, and may start no pairing for a while.",
                "Wait, or let it in: pairingctl window open, or pairingctl pair DEVICE from this side."
            )
        case .cannotVerify:
            (
                "What the rule demands of the keys cannot be verified.",
                "Give pairingd CAP_NET_RAW, or lower security, secure-connections and minimum-key-size in the rule."
            )
        case .tooWeak:
            (
                "The pairing was weaker than the rule allows, and was undone.",
                "Give our side another io-capability in the rule, so that digits can be compared or entered, or lower security."
            )
        case .keyTooShort:
            (
                "The key was shorter than the rule allows, and the pairing was undone.",
                "Lower minimum-key-size in the rule, if the device can do no better."
            )
        case .wrongPasskey:
            (
                "The passkey was wrong.",
                "Pair again, with the digits that the device shows then or that stand on its label."
            )
        case .smpTimeout:
            (
                "The device stopped answering while pairing.",
                "Switch it off and on, bring it closer, and pair again."
            )
        case .bondLost:
            (
                "The device has forgotten us: it has no key for the bond that this side still has.",
                "If it is your device, pair it anew: pairingctl pair --force DEVICE. A rule can do so: bond-lost."
            )
        case .interrupted:
            ("pairingd was stopped or restarted while pairing.", "Pair again.")
        case .timedOut:
            ("The pairing took too long.", "Pair again; --timeout allows more time.")
        case .adapterOff:
            ("The Bluetooth adapter is off.", "Switch it on: bluetoothctl power on; rfkill list shows what blocks it.")
        case .bluezGone:
            (
                "bluetoothd stopped while pairing.",
                "Pair again once it is back; journalctl -u bluetooth tells why it stopped."
            )
        case .busy:
            ("BlueZ is busy with this device.", "Wait until the other program is done, and pair again.")
        case .failed:
            ("The pairing failed.", "journalctl -u bluetooth -u pairingd may tell more.")
        }
    }
}
