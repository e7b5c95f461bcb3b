// SPDX-License-Identifier: Apache-2.0

public import Bluetooth
public import SecurityManager

/// An SMP packet without what is secret in it: keys, and the values from which a passkey or a key can be found.
public enum TracePacket: Hashable, Sendable {
    case pairingRequest(PairingFeatures)
    case pairingResponse(PairingFeatures)
    case pairingConfirm
    case pairingRandom
    case pairingFailed(PairingFailureReason)
    case encryptionInformation
    case centralIdentification
    case identityInformation
    case identityAddressInformation(AddressType, Address)
    case signingInformation
    case securityRequest(AuthenticationRequirements)
    case pairingPublicKey(PublicKeyKind)
    case pairingDHKeyCheck
    case pairingKeypressNotification(KeypressNotification)

    public init(_ packet: SMPPacket) {
        switch packet {
        case .pairingRequest(let features): self = .pairingRequest(features)
        case .pairingResponse(let features): self = .pairingResponse(features)
        case .pairingConfirm: self = .pairingConfirm
        case .pairingRandom: self = .pairingRandom
        case .pairingFailed(let reason): self = .pairingFailed(reason)
        case .encryptionInformation: self = .encryptionInformation
        case .centralIdentification: self = .centralIdentification
        case .identityInformation: self = .identityInformation
        case .identityAddressInformation(let type, let address): self = .identityAddressInformation(type, address)
        case .signingInformation: self = .signingInformation
        case .securityRequest(let requirements): self = .securityRequest(requirements)
        case .pairingPublicKey(let x, let y): self = .pairingPublicKey(PublicKeyKind(x: x, y: y))
        case .pairingDHKeyCheck: self = .pairingDHKeyCheck
        case .pairingKeypressNotification(let notification): self = .pairingKeypressNotification(notification)
        }
    }

    /// The specification's name of the command.
    public var name: String {
        switch self {
        case .pairingRequest: "Pairing Request"
        case .pairingResponse: "Pairing Response"
        case .pairingConfirm: "Pairing Confirm"
        case .pairingRandom: "Pairing Random"
        case .pairingFailed: "Pairing Failed"
        case .encryptionInformation: "Encryption Information"
        case .centralIdentification: "Central Identification"
        case .identityInformation: "Identity Information"
        case .identityAddressInformation: "Identity Address Information"
        case .signingInformation: "Signing Information"
        case .securityRequest: "Security Request"
        case .pairingPublicKey: "Pairing Public Key"
        case .pairingDHKeyCheck: "Pairing DHKey Check"
        case .pairingKeypressNotification: "Pairing Keypress Notification"
        }
    }
}
