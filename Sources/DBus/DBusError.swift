// SPDX-License-Identifier: Apache-2.0

/// An error as D-Bus carries it: a name for programs and a text for people.
public struct DBusError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Such as `org.bluez.Error.AuthenticationFailed`.
    public let name: String
    /// A sentence; it comes from the other side and may hold anything.
    public let message: String

    public init(name: String, message: String) {
        self.name = name
        self.message = message
    }

    public var description: String { message.isEmpty ? name : "\(message) (\(name))" }
}

extension DBusError {
    private static func standard(_ name: String, _ message: String) -> DBusError {
        DBusError(name: "org.freedesktop.DBus.Error." + name, message: message)
    }

    public static func failed(_ message: String) -> DBusError { standard("Failed", message) }
    public static func invalidArguments(_ message: String) -> DBusError { standard("InvalidArgs", message) }
    public static func accessDenied(_ message: String) -> DBusError { standard("AccessDenied", message) }
    public static func unknownObject(_ message: String) -> DBusError { standard("UnknownObject", message) }
    public static func unknownInterface(_ message: String) -> DBusError { standard("UnknownInterface", message) }
    public static func unknownMethod(_ message: String) -> DBusError { standard("UnknownMethod", message) }
    public static func unknownProperty(_ message: String) -> DBusError { standard("UnknownProperty", message) }
    public static func propertyReadOnly(_ message: String) -> DBusError { standard("PropertyReadOnly", message) }
    /// The connection is closed, so no answer can come.
    public static let disconnected = standard("Disconnected", "the connection to the bus is closed")
    /// The task that waited for the answer was cancelled.
    public static let cancelled = standard("NoReply", "nobody waits for the answer any longer")

    /// Was the error made by the bus because nobody owns the name, or by systemd because its unit could not be started?
    public var isServiceUnknown: Bool {
        name == "org.freedesktop.DBus.Error.ServiceUnknown" || name == "org.freedesktop.DBus.Error.NameHasNoOwner"
            || name.hasPrefix("org.freedesktop.systemd1.")
    }
}
