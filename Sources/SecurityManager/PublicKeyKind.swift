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
        if x.octets == Self.debugX && y.octets == Self.debugY {
            self = .debug
        } else {
            self = P256.contains(x: x.octets, y: y.octets) ? .ordinary : .notOnCurve
        }
    }

    /// The coordinates of the debug key, least significant octet first.
    private static let debugX: [UInt8] = [
        0xE6, 0x9D, 0x35, 0x0E, 0x48, 0x01, 0x03, 0xCC, 0xDB, 0xFD, 0xF4, 0xAC, 0x11, 0x91, 0xF4, 0xEF, 0xB9, 0xA5,
        0xF9, 0xE9, 0xA7, 0x83, 0x2C, 0x5E, 0x2C, 0xBE, 0x97, 0xF2, 0xD2, 0x03, 0xB0, 0x20,
    ]
    private static let debugY: [UInt8] = [
        0x8B, 0xD2, 0x89, 0x15, 0xD0, 0x8E, 0x1C, 0x74, 0x24, 0x30, 0xED, 0x8F, 0xC2, 0x45, 0x63, 0x76, 0x5C, 0x15,
        0x52, 0x5A, 0xBF, 0x9A, 0x32, 0x63, 0x6D, 0xEB, 0x2A, 0x65, 0x49, 0x9C, 0x80, 0xDC,
    ]
}
