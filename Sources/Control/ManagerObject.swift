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

    var state: ManagerState

    init(commands: any Commands) {
        self.commands = commands
        state = commands.managerState
    }

    static let interface = Interface<ManagerObject>(
        "org.pairingd.Manager1",
        methods: [
            Method(
                "Pair", in: [Argument("device", "s"), Argument("options", "a{sv}")], out: [Argument("pairing", "o")],
                access: .pair
            ) { manager, call throws(DBusError) in
                let number = try manager.commands.pair(
                    try call.argument(0), try PairOptions(call.argument(1)), actor: call.actor,
                    authorizedRule: call.authorizedRule)
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
}
