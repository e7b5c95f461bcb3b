// SPDX-License-Identifier: Apache-2.0

public import Bluetooth

/// The `[match]` table of a rule: which devices it is for.
///
/// Every list that is not empty must hold; it holds when any of its elements does. A match without any list is what
/// ``Rule/init(name:profile:)`` makes, and holds for no device.
public struct Match: Sendable, Hashable {
    public var addresses: [AddressPattern] = []
    public var addressTypes: [AddressType] = []
    public var adapters: [AdapterPattern] = []
    public var transports: [Transport] = []
    /// At most one.
    public var bonded: [Bool] = []
    /// Companies in the advertising data.
    public var manufacturers: [CompanyIdentifier] = []
    /// Services that the device advertises or was seen to have.
    public var services: [BluetoothUUID] = []
    public var appearances: [Appearance] = []
    public var deviceClasses: [DeviceClassPattern] = []
    public var icons: [Glob] = []
    /// Patterns over the name that the device sent.
    public var names: [Glob] = []
    public var data = DataMatch()

    public init() {}
}

/// What the device has to say in its advertising data at this time.
///
/// Every list that is not empty must hold, over data that was heard lately; it holds when any of its elements does.
public struct DataMatch: Sendable, Hashable {
    public var manufacturer: [ManufacturerDataPattern] = []
    public var service: [ServiceDataPattern] = []
    public var advertising: [AdvertisingDataPattern] = []
    /// How old the data may be: BlueZ shows what it heard last, however long ago.
    public var fresh = Duration.seconds(60)

    public init() {}

    public var isEmpty: Bool { manufacturer.isEmpty && service.isEmpty && advertising.isEmpty }
}

/// An adapter, by its name or its address. Names may change with each start of the machine.
public enum AdapterPattern: Sendable, Hashable, LosslessStringConvertible {
    case name(String)
    case address(Address)

    /// `hci0` and the like, or a whole address.
    public init?(_ description: String) {
        if let address = Address(description) {
            self = .address(address)
        } else if description.hasPrefix("hci"), description.utf8.count <= 8, UInt32(description.dropFirst(3)) != nil {
            self = .name(description)
        } else {
            return nil
        }
    }

    public var description: String {
        switch self {
        case .name(let name): name
        case .address(let address): address.description
        }
    }
}

/// Bits of the class that a BR/EDR device says it has.
public struct DeviceClassPattern: Sendable, Hashable {
    /// Which of the 24 bits count.
    public var mask: UInt32
    public var value: UInt32

    public init(mask: UInt32 = 0xFF_FFFF, value: UInt32) {
        self.mask = mask
        self.value = value
    }

    public func matches(_ deviceClass: DeviceClass) -> Bool { deviceClass.value & mask == value & mask }
}

/// Some octets of a longer piece of data.
public struct OctetPattern: Sendable, Hashable {
    /// Where the first octet stands, from 0.
    public var offset: Int
    /// Which bits count, for each octet of ``value``; empty for all of them.
    public var mask: [UInt8]
    /// Empty where it is enough that there is data of this kind.
    public var value: [UInt8]

    public init(offset: Int = 0, mask: [UInt8] = [], value: [UInt8] = []) {
        self.offset = offset
        self.mask = mask
        self.value = value
    }

    public func matches(_ octets: [UInt8]) -> Bool {
        guard offset + value.count <= octets.count else { return false }
        return value.indices.allSatisfy { index in
            let mask = index < mask.count ? mask[index] : 0xFF
            return octets[offset + index] & mask == value[index] & mask
        }
    }
}

/// What stands in the Manufacturer Specific Data, after the company identifier.
public struct ManufacturerDataPattern: Sendable, Hashable {
    /// `nil` for any company.
    public var company: CompanyIdentifier?
    public var octets = OctetPattern()

    public init(company: CompanyIdentifier? = nil, octets: OctetPattern = OctetPattern()) {
        self.company = company
        self.octets = octets
    }
}

/// What stands in the Service Data, after the service's UUID.
public struct ServiceDataPattern: Sendable, Hashable {
    /// `nil` for any service.
    public var service: BluetoothUUID?
    public var octets = OctetPattern()

    public init(service: BluetoothUUID? = nil, octets: OctetPattern = OctetPattern()) {
        self.service = service
        self.octets = octets
    }
}

/// What stands in another element of the advertising data.
public struct AdvertisingDataPattern: Sendable, Hashable {
    /// The element's type (Assigned Numbers, 2.3); `nil` for any.
    public var type: UInt8?
    public var octets = OctetPattern()

    public init(type: UInt8? = nil, octets: OctetPattern = OctetPattern()) {
        self.type = type
        self.octets = octets
    }
}
