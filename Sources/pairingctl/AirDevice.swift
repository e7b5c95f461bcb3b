// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop

/// A device as BlueZ knows it.
struct AirDevice: Sendable {
    let path: ObjectPath
    let address: Address
    let addressType: AddressType?
    /// Such as `hci0`.
    let adapter: String
    /// The name that the device sent.
    let name: UntrustedText?
    /// In dBm; `nil` where it is not heard in a discovery that goes on.
    let signal: Int16?
    /// Of the companies whose data it advertises, lowest first.
    let companies: [CompanyIdentifier]
    let services: [BluetoothUUID]
    let icon: String?
    let isPaired: Bool

    /// `nil` for any other object.
    init?(path: ObjectPath, interfaces: [String: [String: Value]]) {
        guard let values = interfaces["org.bluez.Device1"],
            let address = values["Address"]?.converted(to: String.self).flatMap({ Address($0) })
        else { return nil }
        self.path = path
        self.address = address
        addressType = values["AddressType"]?.converted(to: String.self).flatMap { AddressType(rawValue: $0) }
        adapter = path.elements.dropLast().last.map(String.init) ?? ""
        name = values["Name"]?.converted(to: String.self).map { UntrustedText($0) }
        signal = values["RSSI"]?.converted()
        companies = (values["ManufacturerData"]?.converted(to: [UInt16: Value].self) ?? [:]).keys.sorted()
            .map { CompanyIdentifier($0) }
        services = (values["UUIDs"]?.converted(to: [String].self) ?? []).compactMap { BluetoothUUID($0) }
        icon = values["Icon"]?.converted()
        isPaired = values["Paired"]?.converted() ?? false
    }

    /// Does the address change now and then?
    var hasPrivateAddress: Bool { address.isPrivate(addressType) }
}

/// What pairingctl itself asks of BlueZ.
@LoopActor
struct BlueZ {
    private static let service = "org.bluez"
    private static let adapter = "org.bluez.Adapter1"
    let connection: Connection

    func objects() async throws(Failure) -> Client.Objects {
        try await call("/", Names.objectManager, "GetManagedObjects").first?.converted() ?? [:]
    }

    func devices() async throws(Failure) -> [AirDevice] {
        try await objects().sorted { $0.key < $1.key }.compactMap { AirDevice(path: $0, interfaces: $1) }
    }

    /// Those that are on.
    func adapters() async throws(Failure) -> [ObjectPath] {
        try await objects().compactMap { path, interfaces in
            interfaces[Self.adapter]?["Powered"]?.converted() == true ? path : nil
        }
        .sorted()
    }

    /// It ends with the connection.
    func startDiscovery(_ adapter: ObjectPath) async throws(Failure) {
        try await call(adapter, Self.adapter, "StartDiscovery")
    }

    @discardableResult
    private func call(_ path: ObjectPath, _ interface: String, _ member: String) async throws(Failure) -> [Value] {
        do throws(DBusError) {
            return try await connection.call(Self.service, path, interface, member)
        } catch {
            guard !error.isServiceUnknown else {
                throw Failure(.failed, "bluetoothd does not answer: systemctl status bluetooth")
            }
            let isDenied = error.name == "org.freedesktop.DBus.Error.AccessDenied"
            throw Failure(
                isDenied ? .notAuthorized : .failed,
                "bluetoothd: \(error.message.isEmpty ? error.name : error.message)" + (isDenied ? "; use sudo" : ""))
        }
    }
}
