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

    /// What the rule gave for this pairing, as far as it is decided.
    private var profile: [String: Value] {
        snapshot.ioCapability.map { ["io-capability": .string($0.rawValue)] } ?? [:]
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
            }
        ],
        properties: [
            Property("Device") { $0.snapshot.device.objectPath },
            Property("Address") { $0.snapshot.address.description },
            Property("Adapter") { $0.snapshot.adapter?.name ?? "" },
            Property("Name") { $0.snapshot.name.escaped },
            Property("Origin", change: .never) { $0.snapshot.origin.rawValue },
            Property("Rule") { $0.snapshot.rule ?? "" },
            Property("Profile") { $0.profile },
            Property("State") { $0.snapshot.phase.rawValue },
            Property("Attempt") { UInt32(clamping: $0.snapshot.attempt) },
            Property("Result") { $0.snapshot.outcome?.result.rawValue ?? "" },
            Property("Reason") { $0.snapshot.outcome?.reason ?? "" },
            Property("StartedAt", change: .never) { $0.snapshot.startedAt },
            Property("FinishedAt") { $0.snapshot.finishedAt ?? 0 },
        ])

    static func changes(from old: PairingSnapshot, to new: PairingSnapshot) -> [String] {
        var names: [String] = []
        if old.device != new.device { names.append("Device") }
        if old.adapter != new.adapter { names.append("Adapter") }
        if old.address != new.address { names.append("Address") }
        if old.name != new.name { names.append("Name") }
        if old.rule != new.rule { names.append("Rule") }
        if old.ioCapability != new.ioCapability { names.append("Profile") }
        if old.phase != new.phase { names.append("State") }
        if old.attempt != new.attempt { names.append("Attempt") }
        if old.outcome != new.outcome { names += ["Result", "Reason", "FinishedAt"] }
        return names
    }
}

extension Optional where Wrapped == DeviceReference {
    /// `/` stands for none.
    var objectPath: ObjectPath { self.flatMap { ObjectPath($0.path) } ?? "/" }
}

extension Profile {
    /// The profile as the bus shows it: of fixed digits, only that there are some.
    public var onTheBus: [String: Value] {
        [
            "io-capability": .string(pairing.ioCapability.rawValue),
            "accept-incoming": .boolean(pairing.acceptIncoming),
            "authorization": .string(answers.authorization.rawValue),
            "confirmation": .string(answers.confirmation.rawValue),
            "passkey": .string(answers.passkey.word),
            "pin": .string(answers.pin.word),
            "service": .string(answers.service.rawValue),
        ]
    }
}

extension SecretAnswer {
    fileprivate var word: String {
        switch self {
        case .ask: "ask"
        case .reject: "reject"
        case .value: "value"
        }
    }
}
