// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import SecurityManager
import Testing

@Suite("Association models")
struct AssociationModelTests {
    // The order of the rows and columns of Table 2.8 (Core Specification, Vol 3, Part H, 2.3.5.1).
    private static let capabilities: [IOCapability] = [
        .displayOnly, .displayYesNo, .keyboardOnly, .noInputNoOutput, .keyboardDisplay,
    ]

    // One row per responder, one column per initiator. `--` Just Works, `NC` numeric comparison, `ID` the initiator
    // displays, `RD` the responder displays, `BE` both enter.
    private static let legacy = [
        ["--", "--", "RD", "--", "RD"],
        ["--", "--", "RD", "--", "RD"],
        ["ID", "ID", "BE", "--", "ID"],
        ["--", "--", "--", "--", "--"],
        ["ID", "ID", "RD", "--", "ID"],
    ]
    private static let secureConnections = [
        ["--", "--", "RD", "--", "RD"],
        ["--", "NC", "RD", "--", "NC"],
        ["ID", "ID", "BE", "--", "ID"],
        ["--", "--", "--", "--", "--"],
        ["ID", "NC", "RD", "--", "NC"],
    ]
    private static let models: [String: AssociationModel] = [
        "--": .justWorks, "NC": .numericComparison, "ID": .passkeyEntry(.initiatorDisplaysResponderEnters),
        "RD": .passkeyEntry(.responderDisplaysInitiatorEnters), "BE": .passkeyEntry(.bothEnter),
    ]

    static func features(
        _ capability: IOCapability, _ requirements: AuthenticationRequirements, oob: Bool = false, keySize: UInt8 = 16
    ) -> PairingFeatures {
        PairingFeatures(
            ioCapability: capability, hasOOBData: oob, authenticationRequirements: requirements,
            maximumEncryptionKeySize: keySize)
    }

    @Test("With MITM protection on either side, the IO capabilities decide", arguments: [false, true])
    func capabilityTables(isSecureConnections: Bool) throws {
        let base: AuthenticationRequirements = isSecureConnections ? [.bonding, .secureConnections] : [.bonding]
        let table = isSecureConnections ? Self.secureConnections : Self.legacy
        let demands: [(AuthenticationRequirements, AuthenticationRequirements)] = [
            (.mitmProtection, []), ([], .mitmProtection), (.mitmProtection, .mitmProtection),
        ]
        for (row, responder) in Self.capabilities.enumerated() {
            for (column, initiator) in Self.capabilities.enumerated() {
                let expected = try #require(Self.models[table[row][column]])
                for (ours, theirs) in demands {
                    let model = AssociationModel(
                        request: Self.features(initiator, base.union(ours)),
                        response: Self.features(responder, base.union(theirs)))
                    #expect(model == expected, "\(initiator) -> \(responder)")
                }
            }
        }
    }

    @Test("Without MITM protection on both sides, every pair of capabilities just works", arguments: [false, true])
    func withoutDemand(isSecureConnections: Bool) {
        let requirements: AuthenticationRequirements = isSecureConnections ? [.secureConnections] : []
        for initiator in Self.capabilities {
            for responder in Self.capabilities {
                let model = AssociationModel(
                    request: Self.features(initiator, requirements), response: Self.features(responder, requirements))
                #expect(model == .justWorks)
                #expect(!model.isAuthenticated)
            }
        }
    }

    @Test("Secure Connections needs the bit on both sides; otherwise the legacy table holds")
    func mixedSupport() {
        let model = AssociationModel(
            request: Self.features(.displayYesNo, [.mitmProtection, .secureConnections]),
            response: Self.features(.displayYesNo, [.mitmProtection]))
        #expect(model == .justWorks)
    }

    @Test("Legacy pairing uses out-of-band data only when both sides have it, Secure Connections when one has")
    func outOfBand() {
        for (ours, theirs) in [(true, false), (false, true), (true, true)] {
            for requirements in [[], .secureConnections] as [AuthenticationRequirements] {
                let model = AssociationModel(
                    request: Self.features(.noInputNoOutput, requirements, oob: ours),
                    response: Self.features(.noInputNoOutput, requirements, oob: theirs))
                let isUsed = requirements.contains(.secureConnections) || (ours && theirs)
                #expect(model == (isUsed ? .outOfBand : .justWorks))
            }
        }
    }

    @Test("A reserved IO capability leads to Just Works")
    func reservedCapability() {
        var response = Self.features(.keyboardDisplay, [.mitmProtection])
        response.ioCapabilityValue = 5
        #expect(response.ioCapability == nil)
        #expect(AssociationModel(request: Self.features(.keyboardDisplay, []), response: response) == .justWorks)
    }

    @Test("The agreed key is as long as the shorter maximum, and kept only if both sides bond")
    func agreement() {
        let agreement = PairingAgreement(
            request: Self.features(.keyboardDisplay, [.bonding, .mitmProtection, .secureConnections]),
            response: Self.features(.displayOnly, [.secureConnections], keySize: 7))
        #expect(agreement.encryptionKeySize == 7)
        #expect(!agreement.isBonding)
        #expect(agreement.isSecureConnections)
        #expect(agreement.model == .passkeyEntry(.responderDisplaysInitiatorEnters))
    }
}
