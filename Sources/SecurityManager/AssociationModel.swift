// SPDX-License-Identifier: Apache-2.0

import Bluetooth

/// How the two devices and their people make sure of each other.
///
/// Source: Core Specification, Vol 3, Part H, 2.3.5.1.
public enum AssociationModel: Hashable, Sendable {
    /// No protection against somebody in the middle.
    case justWorks
    /// Both sides show six digits and a person says whether they are the same; Secure Connections only.
    case numericComparison
    /// A person types six digits; ``PasskeyEntry`` says where they are shown and where typed.
    case passkeyEntry(PasskeyEntry)
    /// Data that came by another way, such as NFC.
    case outOfBand

    /// Who shows the six digits, and who types them.
    public enum PasskeyEntry: Hashable, Sendable {
        case initiatorDisplaysResponderEnters
        case responderDisplaysInitiatorEnters
        case bothEnter
    }

    /// Does it protect against somebody in the middle? Out-of-band data does as far as its own way does.
    public var isAuthenticated: Bool { self != .justWorks }
}

/// What a Pairing Request and its Pairing Response agree on.
///
/// It holds for pairing over LE. Over BR/EDR (channel 0x0007) the link is authenticated before, and the two packets
/// only settle which keys are distributed: Core Specification, Vol 3, Part H, 2.3.5.7.
public struct PairingAgreement: Hashable, Sendable {
    public let model: AssociationModel
    /// LE Secure Connections rather than LE legacy pairing.
    public let isSecureConnections: Bool
    /// Both sides want to keep the keys.
    public let isBonding: Bool
    /// The size of the encryption key in octets: the smaller of the two maxima, as sent; valid from 7 to 16.
    public let encryptionKeySize: UInt8

    public init(request: PairingFeatures, response: PairingFeatures) {
        let common = request.authenticationRequirements.intersection(response.authenticationRequirements)
        model = AssociationModel(request: request, response: response)
        isSecureConnections = common.contains(.secureConnections)
        isBonding = common.contains(.bonding)
        encryptionKeySize = min(request.maximumEncryptionKeySize, response.maximumEncryptionKeySize)
    }
}

extension AssociationModel {
    /// The model that a request and its response lead to.
    ///
    /// Source: Core Specification, Vol 3, Part H, 2.3.5.1, Table 2.6 (legacy: out-of-band data on both sides), Table 2.7
    /// (Secure Connections: on either side) and Table 2.8 (IO capabilities). A reserved IO capability leads to Just
    /// Works, as in the kernel (net/bluetooth/smp.c, get_auth_method).
    public init(request: PairingFeatures, response: PairingFeatures) {
        let either = request.authenticationRequirements.union(response.authenticationRequirements)
        let common = request.authenticationRequirements.intersection(response.authenticationRequirements)
        let isSecureConnections = common.contains(.secureConnections)
        let usesOutOfBand =
            isSecureConnections
            ? request.hasOOBData || response.hasOOBData
            : request.hasOOBData && response.hasOOBData
        if usesOutOfBand {
            self = .outOfBand
        } else if either.contains(.mitmProtection), let initiator = request.ioCapability,
            let responder = response.ioCapability
        {
            self = Self.forCapabilities(initiator, responder, isSecureConnections: isSecureConnections)
        } else {
            self = .justWorks
        }
    }

    /// Table 2.8, column by column.
    private static func forCapabilities(
        _ initiator: IOCapability, _ responder: IOCapability, isSecureConnections: Bool
    ) -> AssociationModel {
        switch (initiator, responder) {
        case (.noInputNoOutput, _), (_, .noInputNoOutput):
            .justWorks
        case (.displayYesNo, .displayYesNo):
            isSecureConnections ? .numericComparison : .justWorks
        case (.displayOnly, .displayOnly), (.displayOnly, .displayYesNo), (.displayYesNo, .displayOnly):
            .justWorks
        case (.displayYesNo, .keyboardDisplay), (.keyboardDisplay, .keyboardDisplay):
            isSecureConnections ? .numericComparison : .passkeyEntry(.initiatorDisplaysResponderEnters)
        case (.keyboardDisplay, .displayYesNo):
            isSecureConnections ? .numericComparison : .passkeyEntry(.responderDisplaysInitiatorEnters)
        case (.keyboardOnly, .keyboardOnly):
            .passkeyEntry(.bothEnter)
        case (.displayOnly, _), (_, .keyboardOnly):
            .passkeyEntry(.initiatorDisplaysResponderEnters)
        case (.keyboardOnly, _), (.keyboardDisplay, .displayOnly):
            .passkeyEntry(.responderDisplaysInitiatorEnters)
        }
    }
}
