// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing

// What can be left out stands in the middle, and what cannot at both ends: so a file that was cut short is never taken for
// a whole one.

extension BondRecord {
    private static let keySizes: ClosedRange<UInt8> = 7...16

    var text: String {
        let strength = strength.flatMap { $0.keySize.map(Self.keySizes.contains) ?? true ? $0 : nil }
        return StateLines.text(
            key.lines + [
                ("STATE", state.rawValue),
                ("SECURITY", strength?.level.rawValue),
                ("SECURE_CONNECTIONS", strength.map { StateLines.text($0.isSecureConnections) }),
                ("KEY_SIZE", strength?.keySize.map { String($0) }),
                ("RULE", rule),
                ("IO_CAPABILITY", capability?.rawValue),
                ("LAST_RESULT", lastResult?.rawValue),
                ("LAST_PAIRED_USEC", String(lastPaired)),
                ("FAILURES", String(failures)),
            ])
    }

    /// - Parameter name: The file's.
    init(_ name: String, _ lines: StateLines) throws(StateLines.Damage) {
        self.init(key: try Key(lines))
        guard key.fileName == name else {
            throw StateLines.Damage(line: nil, message: "is the record of another device, or no name for one")
        }
        state = try lines.required("STATE", State.init(rawValue:))
        if let level = try lines.optional("SECURITY", SecurityLevel.init(rawValue:)) {
            strength = Strength(
                level: level,
                isSecureConnections: try lines.required("SECURE_CONNECTIONS", StateLines.boolean),
                keySize: try lines.optional("KEY_SIZE") { text in
                    StateLines.decimal(text).flatMap { Self.keySizes.contains($0) ? $0 : nil }
                })
        }
        rule = try lines.optional("RULE") { $0 }
        capability = try lines.optional("IO_CAPABILITY", IOCapability.init(rawValue:))
        lastResult = try lines.optional("LAST_RESULT", PairingResult.init(rawValue:))
        lastPaired = try lines.required("LAST_PAIRED_USEC", StateLines.decimal)
        failures = try lines.required("FAILURES", StateLines.decimal)
    }
}

extension UnsettledPairing {
    var text: String {
        StateLines.text(
            [("NUMBER", number.description)] + key.lines + [
                ("ORIGIN", origin.rawValue),
                ("STARTED_USEC", String(startedAt)),
                ("RULE", rule),
                ("TOLD", isTold ? StateLines.text(true) : nil),
                ("HAD_BOND", StateLines.text(hadBond)),
                ("MAY_STAY", StateLines.text(mayStay)),
            ])
    }

    /// - Parameter name: The file's.
    init(_ name: String, _ lines: StateLines) throws(StateLines.Damage) {
        try lines.expect("NUMBER", name)
        self.init(
            number: PairingNumber(try lines.required("NUMBER", StateLines.decimal)),
            key: try BondRecord.Key(lines),
            origin: try lines.required("ORIGIN", PairingOrigin.init(rawValue:)),
            startedAt: try lines.required("STARTED_USEC", StateLines.decimal),
            rule: try lines.optional("RULE") { $0 },
            hadBond: try lines.required("HAD_BOND", StateLines.boolean),
            mayStay: try lines.required("MAY_STAY", StateLines.boolean))
        isTold = try lines.optional("TOLD", StateLines.boolean) ?? false
    }
}

extension BondRecord.Key {
    /// `ADAPTER_DEVICE_TYPE`, as BlueZ's object paths write addresses.
    var fileName: String { "\(adapter.pathComponent)_\(device.pathComponent)_\(type.rawValue)" }

    fileprivate var lines: [(key: String, value: String?)] {
        [("ADAPTER", adapter.description), ("DEVICE", device.description), ("ADDRESS_TYPE", type.rawValue)]
    }

    fileprivate init(_ lines: StateLines) throws(StateLines.Damage) {
        self.init(
            adapter: try lines.required("ADAPTER") { Address($0) },
            device: try lines.required("DEVICE") { Address($0) },
            type: try lines.required("ADDRESS_TYPE", AddressType.init(rawValue:)))
    }
}
