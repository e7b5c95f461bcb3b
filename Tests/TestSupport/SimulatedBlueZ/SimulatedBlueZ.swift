// SPDX-License-Identifier: Apache-2.0

public import Bluetooth
import DBus
public import EventLoop

/// `bluetoothd` on a private bus, in the test's own process, with the habits of the real one and of the kernel below it.
///
/// It stands for everything on the other side of D-Bus: the adapter, the devices on the air and their persons. A test
/// chooses how devices behave, lets things happen, and reads afterwards who was asked what. Each habit names the place in
/// BlueZ's source that it was read from.
///
/// Its parts hold it and it holds them, so that a test may drop it while things go on; all that goes on ends with its bus.
@LoopActor
public final class SimulatedBlueZ {
    /// What a start finds in `/var/lib/bluetooth`.
    public enum Storage: Sendable {
        /// Bonded and trusted devices.
        case bonds
        case nothing
    }

    public var configuration: Configuration
    public private(set) lazy var adapter = SimulatedAdapter(self)
    public private(set) var devices: [SimulatedDevice] = []
    public let log = ActivityLog()
    /// The passkey of the next questions with one; `nil` is a random one each.
    public var nextPasskey: UInt32?

    /// Told of every call on the adapter and the devices before it is answered.
    public var onCall: (@LoopActor (ReceivedCall) -> Void)?

    private(set) var connection: Connection?
    private(set) lazy var agents = makeRegistry()
    let management = ManagementQueue()
    private(set) lazy var serviceQueue = ServiceQueue(self)
    private lazy var agentManager = AgentManager(self)
    private let address: String
    private var nameChanges: Subscription?
    var storm: EventSource?

    /// Nothing is on the bus before ``start(_:)``.
    public init(bus: PrivateBus, configuration: Configuration = Configuration()) {
        address = bus.address
        self.configuration = configuration
    }

    public var isRunning: Bool { connection != nil }
    /// The unique name of bluetoothd, while it runs.
    public var uniqueName: String? { connection?.uniqueName }
    /// The unique name of the present default agent.
    public var defaultAgent: String? { agents.defaultAgent?.owner }
    /// The capabilities of all agents, by unique name.
    public var registeredAgents: [String: IOCapability] { agents.agents.mapValues(\.capability) }

    // MARK: Its life

    /// Takes `org.bluez` and offers the adapter and the devices that it knows.
    public func start(_ storage: Storage = .bonds) async throws {
        guard connection == nil else { return }
        let connection = try await Connection(address: address)
        connection.onDisconnect = { [weak self] in self?.crash() }
        connection.objects.onCall = { [weak self] in
            guard let self else { return }
            let call = log.received($0)
            onCall?(call)
        }
        let rule = MatchRule(sender: Bus.name, interface: Bus.interface, member: "NameOwnerChanged")
        nameChanges = connection.subscribe(rule) { [weak self] message in
            let arguments = message.arguments
            if case .string(let name)? = arguments.first, arguments.last == .string("") { self?.vanished(name) }
        }
        agents = makeRegistry()
        adapter.reset()
        self.connection = connection
        connection.objects.manageObjects(at: "/")
        connection.objects.export(agentManager, at: "/org/bluez", [AgentManager.interface])
        connection.objects.export(adapter, at: adapter.path, [SimulatedAdapter.interface])
        for device in devices { device.restore(storage) }
        guard try await connection.requestName("org.bluez") else { throw SimulationError.nameIsTaken }
        log.note("starts as \(connection.uniqueName)")
    }

    /// Ends like a killed process: no answer, no farewell; the links stay up.
    public func crash() {
        guard let connection else { return }
        log.note("crashes")
        self.connection = nil
        management.reset()
        // Nothing that is dropped below can send anything any longer.
        connection.close()
        for agent in agents.agents.values { agent.request?.abandon() }
        for device in devices { device.abandon() }
        serviceQueue.reset()
        agents = makeRegistry()
        nameChanges = nil
        storm = nil
        adapter.isDiscovering = false
    }

    /// Ends in good order, as on SIGTERM: pairings fail, agents are released (`src/agent.c:btd_agent_cleanup`).
    public func stop() {
        guard isRunning else { return }
        log.note("stops")
        for device in devices {
            device.bonding?.shutDown()
            device.linkDown()
        }
        for agent in agents.agents.values { agent.tell(.release) }
        crash()
    }

    /// Sends the changes so far: BlueZ does so before every message (`gdbus/object.c:g_dbus_flush`).
    func flush() { connection?.objects.announceChanges() }

    private func makeRegistry() -> AgentRegistry {
        AgentRegistry { [weak self] in self?.adapter.defaultAgentChanged($0) }
    }

    private func vanished(_ name: String) {
        agents.drop(name)
        for device in devices where device.bonding?.caller == name { device.bonding?.callerVanished() }
        adapter.clientVanished(name)
    }

    // MARK: The air

    /// Puts a device on the air.
    @discardableResult
    public func addDevice(
        _ address: Address, _ addressType: AddressType = .public, _ transport: SimulatedTransport = .le,
        name: String? = nil,
        presence: Presence = .known, behaviour: DeviceBehaviour = DeviceBehaviour()
    ) -> SimulatedDevice {
        let device = SimulatedDevice(
            self, address, addressType, transport, name: name, presence: presence, behaviour: behaviour)
        // One that was removed makes room for another of the same address.
        devices.removeAll { $0.path == device.path && !$0.isExported }
        devices.append(device)
        if presence == .known { device.export() }
        if adapter.isDiscovering { device.discoveryStarted() }
        return device
    }
}

public enum SimulationError: Error {
    case nameIsTaken
}

extension SimulatedDevice {
    /// What bluetoothd knows of it after a start.
    fileprivate func restore(_ storage: SimulatedBlueZ.Storage) {
        switch storage {
        case .bonds where isBonded || isTrusted:
            // A bond without keys is what a CancelPairing too many leaves; the file brings the keys back.
            kernelHasKeys = isBonded
            isPaired = isBonded
            setTemporary(false)
            export()
        case .bonds, .nothing:
            let name = name
            forget()
            self.name = name
            if presence == .known || isConnected { export() }
        }
    }
}
