// SPDX-License-Identifier: Apache-2.0

/// Which signals the bus is to deliver.
///
/// Source: D-Bus Specification, "Match Rules".
public struct MatchRule: Hashable, Sendable, CustomStringConvertible {
    /// Which objects' signals.
    public enum Scope: Hashable, Sendable {
        case anywhere
        case path(ObjectPath)
        /// The object itself and everything below it.
        case namespace(ObjectPath)
    }

    public var sender: String
    public var interface: String
    public var member: String?
    public var scope: Scope
    /// The signal's first argument, when it is this string.
    public var firstArgument: String?

    public init(
        sender: String, interface: String, member: String? = nil, scope: Scope = .anywhere, firstArgument: String? = nil
    ) {
        self.sender = sender
        self.interface = interface
        self.member = member
        self.scope = scope
        self.firstArgument = firstArgument
    }

    public var description: String {
        var parts = ["type='signal'", "sender=\(Self.quoted(sender))", "interface=\(Self.quoted(interface))"]
        if let member { parts.append("member=\(Self.quoted(member))") }
        switch scope {
        case .anywhere: break
        case .path(let path): parts.append("path=\(Self.quoted(path.text))")
        case .namespace(let path): parts.append("path_namespace=\(Self.quoted(path.text))")
        }
        if let firstArgument { parts.append("arg0=\(Self.quoted(firstArgument))") }
        return parts.joined(separator: ",")
    }

    /// An apostrophe ends a quoted part, so it stands outside, after a backslash.
    private static func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
