// SPDX-License-Identifier: Apache-2.0

/// The status of an HCI event, or the reason of a disconnection.
///
/// Values without a constant here are kept as they came. Source: Core Specification, Vol 1, Part F, 1.3.
public struct HCIErrorCode: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let success = Self(rawValue: 0x00)
    /// Of a connection that the host gave up before it was made.
    public static let unknownConnectionIdentifier = Self(rawValue: 0x02)
    public static let authenticationFailure = Self(rawValue: 0x05)
    /// The other side has no key for this link: it has forgotten the bond.
    public static let pinOrKeyMissing = Self(rawValue: 0x06)
    public static let connectionTimeout = Self(rawValue: 0x08)
    public static let remoteUserTerminatedConnection = Self(rawValue: 0x13)
    public static let remoteDeviceTerminatedLowResources = Self(rawValue: 0x14)
    public static let remoteDeviceTerminatedPowerOff = Self(rawValue: 0x15)
    public static let connectionTerminatedByLocalHost = Self(rawValue: 0x16)
    public static let repeatedAttempts = Self(rawValue: 0x17)
    public static let pairingNotAllowed = Self(rawValue: 0x18)
    public static let linkLayerResponseTimeout = Self(rawValue: 0x22)
    public static let encryptionModeNotAcceptable = Self(rawValue: 0x25)
    public static let pairingWithUnitKeyNotSupported = Self(rawValue: 0x29)
    public static let unacceptableConnectionParameters = Self(rawValue: 0x3B)
    public static let insufficientSecurity = Self(rawValue: 0x2F)
    /// The two sides encrypted with different keys.
    public static let connectionTerminatedDueToMICFailure = Self(rawValue: 0x3D)
    public static let connectionFailedToBeEstablished = Self(rawValue: 0x3E)

    /// The specification's name; `nil` for a value without a constant here.
    public var name: String? { Self.names[rawValue] }

    /// The name, or the value in hexadecimal: `Connection Timeout`, `HCI error 0x1E`.
    public var description: String { name ?? "HCI error " + hexadecimal }

    private var hexadecimal: String {
        (rawValue < 0x10 ? "0x0" : "0x") + String(rawValue, radix: 16, uppercase: true)
    }

    private static let names: [UInt8: String] = [
        0x00: "Success",
        0x01: "Unknown HCI Command",
        0x02: "Unknown Connection Identifier",
        0x03: "Hardware Failure",
        0x04: "Page Timeout",
        0x05: "Authentication Failure",
        0x06: "PIN or Key Missing",
        0x07: "Memory Capacity Exceeded",
        0x08: "Connection Timeout",
        0x09: "Connection Limit Exceeded",
        0x0A: "Synchronous Connection Limit to a Device Exceeded",
        0x0B: "Connection Already Exists",
        0x0C: "Command Disallowed",
        0x0D: "Connection Rejected due to Limited Resources",
        0x0E: "Connection Rejected due to Security Reasons",
        0x0F: "Connection Rejected due to Unacceptable BD_ADDR",
        0x10: "Connection Accept Timeout Exceeded",
        0x11: "Unsupported Feature or Parameter Value",
        0x12: "Invalid HCI Command Parameters",
        0x13: "Remote User Terminated Connection",
        0x14: "Remote Device Terminated Connection due to Low Resources",
        0x15: "Remote Device Terminated Connection due to Power Off",
        0x16: "Connection Terminated by Local Host",
        0x17: "Repeated Attempts",
        0x18: "Pairing Not Allowed",
        0x19: "Unknown LMP PDU",
        0x1A: "Unsupported Remote Feature",
        0x1F: "Unspecified Error",
        0x22: "LL Response Timeout",
        0x25: "Encryption Mode Not Acceptable",
        0x26: "Link Key cannot be Changed",
        0x28: "Instant Passed",
        0x29: "Pairing with Unit Key Not Supported",
        0x2F: "Insufficient Security",
        0x37: "Secure Simple Pairing Not Supported by Host",
        0x38: "Host Busy - Pairing",
        0x39: "Connection Rejected due to No Suitable Channel Found",
        0x3A: "Controller Busy",
        0x3B: "Unacceptable Connection Parameters",
        0x3C: "Advertising Timeout",
        0x3D: "Connection Terminated due to MIC Failure",
        0x3E: "Connection Failed to be Established",
    ]
}
