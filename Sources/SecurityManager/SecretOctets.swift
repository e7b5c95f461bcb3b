// SPDX-License-Identifier: Apache-2.0

/// A key, or a random or check value from which a key or a passkey can be derived.
///
/// Its description and its mirror hide the octets, so that no interpolation into a log or an error can leak them.
public struct SecretOctets: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    /// The value in the order of the packet, least significant octet first. A secret: never print it.
    public let octets: [UInt8]

    public init(_ octets: some Sequence<UInt8>) { self.octets = Array(octets) }

    public var description: String { "••••" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
