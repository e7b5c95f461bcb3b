// SPDX-License-Identifier: Apache-2.0

public import DBus
public import EventLoop

/// BlueZ's adapters and devices, kept up to date by as few signals as possible.
///
/// A discovery makes BlueZ send a change for every packet that a stranger sends (RSSI), and match rules cannot tell
/// properties apart. So one rule covers all devices while nobody discovers; during a discovery there is one rule for each
/// device that is connected, paired or watched, and strangers wake nobody.
@LoopActor
public final class ObjectCache {
    public enum Event: Sendable {
        case adapterChanged(Adapter)
        case adapterRemoved(ObjectPath)
        case deviceChanged(Device)
        case deviceRemoved(ObjectPath)
        /// A connection ended because the device has no key for the bond; BlueZ tells from 5.83 on.
        case keyMissing(Device)
    }

    public private(set) var adapters: [ObjectPath: Adapter] = [:]
    public private(set) var devices: [ObjectPath: Device] = [:]
    var onEvent: (@LoopActor (Event) -> Void)?

    private let connection: Connection
    private var lasting: [Subscription] = []
    private var allDevices: Subscription?
    private var singleDevices: [ObjectPath: Subscription] = [:]
    private var watched: Set<ObjectPath> = []
    /// Counts the starts of BlueZ, so that an answer of the one before is not taken for news.
    private var generation = 0

    init(connection: Connection) {
        self.connection = connection
        lasting = [
            connection.subscribe(
                MatchRule(sender: Names.service, interface: Names.objectManager, scope: .path(Names.root))
            ) { [weak self] in self?.objectsChanged($0) },
            connection.subscribe(Self.changes(of: Names.adapter, .namespace(Names.namespace))) { [weak self] message in
                guard let self, let (path, properties) = Self.properties(in: message) else { return }
                changeAdapter(path, properties)
            },
            connection.subscribe(
                MatchRule(
                    sender: Names.service, interface: Names.device, member: "Disconnected",
                    scope: .namespace(Names.namespace))
            ) { [weak self] message in
                // The kernel's reason 4, which is PIN or Key Missing (`net/bluetooth/hci_event.c`, HCI_CONN_AUTH_FAILURE).
                guard message.arguments.first == .string("org.bluez.Reason.Authentication"),
                    let device = message.path.flatMap({ self?.devices[$0] })
                else { return }
                self?.onEvent?(.keyMissing(device))
            },
        ]
    }

    /// Reads everything from a BlueZ that has just appeared.
    func load() async throws(DBusError) {
        clear()
        let current = generation
        allDevices = subscribe(.namespace(Names.namespace))
        let objects = try await managedObjects()
        guard current == generation else { return }
        for (path, interfaces) in objects.sorted(by: { $0.key < $1.key }) { add(path, interfaces) }
        narrow()
    }

    /// Forgets everything: BlueZ is gone.
    func clear() {
        generation += 1
        adapters = [:]
        devices = [:]
        watched = []
        allDevices = nil
        singleDevices = [:]
    }

    /// Keeps `path` up to date also during a discovery, from a fresh reading on.
    public func watch(_ path: ObjectPath) {
        guard watched.insert(path).inserted else { return }
        let wasFollowed = isFollowed(path)
        narrow()
        if !wasFollowed { onLoop { [weak self] in await self?.refresh(path) } }
    }

    public func unwatch(_ path: ObjectPath) {
        guard watched.remove(path) != nil else { return }
        narrow()
    }

    /// Does the cache hear of every change of this device?
    public func isFollowed(_ path: ObjectPath) -> Bool { allDevices != nil || singleDevices[path] != nil }

    /// Reads a device's properties anew; a device that is gone is removed.
    public func refresh(_ path: ObjectPath) async {
        let current = generation
        let reply: [Value]
        do throws(DBusError) {
            reply = try await connection.call(
                Names.service, path, Names.properties, "GetAll", [.string(Names.device)], timeout: 5000)
        } catch {
            if current == generation, error.name == DBusError.unknownObject("").name { removeDevice(path) }
            return
        }
        guard current == generation, let properties: [String: Value] = reply.first?.converted() else { return }
        if devices[path] == nil {
            addDevice(path, properties)
        } else {
            changeDevice(path, properties, without: properties["RSSI"] == nil ? ["RSSI"] : [])
        }
    }

    // MARK: Subscriptions

    private static func changes(of interface: String, _ scope: MatchRule.Scope) -> MatchRule {
        MatchRule(
            sender: Names.service, interface: Names.properties, member: "PropertiesChanged", scope: scope,
            firstArgument: interface)
    }

