// SPDX-License-Identifier: Apache-2.0

public import Bluetooth
public import DBus

/// What `org.bluez.Device1` tells of a device.
public struct Device: Sendable, Hashable {
    public let path: ObjectPath
    public let adapter: ObjectPath
    /// A resolvable private address becomes the identity address once the device has told it.
    public var address: Address
    public var addressType: AddressType?
    /// The name that the device sent; `Alias`, which people and BlueZ make up, is never read.
    public var name: UntrustedText?
    public var services: Set<BluetoothUUID>?
    public var manufacturerData: [CompanyIdentifier: [UInt8]]?
    public var isPaired = false
    public var isBonded = false
    public var isConnected = false
    public var isTrusted = false

    /// `nil` when the properties lack a valid address or adapter, which BlueZ always gives.
    init?(path: ObjectPath, properties: [String: Value]) {
        guard let text: String = properties["Address"]?.converted(), let address = Address(text),
            let adapter: ObjectPath = properties["Adapter"]?.converted()
        else { return nil }
        self.path = path
        self.adapter = adapter
        self.address = address
        apply(properties)
    }

    mutating func apply(_ properties: [String: Value]) {
        if let value = properties["Address"]?.converted(to: String.self).flatMap({ Address($0) }) { address = value }
        if let value = properties["AddressType"]?.converted(to: String.self) {
            addressType = AddressType(rawValue: value)
        }
        if let value: String = properties["Name"]?.converted() { name = UntrustedText(value) }
        if let value: [String] = properties["UUIDs"]?.converted() {
            // BlueZ has an empty list also for a device whose services it has not heard of.
            services = value.isEmpty ? services : Set(value.compactMap { BluetoothUUID($0) })
        }
        if let value: [UInt16: Value] = properties["ManufacturerData"]?.converted() {
            manufacturerData = Dictionary(
                value.map { (CompanyIdentifier($0.key), $0.value.converted(to: [UInt8].self) ?? []) }
            ) { first, _ in first }
        }
        if let value: Bool = properties["Paired"]?.converted() { isPaired = value }
        if let value: Bool = properties["Bonded"]?.converted() { isBonded = value }
        if let value: Bool = properties["Connected"]?.converted() { isConnected = value }
        if let value: Bool = properties["Trusted"]?.converted() { isTrusted = value }
    }

    /// Is this more than a stranger that was seen on the air?
    var isKnown: Bool { isPaired || isBonded || isConnected }
}
