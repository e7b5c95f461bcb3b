// SPDX-License-Identifier: Apache-2.0

public import Bluetooth
public import DBus
public import EventLoop

/// `org.bluez` as the rest of the daemon sees it: its objects, our agents, and the calls that we make.
@LoopActor
public final class Client {
    public enum Event {
        /// BlueZ is on the bus, its objects are read and our agents are registered.
        case appeared
        case vanished
        case object(ObjectCache.Event)
        case agentCall(AgentCall)
        /// BlueZ refused an agent; it is tried again.
        case registrationFailed(Agent.Role, DBusError)
        /// BlueZ took an agent that it had refused before.
        case registered(Agent.Role)
    }

    /// Who answers for pairings that others start.
    public enum DefaultAgent: String, Sendable {
        case held
        case notClaimed = "not-claimed"
        case unknown
    }

    public let objects: ObjectCache
    public private(set) var isRunning = false
    public private(set) var defaultAgent = DefaultAgent.notClaimed
    /// What is shown in pairings that others start; it is BlueZ's for as long as the agents live.
    public let defaultCapability: IOCapability
    public var onEvent: (@LoopActor (Event) -> Void)?

    private let connection: Connection
    private let claimsDefault: Bool
    private let agents: [Agent]
    private let initiators: [IOCapability: Agent]
    private let advertisement: Advertisement
    private var startUp: Task<Void, Never>?

    /// Connects the agents; nothing is said to BlueZ before ``start()``.
    ///
    /// - Parameters:
    ///   - connection: For everything but the agents.
    ///   - address: The bus, for the agents' own connections.
    ///   - defaultCapability: What is shown in pairings that others start.
    ///   - claimsDefault: Are we to answer for those?
    public init(
        connection: Connection, address: String, defaultCapability: IOCapability, claimsDefault: Bool = true
    ) async throws(DBusError) {
        self.connection = connection
        self.claimsDefault = claimsDefault
        self.defaultCapability = defaultCapability
        objects = ObjectCache(connection: connection)
        // BlueZ promotes the next in its queue when the default agent goes: the weakest is registered last.
        let order: [IOCapability] = [.keyboardDisplay, .displayYesNo, .keyboardOnly, .displayOnly, .noInputNoOutput]
        var agents = [try await Agent(role: .default(defaultCapability), address: address)]
        for capability in order { agents.append(try await Agent(role: .initiator(capability), address: address)) }
        self.agents = agents
        initiators = Dictionary(uniqueKeysWithValues: zip(order, agents.dropFirst()))
        advertisement = Advertisement(connection: agents[0].connection)
        for agent in agents { agent.onCall = { [weak self] in self?.onEvent?(.agentCall($0)) } }
        objects.onEvent = { [weak self] in self?.onEvent?(.object($0)) }
    }

    /// Called once when any of the connections breaks.
    public func onDisconnect(_ handler: @escaping @LoopActor () -> Void) {
        for connection in agents.map(\.connection) + [connection] { connection.onDisconnect = handler }
    }

    /// Follows BlueZ from now on, through all its restarts.
    public func start() {
        connection.watchName(Names.service) { [weak self] in self?.ownerChanged($0) }
    }

    /// Closes the agents' connections: BlueZ forgets the agents and ends what they were asked.
    public func close() {
        startUp?.cancel()
        for agent in agents { agent.connection.close() }
    }

    private func ownerChanged(_ owner: String?) {
        startUp?.cancel()
        for agent in agents { agent.bluez = owner }
        if isRunning {
            isRunning = false
            defaultAgent = .notClaimed
            objects.clear()
            onEvent?(.vanished)
        }
        guard owner != nil else { return }
        startUp = onLoop { [weak self] in await self?.begin() }
    }

    private func begin() async {
        // The default comes first: until it is there, every incoming pairing fails.
        let registered = await register(agents[0], asDefault: claimsDefault)
        guard !Task.isCancelled else { return }
        do throws(DBusError) {
            try await objects.load()
        } catch {
            onEvent?(.registrationFailed(agents[0].role, error))
        }
        var failed = registered ? [] : [agents[0]]
        for agent in agents.dropFirst() {
            guard !Task.isCancelled else { return }
            if await !register(agent, asDefault: false) { failed.append(agent) }
        }
        guard !Task.isCancelled else { return }
        isRunning = true
        onEvent?(.appeared)
        await retry(failed)
    }

