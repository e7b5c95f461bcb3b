// SPDX-License-Identifier: Apache-2.0

import CTOMLPlusPlus

/// The parser's document. Every C pointer of the parser stays in this file.
struct TOMLDocument: ~Copyable {
    /// The longest text that is parsed, in bytes.
    static let maximumLength = Int(CTOML_MAXIMUM_LENGTH)

    private let document: OpaquePointer

    /// The root table of a text in UTF-8.
    static func parse(_ text: [UInt8]) throws(TOMLSyntaxError) -> [TOMLEntry] {
        try TOMLDocument(text).root(of: text)
    }

    private init(_ text: [UInt8]) throws(TOMLSyntaxError) {
        let parsed = text.withUnsafeBytes { bytes in
            ctoml_parse(bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        guard let parsed else {
            throw TOMLSyntaxError(reason: "out of memory", position: TextPosition(line: 1, column: 1))
        }
        document = parsed
    }

    deinit { ctoml_free(document) }

    private borrowing func root(of text: [UInt8]) throws(TOMLSyntaxError) -> [TOMLEntry] {
        if let failure = ctoml_failure_of(document)?.pointee {
            throw TOMLSyntaxError(
                message: String(failure.message), position: TextPosition(failure.position), text: text)
        }
        var count = 0
        let start = ctoml_items(document, &count)
        var items = UnsafeBufferPointer(start: start, count: count).makeIterator()
        guard let root = items.next(), case .table(let entries) = Self.value(root, &items).content else { return [] }
        return entries
    }

    /// The item and what belongs to it. The parser bounds how deep this recurses.
    private static func value(
        _ item: ctoml_item, _ items: inout UnsafeBufferPointer<ctoml_item>.Iterator
    ) -> TOMLValue {
        let content: TOMLValue.Content
        switch item.kind {
        case CTOML_TABLE:
            var entries: [TOMLEntry] = []
            for _ in 0..<item.children {
                guard let child = items.next() else { break }
                entries.append(
                    TOMLEntry(
                        key: String(child.key), keyPosition: TextPosition(child.key_position),
                        value: value(child, &items)))
            }
            content = .table(entries)
        case CTOML_ARRAY:
            var elements: [TOMLValue] = []
            for _ in 0..<item.children {
                guard let child = items.next() else { break }
                elements.append(value(child, &items))
            }
            content = .array(elements)
        case CTOML_STRING: content = .string(String(item.string))
        case CTOML_INTEGER: content = .integer(item.integer)
        case CTOML_FLOAT: content = .float(item.real)
        case CTOML_BOOLEAN: content = .boolean(item.truth)
        default: content = .dateOrTime
        }
        return TOMLValue(content: content, position: TextPosition(item.position))
    }
}

extension String {
    fileprivate init(_ text: ctoml_text) {
        guard let bytes = text.bytes else {
            self = ""
            return
        }
        self = String(decoding: UnsafeRawBufferPointer(start: bytes, count: text.length), as: UTF8.self)
    }
}

extension TextPosition {
    fileprivate init(_ position: ctoml_position) {
        self.init(line: max(1, Int(position.line)), column: max(1, Int(position.column)))
    }
}
