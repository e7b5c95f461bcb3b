// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing
import Policy

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

    mutating func closeWindow(by actor: Actor = anna) {
        take(coordinator.closeWindow(actor: actor, at: now))
    }
}
