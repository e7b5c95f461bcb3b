// SPDX-License-Identifier: Apache-2.0

/// Six decimal digits that two devices compare, or that a person reads on one and types on the other.
///
/// Its description hides the digits, so that no interpolation into a log or an error can leak them; ``digits`` is the
/// only way to them. Source: Core Specification, Vol 3, Part H, 2.3.5.3.
public struct Passkey: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    /// 0 to 999,999.
    public let value: UInt32

    /// `nil` when `value` is over 999,999.
    public init?(_ value: UInt32) {
        guard value <= 999_999 else { return nil }
        self.value = value
    }

    /// Exactly six ASCII digits, leading zeros included; anything else is `nil`.
    public init?(digits: some StringProtocol) {
        let characters = digits.utf8
        guard characters.count == 6, characters.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        value = characters.reduce(0) { $0 * 10 + UInt32($1 - UInt8(ascii: "0")) }
    }

    /// The six digits, leading zeros included. A secret: show it only to the person who asked.
    public var digits: String {
        let text = String(value)
        return String(repeating: "0", count: 6 - text.utf8.count) + text
    }

    public var description: String { "••••••" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// A BR/EDR PIN code: 1 to 16 bytes of UTF-8, without control characters.
///
/// Its description hides it, as ``Passkey``'s does. Source: Core Specification, Vol 3, Part C, 3.2.3.
public struct PINCode: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    /// The PIN itself. A secret: show it only to the person who asked.
    public let text: String

    /// `nil` when `text` is empty, longer than 16 bytes, or holds a control character.
    public init?(_ text: String) {
        guard (1...16).contains(text.utf8.count),
            text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else { return nil }
        self.text = text
    }

    public var description: String { "••••" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
