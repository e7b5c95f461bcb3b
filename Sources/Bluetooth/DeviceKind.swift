// SPDX-License-Identifier: Apache-2.0

/// What a BR/EDR device says it is: 24 bits, with the service classes, the major and the minor device class.
///
/// Source: Assigned Numbers, 2.8 (Class of Device).
public struct DeviceClass: Hashable, Sendable, CustomStringConvertible {
    /// 0 to 0xFFFFFF.
    public let value: UInt32

    /// `nil` for more than 24 bits.
    public init?(_ value: UInt32) {
        guard value <= 0xFF_FFFF else { return nil }
        self.value = value
    }

    /// Major device class Peripheral: keyboards, mice, joysticks, remote controls.
    public var isInputDevice: Bool { value & 0x1F00 == 0x0500 }

    /// Six upper-case hexadecimal digits with their prefix: `0x002540`.
    public var description: String { hexadecimal(UInt64(value), digits: 6) }
}

/// What an LE device says it looks like: a category in the upper ten bits and a subcategory in the lower six.
///
/// Source: Assigned Numbers, 2.6 (Appearance Values).
public struct Appearance: Hashable, Sendable, CustomStringConvertible {
    public let value: UInt16

    public init(_ value: UInt16) { self.value = value }

    /// Category Human Interface Device: keyboards, mice, joysticks, card readers.
    public var isInputDevice: Bool { value >> 6 == 0x00F }

    /// Four upper-case hexadecimal digits with their prefix: `0x03C1`.
    public var description: String { hexadecimal(UInt64(value), digits: 4) }
}

extension BluetoothUUID {
    /// Human Interface Device over BR/EDR, or over GATT.
    ///
    /// Source: Assigned Numbers, 3.3 and 3.4.
    public var isInputService: Bool { assignedNumber == 0x1124 || assignedNumber == 0x1812 }

    /// The shortest form that is read back as the same UUID: `1810`, or the whole with hyphens.
    public var shortDescription: String {
        guard let number = assignedNumber, number <= 0xFFFF else { return description }
        return String(description.dropFirst(4).prefix(4))
    }
}

/// A number in upper-case hexadecimal digits, at least so many, after `0x`.
func hexadecimal(_ value: UInt64, digits: Int) -> String {
    let text = String(value, radix: 16, uppercase: true)
    return "0x" + String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
}
