// SPDX-License-Identifier: Apache-2.0

/// What can be told of a public key without knowing the private one.
public enum PublicKeyKind: Hashable, Sendable {
    case ordinary
    /// The key of the specification's debug mode, whose private key everybody has (Vol 3, Part H, 2.3.5.6.1).
    case debug
    /// No point of the curve P-256: made to break the other side's key, or by a fault (CVE-2018-5383).
    case notOnCurve
}

extension PublicKeyKind {
    /// Coordinates of 32 octets each, least significant octet first, as the packet has them.
    public init(x: SecretOctets, y: SecretOctets) {
        self = x.octets == Self.debugX ? .debug : .ordinary
    }

    /// The x coordinate of the debug key, least significant octet first.
    private static let debugX: [UInt8] = [
        0xE6, 0x9D, 0x35, 0x0E, 0x48, 0x01, 0x03, 0xCC, 0xDB, 0xFD, 0xF4, 0xAC, 0x11, 0x91, 0xF4, 0xEF, 0xB9, 0xA5,
        0xF9, 0xE9, 0xA7, 0x83, 0x2C, 0x5E, 0x2C, 0xBE, 0x97, 0xF2, 0xD2, 0x03, 0xB0, 0x20,
    ]
}
