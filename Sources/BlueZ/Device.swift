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
    public var serviceData: [BluetoothUUID: [UInt8]]?
    /// Elements of the advertising data that BlueZ has no property of their own for, by type; experimental in BlueZ.
    public var advertisingData: [UInt8: [UInt8]]?
    /// The Flags of the advertising data (Core Specification Supplement, Part A, 1.3).
    public var advertisingFlags: UInt8?
    public var appearance: Appearance?
    public var deviceClass: DeviceClass?
    public var icon: String?
    /// Is the device heard in a discovery that goes on? BlueZ keeps a signal strength only for as long.
    public var isInRange = false
    /// When it was last in range, on the monotonic clock in microseconds; `nil` when it was not since it is known.
    public var heardAt: UInt64?
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
        if let value: [String: Value] = properties["ServiceData"]?.converted() {
            serviceData = Dictionary(
                value.compactMap { uuid, data in
                    BluetoothUUID(uuid).map { ($0, data.converted(to: [UInt8].self) ?? []) }
                }
            ) { first, _ in first }
        }
        if let value: [UInt8: Value] = properties["AdvertisingData"]?.converted() {
            advertisingData = value.mapValues { $0.converted(to: [UInt8].self) ?? [] }
        }
        if let value: [UInt8] = properties["AdvertisingFlags"]?.converted() { advertisingFlags = value.first }
        if let value: UInt16 = properties["Appearance"]?.converted() { appearance = Appearance(value) }
        if let value: UInt32 = properties["Class"]?.converted() { deviceClass = DeviceClass(value) }
        if let value: String = properties["Icon"]?.converted() { icon = value }
        if properties["RSSI"] != nil { isInRange = true }
        if let value: Bool = properties["Paired"]?.converted() { isPaired = value }
        if let value: Bool = properties["Bonded"]?.converted() { isBonded = value }
        if let value: Bool = properties["Connected"]?.converted() { isConnected = value }
        if let value: Bool = properties["Trusted"]?.converted() { isTrusted = value }
    }

    /// The discovery has ended that heard the device.
    mutating func wentSilent(at now: UInt64) {
        if isInRange { heardAt = now }
        isInRange = false
    }

    /// The transports that the device was seen on; `nil` when nothing tells.
    public var transports: Set<Transport>? {
        var found: Set<Transport> = []
        if deviceClass != nil { found.insert(.bredr) }
        if let advertisingFlags {
            found.insert(.le)
            // "BR/EDR Not Supported"
            if advertisingFlags & 0x04 != 0 { return [.le] }
        }
        // Only LE has random addresses.
        return addressType == .random ? [.le] : found.isEmpty ? nil : found
    }

    /// Is this more than a stranger that was seen on the air?
    var isKnown: Bool { isPaired || isBonded || isConnected }
}
