// SPDX-License-Identifier: Apache-2.0

public import Bluetooth

/// What is known of a device when a rule is looked for.
///
/// A fact that is `nil` is not known yet: a rule that needs it is neither matched nor passed over (see
/// ``Decision/undetermined(waitingFor:)``).
public struct DeviceFacts: Sendable, Hashable {
    public var address: Address
    public var addressType: AddressType?
    /// The name that the device sent, never an alias.
    public var name: UntrustedText?
    /// The services that the device advertises or was seen to have.
    public var services: Set<BluetoothUUID>?
    /// The Manufacturer Specific Data of the advertising data, by company.
    public var manufacturerData: [CompanyIdentifier: [UInt8]]?

    public init(
        address: Address, addressType: AddressType? = nil, name: UntrustedText? = nil,
        services: Set<BluetoothUUID>? = nil, manufacturerData: [CompanyIdentifier: [UInt8]]? = nil
    ) {
        self.address = address
        self.addressType = addressType
        self.name = name
        self.services = services
        self.manufacturerData = manufacturerData
    }
}
