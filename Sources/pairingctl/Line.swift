// SPDX-License-Identifier: Apache-2.0

/// How a piece of a line looks where colours are allowed; the raw value is the SGR parameter (ECMA-48, 8.3.117).
enum Style: String, Sendable {
    case plain = ""
    case bold = "1"
    case dim = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"
}

/// One line for a person. Whatever is put into it reaches the terminal as harmless text: only styles act on it.
///
///     let line: Line = "\("●", .green) \(device.name, .bold)"
struct Line: ExpressibleByStringInterpolation, Sendable {
    private var spans: [(text: String, style: Style)] = []

    init(_ text: String, _ style: Style = .plain) { append(text, style) }
    init(stringLiteral value: String) { append(value, .plain) }
    init(stringInterpolation: Interpolation) { self = stringInterpolation.line }

    /// The columns that it takes.
    var width: Int { spans.reduce(0) { $0 + SafeText.width($1.text) } }

    func text(isColored: Bool) -> String {
        spans.map { isColored && $0.style != .plain ? "\u{1B}[\($0.style.rawValue)m\($0.text)\u{1B}[0m" : $0.text }
            .joined()
    }

    /// This line with spaces behind it, up to `width` columns.
    func padded(to width: Int) -> Line {
        var line = self
        line.append(String(repeating: " ", count: max(0, width - self.width)), .plain)
        return line
    }

    /// This line, cut where it is wider than so many columns, in the style of its beginning.
    func shortened(to columns: Int) -> Line {
        width > columns ? Line(SafeText.shortened(text(isColored: false), to: columns), style) : self
    }

    /// This line in lines of at most so many columns, broken between words where that goes.
    ///
    /// - Parameter margin: The spaces before each line but the first.
    func wrapped(to columns: Int, margin: Int = 0) -> [Line] {
        guard width > columns else { return [self] }
        var (lines, line, hasText, hasSpace) = ([Line](), Line(""), false, false)
        for span in spans {
            for (index, word) in span.text.split(separator: " ", omittingEmptySubsequences: false).enumerated() {
                hasSpace = hasSpace || index > 0
                for piece in SafeText.filled([String(word)], to: max(1, columns - margin)) {
                    if hasText, line.width + (hasSpace ? 1 : 0) + SafeText.width(piece) > columns {
                        lines.append(line)
                        line = Line("").padded(to: margin)
                    } else if hasSpace {
                        line.append(" ", .plain)
                    }
                    line.append(piece, span.style)
                    (hasText, hasSpace) = (true, false)
                }
            }
        }
        return lines + [line]
    }

    private var style: Style { spans.first?.style ?? .plain }

    static func + (left: Line, right: Line) -> Line {
        var line = left
        line.spans += right.spans
        return line
    }

    private mutating func append(_ text: String, _ style: Style) {
        guard !text.isEmpty else { return }
        spans.append((SafeText.printable(text), style))
    }

    struct Interpolation: StringInterpolationProtocol {
        fileprivate var line = Line("")

        init(literalCapacity: Int, interpolationCount: Int) {}
        mutating func appendLiteral(_ literal: String) { line.append(literal, .plain) }
        mutating func appendInterpolation(_ value: some CustomStringConvertible, _ style: Style = .plain) {
            line.append(value.description, style)
        }
        mutating func appendInterpolation(_ other: Line) { line = line + other }
    }
}
