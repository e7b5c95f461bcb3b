// SPDX-License-Identifier: Apache-2.0

/// A pattern for names: `*` stands for any text, `?` for one character, `[a-z]` for one of a set, `[!a-z]` for one
/// that is not of it; `[*]` is the star itself, and `]` belongs to a set when it stands first.
///
/// Characters are Unicode scalars, compared as they are: case counts, and nothing is normalised. Matching takes at
/// most the pattern's length times the text's, whatever both hold.
public struct Glob: Sendable, Hashable, LosslessStringConvertible {
    /// The longest pattern, in characters: as long as the longest Bluetooth name (Core Specification, Vol 3, Part C,
    /// 3.2.2: 248 bytes).
    public static let maximumLength = 248

    private enum Element: Sendable, Hashable {
        case character(Unicode.Scalar)
        case anyCharacter
        case anyText
        case oneOf([ClosedRange<Unicode.Scalar>], isExcluded: Bool)
    }

    /// The pattern as written.
    public let description: String
    private let elements: [Element]

    /// `nil` for an empty or too long pattern, a set that is not closed or empty, and a range that runs backwards.
    public init?(_ description: String) {
        guard !description.isEmpty, description.unicodeScalars.count <= Self.maximumLength else { return nil }
        var elements: [Element] = []
        var rest = description.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "*": if elements.last != .anyText { elements.append(.anyText) }
            case "?": elements.append(.anyCharacter)
            case "[":
                guard let set = Self.set(&rest) else { return nil }
                elements.append(set)
            default: elements.append(.character(scalar))
            }
        }
        self.description = description
        self.elements = elements
    }

    /// What every match starts with.
    var literalPrefix: [Unicode.Scalar] { Self.literals(elements) }

    /// What every match ends with, the last character first.
    var reversedLiteralSuffix: [Unicode.Scalar] { Self.literals(elements.reversed()) }

    /// The characters before the first element that stands for something else.
    private static func literals(_ elements: some Sequence<Element>) -> [Unicode.Scalar] {
        var literals: [Unicode.Scalar] = []
        for element in elements {
            guard case .character(let scalar) = element else { break }
            literals.append(scalar)
        }
        return literals
    }

    /// Does this pattern match whatever the other one does? Some cases are left out, and then it is `false`.
    func covers(_ other: Glob) -> Bool {
        if elements == other.elements || elements == [.anyText] { return true }
        let (prefix, suffix) = (literalPrefix, reversedLiteralSuffix)
        let length = prefix.count + suffix.count
        // Text, a star, and text again: what the other one begins and ends with has to say it.
        guard elements.count == length + 1, elements[prefix.count] == .anyText else { return false }
        return other.literalPrefix.starts(with: prefix) && other.reversedLiteralSuffix.starts(with: suffix)
            && other.elements.count > length
    }

    public func matches(_ text: String) -> Bool { matches(Array(text.unicodeScalars)) }

    /// Greedy, and going back only to the last `*`: an earlier one never needs to take more.
    func matches(_ text: [Unicode.Scalar]) -> Bool {
        var position = 0
        var element = 0
        var retry: (element: Int, position: Int)?
        while position < text.count {
            if element < elements.count {
                if case .anyText = elements[element] {
                    element += 1
                    retry = (element, position)
                    continue
                }
                if Self.accepts(elements[element], text[position]) {
                    element += 1
                    position += 1
                    continue
                }
            }
            guard let last = retry else { return false }
            element = last.element
            position = last.position + 1
            retry = (element, position)
        }
        return elements[element...].allSatisfy { if case .anyText = $0 { true } else { false } }
    }

    private static func accepts(_ element: Element, _ scalar: Unicode.Scalar) -> Bool {
        switch element {
        case .character(let wanted): wanted == scalar
        case .anyCharacter: true
        case .anyText: false
        case .oneOf(let ranges, let isExcluded): ranges.contains { $0.contains(scalar) } != isExcluded
        }
    }

    /// The set whose `[` was just read.
    private static func set(_ rest: inout Substring.UnicodeScalarView) -> Element? {
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        let isExcluded = rest.first == "!" || rest.first == "^"
        if isExcluded { rest.removeFirst() }
        while let low = rest.popFirst() {
            if low == "]", !ranges.isEmpty { return .oneOf(ranges, isExcluded: isExcluded) }
            var high = low
            let next = rest.dropFirst()
            if rest.first == "-", let end = next.first, end != "]" {
                rest = next.dropFirst()
                high = end
            }
            guard low <= high else { return nil }
            ranges.append(low...high)
        }
        return nil
    }
}
