// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop

extension SimulatedAdapter {
    /// `org.bluez.Adapter1` (`doc/org.bluez.Adapter.rst`).
    static let interface = Interface<SimulatedAdapter>(
        "org.bluez.Adapter1",
        methods: [
            Method("StartDiscovery", access: .anyone, deferred: { adapter, call in adapter.startDiscovery(call) }),
            Method("StopDiscovery", access: .anyone, deferred: { adapter, call in adapter.stopDiscovery(call) }),
            Method("SetDiscoveryFilter", in: [Argument("properties", "a{sv}")], access: .anyone) {
                (adapter, call) throws(DBusError) in
                adapter.filters[call.sender] = try call.argument(0)
                return []
            },
            Method(
                "RemoveDevice", in: [Argument("device", "o")], access: .anyone,
                deferred: { adapter, call in adapter.removeDevice(call) }),
        ],
        properties: [
            Property("Address") { $0.address.description },
            Property("AddressType") { _ in "public" },
            Property("Name") { _ in "gateway" },
            Property("Alias") { $0.alias }
                .settable(access: .anyone) { (adapter, alias: String) in
                    adapter.alias = alias
                    adapter.changed("Alias")
                },
            Property("Powered") { $0.isPowered }
                .settable(access: .anyone) { (adapter, isPowered: Bool) in
                    adapter.bluez.management.submit { adapter.setPowered(isPowered) }
                },
            Property("Discovering") { $0.isDiscovering },
            Property("Pairable") { $0.isPairable }
                .settable(access: .anyone) { (adapter, isPairable: Bool) in
                    adapter.bluez.management.submit { adapter.setPairable(isPairable) }
                },
            Property("Discoverable") { $0.isDiscoverable }
                .settable(access: .anyone) { (adapter, isDiscoverable: Bool) in
                    adapter.isDiscoverable = isDiscoverable
                    adapter.changed("Discoverable")
                },
            Property("UUIDs") { _ in [BluetoothUUID(assigned: 0x1800).description] },
        ])

    private func startDiscovery(_ call: MethodCall) {
        guard isPowered else { return call.fail(.notReady) }
        guard discoverers.insert(call.sender).inserted else { return call.fail(.inProgress) }
        bluez.management.submit { [weak self] in
            self?.startDiscovery()
            self?.bluez.flush()
            call.reply()
        }
    }

    private func stopDiscovery(_ call: MethodCall) {
        guard discoverers.remove(call.sender) != nil else {
            return call.fail(.blueZFailed("No discovery started"))
        }
        bluez.management.submit { [weak self] in
            self?.stopIfUnwanted()
            self?.bluez.flush()
            call.reply()
        }
    }

    /// `src/adapter.c:remove_device`: the answer comes before the object's removal is announced.
    private func removeDevice(_ call: MethodCall) {
        guard let path = call.arguments.first?.converted(to: ObjectPath.self),
            let device = bluez.devices.first(where: { $0.path == path && $0.isExported })
        else { return call.fail(.doesNotExist) }
        guard isPowered else { return call.fail(.notReady) }
        device.bonding?.deviceRemoved()
        bluez.management.submit { [weak self] in
            device.linkDown()
            self?.bluez.flush()
            call.reply()
            device.unexport()
        }
    }
}
