// SPDX-License-Identifier: Apache-2.0

/// Columns for people, aligned by what each cell takes on a terminal.
struct Table {
    /// What may be done to a column where there is not room for all.
    enum Fit: Sendable {
        case whole
        case cut
        /// Goes on below itself; for the last column.
        case wrapped
    }

    struct Column: ExpressibleByStringLiteral, Sendable {
        let title: Line
        var fit = Fit.whole

        init(_ title: String, _ fit: Fit) { (self.title, self.fit) = (Line(title, .bold), fit) }
        init(stringLiteral title: String) { self.init(title, .whole) }
        fileprivate init(_ title: Line) { self.title = title }

        static func cut(_ title: String) -> Column { Column(title, .cut) }
        static func wrapped(_ title: String) -> Column { Column(title, .wrapped) }
    }

    let columns: [Column]
    var rows: [[Line]] = []

    init(_ columns: Column...) { self.columns = columns }
    init(header: [Line]) { columns = header.map { Column($0) } }

    private init(columns: [Column], rows: [[Line]]) { (self.columns, self.rows) = (columns, rows) }

    var withoutLastColumn: Table {
        Table(columns: columns.dropLast(), rows: rows.map { $0.dropLast() })
    }

    var lines: [Line] { lines(within: nil) }

    /// - Parameter room: The columns that there are; `nil` for as many as it takes.
    /// - Returns: The header first.
    func lines(within room: Int?) -> [Line] {
        let all = [columns.map(\.title)] + rows
        let widths = fitted(columns.indices.map { column in all.map { $0[column].width }.max() ?? 0 }, to: room)
        return all.flatMap { lines(of: $0, widths) }
    }

    /// The spaces between two columns.
    private static let gap = 2

    /// Takes from the widest of the columns that may be narrower, until they fit or nothing is left to take.
    private func fitted(_ widths: [Int], to room: Int?) -> [Int] {
        guard let room else { return widths }
        var widths = widths
        var excess = widths.reduce(0, +) + Self.gap * (widths.count - 1) - room
        while excess > 0 {
            let narrowable = columns.indices.filter {
                columns[$0].fit != .whole && widths[$0] > max(8, columns[$0].title.width)
            }
            guard let widest = narrowable.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }

    private func lines(of row: [Line], _ widths: [Int]) -> [Line] {
        let cells = zip(zip(row, columns), widths).map { cell, width in
            switch cell.1.fit {
            case .whole: [cell.0]
            case .cut: [cell.0.shortened(to: width)]
            case .wrapped: cell.0.wrapped(to: width)
            }
        }
        return (0..<(cells.map(\.count).max() ?? 1)).map { index in
            let parts = cells.map { $0.indices.contains(index) ? $0[index] : "" }
            // No spaces behind the last cell that has something.
            let last = parts.lastIndex { $0.width > 0 } ?? 0
            return zip(parts, widths).prefix(last).reduce(Line("")) { $0 + $1.0.padded(to: $1.1 + Self.gap) }
                + parts[last]
        }
    }
}
