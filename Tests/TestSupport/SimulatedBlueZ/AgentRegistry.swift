// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop

/// An agent as BlueZ keeps it (`src/agent.c`).
@LoopActor
final class RegisteredAgent {
    let owner: String
    let path: ObjectPath
    let capability: IOCapability
    let connection: Connection
    /// The one question that it may be asked at a time.
    var request: AgentRequest?
    private let log: ActivityLog

    init(owner: String, path: ObjectPath, capability: IOCapability, connection: Connection, log: ActivityLog) {
        self.owner = owner
        self.path = path
        self.capability = capability
        self.connection = connection
        self.log = log
    }

    /// Sends a call that needs no answer.
    func tell(_ question: AgentQuestion, about device: SimulatedDevice? = nil) {
        _ = log.asked(self, question, device?.address)
        let subject = device.map { [Value.objectPath($0.path)] } ?? []
        guard
            let message = try? Message.methodCall(
                to: owner, path: path, interface: "org.bluez.Agent1", member: question.member,
                arguments: subject + question.arguments, expectsReply: false)
        else { return }
        connection.send(message)
    }

    /// Asks, unless something is asked already: then it is a no at once (EBUSY, `src/agent.c:agent_has_request`).
    func ask(
        _ question: AgentQuestion, about device: SimulatedDevice, limit: Duration,
        _ completion: @escaping @LoopActor (AgentAnswer) -> Void
    ) {
        guard request == nil else {
            log.note("\(owner) is busy: \(question.member) about \(device.address) is refused")
            completion(.refused)
            return
        }
        request = AgentRequest(self, question, about: device, limit: limit, log: log, completion)
    }

    /// `src/agent.c:agent_cancel`: whatever is asked is taken back, also if it is about another device.
    func cancelRequest() { request?.cancel() }
}

/// BlueZ's agents: one for each connection, and the queue of those that may be the default (`src/agent.c`).
@LoopActor
final class AgentRegistry {
    private(set) var agents: [String: RegisteredAgent] = [:]
    private(set) var queue: [RegisteredAgent] = []
    private let onDefaultChange: @LoopActor (RegisteredAgent?) -> Void

    init(onDefaultChange: @escaping @LoopActor (RegisteredAgent?) -> Void) {
        self.onDefaultChange = onDefaultChange
    }

    var defaultAgent: RegisteredAgent? { queue.first }

    /// `agent_get`: the caller's own, else the default.
    func agent(for owner: String) -> RegisteredAgent? { agents[owner] ?? queue.first }

    func register(_ agent: RegisteredAgent) throws(DBusError) {
        guard agents[agent.owner] == nil else { throw .alreadyExists }
        agents[agent.owner] = agent
        queue.append(agent)
        if queue.count == 1 { onDefaultChange(agent) }
    }

    func unregister(_ owner: String, _ path: ObjectPath) throws(DBusError) {
        guard agents[owner]?.path == path else { throw .doesNotExist }
        drop(owner)
    }

    func requestDefault(_ owner: String, _ path: ObjectPath) throws(DBusError) {
        guard let agent = agents[owner], agent.path == path else { throw .doesNotExist }
        guard queue.first !== agent else { return }
        queue.removeAll { $0 === agent }
        queue.insert(agent, at: 0)
        onDefaultChange(agent)
    }

    /// `agent_disconnect`: the next in the queue becomes the default.
    func drop(_ owner: String) {
        guard let agent = agents.removeValue(forKey: owner) else { return }
        let wasDefault = queue.first === agent
        queue.removeAll { $0 === agent }
        if wasDefault { onDefaultChange(queue.first) }
    }
}
