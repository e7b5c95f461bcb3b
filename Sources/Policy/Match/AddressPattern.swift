// SPDX-License-Identifier: Apache-2.0

public import Bluetooth

/// A whole address, the first octets of one and a star (`00:5F:BF:*`), or the star alone for every device.
public struct AddressPattern: Sendable, Hashable, LosslessStringConvertible {
    /// How many octets are given, 0 to 6.
    public let octets: Int
    private let bits: UInt64

    /// `nil` for anything but the three forms; half octets cannot be given.
    public init?(_ description: String) {
        let zeros = ["00", "00:00", "00:00:00", "00:00:00:00", "00:00:00:00:00"]
        if description == "*" {
            octets = 0
            bits = 0
        } else if let address = Address(description) {
            octets = 6
            bits = address.bits
        } else if description.utf8.last == UInt8(ascii: "*"),
            let missing = zeros.firstIndex(where: { $0.utf8.count + description.utf8.count - 1 == 17 }),
            let address = Address(String(description.dropLast()) + zeros[missing])
        {
            octets = 5 - missing
            bits = address.bits
        } else {
            return nil
        }
    }

    public var description: String {
        let address = Address(bits: bits).description
        return octets == 6 ? address : "\(address.prefix(octets * 3))*"
    }

    /// An address that changes on purpose (a private one) is matched by the lone star only: it says nothing about who
    /// sent it, until it is resolved to an identity address.
    public func matches(_ address: Address, type: AddressType?) -> Bool {
        if octets == 0 { return true }
        return bits == Self.prefix(of: address, octets: octets) && !address.isPrivate(type)
    }

    /// Does this pattern match whatever the other one does?
    func covers(_ other: AddressPattern) -> Bool {
        octets <= other.octets && Self.prefix(of: Address(bits: other.bits), octets: octets) == bits
    }

    /// The pattern as a number for looking it up: no two patterns share one.
    var label: UInt64 { UInt64(octets) << 48 | bits }

    /// The labels of all patterns that may match this address.
    static func labels(of address: Address) -> [UInt64] {
        (0...6).map { UInt64($0) << 48 | prefix(of: address, octets: $0) }
    }

    private static func prefix(of address: Address, octets: Int) -> UInt64 {
        let shift = UInt64(8 * (6 - octets))
        return (address.bits >> shift) << shift
    }
}
