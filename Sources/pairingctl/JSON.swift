// SPDX-License-Identifier: Apache-2.0

/// A JSON document whose keys keep their order.
indirect enum JSON: Sendable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case string(String)
    case array([JSON])
    case object([(key: String, value: JSON)])

    /// Microseconds fit until the year 294,000; what does not is the greatest number.
    static func number(_ value: some BinaryInteger) -> JSON { .integer(Int64(clamping: value)) }
    static func strings(_ values: [String]) -> JSON { .array(values.map { .string($0) }) }
    /// `null` for an empty text.
    static func optional(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }

    /// The document on one line.
    var text: String {
        switch self {
        case .null: "null"
        case .boolean(let flag): flag ? "true" : "false"
        case .integer(let number): String(number)
        case .string(let string): Self.quoted(string)
        case .array(let elements): "[" + elements.map(\.text).joined(separator: ",") + "]"
        case .object(let members):
            "{" + members.map { Self.quoted($0.key) + ":" + $0.value.text }.joined(separator: ",") + "}"
        }
    }

    /// This object with more members; anything else stays as it is.
    func adding(_ more: [(key: String, value: JSON)]) -> JSON {
        guard case .object = self else { return self }
        return .object(members + more)
    }

    /// What an object holds; nothing for anything else.
    var members: [(key: String, value: JSON)] {
        if case .object(let members) = self { members } else { [] }
    }

    /// Everything that could act on a terminal is written as `\u`, so that a document can be looked at as it is.
    private static func quoted(_ string: String) -> String {
        var result = "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case _ where SafeText.isHarmless(scalar): result.unicodeScalars.append(scalar)
            default: for unit in String(scalar).utf16 { result += escape(unit) }
            }
        }
        return result + "\""
    }

    private static func escape(_ unit: UInt16) -> String {
        let digits = String(unit, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
    }
}

extension JSON: ExpressibleByDictionaryLiteral {
    init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(elements.map { (key: $0.0, value: $0.1) })
    }
}
