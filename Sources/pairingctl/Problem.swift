// SPDX-License-Identifier: Apache-2.0

import DBus

/// Why a verb did not do what it should: one line for people, and the exit status.
struct Problem: Error {
    let text: String
    let exit: Exit

    init(_ text: String, _ exit: Exit) {
        self.text = text
        self.exit = exit
    }

    init(_ error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let error as DBusError: self.init(error)
        default: self.init(clean("\(error)"), .failed)
        }
    }

    private init(_ error: DBusError) {
        let text = clean(error.message)
        switch error.name {
        case "org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner":
            self.init("pairingd does not answer. Is it running? systemctl status pairingd", .unreachable)
        case "org.freedesktop.DBus.Error.NoServer", "org.freedesktop.DBus.Error.FileNotFound",
            "org.freedesktop.DBus.Error.Disconnected", "org.freedesktop.DBus.Error.NoReply",
            "org.freedesktop.DBus.Error.BadAddress":
            self.init("the bus or pairingd is not reachable: \(text)", .unreachable)
        case "org.pairingd.Error.NotAuthorized", "org.freedesktop.DBus.Error.AccessDenied":
            self.init(text, .notAuthorized)
        case "org.pairingd.Error.UnknownDevice", "org.freedesktop.DBus.Error.UnknownObject":
            self.init(text, .notFound)
        case "org.pairingd.Error.Expired": self.init(text, .expired)
        case "org.pairingd.Error.InvalidArgument", "org.freedesktop.DBus.Error.InvalidArgs": self.init(text, .usage)
        default: self.init(text.isEmpty ? error.name : text, .failed)
        }
    }
}
