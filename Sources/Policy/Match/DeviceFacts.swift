// SPDX-License-Identifier: Apache-2.0

public import Bluetooth

/// What is known of a device when a rule is looked for.
///
/// A fact that is `nil` is not known yet: a rule that needs it is neither matched nor passed over (see
/// ``Decision/undetermined(waitingFor:)``), until everything that the device says was heard (``isSettled``).
public struct DeviceFacts: Sendable, Hashable {
    public var address: Address
    public var addressType: AddressType?
    /// The adapter's name, such as `hci0`.
    public var adapter: String?
    public var adapterAddress: Address?
    /// The transports that the device was seen on.
    public var transports: Set<Transport>?
    public var isBonded = false
    /// The name that the device sent, never an alias.
    public var name: UntrustedText?
    /// The services that the device advertises or was seen to have.
    public var services: Set<BluetoothUUID>?
    /// The Manufacturer Specific Data of the advertising data, by company.
    public var manufacturerData: [CompanyIdentifier: [UInt8]]?
    /// The Service Data of the advertising data, by service.
    public var serviceData: [BluetoothUUID: [UInt8]]?
    /// Other elements of the advertising data, by their type (Assigned Numbers, 2.3).
    public var advertisingData: [UInt8: [UInt8]]?
    public var appearance: Appearance?
    public var deviceClass: DeviceClass?
    /// BlueZ's name for what the device looks like, such as `input-keyboard`.
    public var icon: String?
    /// How long ago the advertising data was heard; `nil` when nobody knows.
    public var advertisingAge: Duration?
    /// Has everything been heard that the device advertises? What is not known then is not there.
    public var isSettled = false

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

    /// Does the device say of itself, in whichever way, that people type or point with it?
    public var isInputDevice: Bool {
        deviceClass?.isInputDevice == true || appearance?.isInputDevice == true
            || services?.contains(where: \.isInputService) == true || icon?.hasPrefix("input-") == true
    }
}
