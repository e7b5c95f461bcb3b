// SPDX-License-Identifier: Apache-2.0

/// What a program asks of the kernel over the management interface, as far as it is about pairing; digits are left out.
///
/// Source: BlueZ, doc/mgmt-api.txt.
public enum ManagementCommand: Hashable, Sendable {
    /// Are bonds kept, on the whole adapter? (Set Bondable)
    case setBondable(Bool)
    /// The adapter's capability, for links that are made from now on. The value is that of the field; 0 to 4 are valid.
    case setIOCapability(UInt8)
    /// `Device1.Pair()` becomes this; the value is that of the capability of the agent.
    case pairDevice(ManagementPeer, ioCapability: UInt8)
    case cancelPairDevice(ManagementPeer)
    case unpairDevice(ManagementPeer)
    case disconnect(ManagementPeer)
    /// The answer of an agent to what the kernel asked.
    case reply(ManagementQuestion, ManagementPeer, isPositive: Bool)
}

/// What the kernel asks bluetoothd, and this an agent.
public enum ManagementQuestion: Hashable, Sendable, CaseIterable {
    /// User Confirmation
    case confirmation
    /// User Passkey
    case passkey
    /// PIN Code
    case pinCode
}

/// How a management command ended, or why a pairing did.
///
/// Values without a constant here are kept as they came. Source: Linux, include/net/bluetooth/mgmt.h.
public struct ManagementStatus: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let success = Self(rawValue: 0x00)
    public static let failed = Self(rawValue: 0x03)
    public static let connectFailed = Self(rawValue: 0x04)
    public static let authenticationFailed = Self(rawValue: 0x05)
    public static let notPaired = Self(rawValue: 0x06)
    public static let timeout = Self(rawValue: 0x08)
    public static let alreadyConnected = Self(rawValue: 0x09)
    public static let busy = Self(rawValue: 0x0A)
    public static let rejected = Self(rawValue: 0x0B)
    public static let notSupported = Self(rawValue: 0x0C)
    public static let disconnected = Self(rawValue: 0x0E)
    public static let notPowered = Self(rawValue: 0x0F)
    public static let cancelled = Self(rawValue: 0x10)
    public static let alreadyPaired = Self(rawValue: 0x13)

    /// The name that BlueZ uses, or the value in hexadecimal: `Authentication Failed`, `status 0x2A`.
    public var description: String {
        Self.names.indices.contains(Int(rawValue))
            ? Self.names[Int(rawValue)]
            : "status 0x" + (rawValue < 0x10 ? "0" : "") + String(rawValue, radix: 16, uppercase: true)
    }

    // By value, from 0x00 on.
    private static let names = [
        "Success", "Unknown Command", "Not Connected", "Failed", "Connect Failed", "Authentication Failed",
        "Not Paired", "No Resources", "Timeout", "Already Connected", "Busy", "Rejected", "Not Supported",
        "Invalid Parameters", "Disconnected", "Not Powered", "Cancelled", "Invalid Index", "RFKilled",
        "Already Paired", "Permission Denied",
    ]
}
