// SPDX-License-Identifier: Apache-2.0

public import Bluetooth
public import DBus
public import EventLoop

/// `hci0`.
@LoopActor
public final class SimulatedAdapter {
    public nonisolated let path: ObjectPath = "/org/bluez/hci0"
    public let address = Address(bits: 0x0000_5E00_5301)
    public internal(set) var alias = "gateway"
    public internal(set) var isPowered = true
    public internal(set) var isPairable = false
    public internal(set) var isDiscoverable = false
    public internal(set) var isDiscovering = false
    /// What the kernel gives to links made from now on; it starts with NoInputNoOutput (`hci_core.c`).
    public internal(set) var ioCapability = IOCapability.noInputNoOutput
    /// The filters that clients set, by unique name.
    public internal(set) var filters: [String: [String: Value]] = [:]
    var discoverers: Set<String> = []

    let bluez: SimulatedBlueZ

    init(_ bluez: SimulatedBlueZ) { self.bluez = bluez }

    func changed(_ properties: String...) {
        bluez.connection?.objects.changed(path, "org.bluez.Adapter1", properties)
    }

    /// Switches it off at once, as rfkill does; `Powered` set over D-Bus waits for a pairing.
    public func setPowered(_ isPowered: Bool) {
        guard isPowered != self.isPowered else { return }
        self.isPowered = isPowered
        if !isPowered {
            for device in bluez.devices {
                if device.isConnected { device.linkDown() }
                device.bonding?.poweredOff()
            }
            stopDiscovery()
            // `src/adapter.c:remove_temporary_devices`
            for device in bluez.devices where device.isTemporary && device.presence != .known { device.unexport() }
        }
        changed("Powered")
    }

    public func setPairable(_ isPairable: Bool) {
        guard isPairable != self.isPairable else { return }
        self.isPairable = isPairable
        changed("Pairable")
    }

    /// `src/adapter.c:adapter_set_io_capability`: a default agent also makes the adapter bondable, and its loss not.
    func defaultAgentChanged(_ agent: RegisteredAgent?) {
        bluez.log.note("default agent is \(agent?.owner ?? "nobody")")
        bluez.management.submit { [weak self] in
            guard let self else { return }
            ioCapability = agent?.capability ?? .noInputNoOutput
            if !bluez.configuration.alwaysPairable { setPairable(agent != nil) }
        }
    }

    /// What does not outlive a process of bluetoothd.
    func reset() {
        discoverers = []
        filters = [:]
        isDiscovering = false
        isPairable = bluez.configuration.alwaysPairable
        ioCapability = .noInputNoOutput
    }

    // MARK: Discovery

    func startDiscovery() {
        guard !isDiscovering else { return }
        isDiscovering = true
        changed("Discovering")
        for device in bluez.devices { device.discoveryStarted() }
    }

    func stopDiscovery() {
        discoverers = []
        guard isDiscovering else { return }
        isDiscovering = false
        changed("Discovering")
        for device in bluez.devices { device.discoveryStopped() }
    }

    func clientVanished(_ name: String) {
        filters[name] = nil
        guard discoverers.remove(name) != nil, discoverers.isEmpty else { return }
        bluez.management.submit { [weak self] in self?.stopIfUnwanted() }
    }

    func stopIfUnwanted() { if discoverers.isEmpty { stopDiscovery() } }
}

extension SimulatedDevice {
    func discoveryStarted() {
        let delay = bluez.configuration.durations.appearance
        let source = timer(after: delay) { [weak self] in
            guard let self, bluez.adapter.isDiscovering else { return }
            switch presence {
            case .hidden: return
            case .known: export()
            case .advertising(let nameDelay):
                export(withName: nameDelay == nil)
                if let nameDelay, !isNameKnown { learnName(after: nameDelay) }
            }
            guard isExported else { return }
            rssi = -60
            changed("RSSI")
        }
        if let source { timers.append(source) }
    }

    private func learnName(after delay: Duration) {
        let source = timer(after: delay) { [weak self] in
            guard let self, isExported, name != nil else { return }
            isNameKnown = true
            changed("Name", "Alias")
        }
        if let source { timers.append(source) }
    }

    func discoveryStopped() {
        guard isExported else { return }
        // `src/adapter.c:invalidate_rssi_and_tx_power`
        if rssi != nil {
            rssi = nil
            changed("RSSI")
        }
        restartTemporaryTimer()
    }
}
