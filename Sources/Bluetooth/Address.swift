// SPDX-License-Identifier: Apache-2.0

/// A Bluetooth device address: 48 bits, written most significant octet first (`00:5F:BF:71:81:18`).
///
/// Source: Core Specification, Vol 2, Part B, 1.2 (BD_ADDR) and Vol 6, Part B, 1.3 (LE device addresses).
public struct Address: Hashable, Sendable, Comparable, LosslessStringConvertible {
    /// The 48 bits, in the low end; the 16 high bits are always zero.
    public let bits: UInt64

    /// The low 48 bits of `bits`; what stands above them is dropped.
    public init(bits: UInt64) {
        self.bits = bits & 0xFFFF_FFFF_FFFF
    }

    /// Six octets as HCI sends them, least significant first; `nil` when there are not exactly six.
    public init?(littleEndian octets: some Collection<UInt8>) {
        guard octets.count == 6 else { return nil }
        bits = octets.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Six two-digit hexadecimal octets, either case, separated by colons; anything else is `nil`.
    public init?(_ description: String) {
        self.init(description, separator: UInt8(ascii: ":"))
    }

    /// The form that BlueZ's object paths use: `00_5F_BF_71_81_18`.
    public init?(pathComponent: some StringProtocol) {
        self.init(pathComponent, separator: UInt8(ascii: "_"))
    }

    private init?(_ text: some StringProtocol, separator: UInt8) {
        let characters = text.utf8
        guard characters.count == 17 else { return nil }
        var value: UInt64 = 0
        for (position, character) in characters.enumerated() {
            if position % 3 == 2 {
                guard character == separator else { return nil }
            } else {
                guard let digit = hexadecimalValue(of: character) else { return nil }
                value = value << 4 | UInt64(digit)
            }
        }
        bits = value
    }

    public var description: String { text(separator: UInt8(ascii: ":")) }

    /// The form that BlueZ's object paths use: `00_5F_BF_71_81_18`.
    public var pathComponent: String { text(separator: UInt8(ascii: "_")) }

    public static func < (left: Address, right: Address) -> Bool { left.bits < right.bits }

    /// Is this an address that the device changes now and then, and that says nothing of who it is?
    ///
    /// Resolvable and non-resolvable private addresses are; public and static random ones are not. Without a type the
    /// address is taken for a public one. Source: Core Specification, Vol 6, Part B, 1.3.2.2.
    public func isPrivate(_ type: AddressType?) -> Bool { type == .random && bits >> 46 < 0b10 }

    private func text(separator: UInt8) -> String {
        String(unsafeUninitializedCapacity: 17) { buffer in
            for octet in 0..<6 {
                let value = UInt8(truncatingIfNeeded: bits >> UInt64(8 * (5 - octet)))
                buffer[octet * 3] = hexadecimalDigit(value >> 4)
                buffer[octet * 3 + 1] = hexadecimalDigit(value & 0x0F)
                if octet < 5 { buffer[octet * 3 + 2] = separator }
            }
            return 17
        }
    }
}

/// Whether an LE address is assigned by the IEEE or chosen by the device.
///
/// The words are BlueZ's (`org.bluez.Device1.AddressType`).
public enum AddressType: String, Sendable, Hashable, CaseIterable {
    case `public`
    case random
}

/// The value of a hexadecimal digit of either case, 0 to 15, or `nil`.
func hexadecimalValue(of character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
    default: nil
    }
}

/// The upper-case digit of a value from 0 to 15.
func hexadecimalDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
}
