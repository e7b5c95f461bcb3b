// SPDX-License-Identifier: Apache-2.0

import DBus
import EventLoop

/// What makes the gateway connectable for phones over Low Energy: its name, for as long as it is registered.
///
/// Source: `doc/org.bluez.LEAdvertisement.rst`.
@LoopActor
final class Advertisement {
    private static let path: ObjectPath = "/org/pairingd/advertisement"
    private let connection: Connection

    init(connection: Connection) {
        self.connection = connection
        connection.objects.export(self, at: Self.path, [Self.interface])
    }

    /// Advertises on `adapter`; doing so already is no error.
    func start(on adapter: ObjectPath) async throws(DBusError) {
        try await manager(
            adapter, "RegisterAdvertisement", [.objectPath(Self.path), .dictionary(key: .string, value: .variant, [:])])
    }

    /// Not advertising is no error.
    func stop(on adapter: ObjectPath) async throws(DBusError) {
        try await manager(adapter, "UnregisterAdvertisement", [.objectPath(Self.path)])
    }

    private func manager(_ adapter: ObjectPath, _ member: String, _ arguments: [Value]) async throws(DBusError) {
        do throws(DBusError) {
            try await connection.call(Names.service, adapter, Names.advertisingManager, member, arguments)
        } catch {
            guard error.name == "org.bluez.Error.AlreadyExists" || error.name == "org.bluez.Error.DoesNotExist" else {
                throw error
            }
        }
    }

    private static let interface = Interface<Advertisement>(
        Names.advertisement,
        // BlueZ lets it go, which a change of the adapter tells as well.
        methods: [Method("Release", access: .anyone) { _, _ throws(DBusError) in [] }],
        properties: [
            Property("Type", change: .never) { _ in "peripheral" },
            Property("Discoverable", change: .never) { _ in true },
            Property("Includes", change: .never) { _ in ["local-name"] },
        ])
}