    private func subscribe(_ scope: MatchRule.Scope) -> Subscription {
        connection.subscribe(Self.changes(of: Names.device, scope)) { [weak self] message in
            guard let self, let (path, properties) = Self.properties(in: message) else { return }
            let arguments = message.arguments
            changeDevice(path, properties, without: arguments.count > 2 ? arguments[2].converted() ?? [] : [])
        }
    }

    /// Brings the subscriptions in line with what is discovered and who is interesting.
    private func narrow() {
        guard adapters.values.contains(where: \.isDiscovering) else {
            guard allDevices == nil else { return }
            allDevices = subscribe(.namespace(Names.namespace))
            singleDevices = [:]
            // What strangers sent during the discovery was not heard.
            onLoop { [weak self] in await self?.reload() }
            return
        }
        let interesting = watched.union(devices.values.lazy.filter(\.isKnown).map(\.path))
        for path in interesting where singleDevices[path] == nil { singleDevices[path] = subscribe(.path(path)) }
        for path in singleDevices.keys where !interesting.contains(path) { singleDevices[path] = nil }
        // Last, so that no change of an interesting device falls between two rules.
        allDevices = nil
    }

    private func reload() async {
        let current = generation
        guard let objects = try? await managedObjects(), current == generation else { return }
        for path in devices.keys where objects[path]?[Names.device] == nil { removeDevice(path) }
        for (path, interfaces) in objects {
            guard let properties = interfaces[Names.device] else { continue }
            if devices[path] == nil {
                addDevice(path, properties)
            } else {
                changeDevice(path, properties, without: properties["RSSI"] == nil ? ["RSSI"] : [])
            }
        }
    }

    private typealias Objects = [ObjectPath: [String: [String: Value]]]

    private func managedObjects() async throws(DBusError) -> Objects {
        let reply = try await connection.call(
            Names.service, Names.root, Names.objectManager, "GetManagedObjects", timeout: 10_000)
        guard let objects: Objects = reply.first?.converted() else { throw .failed("BlueZ told no objects") }
        return objects
    }

    // MARK: Changes

    private static func properties(in message: Message) -> (ObjectPath, [String: Value])? {
        let arguments = message.arguments
        guard let path = message.path, arguments.count >= 2,
            let properties: [String: Value] = arguments[1].converted()
        else { return nil }
        return (path, properties)
    }

    private func objectsChanged(_ message: Message) {
        let arguments = message.arguments
        guard arguments.count == 2, case .objectPath(let path) = arguments[0] else { return }
        switch message.member {
        case "InterfacesAdded":
            guard let interfaces: [String: [String: Value]] = arguments[1].converted() else { return }
            add(path, interfaces)
        case "InterfacesRemoved":
            guard let interfaces: [String] = arguments[1].converted() else { return }
            if interfaces.contains(Names.device) { removeDevice(path) }
            if interfaces.contains(Names.adapter), adapters.removeValue(forKey: path) != nil {
                onEvent?(.adapterRemoved(path))
                narrow()
            }
        default: break
        }
    }

    private func add(_ path: ObjectPath, _ interfaces: [String: [String: Value]]) {
        if let properties = interfaces[Names.adapter], let adapter = Adapter(path: path, properties: properties) {
            adapters[path] = adapter
            onEvent?(.adapterChanged(adapter))
            if adapter.isDiscovering, allDevices != nil { narrow() }
        }
        if let properties = interfaces[Names.device] { addDevice(path, properties) }
    }

    private func addDevice(_ path: ObjectPath, _ properties: [String: Value]) {
        guard let device = Device(path: path, properties: properties) else { return }
        devices[path] = device
        if device.isKnown, allDevices == nil { narrow() }
        onEvent?(.deviceChanged(device))
    }

    private func removeDevice(_ path: ObjectPath) {
        guard devices.removeValue(forKey: path) != nil else { return }
        singleDevices[path] = nil
        watched.remove(path)
        onEvent?(.deviceRemoved(path))
    }

    private func changeAdapter(_ path: ObjectPath, _ properties: [String: Value]) {
        guard var adapter = adapters[path] else { return }
        adapter.apply(properties)
        guard adapter != adapters[path] else { return }
        let discoveryChanged = adapter.isDiscovering != adapters[path]?.isDiscovering
        adapters[path] = adapter
        if discoveryChanged { narrow() }
        onEvent?(.adapterChanged(adapter))
    }

    /// - Parameter missing: Properties that BlueZ no longer has.
    private func changeDevice(_ path: ObjectPath, _ properties: [String: Value], without missing: [String]) {
        guard var device = devices[path] else { return }
        device.apply(properties)
        if missing.contains("RSSI") { device.wentSilent(at: Clock.monotonic) }
        guard device != devices[path] else { return }
        let becameKnown = device.isKnown != devices[path]?.isKnown
        devices[path] = device
        if becameKnown, allDevices == nil { narrow() }
        onEvent?(.deviceChanged(device))
    }
}
