// SPDX-License-Identifier: Apache-2.0

/// What a terminal shows of what was written to it: the part of a VT220 and of xterm that `pairingctl` uses. Anything else
/// is kept in ``surprises``, so that no test takes it for nothing.
struct ScreenEmulator {
    private struct Page {
        var cells: [[Character]]
        var row = 0
        var column = 0
    }

    private(set) var columns: Int
    private(set) var rows: Int
    private var main: Page
    private var alternate: Page
    private(set) var isAlternate = false
    private(set) var isCursorShown = true
    /// What was scrolled off the top of the main screen; of the alternate one terminals keep nothing.
    private(set) var scrolledAway: [String] = []
    private(set) var bells = 0
    /// Sequences that this does not know.
    private(set) var surprises: [String] = []

    private enum State {
        case text
        case escape
        case sequence(String)
    }
    private var state = State.text
    /// The bytes of a scalar that is not complete yet.
    private var pending: [UInt8] = []

    init(columns: Int = 80, rows: Int = 24) {
        (self.columns, self.rows) = (columns, rows)
        main = Self.emptyPage(columns, rows)
        alternate = main
    }

    private static func emptyPage(_ columns: Int, _ rows: Int) -> Page {
        Page(cells: Array(repeating: Array(repeating: " ", count: columns), count: rows))
    }

    /// The rows as a person sees them, without spaces at their ends and empty rows below.
    var text: String {
        var lines = page.cells.map { Self.trimmed($0) }
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines.joined(separator: "\n") + "\n"
    }

    /// All that could still be read on this terminal, also by scrolling back or leaving the program.
    var everything: String {
        (scrolledAway + main.cells.map { Self.trimmed($0) }
            + (isAlternate ? alternate.cells.map { Self.trimmed($0) } : []))
            .joined(separator: "\n")
    }

    /// The upper left part stays, as on terminals that do not wrap anew.
    mutating func resize(columns: Int, rows: Int) {
        func fit(_ page: Page) -> Page {
            var result = Self.emptyPage(columns, rows)
            for (row, line) in page.cells.prefix(rows).enumerated() {
                for (column, cell) in line.prefix(columns).enumerated() { result.cells[row][column] = cell }
            }
            result.row = min(page.row, rows - 1)
            result.column = min(page.column, columns - 1)
            return result
        }
        (main, alternate) = (fit(main), fit(alternate))
        (self.columns, self.rows) = (columns, rows)
    }

    mutating func write(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            if byte < 0x80 {
                pending = []
                take(Unicode.Scalar(byte))
                continue
            }
            pending.append(byte)
            if let text = String(validating: pending, as: UTF8.self), let scalar = text.unicodeScalars.first {
                pending = []
                take(scalar)
            } else if pending.count == 4 {
                surprises.append("no UTF-8: \(pending)")
                pending = []
            }
        }
    }

    private static func trimmed(_ cells: [Character]) -> String {
        var text = String(cells.filter { $0 != "\0" })
        while text.hasSuffix(" ") { text.removeLast() }
        return text
    }

    private var page: Page {
        get { isAlternate ? alternate : main }
        set { if isAlternate { alternate = newValue } else { main = newValue } }
    }

    private mutating func take(_ scalar: Unicode.Scalar) {
        switch state {
        case .text: takeText(scalar)
        case .escape:
            state = .text
            if scalar == "[" { state = .sequence("") } else { surprises.append("ESC \(scalar)") }
        case .sequence(let parameters):
            guard (0x40...0x7E).contains(scalar.value) else {
                state = .sequence(parameters + String(scalar))
                return
            }
            state = .text
            takeSequence(parameters, scalar)
        }
    }

    private mutating func takeText(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\u{1B}": state = .escape
        case "\r": page.column = 0
        case "\n": lineFeed()
        case "\u{7}": bells += 1
        case "\u{8}": page.column = max(0, page.column - 1)
        case _ where scalar.value < 0x20 || scalar.value == 0x7F: surprises.append("control \(scalar.value)")
        default: put(scalar)
        }
    }

    private mutating func put(_ scalar: Unicode.Scalar) {
        let width = Self.width(scalar)
        guard width > 0 else {
            if page.column > 0 { page.cells[page.row][page.column - 1].unicodeScalars(append: scalar) }
            return
        }
        if page.column + width > columns {
            page.column = 0
            lineFeed()
        }
        page.cells[page.row][page.column] = Character(scalar)
        // The second half of a wide character.
        if width == 2 { page.cells[page.row][page.column + 1] = "\0" }
        page.column += width
    }

    private mutating func lineFeed() {
        guard page.row == rows - 1 else {
            page.row += 1
            return
        }
        let line = page.cells.removeFirst()
        if !isAlternate { scrolledAway.append(Self.trimmed(line)) }
        page.cells.append(Array(repeating: " ", count: columns))
    }

    private mutating func takeSequence(_ parameters: String, _ final: Unicode.Scalar) {
        let numbers = parameters.split(separator: ";", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        switch (parameters, final) {
        case (_, "m"): break
        case (_, "H"):
            page.row = min(rows, max(1, numbers.first ?? 1)) - 1
            page.column = min(columns, max(1, numbers.count > 1 ? numbers[1] : 1)) - 1
        case ("", "K"), ("0", "K"): erase(row: page.row, from: page.column)
        case ("", "J"), ("0", "J"):
            erase(row: page.row, from: page.column)
            for row in (page.row + 1)..<max(rows, page.row + 1) { erase(row: row, from: 0) }
        case ("?25", "h"): isCursorShown = true
        case ("?25", "l"): isCursorShown = false
        case ("?1049", "h"):
            isAlternate = true
            alternate = Self.emptyPage(columns, rows)
        case ("?1049", "l"): isAlternate = false
        // What an interactive shell asks for: bracketed paste.
        case ("?2004", "h"), ("?2004", "l"): break
        default: surprises.append("CSI \(parameters)\(final)")
        }
    }

    private mutating func erase(row: Int, from column: Int) {
        for index in min(column, columns)..<columns { page.cells[row][index] = " " }
    }

    private static func width(_ scalar: Unicode.Scalar) -> Int {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: 0
        default:
            (0x1100...0x115F).contains(scalar.value) || (0x2E80...0xA4CF).contains(scalar.value)
                || (0xAC00...0xD7A3).contains(scalar.value) || (0xFF00...0xFF60).contains(scalar.value)
                || (0x1F300...0x1FAFF).contains(scalar.value) ? 2 : 1
        }
    }
}

extension Character {
    fileprivate mutating func unicodeScalars(append scalar: Unicode.Scalar) {
        self = Character(String(self) + String(scalar))
    }
}
