// SPDX-License-Identifier: Apache-2.0

/// One thing in full: its title, and a fact a line.
struct FactSheet {
    let title: Line
    private(set) var facts: [(label: String, value: Line)] = []

    init(_ title: Line) { self.title = title }

    /// Adds a fact; one that is empty is left out.
    mutating func add(_ label: String, _ value: String, _ style: Style = .plain) {
        if !value.isEmpty { facts.append((label, Line(value, style))) }
    }

    /// - Parameter room: The columns that there are; `nil` for as many as it takes.
    func lines(within room: Int?) -> [Line] {
        let width = (facts.map { $0.label.utf8.count }.max() ?? 0) + 2
        return (room.map { title.wrapped(to: $0, margin: 2) } ?? [title])
            + facts.flatMap { label, value in
                let front: Line = "   \(Line(label + ":", .dim).padded(to: width))"
                let margin = Line("").padded(to: front.width)
                let parts = room.map { value.wrapped(to: max(20, $0 - front.width)) } ?? [value]
                return parts.enumerated().map { ($0 == 0 ? front : margin) + $1 }
            }
    }
}
