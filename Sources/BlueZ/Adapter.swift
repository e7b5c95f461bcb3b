// SPDX-License-Identifier: Apache-2.0

public import Bluetooth
public import DBus

/// What `org.bluez.Adapter1` tells of a controller.
public struct Adapter: Sendable, Hashable {
    public let path: ObjectPath
    public var address: Address
    public var isPowered = false
    public var isDiscovering = false
    public var isPairable = false
    public var isDiscoverable = false

    /// Such as `hci0`; it may name another controller after a restart.
    public var name: String { path.elements.last.map(String.init) ?? path.text }

    /// `nil` when the properties lack a valid address, which BlueZ always gives.
    init?(path: ObjectPath, properties: [String: Value]) {
        guard let text: String = properties["Address"]?.converted(), let address = Address(text) else { return nil }
        self.path = path
        self.address = address
        apply(properties)
    }

    mutating func apply(_ properties: [String: Value]) {
        if let value: Bool = properties["Powered"]?.converted() { isPowered = value }
        if let value: Bool = properties["Discovering"]?.converted() { isDiscovering = value }
        if let value: Bool = properties["Pairable"]?.converted() { isPairable = value }
        if let value: Bool = properties["Discoverable"]?.converted() { isDiscoverable = value }
    }
}
