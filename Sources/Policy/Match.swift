// SPDX-License-Identifier: Apache-2.0

public import Bluetooth

/// The `[match]` table of a rule: which devices it is for.
///
/// Every list that is not empty must hold; it holds when any of its elements does. A match without any list is what
/// ``Rule/init(name:profile:)`` makes, and holds for no device.
public struct Match: Sendable, Hashable {
    /// Patterns over the name that the device sent.
    public var names: [Glob]
    public var addresses: [AddressPattern]
    /// Services that the device advertises or was seen to have.
    public var services: [BluetoothUUID]
    /// Companies in the advertising data.
    public var manufacturers: [CompanyIdentifier]

    public init(
        names: [Glob] = [], addresses: [AddressPattern] = [], services: [BluetoothUUID] = [],
        manufacturers: [CompanyIdentifier] = []
    ) {
        self.names = names
        self.addresses = addresses
        self.services = services
        self.manufacturers = manufacturers
    }
}
