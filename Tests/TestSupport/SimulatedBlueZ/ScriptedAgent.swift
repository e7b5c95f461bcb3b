// SPDX-License-Identifier: Apache-2.0

public import Bluetooth
public import DBus
public import EventLoop

/// A program with an agent of its own: it answers as it is told, may take the default from others, and may pair.
@LoopActor
public final class ScriptedAgent {
    public enum Answer: Sendable {
        case yes
        case passkey(UInt32)
        case pin(String)
        case no
        /// It keeps the question, unanswered.
        case never
    }

    /// What it was asked, and may still answer.
    public struct Question: Sendable {
        public let member: String
        public let arguments: [Value]
        let call: MethodCall
    }

    public let connection: Connection
    public var answer: Answer
    public private(set) var questions: [Question] = []
    private let path: ObjectPath

    public init(bus: PrivateBus, path: ObjectPath = "/agent", answer: Answer = .yes) async throws(DBusError) {
        connection = try await Connection(address: bus.address)
        self.answer = answer
        self.path = path
        connection.objects.export(self, at: path, [Self.interface])
    }

    public var uniqueName: String { connection.uniqueName }
    /// The names of the methods that were called on it, first to last.
    public var asked: [String] { questions.map(\.member) }

    public func register(_ capability: String) async throws(DBusError) {
        try await manager("RegisterAgent", [.objectPath(path), .string(capability)])
    }

    public func unregister() async throws(DBusError) { try await manager("UnregisterAgent", [.objectPath(path)]) }
    public func requestDefault() async throws(DBusError) {
        try await manager("RequestDefaultAgent", [.objectPath(path)])
    }

    /// Registers and becomes the default: what a foreign program does to the daemon.
    public func stealDefault(_ capability: IOCapability = .keyboardDisplay) async throws(DBusError) {
        try await register(capability.rawValue)
        try await requestDefault()
    }

    public func pair(_ device: SimulatedDevice) async throws(DBusError) { try await call(device, "Pair") }

    /// Calls a method of `org.bluez.Device1`.
    public func call(_ device: SimulatedDevice, _ member: String, timeout: Int32? = nil) async throws(DBusError) {
        try await connection.call(
            "org.bluez", device.path, "org.bluez.Device1", member, timeout: timeout)
    }

    /// Calls a method of `org.bluez.Adapter1`.
    public func callAdapter(_ member: String, _ arguments: Value...) async throws(DBusError) {
        try await connection.call("org.bluez", "/org/bluez/hci0", "org.bluez.Adapter1", member, arguments)
    }

    /// Answers a question that was kept, if it is still open.
    public func reply(to question: Question, _ answer: Answer) { settle(question.call, answer) }

    /// Ends the program.
    public func close() { connection.close() }

    private func manager(_ member: String, _ arguments: [Value]) async throws(DBusError) {
        try await connection.call("org.bluez", "/org/bluez", "org.bluez.AgentManager1", member, arguments)
    }

    private func received(_ call: MethodCall) {
        questions.append(Question(member: call.member, arguments: call.arguments, call: call))
        if call.owesReply { settle(call, answer) }
    }

    private func settle(_ call: MethodCall, _ answer: Answer) {
        switch answer {
        case .yes: call.reply()
        case .passkey(let passkey): call.reply(.uint32(passkey))
        case .pin(let pin): call.reply(.string(pin))
        case .no: call.fail(DBusError(name: "org.bluez.Error.Rejected", message: "no"))
        case .never: break
        }
    }

    /// Source: `doc/org.bluez.Agent.rst`.
    private static let interface: Interface<ScriptedAgent> = {
        let shapes: [(String, [Argument])] = [
            ("Release", []), ("Cancel", []),
            ("RequestPinCode", [Argument("device", "o")]),
            ("DisplayPinCode", [Argument("device", "o"), Argument("pincode", "s")]),
            ("RequestPasskey", [Argument("device", "o")]),
            ("DisplayPasskey", [Argument("device", "o"), Argument("passkey", "u"), Argument("entered", "q")]),
            ("RequestConfirmation", [Argument("device", "o"), Argument("passkey", "u")]),
            ("RequestAuthorization", [Argument("device", "o")]),
            ("AuthorizeService", [Argument("device", "o"), Argument("uuid", "s")]),
        ]
        return Interface(
            "org.bluez.Agent1",
            methods: shapes.map { name, input in
                Method(name, in: input, access: .anyone, deferred: { agent, call in agent.received(call) })
            })
    }()
}
