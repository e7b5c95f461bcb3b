// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop

/// What stands behind `/org/bluez` (`src/agent.c`).
@LoopActor
final class AgentManager {
    private let bluez: SimulatedBlueZ

    init(_ bluez: SimulatedBlueZ) { self.bluez = bluez }

    static let interface: Interface<AgentManager> = {
        let agent = Argument("agent", "o")
        return Interface<AgentManager>(
            "org.bluez.AgentManager1",
            methods: [
                Method("RegisterAgent", in: [agent, Argument("capability", "s")], access: .anyone) {
                    (manager, call) throws(DBusError) in
                    try manager.register(call)
                },
                Method("UnregisterAgent", in: [agent], access: .anyone) { (manager, call) throws(DBusError) in
                    try manager.bluez.agents.unregister(call.sender, try call.argument(0))
                    return []
                },
                Method("RequestDefaultAgent", in: [agent], access: .anyone) { (manager, call) throws(DBusError) in
                    try manager.bluez.agents.requestDefault(call.sender, try call.argument(0))
                    return []
                },
            ])
    }()

    private func register(_ call: MethodCall) throws(DBusError) -> [Value] {
        guard bluez.agents.agents[call.sender] == nil else { throw .alreadyExists }
        let name: String = try call.argument(1)
        // `parse_io_capability`: exactly one of the five names, or nothing.
        guard let capability = name.isEmpty ? .keyboardDisplay : IOCapability(rawValue: name),
            let connection = bluez.connection
        else { throw .invalidBlueZArguments }
        try bluez.agents.register(
            RegisteredAgent(
                owner: call.sender, path: try call.argument(0), capability: capability, connection: connection,
                log: bluez.log))
        return []
    }
}
