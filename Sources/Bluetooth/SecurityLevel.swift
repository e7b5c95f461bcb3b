// SPDX-License-Identifier: Apache-2.0

/// How well a link is protected, weakest first.
///
/// Secure Connections is not a level of its own: a device without input and output can have it without protection
/// against a man in the middle. Source: Core Specification, Vol 3, Part C, 10.2.1 (LE security mode 1).
public enum SecurityLevel: String, Sendable, Hashable, CaseIterable, Comparable {
    case none
    /// Encrypted with a key that nobody compared or entered anything for (Just Works).
    case encrypted
    /// Encrypted, and protected against a man in the middle.
    case authenticated

    public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .none: 0
        case .encrypted: 1
        case .authenticated: 2
        }
    }
}

/// The two radios of Bluetooth.
public enum Transport: String, Sendable, Hashable, CaseIterable {
    /// Low Energy.
    case le
    /// Basic Rate and Enhanced Data Rate, the older one.
    case bredr
}
