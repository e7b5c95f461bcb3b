// SPDX-License-Identifier: Apache-2.0

/// A Bluetooth UUID: 128 bits, of which most are a 16- or 32-bit number on the Bluetooth base UUID.
///
/// Source: Core Specification, Vol 3, Part B, 2.5.1.
public struct BluetoothUUID: Hashable, Sendable, LosslessStringConvertible {
    private let high: UInt64
    private let low: UInt64

    // 00000000-0000-1000-8000-00805F9B34FB
    private static let baseHigh: UInt64 = 0x0000_0000_0000_1000
    private static let baseLow: UInt64 = 0x8000_0080_5F9B_34FB

    /// The UUID of a number that the Bluetooth SIG assigned, such as 0x1810 (Blood Pressure).
    public init(assigned number: UInt32) {
        self.init(high: UInt64(number) << 32 | Self.baseHigh, low: Self.baseLow)
    }

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Four or eight hexadecimal digits, or the full form with hyphens; either case. Anything else is `nil`.
    public init?(_ description: String) {
        let characters = Array(description.utf8)
        switch characters.count {
        case 4, 8:
            guard let number = Self.number(characters[...]) else { return nil }
            self.init(assigned: UInt32(number))
        case 36:
            var digits: [UInt8] = []
            for (position, character) in characters.enumerated() {
                if [8, 13, 18, 23].contains(position) {
                    guard character == UInt8(ascii: "-") else { return nil }
                } else {
                    digits.append(character)
                }
            }
            guard let high = Self.number(digits[..<16]), let low = Self.number(digits[16...]) else { return nil }
            self.init(high: high, low: low)
        default:
            return nil
        }
    }

    /// The assigned 16- or 32-bit number, when this UUID stands on the Bluetooth base.
    public var assignedNumber: UInt32? {
        guard low == Self.baseLow, high & 0xFFFF_FFFF == Self.baseHigh else { return nil }
        return UInt32(high >> 32)
    }

    /// The full form in lower case, as BlueZ writes it.
    public var description: String {
        let digits = Self.digits(high) + Self.digits(low)
        var text = ""
        for (position, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(position) { text += "-" }
            text.unicodeScalars.append(Unicode.Scalar(digit))
        }
        return text
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for digit in digits {
            guard let nibble = hexadecimalValue(of: digit) else { return nil }
            value = value << 4 | UInt64(nibble)
        }
        return value
    }

    private static func digits(_ value: UInt64) -> [UInt8] {
        (0..<16).map { position in
            let digit = hexadecimalDigit(UInt8(truncatingIfNeeded: value >> UInt64(4 * (15 - position))) & 0x0F)
            return digit >= UInt8(ascii: "A") ? digit + 32 : digit
        }
    }
}

/// A company identifier that the Bluetooth SIG assigned, such as 0x020E (Omron Healthcare).
///
/// Source: Assigned Numbers, 7.1; it stands first in Manufacturer Specific Data.
public struct CompanyIdentifier: Hashable, Sendable, CustomStringConvertible {
    public let value: UInt16

    public init(_ value: UInt16) { self.value = value }

    /// Four upper-case hexadecimal digits with their prefix: `0x020E`.
    public var description: String { hexadecimal(UInt64(value), digits: 4) }
}
