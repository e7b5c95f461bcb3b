// SPDX-License-Identifier: Apache-2.0

/// Why one side ended a pairing: the Reason field of the Pairing Failed command.
///
/// Values that the specification reserves are kept as they came. Source: Core Specification, Vol 3, Part H, 3.5.5,
/// Table 3.7.
public struct PairingFailureReason: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The person did not enter the passkey, or cancelled.
    public static let passkeyEntryFailed = Self(rawValue: 0x01)
    /// Out-of-band data is wanted and not there.
    public static let oobNotAvailable = Self(rawValue: 0x02)
    /// The IO capabilities cannot reach the security that one side demands.
    public static let authenticationRequirements = Self(rawValue: 0x03)
    /// The confirm value does not match: most often a wrong passkey.
    public static let confirmValueFailed = Self(rawValue: 0x04)
    /// Pairing is not possible now: most often a device that is not in its pairing mode.
    public static let pairingNotSupported = Self(rawValue: 0x05)
    /// The encryption key would be shorter than one side demands.
    public static let encryptionKeySize = Self(rawValue: 0x06)
    public static let commandNotSupported = Self(rawValue: 0x07)
    public static let unspecifiedReason = Self(rawValue: 0x08)
    /// Too little time has passed since the last failed attempt.
    public static let repeatedAttempts = Self(rawValue: 0x09)
    public static let invalidParameters = Self(rawValue: 0x0A)
    /// The DHKey check does not match, or the public key is invalid.
    public static let dhKeyCheckFailed = Self(rawValue: 0x0B)
    /// The person said that the digits differ; also what the kernel sends where no agent answered.
    public static let numericComparisonFailed = Self(rawValue: 0x0C)
    public static let brEdrPairingInProgress = Self(rawValue: 0x0D)
    public static let crossTransportKeyDerivationNotAllowed = Self(rawValue: 0x0E)
    /// The device does not accept a distributed key.
    public static let keyRejected = Self(rawValue: 0x0F)
    /// The device is not ready to pair now.
    public static let busy = Self(rawValue: 0x10)

    /// The specification's name; `nil` for a reserved value.
    public var name: String? { Self.names.indices.contains(Int(rawValue)) ? Self.names[Int(rawValue)] : nil }

    /// The name, or the value in hexadecimal: `Passkey Entry Failed`, `Reserved (0x11)`.
    public var description: String { name ?? "Reserved (\(hexadecimal(rawValue)))" }

    // By value, from 0x00 on.
    private static let names: [String?] = [
        nil,
        "Passkey Entry Failed",
        "OOB Not Available",
        "Authentication Requirements",
        "Confirm Value Failed",
        "Pairing Not Supported",
        "Encryption Key Size",
        "Command Not Supported",
        "Unspecified Reason",
        "Repeated Attempts",
        "Invalid Parameters",
        "DHKey Check Failed",
        "Numeric Comparison Failed",
        "BR/EDR Pairing In Progress",
        "Cross-transport Key Derivation/Generation Not Allowed",
        "Key Rejected",
        "Busy",
    ]
}

/// Two upper-case digits with their prefix: `0x0F`.
func hexadecimal(_ value: UInt8) -> String {
    (value < 0x10 ? "0x0" : "0x") + String(value, radix: 16, uppercase: true)
}
