// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing
import Policy
import SecurityManager

/// A policy of these rule files, named 1, 2 and so on.
func policy(_ texts: String..., configuration: String = "") throws -> Policy {
    Policy(
        rules: try texts.enumerated().map { try Rule(parsing: Array($1.utf8), file: "\($0 + 1).toml") },
        configuration: try Configuration(parsing: Array(configuration.utf8), file: "pairingd.toml"))
}

extension World {
    /// BlueZ tells of a device with more than a name.
    mutating func device(
        _ reference: DeviceReference = cuff, paired: Bool = false, connected: Bool = false, inRange: Bool = false,
        heardAt: Moment? = nil, _ change: (inout DeviceFacts) -> Void
    ) {
        var facts = DeviceFacts(address: reference.address, name: "Cuff")
        change(&facts)
        send(
            .deviceChanged(
                DeviceSnapshot(
                    reference: reference, facts: facts, isPaired: paired, isBonded: paired, isConnected: connected,
                    isInRange: inRange, heardAt: heardAt?.monotonic)))
    }

    mutating func openWindow(_ span: Duration = .seconds(60), for devices: Set<Address> = [], by actor: Actor = anna) {
        take(coordinator.openWindow(for: span, devices: devices, actor: actor, at: now).effects)
    }

    /// The request and the response of an LE pairing go over the air: we as KeyboardDisplay, with Secure Connections.
    mutating func agree(
        _ capability: IOCapability, secureConnections: Bool = true, keySize: UInt8 = 16,
        with device: DeviceReference = cuff
    ) {
        let response: AuthenticationRequirements = secureConnections ? [.bonding, .secureConnections] : [.bonding]
        let agreement = PairingAgreement(
            request: PairingFeatures(
                ioCapability: .keyboardDisplay,
                authenticationRequirements: [.bonding, .mitmProtection, .secureConnections]),
            response: PairingFeatures(
                ioCapability: capability, authenticationRequirements: response, maximumEncryptionKeySize: keySize))
        send(.agreement(device.adapter, device.address, agreement))
    }

    mutating func closeWindow(by actor: Actor = anna) {
        take(coordinator.closeWindow(actor: actor, at: now))
    }
}
