// SPDX-License-Identifier: Apache-2.0

import BlueZ
import Bluetooth
import Control
import DBus
import EventLoop
import Explain
import Journal
import Pairing
import Policy
import State

/// Puts the parts together: events from BlueZ, the air and the bus go to the brain, and its effects come back here.
@LoopActor
final class Daemon {
    var policy: Policy
    /// What keeps the files from being taken into force.
    var policyErrors: [PolicyError]
    var watcher: PolicyWatcher?
    let options: Options
    let client: Client
    var coordinator: Coordinator
    let store: BondStore?
    /// The last failure of the state folder that was told.
    var storeError: StateError?
    var forgetting: [CommandToken: @LoopActor (DBusError?) -> Void] = [:]
    var nextToken: UInt64 = 0

    private let journal: Sink
    private(set) var server: Server?
    private var shownWindow: Window?
    private var monitor: MonitorFeed?
    var isMonitorAvailable: Bool { monitor != nil }
    private var questions: [AgentToken: AgentCall] = [:]
    private var pairCalls: [PairingNumber: Task<Void, Never>] = [:]
    private var timer: EventSource?

    init(
        options: Options, policy: Policy, errors: [PolicyError], connection: Connection
    ) async throws(DBusError) {
        self.options = options
        self.policy = policy
        policyErrors = errors
        let journal = options.journal
        self.journal = journal
        // Without it nothing is remembered, and everything else works.
        var state: StateFolder?
        do throws(StateError) {
            state = try StateFolder(path: options.stateDirectory)
        } catch {
            journal.write(Entry(.warning, "nothing will be remembered across restarts: \(error)"))
        }
        store = state.map { BondStore(folder: $0) }
        let numbers = NumberSeries(folder: state) { journal.write(Entry(.warning, "\($0)")) }
        client = try await Client(
            connection: connection, address: options.busAddress,
            defaultCapability: policy.configuration.agent.ioCapability,
            claimsDefault: policy.configuration.agent.isDefault)
        coordinator = Coordinator(
            rules: policy, numbers: numbers, timing: Timing(policy.configuration),
            bounds: Bounds(policy.configuration), conduct: Conduct(policy.configuration),
            recalled: Self.recall(store, journal))
    }

    /// Begins to follow BlueZ and to serve the bus.
    func start(connection: Connection) {
        server = Server(connection: connection, commands: self, authorizer: Authorizer(connection: connection))
        do {
            monitor = try MonitorFeed { [weak self] in self?.seen($0) }
            feed(.monitorAvailable(true))
        } catch {
            journal.write(Entry(.warning, "the reason of failures on the air cannot be told: \(error)"))
            feed(.monitorAvailable(false))
        }
        client.onEvent = { [weak self] in self?.handle($0) }
        client.start()
        watchPolicy()
        announce()
    }

    /// Tells the bus what has changed in the manager's properties.
    func announce() { server?.managerChanged() }

    /// Answers what waits and lets BlueZ go.
    func stop() {
        feed(.stopping)
        client.close()
    }

    func write(_ entry: Entry) { journal.write(entry) }

    var now: Moment {
        Moment(monotonic: MonotonicTime(microseconds: Clock.monotonic), realtime: Clock.realtime)
    }

    // MARK: What comes in

    private func handle(_ event: Client.Event) {
        switch event {
        case .appeared:
            journal.write(Entry(.info, "BlueZ is there; default agent: \(client.defaultAgent.rawValue)"))
            feed(.bluezAppeared)
            ServiceManager.status("ready, \(counted(policy.rules.count, "rule"))")
        case .vanished:
            journal.write(Entry(.notice, "bluetoothd left the bus; waiting for it"))
            questions = [:]
            feed(.bluezVanished)
            server?.showNoDevices()
            ServiceManager.status("waiting for bluetoothd")
        case .object(let change): handle(change)
        case .agentCall(let call): asked(call)
        case .registrationFailed(let role, let error):
            journal.write(
                Entry(.error, "BlueZ refused the agent for \(role.ioCapability.rawValue): \(UntrustedText("\(error)"))")
            )
        case .registered(let role):
            journal.write(Entry(.notice, "BlueZ took the agent for \(role.ioCapability.rawValue)"))
        }
        server?.managerChanged()
    }

