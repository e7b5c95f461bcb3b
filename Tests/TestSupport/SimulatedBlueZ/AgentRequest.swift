// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop

/// What BlueZ asks of an agent (`org.bluez.Agent1`).
enum AgentQuestion: Sendable, Hashable {
    case authorization
    case confirmation(UInt32)
    case passkey
    case displayPasskey(UInt32, entered: UInt16)
    case pinCode
    case displayPINCode(String)
    case service(String)
    case cancel
    case release

    var member: String {
        switch self {
        case .authorization: "RequestAuthorization"
        case .confirmation: "RequestConfirmation"
        case .passkey: "RequestPasskey"
        case .displayPasskey: "DisplayPasskey"
        case .pinCode: "RequestPinCode"
        case .displayPINCode: "DisplayPinCode"
        case .service: "AuthorizeService"
        case .cancel: "Cancel"
        case .release: "Release"
        }
    }

    /// What follows the device's path.
    var arguments: [Value] {
        switch self {
        case .authorization, .passkey, .pinCode, .cancel, .release: []
        case .confirmation(let passkey): [.uint32(passkey)]
        case .displayPasskey(let passkey, let entered): [.uint32(passkey), .uint16(entered)]
        case .displayPINCode(let pin): [.string(pin)]
        case .service(let uuid): [.string(uuid)]
        }
    }

    /// `src/agent.c` sends these with the NO_REPLY flag.
    var expectsReply: Bool {
        switch self {
        case .displayPasskey, .cancel, .release: false
        default: true
        }
    }

    /// Is `Cancel` sent when nobody answers (`src/agent.c:simple_agent_reply`)? Not for PIN codes and passkeys.
    var isCancelledOnTimeout: Bool { self != .pinCode && self != .passkey }
}

enum AgentAnswer: Sendable, Hashable {
    case accepted
    case passkey(UInt32)
    case pin(String)
    case refused
}

/// A call on an agent that waits for its answer.
@LoopActor
final class AgentRequest {
    private enum State {
        case outstanding(@LoopActor (AgentAnswer) -> Void)
        /// Answered, expired or taken back: what still comes is only counted.
        case settled
    }

    private let agent: RegisteredAgent
    private let question: AgentQuestion
    private let log: ActivityLog
    private let record: Int
    private var state: State
    private var timeout: EventSource?
    /// The message has left; a `Cancel` before that would come first.
    private var isSent = false

    init(
        _ agent: RegisteredAgent, _ question: AgentQuestion, about device: SimulatedDevice,
        limit: Duration, log: ActivityLog, _ completion: @escaping @LoopActor (AgentAnswer) -> Void
    ) {
        self.agent = agent
        self.question = question
        self.log = log
        record = log.asked(agent, question, device.address)
        state = .outstanding(completion)
        timeout = timer(after: limit) { [weak self] in self?.expire() }
        let path = device.path
        onLoop { await self.call(path) }
    }

    /// Takes the question back: the agent is told, and whoever asked hears nothing more.
    func cancel() {
        guard case .outstanding = state else { return }
        settle(.cancelled)
        if isSent { agent.tell(.cancel) }
    }

    /// BlueZ is gone.
    func abandon() {
        guard case .outstanding = state else { return }
        settle(.abandoned)
    }

    private func call(_ path: ObjectPath) async {
        guard case .outstanding = state,
            let message = try? Message.methodCall(
                to: agent.owner, path: agent.path, interface: "org.bluez.Agent1", member: question.member,
                arguments: [.objectPath(path)] + question.arguments)
        else { return }
        isSent = true
        answered(await agent.connection.call(message, timeout: nil))
    }

    private func answered(_ result: Result<Message, DBusError>) {
        let outcome: AgentCallRecord.Outcome
        var answer = AgentAnswer.refused
        switch result {
        case .failure(.disconnected): return
        case .failure(let error) where error.name.hasSuffix(".NoReply") || error.isServiceUnknown:
            // The bus answers for an agent that has gone.
            outcome = .ownerVanished
        case .failure(let error):
            log.agentCalls[record].replies += 1
            outcome = .refused(error)
        case .success(let message):
            log.agentCalls[record].replies += 1
            outcome = .accepted(message.arguments)
            answer = self.answer(message.arguments)
        }
        guard case .outstanding(let completion) = state else {
            log.note("too late: \(question.member) is \(outcome)")
            return
        }
        settle(outcome)
        completion(answer)
    }

    /// An answer that BlueZ cannot read is a no.
    private func answer(_ arguments: [Value]) -> AgentAnswer {
        switch (question, arguments.first) {
        case (.passkey, .uint32(let passkey)): .passkey(passkey)
        case (.pinCode, .string(let pin)) where (1...16).contains(pin.utf8.count): .pin(pin)
        case (.passkey, _), (.pinCode, _): .refused
        default: arguments.isEmpty ? .accepted : .refused
        }
    }

    private func expire() {
        guard case .outstanding(let completion) = state else { return }
        settle(.expired)
        if question.isCancelledOnTimeout { agent.tell(.cancel) }
        completion(.refused)
    }

    private func settle(_ outcome: AgentCallRecord.Outcome) {
        state = .settled
        timeout = nil
        if agent.request === self { agent.request = nil }
        log.settled(record, outcome)
    }
}
