// SPDX-License-Identifier: Apache-2.0

public import DBus

/// The errors that callers of `org.pairingd` get.
public enum ControlError {
    private static func error(_ name: String, _ message: String) -> DBusError {
        DBusError(name: "org.pairingd.Error." + name, message: message)
    }

    /// An argument has the right type and cannot be meant.
    public static func invalidArgument(_ message: String) -> DBusError { error("InvalidArgument", message) }
    /// BlueZ knows no such device.
    public static func unknownDevice(_ message: String) -> DBusError { error("UnknownDevice", message) }
    /// The caller may not do this.
    public static func notAuthorized(_ message: String) -> DBusError { error("NotAuthorized", message) }
    /// Something else is under way, or too much is.
    public static func busy(_ message: String) -> DBusError { error("Busy", message) }
    /// The request's deadline is over.
    public static func expired(_ message: String) -> DBusError { error("Expired", message) }
    /// Somebody or something else answered first.
    public static func alreadyAnswered(_ message: String) -> DBusError { error("AlreadyAnswered", message) }
    /// BlueZ is not on the bus, or the adapter is off.
    public static func notReady(_ message: String) -> DBusError { error("NotReady", message) }
    /// The rule files have errors.
    public static func policyInvalid(_ message: String) -> DBusError { error("PolicyInvalid", message) }
    public static func failed(_ message: String) -> DBusError { error("Failed", message) }
}
