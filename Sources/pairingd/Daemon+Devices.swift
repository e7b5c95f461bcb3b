// SPDX-License-Identifier: Apache-2.0

import BlueZ
import Control
import Journal
import Pairing
import State

/// `Device1` objects: what is known of devices, as the bus shows it.
extension Daemon {
    /// Shows all devices anew, because the rules or the window have changed.
    func showDevices() {
        for device in client.objects.devices.values { show(device) }
    }

    /// Shows a device anew, because something was learned of it.
    func show(_ reference: DeviceReference) {
        if let device = client.objects.devices[reference.objectPath] { show(device) }
    }

    /// Shows the devices that are paired or connected, that a rule is for, or that something is known of.
    func show(_ device: Device) {
        let snapshot = DeviceSnapshot(device)
        var rule: String?
        if case .matched(let match) = coordinator.decision(for: snapshot, at: now) { rule = match.name }
        let record = coordinator.record(of: snapshot)
        guard device.isPaired || device.isBonded || device.isConnected || rule != nil || record != nil else {
            server?.show(nil, at: device.path)
            return
        }
        let adapter = AdapterReference(path: device.adapter.text)
        server?.show(
            DeviceView(
                path: device.path, address: device.address, adapter: adapter.name, name: device.name,
                isPaired: device.isPaired, isBonded: device.isBonded, isConnected: device.isConnected, rule: rule,
                record: record, failures: UInt32(clamping: coordinator.failures(of: device.address, on: adapter))),
            at: device.path)
    }
}

/// What survives a restart.
extension Daemon {
    /// What the state folder holds; what in it is damaged is told and left out.
    static func recall(_ store: BondStore?, _ journal: Sink) -> Recollection {
        var recollection = Recollection()
        guard let store else { return recollection }
        let (records, unsettled, problems) = store.load()
        for problem in problems { journal.write(Entry(.warning, "\(problem)")) }
        recollection.records = records
        recollection.unsettled = unsettled
        return recollection
    }

    /// Writes to the state folder. What cannot be written is told, and forgotten at the next restart.
    func keep(_ body: (BondStore) throws(StateError) -> Void) {
        guard let store else { return }
        do throws(StateError) {
            try body(store)
        } catch {
            guard error != storeError else { return }
            storeError = error
            write(Entry(.warning, "what is known of devices does not survive a restart: \(error)"))
        }
    }
}
