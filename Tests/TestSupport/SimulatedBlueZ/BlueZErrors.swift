// SPDX-License-Identifier: Apache-2.0

import DBus

/// The errors of BlueZ with its own texts (`src/error.c`).
extension DBusError {
    private static func bluez(_ name: String, _ message: String) -> DBusError {
        DBusError(name: "org.bluez.Error." + name, message: message)
    }

    static let alreadyConnected = bluez("AlreadyConnected", "Already Connected")
    static let alreadyExists = bluez("AlreadyExists", "Already Exists")
    static let doesNotExist = bluez("DoesNotExist", "Does Not Exist")
    static let inProgress = bluez("InProgress", "In Progress")
    static let invalidBlueZArguments = bluez("InvalidArguments", "Invalid arguments in method call")
    static let notConnected = bluez("NotConnected", "Not Connected")
    static let notReady = bluez("NotReady", "Resource Not Ready")
    static func blueZFailed(_ message: String) -> DBusError { bluez("Failed", message) }
}

/// How the kernel says a pairing ended (the status of MGMT Pair Device).
public enum PairingResult: String, Sendable, Hashable, CustomStringConvertible {
    case success
    case failed
    case connectFailed
    case authenticationFailed
    case timedOut
    case rejected
    case disconnected
    case notPowered
    case cancelled
    case alreadyPaired

    /// What the caller of `Pair()` gets (`src/device.c:new_authentication_return`).
    public var error: DBusError? {
        switch self {
        case .success: nil
        case .connectFailed: DBusError(name: "org.bluez.Error.ConnectionAttemptFailed", message: "Page Timeout")
        case .timedOut: DBusError(name: "org.bluez.Error.AuthenticationTimeout", message: "Authentication Timeout")
        case .rejected: DBusError(name: "org.bluez.Error.AuthenticationRejected", message: "Authentication Rejected")
        case .cancelled, .disconnected:
            DBusError(name: "org.bluez.Error.AuthenticationCanceled", message: "Authentication Canceled")
        case .alreadyPaired: DBusError(name: "org.bluez.Error.AlreadyExists", message: "Already Paired")
        case .failed, .authenticationFailed, .notPowered:
            DBusError(name: "org.bluez.Error.AuthenticationFailed", message: "Authentication Failed")
        }
    }

    public var description: String { rawValue }
}
