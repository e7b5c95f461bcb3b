// SPDX-License-Identifier: Apache-2.0

public import Bluetooth

/// What one side offers and demands: the fields that Pairing Request and Pairing Response share.
///
/// Reserved values are kept, because the kernel pairs with them too. Source: Core Specification, Vol 3, Part H, 3.5.1.
public struct PairingFeatures: Hashable, Sendable {
    /// The IO Capability field; ``ioCapability`` gives its meaning.
    public var ioCapabilityValue: UInt8
    /// The OOB data flag field; ``hasOOBData`` gives its meaning.
    public var oobDataFlag: UInt8
    /// The AuthReq field.
    public var authenticationRequirements: AuthenticationRequirements
    /// The longest encryption key that this side supports, in octets: 7 to 16 are valid.
    public var maximumEncryptionKeySize: UInt8
    /// The keys that the initiator distributes; in a request those that it wants to.
    public var initiatorKeyDistribution: KeyDistribution
    /// The keys that the responder distributes; in a request those that the initiator asks for.
    public var responderKeyDistribution: KeyDistribution

    public init(
        ioCapability: IOCapability, hasOOBData: Bool = false,
        authenticationRequirements: AuthenticationRequirements, maximumEncryptionKeySize: UInt8 = 16,
        initiatorKeyDistribution: KeyDistribution = [], responderKeyDistribution: KeyDistribution = []
    ) {
        self.ioCapabilityValue = ioCapability.smpValue
        self.oobDataFlag = hasOOBData ? 1 : 0
        self.authenticationRequirements = authenticationRequirements
        self.maximumEncryptionKeySize = maximumEncryptionKeySize
        self.initiatorKeyDistribution = initiatorKeyDistribution
        self.responderKeyDistribution = responderKeyDistribution
    }

    init(from reader: inout OctetReader) throws(OctetReader.EndReached) {
        ioCapabilityValue = try reader.readUInt8()
        oobDataFlag = try reader.readUInt8()
        authenticationRequirements = AuthenticationRequirements(rawValue: try reader.readUInt8())
        maximumEncryptionKeySize = try reader.readUInt8()
        initiatorKeyDistribution = KeyDistribution(rawValue: try reader.readUInt8())
        responderKeyDistribution = KeyDistribution(rawValue: try reader.readUInt8())
    }

    /// `nil` for the reserved values from 5.
    public var ioCapability: IOCapability? { IOCapability(smpValue: ioCapabilityValue) }

    /// Does this side hold out-of-band data of the other one?
    public var hasOOBData: Bool { oobDataFlag == 1 }
}

/// The AuthReq field of Pairing Request, Pairing Response and Security Request.
///
/// Source: Core Specification, Vol 3, Part H, 3.5.1, Figure 3.3.
public struct AuthenticationRequirements: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The keys are to be kept. The field has two bits, of which the upper one is reserved.
    public static let bonding = Self(rawValue: 0x01)
    /// Protection against somebody in the middle is demanded.
    public static let mitmProtection = Self(rawValue: 0x04)
    /// LE Secure Connections pairing is supported.
    public static let secureConnections = Self(rawValue: 0x08)
    /// Keypress notifications are wanted.
    public static let keypress = Self(rawValue: 0x10)
    /// The h7 function is supported for cross-transport key derivation.
    public static let crossTransportH7 = Self(rawValue: 0x20)
}

/// Which keys one side distributes after pairing.
///
/// Source: Core Specification, Vol 3, Part H, 3.6.1, Figure 3.11.
public struct KeyDistribution: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// EncKey: the Long Term Key of LE legacy pairing; ignored for Secure Connections, which derives it.
    public static let encryptionKey = Self(rawValue: 0x01)
    /// IdKey: the Identity Resolving Key and the identity address.
    public static let identityKey = Self(rawValue: 0x02)
    /// SignKey: the Connection Signature Resolving Key.
    public static let signatureKey = Self(rawValue: 0x04)
    /// LinkKey: the BR/EDR link key is derived from the Long Term Key.
    public static let linkKey = Self(rawValue: 0x08)
}
