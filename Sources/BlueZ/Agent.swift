// SPDX-License-Identifier: Apache-2.0

public import Bluetooth
public import DBus
public import EventLoop

/// One agent: BlueZ keeps one for each connection (`src/agent.c`), so each has a connection of its own.
@LoopActor
public final class Agent {
    /// What an agent is there for.
    public enum Role: Sendable, Hashable {
        /// It answers for everything that others start.
        case `default`(IOCapability)
        /// It answers for the pairings that we start with this capability.
        case initiator(IOCapability)

        public var ioCapability: IOCapability {
            switch self {
            case .default(let capability), .initiator(let capability): capability
            }
        }
    }

    public nonisolated let role: Role
    let connection: Connection
    var onCall: (@LoopActor (AgentCall) -> Void)?
    /// The unique name of the present owner of `org.bluez`: nobody else is obeyed.
    var bluez: String?

    private static let path: ObjectPath = "/org/pairingd/agent"

    init(role: Role, address: String) async throws(DBusError) {
        self.role = role
        connection = try await Connection(address: address)
        connection.objects.export(self, at: Self.path, [Self.interface])
    }

    /// Makes this agent known to BlueZ; being known already is no error.
    func register() async throws(DBusError) {
        do throws(DBusError) {
            try await manager("RegisterAgent", [.objectPath(Self.path), .string(role.ioCapability.rawValue)])
        } catch {
            guard error.name == "org.bluez.Error.AlreadyExists" else { throw error }
        }
    }

    /// Moves this agent to the head of BlueZ's queue of default agents.
    func requestDefault() async throws(DBusError) {
        try await manager("RequestDefaultAgent", [.objectPath(Self.path)])
    }

    private func manager(_ member: String, _ arguments: [Value]) async throws(DBusError) {
        try await connection.call(
            Names.service, "/org/bluez", Names.agentManager, member, arguments, timeout: 10_000)
    }

    // MARK: org.bluez.Agent1

    /// Source: `doc/org.bluez.Agent.rst`.
    private static let interface: Interface<Agent> = {
        let device = Argument("device", "o")
        func method(
            _ name: String, in input: [Argument], out output: [Argument] = [],
            _ question: @escaping @LoopActor (MethodCall) throws(DBusError) -> AgentCall.Question
        ) -> Method<Agent> {
            Method(
                name, in: input, out: output, access: .anyone,
                deferred: { agent, call in agent.received(call, question) })
        }
        return Interface<Agent>(
            Names.agent,
            methods: [
                method("Release", in: []) { _ throws(DBusError) in .release },
                method("Cancel", in: []) { _ throws(DBusError) in .cancel },
                method("RequestPinCode", in: [device], out: [Argument("pincode", "s")]) { _ throws(DBusError) in
                    .pinCode
                },
                method("DisplayPinCode", in: [device, Argument("pincode", "s")]) { call throws(DBusError) in
                    guard let pin = PINCode(try call.argument(1, as: String.self)) else {
                        throw .invalidArguments("a PIN code has 1 to 16 bytes and no control characters")
                    }
                    return .displayPINCode(pin)
                },
                method("RequestPasskey", in: [device], out: [Argument("passkey", "u")]) { _ throws(DBusError) in
                    .passkey
                },
                method("DisplayPasskey", in: [device, Argument("passkey", "u"), Argument("entered", "q")]) {
                    call throws(DBusError) in
                    .displayPasskey(try passkey(call), entered: try call.argument(2))
                },
                method("RequestConfirmation", in: [device, Argument("passkey", "u")]) { call throws(DBusError) in
                    .confirmation(try passkey(call))
                },
                method("RequestAuthorization", in: [device]) { _ throws(DBusError) in .authorization },
                method("AuthorizeService", in: [device, Argument("uuid", "s")]) { call throws(DBusError) in
                    guard let uuid = BluetoothUUID(try call.argument(1, as: String.self)) else {
                        throw .invalidArguments("not a UUID")
                    }
                    return .service(uuid)
                },
            ])
    }()

    private static func passkey(_ call: MethodCall) throws(DBusError) -> Passkey {
        guard let passkey = Passkey(try call.argument(1, as: UInt32.self)) else {
            throw .invalidArguments("a passkey has six digits")
        }
        return passkey
    }

    private func received(
        _ call: MethodCall, _ question: (MethodCall) throws(DBusError) -> AgentCall.Question
    ) {
        guard let bluez, call.sender == bluez else {
            call.fail(.accessDenied("only BlueZ may call this agent"))
            return
        }
        do throws(DBusError) {
            let device: ObjectPath? = call.arguments.isEmpty ? nil : try call.argument(0)
            onCall?(AgentCall(role: role, device: device, question: try question(call), call: call))
        } catch {
            call.fail(error)
        }
    }
}

/// A call that BlueZ made on one of our agents.
@LoopActor
public final class AgentCall {
    public enum Question: Sendable, Hashable {
        case release
        /// The outstanding question of this agent is taken back; BlueZ does not say which device it was about.
        case cancel
        case pinCode
        case displayPINCode(PINCode)
        case passkey
        /// `entered` digits are typed on the other side already.
        case displayPasskey(Passkey, entered: UInt16)
        case confirmation(Passkey)
        case authorization
        case service(BluetoothUUID)
    }

    public enum Answer: Sendable, Hashable {
        case accepted
        case passkey(Passkey)
        case pinCode(PINCode)
        /// `org.bluez.Error.Rejected`: somebody or a rule said no.
        case rejected(String)
        /// `org.bluez.Error.Canceled`: nobody answered, or the question was taken back.
        case canceled(String)
    }

    public nonisolated let role: Agent.Role
    /// `nil` for ``Question/release`` and ``Question/cancel`` only.
    public nonisolated let device: ObjectPath?
    public nonisolated let question: Question
    private let call: MethodCall

    fileprivate init(role: Agent.Role, device: ObjectPath?, question: Question, call: MethodCall) {
        self.role = role
        self.device = device
        self.question = question
        self.call = call
    }

    /// Does BlueZ wait for an answer? It does not for `Release`, `Cancel` and `DisplayPasskey`.
    public var expectsAnswer: Bool { call.owesReply }

    /// Answers, once; what comes after the first answer is dropped.
    public func answer(_ answer: Answer) {
        switch answer {
        case .accepted: call.reply()
        case .passkey(let passkey): call.reply(.uint32(passkey.value))
        case .pinCode(let pin): call.reply(.string(pin.text))
        case .rejected(let why): call.fail(DBusError(name: "org.bluez.Error.Rejected", message: why))
        case .canceled(let why): call.fail(DBusError(name: "org.bluez.Error.Canceled", message: why))
        }
    }
}
