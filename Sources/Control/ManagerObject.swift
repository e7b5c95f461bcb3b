// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop
import Pairing

/// `/org/pairingd`, `org.pairingd.Manager1`.
@LoopActor
final class ManagerObject {
    static let path: ObjectPath = "/org/pairingd"

    unowned let commands: any Commands

    init(commands: any Commands) { self.commands = commands }

    private var state: ManagerState { commands.managerState }

    static let interface = Interface<ManagerObject>(
        "org.pairingd.Manager1",
        methods: [
            Method(
                "Pair", in: [Argument("device", "s"), Argument("options", "a{sv}")], out: [Argument("pairing", "o")],
                access: .pair
            ) { manager, call throws(DBusError) in
                let timeout = try options(call.argument(1), allowing: ["timeout"])["timeout"]
                let number = try manager.commands.pair(
                    try call.argument(0), timeout: try seconds(timeout), actor: call.actor)
                return [.objectPath(PairingObject.path(number))]
            },
            Method(
                "Forget", in: [Argument("device", "s")], access: .manage,
                deferred: { manager, call in
                    do throws(DBusError) {
                        manager.commands.forget(try call.argument(0), actor: call.actor) { error in
                            if let error { call.fail(error) } else { call.reply() }
                        }
                    } catch {
                        call.fail(error)
                    }
                }),
            Method(
                "Evaluate", in: [Argument("device", "s"), Argument("options", "a{sv}")],
                out: [Argument("evaluation", "a{sv}")], access: .anyone
            ) { manager, call throws(DBusError) in
                let options = try options(call.argument(1), allowing: ["in-window"])
                let inWindow = try option("in-window", options, "true or false, of type b", as: Bool.self)
                return [try manager.commands.evaluate(try call.argument(0), inWindow: inWindow).value]
            },
            Method(
                "OpenWindow", in: [Argument("seconds", "u"), Argument("options", "a{sv}")],
                out: [Argument("until", "t")], access: .manage
            ) { manager, call throws(DBusError) in
                let options = try options(call.argument(1), allowing: ["devices"])
                let devices = try option("devices", options, "a list of devices, of type as", as: [String].self)
                return [
                    .uint64(
                        try manager.commands.openWindow(
                            try call.argument(0), devices: devices ?? [], actor: call.actor))
                ]
            },
            Method("CloseWindow", access: .manage) { manager, call in
                manager.commands.closeWindow(actor: call.actor)
                return []
            },
            Method("Reload", access: .manage) { manager, call throws(DBusError) in
                try manager.commands.reload(actor: call.actor)
                return []
            },
        ],
        properties: [
            Property("Version", change: .never) { $0.state.version },
            Property("BlueZ") { $0.state.isBlueZRunning ? "running" : "absent" },
            Property("DefaultAgent") { $0.state.defaultAgent },
            Property("DefaultIOCapability") { $0.state.defaultIOCapability },
            Property("Adapters") { $0.state.adapters },
            Property("PolicyFiles") { $0.state.policyFiles },
            Property("PolicyErrors") { $0.state.policyErrors },
            Property("PolicyWarnings") { $0.state.policyWarnings },
            Property("WindowUntil") { $0.state.windowUntil },
            Property("PendingRequests") { $0.state.pendingRequests },
            Property("ActivePairing") { $0.state.activePairing.map(PairingObject.path) ?? ObjectPath("/") },
            Property("MonitorAvailable") { $0.state.isMonitorAvailable },
        ])

    /// Announces what is different between two states.
    static func changes(from old: ManagerState, to new: ManagerState) -> [String] {
        var names: [String] = []
        if old.isBlueZRunning != new.isBlueZRunning { names.append("BlueZ") }
        if old.defaultAgent != new.defaultAgent { names.append("DefaultAgent") }
        if old.defaultIOCapability != new.defaultIOCapability { names.append("DefaultIOCapability") }
        if old.adapters != new.adapters { names.append("Adapters") }
        if old.policyFiles != new.policyFiles { names.append("PolicyFiles") }
        if old.policyErrors != new.policyErrors { names.append("PolicyErrors") }
        if old.policyWarnings != new.policyWarnings { names.append("PolicyWarnings") }
        if old.windowUntil != new.windowUntil { names.append("WindowUntil") }
        if old.pendingRequests != new.pendingRequests { names.append("PendingRequests") }
        if old.activePairing != new.activePairing { names.append("ActivePairing") }
        if old.isMonitorAvailable != new.isMonitorAvailable { names.append("MonitorAvailable") }
        return names
    }
}

/// The options of a call; one that is not known is refused rather than passed over.
private func options(_ options: [String: Value], allowing known: Set<String>) throws(DBusError) -> [String: Value] {
    if let unknown = options.keys.sorted().first(where: { !known.contains($0) }) {
        throw ControlError.invalidArgument("there is no option \(UntrustedText(unknown))")
    }
    return options
}

/// An option of one type; `nil` when it is not given.
private func option<Converted: ValueConvertible>(
    _ name: String, _ options: [String: Value], _ form: String, as type: Converted.Type
) throws(DBusError) -> Converted? {
    guard let value = options[name] else { return nil }
    guard let converted: Converted = value.converted() else {
        throw ControlError.invalidArgument("\(name) is \(form)")
    }
    return converted
}

private func seconds(_ value: Value?) throws(DBusError) -> UInt32? {
    guard let value else { return nil }
    guard let seconds: UInt32 = value.converted(), (1...3600).contains(seconds) else {
        throw ControlError.invalidArgument("timeout is a number of seconds from 1 to 3600, of type u")
    }
    return seconds
}