    private func handle(_ change: ObjectCache.Event) {
        switch change {
        case .adapterChanged(let adapter): feed(.adapterChanged(AdapterSnapshot(adapter)))
        case .adapterRemoved(let path): feed(.adapterRemoved(AdapterReference(path: path.text)))
        case .deviceChanged(let device):
            feed(.deviceChanged(DeviceSnapshot(device)))
            show(device)
        case .keyMissing(let device):
            feed(.keyMissing(AdapterReference(path: device.adapter.text), device.address))
        case .deviceRemoved(let path):
            let adapter = ObjectPath("/" + path.elements.dropLast().joined(separator: "/")) ?? "/"
            feed(.deviceRemoved(DeviceReference(path: path.text, adapter: AdapterReference(path: adapter.text))))
            server?.show(nil, at: path)
        }
    }

    private func asked(_ call: AgentCall) {
        let role = AgentRole(call.role)
        nextToken += 1
        let token = AgentToken(nextToken)
        guard let path = call.device, let kind = AgentQuestion.Kind(call.question, token: token) else {
            call.answer(.accepted)
            feed(call.question == .cancel ? .questionCancelled(role) : .agentReleased(role))
            return
        }
        guard let device = client.objects.devices[path], client.objects.isFollowed(path) else {
            // During a discovery strangers are not followed: look at this one before deciding.
            onLoop { [weak self] in
                await self?.client.objects.refresh(path)
                self?.ask(call, kind, token, role, path)
            }
            return
        }
        ask(call, kind, token, role, device.path)
    }

    private func ask(
        _ call: AgentCall, _ kind: AgentQuestion.Kind, _ token: AgentToken, _ role: AgentRole, _ path: ObjectPath
    ) {
        guard let device = client.objects.devices[path] else {
            call.answer(.rejected("pairingd: BlueZ tells nothing of this device"))
            journal.write(Entry(.warning, "a question about \(path), which BlueZ does not know, was refused"))
            return
        }
        questions[token] = call
        feed(.question(AgentQuestion(role: role, device: DeviceReference(device), kind: kind)))
    }

    private func seen(_ fact: MonitorFeed.Fact) {
        switch fact {
        case .seen(let adapter, let device, let step):
            if let adapter = reference(of: adapter) { feed(.observed(adapter, device, step)) }
        case .agreement(let adapter, let device, let agreement, let local):
            if let adapter = reference(of: adapter) { feed(.agreement(adapter, device, agreement, local: local)) }
        case .key(let adapter, let device, let key):
            if let adapter = reference(of: adapter) { feed(.key(adapter, device, key)) }
        case .identity(let adapter, let device, let identity):
            if let adapter = reference(of: adapter) { feed(.identity(adapter, device, identity: identity)) }
        case .authenticationFailed(let adapter, let device, let code):
            if let adapter = reference(of: adapter) { feed(.authenticationFailed(adapter, device, code: code)) }
        case .encrypted(let adapter, let device):
            if let adapter = reference(of: adapter) { feed(.encrypted(adapter, device)) }
        case .keyMissing(let adapter, let device):
            if let adapter = reference(of: adapter) { feed(.keyMissing(adapter, device)) }
        case .securityRequest(let adapter, let device):
            if let adapter = reference(of: adapter) { feed(.securityRequest(adapter, device)) }
        case .smpFailure(let adapter, let device, let failure):
            if let adapter = reference(of: adapter) { feed(.smpFailure(adapter, device, failure)) }
        case .linkEnded(let adapter, let device, let reason):
            if let adapter = reference(of: adapter) { feed(.linkDisconnected(adapter, device, reason: reason)) }
        }
    }

    private func reference(of adapter: Address) -> AdapterReference? {
        client.objects.adapters.values.first { $0.address == adapter }.map { AdapterReference(path: $0.path.text) }
    }

    func feed(_ event: Event) {
        perform(coordinator.handle(event, at: now))
    }

    // MARK: What goes out

    func perform(_ effects: [Effect]) {
        var late: [Effect] = []
        for effect in effects {
            switch effect {
            case .reply(let token, let reply): questions.removeValue(forKey: token)?.answer(AgentCall.Answer(reply))
            case .record, .keepRecord, .dropRecord, .dropUnsettled: late.append(effect)
            default: perform(effect)
            }
        }
        // Written last: BlueZ and people wait for the rest.
        for effect in late { perform(effect) }
        schedule()
        if coordinator.window != shownWindow {
            shownWindow = coordinator.window
            showDevices()
        }
        announce()
    }

