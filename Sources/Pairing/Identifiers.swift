// SPDX-License-Identifier: Apache-2.0

/// Names a pairing, for good: a number is never used again.
public struct PairingNumber: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let value: UInt64
    public init(_ value: UInt64) { self.value = value }
    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
    public var description: String { String(value) }
}

/// Names a request, for good: a number is never used again.
public struct RequestNumber: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let value: UInt64
    public init(_ value: UInt64) { self.value = value }
    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
    public var description: String { String(value) }
}

/// Where numbers come from. They must never come twice, also after a restart or a crash.
public protocol NumberSource: Sendable {
    mutating func next() -> UInt64
}

/// Names one call of BlueZ on an agent, so that the answer finds it. Whoever drives the ``Coordinator`` chooses it, and
/// never the same one twice.
public struct AgentToken: Hashable, Sendable {
    public let value: UInt64
    public init(_ value: UInt64) { self.value = value }
}

/// Names a command whose end is told later (``Effect/forgetFinished(_:error:)``).
public struct CommandToken: Hashable, Sendable {
    public let value: UInt64
    public init(_ value: UInt64) { self.value = value }
}

/// Who gave a command.
public struct Actor: Hashable, Sendable {
    /// The user's number, as the bus knows it.
    public let uid: UInt32
    public init(uid: UInt32) { self.uid = uid }
}
