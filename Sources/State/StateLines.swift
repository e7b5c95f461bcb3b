// SPDX-License-Identifier: Apache-2.0

import Bluetooth

/// The text of a state file: lines of `KEY=value`, as systemd writes them in `/run/systemd`.
///
/// A value stands as it is, without quotes. Keys that nobody asks for are passed over, so that an older version can read what
/// a newer one wrote.
struct StateLines {
    /// What is wrong with a text; the line is from 1, and `nil` where one is missing.
    struct Damage: Error, Equatable {
        let line: Int?
        let message: String
    }

    private var values: [String: (text: String, line: Int)] = [:]

    init(_ octets: [UInt8]) throws(Damage) {
        guard let text = String(validating: octets, as: UTF8.self) else {
            throw Damage(line: nil, message: "is not UTF-8")
        }
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        // A line that was cut short may look like another.
        guard lines.last?.isEmpty == true else { throw Damage(line: lines.count, message: "does not end") }
        for (index, bytes) in lines.dropLast().enumerated() where bytes.first != UInt8(ascii: "#") {
            let line = index + 1
            let parts = bytes.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard !Self.hasControlCharacters(Substring(bytes)) else {
                throw Damage(line: line, message: "holds a control character")
            }
            guard parts.count == 2, !parts[0].isEmpty else { throw Damage(line: line, message: "is not KEY=value") }
            let key = String(Substring(parts[0]))
            guard values.updateValue((String(Substring(parts[1])), line), forKey: key) == nil else {
                throw Damage(line: line, message: "\(key) stands there twice")
            }
        }
    }

    /// The value of a key; `nil` where the key is missing. A value that `parse` does not know is damage.
    func optional<Value>(_ key: String, _ parse: (String) -> Value?) throws(Damage) -> Value? {
        guard let (text, line) = values[key] else { return nil }
        guard let value = parse(text) else { throw Damage(line: line, message: "\(key) has no valid value") }
        return value
    }

    /// The value of a key that has to be there.
    func required<Value>(_ key: String, _ parse: (String) -> Value?) throws(Damage) -> Value {
        guard let value = try optional(key, parse) else { throw Damage(line: nil, message: "\(key) is missing") }
        return value
    }

    /// Holds a key that has to be there against what the file's name says.
    func expect(_ key: String, _ text: String) throws(Damage) {
        guard try required(key, { $0 }) == text else {
            throw Damage(line: values[key]?.line, message: "\(key) contradicts the file's name")
        }
    }

    static func decimal<Number: FixedWidthInteger>(_ text: String) -> Number? {
        // Only one way to write a number: neither "+1" nor "01".
        Number(text).flatMap { String($0) == text ? $0 : nil }
    }

    static func boolean(_ text: String) -> Bool? {
        switch text {
        case "yes": true
        case "no": false
        default: nil
        }
    }

    // MARK: Writing

    /// The text of a file.
    ///
    /// What is `nil` is left out, and so is a value that would not be one line: no text from outside damages a file.
    static func text(_ lines: [(key: String, value: String?)]) -> String {
        var text = "# This is private data of pairingd. Do not parse.\n"
        for case (let key, let value?) in lines where !hasControlCharacters(Substring(value)) {
            text += "\(key)=\(value)\n"
        }
        return text
    }

    static func text(_ value: Bool) -> String { value ? "yes" : "no" }

    private static func hasControlCharacters(_ text: Substring) -> Bool {
        text.unicodeScalars.contains { $0.properties.generalCategory == .control }
    }
}
