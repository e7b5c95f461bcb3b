// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// docs/command.md, as far as it says which keys a document has.
enum CommandPage {
    struct Key {
        let name: String
        let type: String
        let isOptional: Bool
    }

    /// The files beside the sources.
    static func text(_ path: String) -> String {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        return (try? String(contentsOfFile: root.joined(separator: "/") + "/" + path, encoding: .utf8)) ?? ""
    }

    /// The rows of a document's table, below its heading.
    static func keys(_ document: String) -> [Key] {
        let marker = "<!-- document \(document): held against the program by a test -->\n"
        let pieces = text("docs/command.md").components(separatedBy: marker)
        guard pieces.count == 2 else { return [] }
        return pieces[1].components(separatedBy: "<!-- end -->")[0].split(separator: "\n").dropFirst(2).map { row in
            let cells = row.components(separatedBy: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            let type = cells[2].components(separatedBy: ", ")
            return Key(
                name: cells[1].trimmingCharacters(in: CharacterSet(charactersIn: "`")), type: type[0],
                isOptional: type.count == 2)
        }
    }

    /// What an object has that the page does not say, and the other way round; empty when they agree.
    ///
    /// - Parameter isOpen: May there be more than the page says?
    static func disagreements(_ object: [String: Any], with document: String, isOpen: Bool = false) -> [String] {
        let keys = keys(document)
        guard !keys.isEmpty else { return ["docs/command.md has no document \(document)"] }
        let unknown = isOpen ? [] : Set(object.keys).subtracting(keys.map(\.name)).sorted()
        return unknown.map { "\(document): \($0) is not in docs/command.md" }
            + keys.compactMap { key in
                guard let value = object[key.name] else {
                    return key.isOptional ? nil : "\(document): \(key.name) is missing"
                }
                return has(value, key.type) ? nil : "\(document): \(key.name) is no \(key.type): \(value)"
            }
    }

    private static func has(_ value: Any, _ type: String) -> Bool {
        switch type {
        case "string": value is String
        case "boolean": (value as? NSNumber).map { isBoolean($0) } ?? false
        case "number": value is NSNumber && !has(value, "boolean")
        case "object": value is [String: Any]
        case "list of strings": value is [String]
        case "list of objects": value is [[String: Any]]
        default: type.hasSuffix(" or null") && (value is NSNull || has(value, String(type.dropLast(8))))
        }
    }

    private static func isBoolean(_ number: NSNumber) -> Bool { String(cString: number.objCType) == "c" }
}
