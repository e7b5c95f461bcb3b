// SPDX-License-Identifier: Apache-2.0
//
// How values are named in explanations.

import Bluetooth
import HCIMonitor
import SecurityManager

extension PairingFailureReason {
    /// `Unspecified Reason (0x08)`, so that it can be found in a sniffer.
    var words: String { name.map { "\($0) (\(octet(rawValue)))" } ?? "a reserved reason (\(octet(rawValue)))" }
}

extension HCIErrorCode {
    /// `Connection Timeout (0x08)`.
    var words: String { name.map { "\($0) (\(octet(rawValue)))" } ?? "HCI error \(octet(rawValue))" }
}

extension PairingFeatures {
    /// BlueZ's name of the capability, or what stands in its place.
    var capabilityWords: String { ioCapability?.rawValue ?? "reserved IO capability \(octet(ioCapabilityValue))" }
}

extension SimplePairingFeatures {
    var ioCapability: IOCapability? { ioCapabilityValue <= 3 ? IOCapability(smpValue: ioCapabilityValue) : nil }
    var capabilityWords: String { ioCapability?.rawValue ?? "reserved IO capability \(octet(ioCapabilityValue))" }
}

extension KeyDistribution {
    /// In the specification's short names, in the order of the bits.
    var names: [String] {
        [
            (.encryptionKey, "EncKey"), (.identityKey, "IdKey"), (.signatureKey, "Sign"), (.linkKey, "LinkKey"),
        ].compactMap { (key: KeyDistribution, name: String) in contains(key) ? name : nil }
    }
}

extension AuthenticationRequirements {
    /// What is demanded, as a chart shows it.
    var words: [String] {
        [contains(.bonding) ? "bonding" : "no bonding", contains(.mitmProtection) ? "MITM" : "no MITM"]
            + (contains(.secureConnections) ? ["Secure Connections"] : [])
    }
}

/// Two upper-case digits with their prefix: `0x0F`.
func octet(_ value: UInt8) -> String {
    "0x" + (value < 0x10 ? "0" : "") + String(value, radix: 16, uppercase: true)
}

/// A span in words: `0.3 s`, `25 s`.
func seconds(_ microseconds: UInt64) -> String {
    if microseconds >= 9_950_000 { return "\((microseconds + 500_000) / 1_000_000) s" }
    let tenths = (microseconds + 50_000) / 100_000
    return tenths == 0 ? "\(microseconds / 1000) ms" : "\(tenths / 10).\(tenths % 10) s"
}
