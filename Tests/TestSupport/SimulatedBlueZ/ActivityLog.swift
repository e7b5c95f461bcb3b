// SPDX-License-Identifier: Apache-2.0

public import Bluetooth
public import DBus
public import EventLoop

/// A call that somebody made on BlueZ.
public struct ReceivedCall: Sendable, CustomStringConvertible {
    public let sender: String
    public let path: ObjectPath
    public let interface: String
    public let member: String
    public let arguments: [Value]

    public var description: String { "\(sender) calls \(path) \(member)" }
}

/// A call that BlueZ made on an agent, and what came of it.
public struct AgentCallRecord: Sendable, CustomStringConvertible {
    public enum Outcome: Sendable, Hashable {
        case pending
        /// BlueZ waits for no answer (`DisplayPasskey`, `Cancel`, `Release`).
        case notAwaited
        case accepted([Value])
        case refused(DBusError)
        /// Nobody answered in time.
        case expired
        /// BlueZ took it back with `Cancel`.
        case cancelled
        /// The agent's connection went away.
        case ownerVanished
        /// BlueZ itself went away.
        case abandoned
    }

    /// The unique name of the agent's connection.
    public let agent: String
    public let capability: IOCapability
    public let member: String
    /// `nil` for `Cancel` and `Release`.
    public let device: Address?
    /// Without the device.
    public let arguments: [Value]
    public internal(set) var outcome: Outcome
    /// How many answers came, those that came too late included. The bus lets through at most one for each call.
    public internal(set) var replies = 0

    public var description: String {
        let what = arguments.isEmpty ? "" : " \(arguments)"
        return "\(member)\(what) to \(agent) (\(capability)): \(outcome), \(replies) replies"
    }
}

/// A pairing and how it went.
public struct PairingRecord: Sendable, CustomStringConvertible {
    public enum Origin: Sendable, Hashable {
        /// `Device1.Pair()` of this unique name.
        case requested(by: String)
        /// The device began.
        case incoming
    }

    public let device: Address
    public let origin: Origin
    /// The unique name of the agent that was to answer when it began, if there was one.
    public internal(set) var agent: String?
    /// What our side told the device about itself; `nil` before that.
    public internal(set) var capability: IOCapability?
    public internal(set) var method: PairingMethod?
    /// `nil` while it goes on.
    public internal(set) var result: PairingResult?
    /// Why, in words; D-Bus does not tell this.
    public internal(set) var reason = ""

    public var caller: String? {
        if case .requested(let caller) = origin { caller } else { nil }
    }

    public var description: String {
        "\(device) \(origin) as \(capability?.rawValue ?? "?") by \(method?.rawValue ?? "?"):"
            + " \(result?.rawValue ?? "goes on") \(reason)"
    }
}

/// Everything that happened on a simulated BlueZ, over all its starts.
@LoopActor
public final class ActivityLog {
    public private(set) var calls: [ReceivedCall] = []
    public internal(set) var agentCalls: [AgentCallRecord] = []
    public internal(set) var pairings: [PairingRecord] = []
    private var lines: [String] = []
    private let beginning = Clock.monotonic

    nonisolated init() {}

    /// All of it in the order of time, for a failure's message.
    public var transcript: String { lines.joined(separator: "\n") }

    func note(_ text: @autoclosure () -> String) {
        let tenths = (Clock.monotonic - beginning) / 100
        lines.append("\(tenths / 10).\(tenths % 10) ms  \(text())")
    }

    func received(_ call: MethodCall) -> ReceivedCall {
        let record = ReceivedCall(
            sender: call.sender, path: call.path, interface: call.interface, member: call.member,
            arguments: call.arguments)
        calls.append(record)
        note(record.description)
        return record
    }

    func asked(_ agent: RegisteredAgent, _ question: AgentQuestion, _ device: Address?) -> Int {
        let record = AgentCallRecord(
            agent: agent.owner, capability: agent.capability, member: question.member, device: device,
            arguments: question.arguments, outcome: question.expectsReply ? .pending : .notAwaited)
        agentCalls.append(record)
        note("asks \(agent.owner): \(question.member) \(question.arguments)")
        return agentCalls.count - 1
    }

    func settled(_ index: Int, _ outcome: AgentCallRecord.Outcome) {
        agentCalls[index].outcome = outcome
        note("\(agentCalls[index].member) is \(outcome)")
    }

    func began(_ record: PairingRecord) -> Int {
        pairings.append(record)
        note("begins: \(record)")
        return pairings.count - 1
    }

    func ended(_ index: Int, _ result: PairingResult, _ reason: String) {
        pairings[index].result = result
        pairings[index].reason = reason
        note("ends: \(pairings[index])")
    }
}
