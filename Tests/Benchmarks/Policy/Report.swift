// SPDX-License-Identifier: Apache-2.0

/// What was measured, for people or for programs.
struct Report {
    struct Figure {
        var name: String
        var value: Double
        var unit: String
        /// What the value should stay under.
        var aim: Double?
    }

    struct Section {
        var title: String
        var figures: [Figure]
    }

    var title: String
    var seed: UInt64
    var sections: [Section] = []

    var text: String {
        let width = sections.flatMap(\.figures).map(\.name.count).max() ?? 0
        var lines = ["\(title), seed \(seed)"]
        for section in sections {
            lines += ["", section.title]
            for figure in section.figures {
                let name = figure.name + String(repeating: " ", count: width - figure.name.count)
                let number = Self.number(figure.value)
                let padding = String(repeating: " ", count: max(0, 10 - number.count))
                var line = "  \(name) \(padding)\(number) \(figure.unit)"
                if let aim = figure.aim {
                    let verdict = figure.value < aim ? "met" : "NOT met"
                    line += "   aim: under \(Self.number(aim)) \(figure.unit), \(verdict)"
                }
                lines.append(line)
            }
        }
        return lines.joined(separator: "\n")
    }

    /// No text in it needs escaping.
    var json: String {
        let list = sections.map { section in
            let figures = section.figures.map { figure in
                let aim = figure.aim.map { ", \"aim\": \(Self.number($0))" } ?? ""
                return """
                          { "name": "\(figure.name)", "value": \(Self.number(figure.value)), "unit": "\(figure.unit)"\(aim) }
                    """
            }
            return """
                    {
                      "title": "\(section.title)",
                      "figures": [
                \(figures.joined(separator: ",\n"))
                      ]
                    }
                """
        }
        return """
            {
              "title": "\(title)",
              "seed": \(seed),
              "sections": [
            \(list.joined(separator: ",\n"))
              ]
            }
            """
    }

    /// One digit behind the point.
    private static func number(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
