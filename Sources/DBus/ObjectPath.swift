// SPDX-License-Identifier: Apache-2.0

/// A valid D-Bus object path.
///
/// Source: D-Bus Specification, "Valid Object Paths".
public struct ObjectPath: Hashable, Sendable, Comparable, CustomStringConvertible, ExpressibleByStringLiteral {
    public let text: String

    /// `nil` unless `text` begins with `/` and its elements are not empty and hold only `[A-Za-z0-9_]`.
    public init?(_ text: String) {
        guard Self.isValid(text) else { return nil }
        self.text = text
    }

    /// For paths written in the source; an invalid one stops the process.
    public init(stringLiteral value: StaticString) {
        let text = value.description
        precondition(Self.isValid(text), "not an object path: \(text)")
        self.text = text
    }

    /// The path of the child `name`, in which every byte that a path cannot hold becomes `_`.
    public func child(_ name: String) -> ObjectPath {
        let safe = String(decoding: name.utf8.map { Self.isElementByte($0) ? $0 : UInt8(ascii: "_") }, as: UTF8.self)
        return ObjectPath(unchecked: (text == "/" ? "/" : text + "/") + (safe.isEmpty ? "_" : safe))
    }

    /// Is this path `ancestor` itself or below it?
    public func isWithin(_ ancestor: ObjectPath) -> Bool {
        guard ancestor.text != "/", text != ancestor.text else { return true }
        return text.utf8.starts(with: ancestor.text.utf8)
            && text.utf8.dropFirst(ancestor.text.utf8.count).first == UInt8(ascii: "/")
    }

    /// The elements, first to last; none for `/`.
    public var elements: [Substring] { text.split(separator: "/") }

    public var description: String { text }
    public static func < (left: ObjectPath, right: ObjectPath) -> Bool { left.text < right.text }

    private init(unchecked text: String) { self.text = text }

    private static func isValid(_ text: String) -> Bool {
        let bytes = text.utf8
        guard bytes.first == UInt8(ascii: "/") else { return false }
        guard bytes.count > 1 else { return true }
        var previous: UInt8 = 0
        for byte in bytes {
            guard byte == UInt8(ascii: "/") ? previous != byte : isElementByte(byte) else { return false }
            previous = byte
        }
        return previous != UInt8(ascii: "/")
    }

    private static func isElementByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

/// The rules for the names in a message's header; libdbus stops the process on a name that breaks them.
///
/// Source: D-Bus Specification, "Valid Names".
enum NameRules {
    static func isInterface(_ name: String) -> Bool { isDotted(name, allowsHyphen: false, allowsLeadingDigit: false) }

    static func isMember(_ name: String) -> Bool {
        name.utf8.count <= 255 && isElement(name.utf8[...], allowsHyphen: false, allowsLeadingDigit: false)
    }

    static func isBus(_ name: String) -> Bool {
        if name.utf8.first == UInt8(ascii: ":") {
            return isDotted(String(name.dropFirst()), allowsHyphen: true, allowsLeadingDigit: true)
        }
        return isDotted(name, allowsHyphen: true, allowsLeadingDigit: false)
    }

    private static func isDotted(_ name: String, allowsHyphen: Bool, allowsLeadingDigit: Bool) -> Bool {
        let elements = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return name.utf8.count <= 255 && elements.count >= 2
            && elements.allSatisfy {
                isElement($0, allowsHyphen: allowsHyphen, allowsLeadingDigit: allowsLeadingDigit)
            }
    }

    private static func isElement(
        _ bytes: Substring.UTF8View, allowsHyphen: Bool, allowsLeadingDigit: Bool
    ) -> Bool {
        guard let first = bytes.first else { return false }
        if !allowsLeadingDigit, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) { return false }
        return bytes.allSatisfy {
            switch $0 {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            case UInt8(ascii: "-"): allowsHyphen
            default: false
            }
        }
    }
}