    /// Why the pairing failed whose end this record is.
    private func explanation(of record: Record) -> Report? {
        guard record.subject == .pairing, record.result?.isSuccess != true, let pairing = record.pairing else {
            return nil
        }
        return try? coordinator.report(of: pairing)
    }

    private func perform(_ effect: Effect) {
        switch effect {
        case .reply: break
        case .record(let record):
            journal.write(Entry(record, explanation(of: record)))
            if let device = record.device { show(device) }
        case .keepRecord(let record): keep { (store) throws(StateError) in try store.save(record) }
        case .dropRecord(let key): keep { (store) throws(StateError) in try store.remove(key) }
        case .keepUnsettled(let pairing): keep { (store) throws(StateError) in try store.save(pairing) }
        case .dropUnsettled(let number): keep { (store) throws(StateError) in try store.remove(number) }
        case .look(let device):
            onLoop { [weak self] in await self?.client.objects.refresh(device.objectPath) }
        case .pair(let number, let device, let capability):
            pairCalls[number] = call({ (client) throws(DBusError) in
                try await client.pair(device.objectPath, as: capability)
            }) { [weak self] error in
                self?.pairCalls[number] = nil
                return .pairFinished(number, error: error)
            }
        case .abandonPair(let number): pairCalls.removeValue(forKey: number)?.cancel()
        case .cancelPairing(let device), .unpair(let device):
            call { (client) throws(DBusError) in
                try await client.cancelPairing(device.objectPath)
            } then: { _ in
                nil
            }
        case .disconnect(let device):
            call { (client) throws(DBusError) in
                try await client.disconnect(device.objectPath)
            } then: {
                .disconnectFinished(device, error: $0)
            }
        case .trust(let device):
            call { (client) throws(DBusError) in
                try await client.trust(device.objectPath)
            } then: { [weak self] error in
                if let error {
                    self?.write(Entry(.warning, "\(device.path) is paired, and could not be trusted: \(error.message)"))
                }
                return nil
            }
        case .remove(let device):
            call { (client) throws(DBusError) in
                try await client.remove(device.objectPath, from: device.adapter.objectPath)
            } then: {
                .removeFinished(device, error: $0)
            }
        case .startDiscovery(let adapter):
            call { (client) throws(DBusError) in
                try await client.startDiscovery(adapter.objectPath)
            } then: {
                .discoveryStarted(adapter, error: $0)
            }
        case .stopDiscovery(let adapter):
            call { (client) throws(DBusError) in
                try await client.stopDiscovery(adapter.objectPath)
            } then: { _ in
                nil
            }
        case .setPairable(let adapter, let value):
            call { (client) throws(DBusError) in
                try await client.setPairable(value, on: adapter.objectPath)
            } then: {
                .pairableSet(adapter, error: $0)
            }
        case .setDiscoverable(let adapter, let value):
            call { (client) throws(DBusError) in
                try await client.setDiscoverable(value, on: adapter.objectPath)
            } then: {
                .discoverableSet(adapter, error: $0)
            }
        case .watch(let device): client.objects.watch(device.objectPath)
        case .unwatch(let device): client.objects.unwatch(device.objectPath)
        case .publish(let publication): server?.publish(publication)
        case .forgetFinished(let token, let error):
            forgetting.removeValue(forKey: token)?(error.map { ControlError.failed("\($0.message) (\($0.name))") })
        }
    }

    /// Calls BlueZ, and feeds what comes of it to the brain.
    @discardableResult
    private func call(
        _ body: @escaping @LoopActor @Sendable (Client) async throws(DBusError) -> Void,
        then event: @escaping @LoopActor @Sendable (BlueZError?) -> Event?
    ) -> Task<Void, Never> {
        onLoop { [weak self] in
            guard let client = self?.client else { return }
            var failure: BlueZError?
            do throws(DBusError) {
                try await body(client)
            } catch {
                failure = BlueZError(error)
            }
            guard !Task.isCancelled, let event = event(failure) else { return }
            self?.feed(event)
        }
    }

    private func schedule() {
        guard let deadline = coordinator.nextDeadline?.microseconds else {
            timer?.pause()
            return
        }
        if let timer {
            timer.rearm(at: deadline)
        } else {
            timer = try? EventSource.timer(at: deadline) { [weak self] in self?.feed(.tick) }
        }
    }
}
