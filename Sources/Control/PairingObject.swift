// SPDX-License-Identifier: Apache-2.0

import Bluetooth
public import DBus
import EventLoop
import Pairing
public import Policy

/// `/org/pairingd/pairing/N`, `org.pairingd.Pairing1`.
@LoopActor
final class PairingObject {
    var snapshot: PairingSnapshot
    unowned let commands: any Commands

    init(_ snapshot: PairingSnapshot, commands: any Commands) {
        self.snapshot = snapshot
        self.commands = commands
    }

    /// What was reached; unknown until the pairing is done, and where nobody saw it.
    private var security: (level: String, secureConnections: String, keySize: UInt8) {
        guard snapshot.outcome?.result == .paired, let strength = snapshot.strength else {
            return ("unknown", "unknown", 0)
        }
        return (strength.level.rawValue, strength.isSecureConnections ? "yes" : "no", strength.keySize ?? 0)
    }

    static func path(_ number: PairingNumber) -> ObjectPath {
        ManagerObject.path.child("pairing").child(String(number.value))
    }

    static let interface = Interface<PairingObject>(
        "org.pairingd.Pairing1",
        methods: [
            Method("Cancel", access: .pair) { pairing, call throws(DBusError) in
                try pairing.commands.cancel(pairing.snapshot.number, actor: call.actor)
                return []
            },
            Method("Explain", out: [Argument("report", "a{sv}")], access: .anyone) { pairing, _ throws(DBusError) in
                [try pairing.commands.explain(pairing.snapshot.number).onTheBus.value]
            },
        ],
        properties: [
            Property("Device") { $0.snapshot.device.objectPath },
            Property("Address") { $0.snapshot.address.description },
            Property("Adapter") { $0.snapshot.adapter?.name ?? "" },
            Property("Name") { $0.snapshot.name.escaped },
            Property("Origin", change: .never) { $0.snapshot.origin.rawValue },
            Property("Rule") { $0.snapshot.rule ?? "" },
            Property("Profile") { $0.snapshot.profile?.onTheBus ?? [:] },
            Property("State") { $0.snapshot.phase.rawValue },
            Property("Attempt") { UInt32(clamping: $0.snapshot.attempt) },
            Property("Result") { $0.snapshot.outcome?.result.rawValue ?? "" },
            Property("Reason") { $0.snapshot.outcome?.reason ?? "" },
            Property("Security") { $0.security.level },
            Property("SecureConnections") { $0.security.secureConnections },
            Property("KeySize") { $0.security.keySize },
            Property("StartedAt", change: .never) { $0.snapshot.startedAt },
            Property("FinishedAt") { $0.snapshot.finishedAt ?? 0 },
        ])
}

extension Optional where Wrapped == DeviceReference {
    /// `/` stands for none.
    var objectPath: ObjectPath { self.flatMap { ObjectPath($0.path) } ?? "/" }
}

extension Profile {
    /// The profile as the bus shows it, by key with its table; of a secret, only that there is one.
    public var onTheBus: [String: Value] {
        Dictionary(settings.map { ($0.key, Value(written: $0.value)) }) { first, _ in first }
    }
}

extension Value {
    /// A value as a rule file has it, in the type that a program expects: truth values and numbers as such, the rest as text.
    fileprivate init(written text: String) {
        let isQuoted = text.utf8.count >= 2 && text.hasPrefix("\"") && text.hasSuffix("\"")
        if text == "true" || text == "false" {
            self = .boolean(text == "true")
        } else if let number = UInt32(text) {
            self = .uint32(number)
        } else {
            self = .string(isQuoted ? String(text.dropFirst().dropLast()) : text)
        }
    }
}
