// SPDX-License-Identifier: Apache-2.0

public import Bluetooth

/// What is known of a device that we paired, or that failed to pair: survives restarts.
///
/// No field can hold a secret.
public struct BondRecord: Sendable, Hashable {
    /// Names the device on its adapter. Never an object path or an adapter's name, which change.
    public struct Key: Sendable, Hashable, Comparable {
        public let adapter: Address
        /// The identity address.
        public let device: Address
        /// `.public` also for BR/EDR.
        public let type: AddressType

        public init(adapter: Address, device: Address, type: AddressType) {
            self.adapter = adapter
            self.device = device
            self.type = type
        }

        public static func < (left: Self, right: Self) -> Bool {
            (left.adapter, left.device, left.type.rawValue) < (right.adapter, right.device, right.type.rawValue)
        }
    }

    public enum State: String, Sendable, Hashable, CaseIterable {
        /// There is no bond.
        case none
        /// The bond goes with the connection.
        case session
        /// The bond stays.
        case kept
        /// We have a bond, and the device has forgotten it.
        case lost
    }

    /// How strong the keys are, as far as it was seen.
    public struct Strength: Sendable, Hashable {
        public var level: SecurityLevel
        public var isSecureConnections: Bool
        /// In octets, 7 to 16; `nil` over BR/EDR, where each encrypted link settles it anew and nobody tells.
        public var keySize: UInt8?

        public init(level: SecurityLevel, isSecureConnections: Bool, keySize: UInt8?) {
            self.level = level
            self.isSecureConnections = isSecureConnections
            self.keySize = keySize
        }
    }

    public let key: Key
    public var state = State.none
    /// `nil` where nothing was seen.
    public var strength: Strength?
    /// The rule that decided last; `nil` where none did.
    public var rule: String?
    /// The capability with which it paired last.
    public var capability: IOCapability?
    public var lastResult: PairingResult?
    /// Microseconds since the epoch; 0 for never.
    public var lastPaired: UInt64 = 0
    /// Failed pairings in a row.
    public var failures: UInt32 = 0

    public init(key: Key) { self.key = key }
}

/// A pairing that has begun on the air and has no result yet: found after a crash, it tells what may be half done.
public struct UnsettledPairing: Sendable, Hashable {
    public let number: PairingNumber
    public let key: BondRecord.Key
    public let origin: PairingOrigin
    /// Microseconds since the epoch.
    public let startedAt: UInt64
    public var rule: String?
    /// Had the device a bond before? Then it is not ours to undo.
    public var hadBond: Bool
    /// The bond, once made, may stay without further checks.
    public var mayStay: Bool
    /// Its result was told, and no bond was part of it: one that is found contradicts it.
    public var isTold = false

    public init(
        number: PairingNumber, key: BondRecord.Key, origin: PairingOrigin, startedAt: UInt64, rule: String? = nil,
        hadBond: Bool, mayStay: Bool
    ) {
        self.number = number
        self.key = key
        self.origin = origin
        self.startedAt = startedAt
        self.rule = rule
        self.hadBond = hadBond
        self.mayStay = mayStay
    }
}
