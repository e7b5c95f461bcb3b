// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop
import TestSupport

/// Just enough of BlueZ to ask about any number of devices at once: the real one asks an agent one question at a time.
@LoopActor
final class CrowdedBlueZ {
    /// The connection of the default agent, once there is one.
    private(set) var defaultAgent: String?
    private let connection: Connection
    private let devices: [CrowdedDevice]
    private let adapter = CrowdedAdapter()

    init(_ bus: PrivateBus, devices count: Int) async throws {
        connection = try await Connection(address: bus.address)
        devices = (0..<count).map { CrowdedDevice(Address(bits: 0x005F_BF00_0000 + UInt64($0))) }
        connection.objects.manageObjects(at: "/")
        connection.objects.export(self, at: "/org/bluez", [Self.interface])
        connection.objects.export(adapter, at: CrowdedAdapter.path, [CrowdedAdapter.interface])
        for device in devices { connection.objects.export(device, at: device.path, [CrowdedDevice.interface]) }
        guard try await connection.requestName("org.bluez") else { throw DBusError.failed("org.bluez is taken") }
    }

    func leave() { connection.close() }

    func path(of device: Int) -> ObjectPath { devices[device].path }

    /// Asks the default agent whether a device may use a service; `nil` when it says yes, else the name of its error.
    func authorizeService(_ device: Int) async -> String? {
        do throws(DBusError) {
            try await connection.call(
                defaultAgent ?? "", "/org/pairingd/agent", "org.bluez.Agent1", "AuthorizeService",
                [.objectPath(devices[device].path), .string("0000110d-0000-1000-8000-00805f9b34fb")], timeout: nil)
            return nil
        } catch {
            return error.name
        }
    }

    private static let interface = Interface<CrowdedBlueZ>(
        "org.bluez.AgentManager1",
        methods: [
            Method("RegisterAgent", in: [Argument("agent", "o"), Argument("capability", "s")], access: .anyone) {
                _, _ in []
            },
            Method("RequestDefaultAgent", in: [Argument("agent", "o")], access: .anyone) { bluez, call in
                bluez.defaultAgent = call.sender
                return []
            },
        ])
}

@LoopActor
private final class CrowdedAdapter {
    static let path: ObjectPath = "/org/bluez/hci0"

    static let interface = Interface<CrowdedAdapter>(
        "org.bluez.Adapter1",
        properties: [
            Property("Address") { _ in "00:1A:7D:00:00:01" },
            Property("Powered") { _ in true },
            Property("Discovering") { _ in false },
            Property("Pairable") { _ in true }.settable(access: .anyone) { (_, _: Bool) in },
        ])
}

@LoopActor
private final class CrowdedDevice {
    let address: Address
    let path: ObjectPath

    init(_ address: Address) {
        self.address = address
        path = CrowdedAdapter.path.child("dev_" + address.pathComponent)
    }

    static let interface = Interface<CrowdedDevice>(
        "org.bluez.Device1",
        methods: [
            Method("Disconnect", access: .anyone) { _, _ in [] },
            Method("CancelPairing", access: .anyone) { _, _ in [] },
        ],
        properties: [
            Property("Address") { $0.address.description },
            Property("AddressType") { _ in "public" },
            Property("Adapter") { _ in CrowdedAdapter.path },
            Property("Name") { _ in "Cuff" },
            Property("Paired") { _ in true },
            Property("Bonded") { _ in true },
            Property("Connected") { _ in true },
        ])
}
