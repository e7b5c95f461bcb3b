// SPDX-License-Identifier: Apache-2.0

import DBus

/// What the process tells by its exit status.
enum ExitStatus: Int32, Sendable {
    case done = 0
    /// The pairing or the answer failed.
    case failed = 1
    case usage = 2
    /// The daemon or the bus cannot be reached.
    case unreachable = 3
    case notAuthorized = 4
    case notFound = 5
    case expired = 6
}

/// Why a verb ends without having done its work, in one line: what happened, to what, and what to do next.
struct Failure: Error, Hashable, Sendable {
    let status: ExitStatus
    let message: String

    init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }

    static let daemonMissing = Failure(
        .unreachable, "pairingd does not answer: is pairingd running? systemctl status pairingd")

    static let daemonDisabled = Failure(
        .unreachable, "pairingd does not run and is not enabled: systemctl enable --now pairingd")

    /// What systemd says to the bus, which would have started it.
    private static let meansNotEnabled = [
        "org.freedesktop.systemd1.NoSuchUnit", "org.freedesktop.systemd1.UnitMasked",
    ]

    /// An error that the daemon or the bus gave for a call about `subject`: a device or a request.
    init(_ error: DBusError, about subject: String) {
        guard !error.isServiceUnknown else {
            self = Self.meansNotEnabled.contains(error.name) ? .daemonDisabled : .daemonMissing
            return
        }
        let (status, advice) = Self.meaning(of: error.name)
        let text = error.message.isEmpty ? error.name : error.message
        let place = subject.isEmpty || text.contains(subject) ? "" : subject + ": "
        self.init(status, place + Self.withoutStop(text) + (advice.isEmpty ? "" : "; " + advice))
    }

    private static func meaning(of name: String) -> (ExitStatus, advice: String) {
        switch name {
        case "org.pairingd.Error.InvalidArgument", "org.freedesktop.DBus.Error.InvalidArgs":
            (.usage, "pairingctl help tells what each verb takes")
        case "org.pairingd.Error.UnknownDevice": (.notFound, "pairingctl devices lists the known ones")
        case "org.freedesktop.DBus.Error.UnknownObject": (.notFound, "pairingctl requests lists what is open")
        case "org.pairingd.Error.NotAuthorized", "org.freedesktop.DBus.Error.AccessDenied":
            (.notAuthorized, "use sudo, or ask an administrator for a polkit rule")
        case "org.pairingd.Error.Busy": (.failed, "try again when it is done: pairingctl shows what is under way")
        case "org.pairingd.Error.Expired": (.expired, "pair again and answer before the time is over")
        case "org.pairingd.Error.AlreadyAnswered": (.failed, "pairingctl requests lists what is still open")
        case "org.pairingd.Error.NotReady": (.failed, "pairingctl shows what is missing: bluetoothd, or an adapter")
        case "org.pairingd.Error.PolicyInvalid": (.failed, "pairingctl shows the errors in the rules")
        case "org.freedesktop.DBus.Error.NoReply", "org.freedesktop.DBus.Error.Timeout",
            "org.freedesktop.DBus.Error.Disconnected":
            (.unreachable, "is pairingd running? systemctl status pairingd")
        default: (.failed, "journalctl -u pairingd may tell more")
        }
    }

    private static func withoutStop(_ text: String) -> String {
        String(text.hasSuffix(".") ? text.dropLast() : text[...])
    }
}
