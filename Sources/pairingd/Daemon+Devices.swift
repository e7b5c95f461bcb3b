// SPDX-License-Identifier: Apache-2.0

import BlueZ
import Control
import EventLoop
import Pairing

/// `Device1` objects: what is known of devices, as the bus shows it.
extension Daemon {
    func remember(_ record: Record) {
        guard record.subject == .pairing, let address = record.address, let result = record.result else { return }
        // Strangers with changing addresses do not fill this.
        if record.rule != nil || result.isSuccess, lastResults.count < 4096 { lastResults[address] = result }
        if result == .paired { lastPaired[address] = Clock.realtime }
        if let device = client.objects.devices.values.first(where: { $0.address == address }) { show(device) }
    }

    /// Shows all devices anew, because the rules or the window have changed.
    func showDevices() {
        for device in client.objects.devices.values { show(device) }
    }

    /// Shows the devices that are paired or connected, that a rule is for, or that something is known of.
    func show(_ device: Device) {
        var rule: String?
        if case .matched(let match) = coordinator.decision(for: DeviceSnapshot(device), at: now) { rule = match.name }
        let result = lastResults[device.address]
        guard device.isPaired || device.isBonded || device.isConnected || rule != nil || result != nil else {
            server?.show(nil, at: device.path)
            return
        }
        let adapter = AdapterReference(path: device.adapter.text)
        server?.show(
            DeviceView(
                path: device.path, address: device.address, adapter: adapter.name, name: device.name,
                isPaired: device.isPaired, isBonded: device.isBonded, isConnected: device.isConnected, rule: rule,
                lastResult: result?.rawValue ?? "", lastPaired: lastPaired[device.address] ?? 0,
                failures: UInt32(clamping: coordinator.failures(of: device.address, on: adapter))),
            at: device.path)
    }
}
