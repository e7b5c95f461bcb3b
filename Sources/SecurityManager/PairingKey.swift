// SPDX-License-Identifier: Apache-2.0

public import Bluetooth

/// What is known of a key that a pairing made: how it came about and how good it is, never its octets.
///
/// Source: BlueZ, doc/mgmt-api.txt (New Link Key Event, New Long Term Key Event).
public struct PairingKey: Hashable, Sendable {
    /// What the key is for, and how it was made.
    public enum Kind: Hashable, Sendable {
        /// Encrypts LE links. The size is that of the encryption key in octets, as sent; valid from 7 to 16.
        case longTermKey(LongTermKeyType, size: UInt8)
        /// Authenticates and encrypts BR/EDR links.
        case linkKey(LinkKeyType)
    }

    public var kind: Kind
    /// Is it to be kept after the link has ended? Without, the devices are paired but not bonded.
    public var isKept: Bool

    public init(kind: Kind, isKept: Bool) {
        self.kind = kind
        self.isKept = isKept
    }

    /// Which links the key protects.
    public var transport: Transport { if case .longTermKey = kind { .le } else { .bredr } }

    /// The size of the encryption key in octets; `nil` for link keys, whose size each encrypted link negotiates anew.
    public var size: UInt8? { if case .longTermKey(_, let size) = kind { size } else { nil } }

    /// How well the key protects a link; `nil` where its type does not tell.
    public var level: SecurityLevel? { quality.level }

    /// Was it made with P-256, which a listener cannot break?
    public var isSecureConnections: Bool { quality.isSecureConnections }

    /// Was it made with a private key that everybody knows? Whoever listened to the pairing has the key too.
    public var isDebugKey: Bool { quality.isDebugKey }

    private struct Quality {
        var level: SecurityLevel?
        var isSecureConnections = false
        var isDebugKey = false
    }

    /// The one table of key types.
    ///
    /// A debug key protects from nobody. The kernel counts a combination key as authenticated if its PIN code had 16
    /// digits (net/bluetooth/hci_conn.c, hci_conn_security); the key does not tell whether anybody had to enter them,
    /// and who listened can try PIN codes at leisure. A changed key is as good as the one before it, which is not told.
    private var quality: Quality {
        switch kind {
        case .longTermKey(.unauthenticated, _): Quality(level: .encrypted)
        case .longTermKey(.authenticated, _): Quality(level: .authenticated)
        case .longTermKey(.unauthenticatedP256, _): Quality(level: .encrypted, isSecureConnections: true)
        case .longTermKey(.authenticatedP256, _): Quality(level: .authenticated, isSecureConnections: true)
        case .longTermKey(.debugP256, _):
            Quality(level: SecurityLevel.none, isSecureConnections: true, isDebugKey: true)
        case .linkKey(.combination): Quality(level: .encrypted)
        case .linkKey(.debugCombination): Quality(level: SecurityLevel.none, isDebugKey: true)
        case .linkKey(.unauthenticatedP192): Quality(level: .encrypted)
        case .linkKey(.authenticatedP192): Quality(level: .authenticated)
        case .linkKey(.unauthenticatedP256): Quality(level: .encrypted, isSecureConnections: true)
        case .linkKey(.authenticatedP256): Quality(level: .authenticated, isSecureConnections: true)
        case .longTermKey, .linkKey: Quality(level: nil)
        }
    }
}

/// How a Long Term Key was made. Values without a constant here are kept as they came.
///
/// Source: BlueZ, doc/mgmt-api.txt (Load Long Term Keys Command, Key_Type).
public struct LongTermKeyType: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// LE legacy pairing with Just Works.
    public static let unauthenticated = Self(rawValue: 0)
    /// LE legacy pairing with a passkey or out-of-band data.
    public static let authenticated = Self(rawValue: 1)
    /// LE Secure Connections with Just Works.
    public static let unauthenticatedP256 = Self(rawValue: 2)
    /// LE Secure Connections, protected against a man in the middle.
    public static let authenticatedP256 = Self(rawValue: 3)
    /// LE Secure Connections with the debug key pair of the specification on either side.
    public static let debugP256 = Self(rawValue: 4)
}

/// How a BR/EDR link key was made. Values without a constant here are kept as they came.
///
/// Source: Core Specification, Vol 4, Part E, 7.7.24 (Link Key Notification, Key_Type); 1 and 2, the unit keys of
/// old versions, are reserved now.
public struct LinkKeyType: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Legacy pairing: from a PIN code.
    public static let combination = Self(rawValue: 0)
    /// Secure Simple Pairing with the debug key pair of the specification on either side.
    public static let debugCombination = Self(rawValue: 3)
    /// Secure Simple Pairing with Just Works.
    public static let unauthenticatedP192 = Self(rawValue: 4)
    /// Secure Simple Pairing, protected against a man in the middle.
    public static let authenticatedP192 = Self(rawValue: 5)
    /// The key was changed on an encrypted link, or by a controller that says so of each legacy pairing.
    public static let changedCombination = Self(rawValue: 6)
    /// Secure Connections with Just Works, or derived from such a Long Term Key.
    public static let unauthenticatedP256 = Self(rawValue: 7)
    /// Secure Connections, protected against a man in the middle, or derived from such a Long Term Key.
    public static let authenticatedP256 = Self(rawValue: 8)
}