    private func register(_ agent: Agent, asDefault: Bool) async -> Bool {
        do throws(DBusError) {
            try await agent.register()
            if asDefault {
                try await agent.requestDefault()
                defaultAgent = .held
            }
            return true
        } catch {
            if asDefault { defaultAgent = .unknown }
            if !Task.isCancelled { onEvent?(.registrationFailed(agent.role, error)) }
            return false
        }
    }

    /// Tries again after 1, 2, 4, … seconds, at most a minute apart.
    private func retry(_ failed: [Agent]) async {
        var failed = failed
        var delay: UInt64 = 1
        while !failed.isEmpty {
            await sleep(microseconds: delay * 1_000_000)
            guard !Task.isCancelled else { return }
            delay = min(delay * 2, 60)
            var remaining: [Agent] = []
            for agent in failed {
                if await register(agent, asDefault: claimsDefault && agent === agents[0]) {
                    onEvent?(.registered(agent.role))
                } else {
                    remaining.append(agent)
                }
            }
            failed = remaining
        }
    }

    // MARK: Calls

    /// Pairs with `device`, showing `capability`; returns when BlueZ says how it ended, however long that takes.
    public func pair(_ device: ObjectPath, as capability: IOCapability) async throws(DBusError) {
        guard let agent = initiators[capability] else { throw .failed("there is no agent for \(capability.rawValue)") }
        try await agent.connection.call(Names.service, device, Names.device, "Pair", timeout: nil)
    }

    /// Ends our own pairing with `device`. Never call it when none is under way: BlueZ then removes the bond
    /// (`src/device.c`, since 5.65).
    public func cancelPairing(_ device: ObjectPath) async throws(DBusError) {
        try await connection.call(Names.service, device, Names.device, "CancelPairing")
    }

    /// Lets the device use our services without a question.
    public func trust(_ device: ObjectPath) async throws(DBusError) {
        try await connection.call(
            Names.service, device, Names.properties, "Set",
            [.string(Names.device), .string("Trusted"), .variant(.boolean(true))])
    }

    /// Switches the kernel's bondable mode.
    public func setPairable(_ isPairable: Bool, on adapter: ObjectPath) async throws(DBusError) {
        try await connection.call(
            Names.service, adapter, Names.properties, "Set",
            [.string(Names.adapter), .string("Pairable"), .variant(.boolean(isPairable))])
    }

    /// Lets others find the adapter, or not any more: by BR/EDR inquiry, and by advertising over Low Energy. A controller that
    /// can do one of the two does that one.
    public func setDiscoverable(_ isDiscoverable: Bool, on adapter: ObjectPath) async throws(DBusError) {
        var failures: [DBusError] = []
        do throws(DBusError) {
            try await connection.call(
                Names.service, adapter, Names.properties, "Set",
                [.string(Names.adapter), .string("Discoverable"), .variant(.boolean(isDiscoverable))])
        } catch {
            failures.append(error)
        }
        do throws(DBusError) {
            if isDiscoverable {
                try await advertisement.start(on: adapter)
            } else {
                try await advertisement.stop(on: adapter)
            }
        } catch {
            failures.append(error)
        }
        if failures.count == 2 { throw failures[0] }
    }

    public func disconnect(_ device: ObjectPath) async throws(DBusError) {
        try await connection.call(Names.service, device, Names.device, "Disconnect")
    }

    /// Removes the device and its bond from BlueZ. The object itself goes a moment after this returns.
    public func remove(_ device: ObjectPath, from adapter: ObjectPath) async throws(DBusError) {
        try await connection.call(Names.service, adapter, Names.adapter, "RemoveDevice", [.objectPath(device)])
    }

    public func startDiscovery(_ adapter: ObjectPath) async throws(DBusError) {
        try await connection.call(Names.service, adapter, Names.adapter, "StartDiscovery")
    }

    public func stopDiscovery(_ adapter: ObjectPath) async throws(DBusError) {
        try await connection.call(Names.service, adapter, Names.adapter, "StopDiscovery")
    }
}
