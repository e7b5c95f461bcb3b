// SPDX-License-Identifier: Apache-2.0

import Explain

/// The steps of a pairing between two lines, one for this side and one for the device.
struct SequenceChart {
    let steps: [Report.Step]
    /// Where times count from, in microseconds since the epoch.
    let zero: UInt64
    /// How many are left out at the end.
    let omitted: Int
    let page: Page

    var lines: [Line] {
        guard !steps.isEmpty else { return [] }
        let before = steps.prefix { $0.time < zero }.map { _ in "before" }
        let times = before + steps.dropFirst(before.count).map { Self.seconds($0.time, since: zero) }
        let timeWidth = times.map(\.utf8.count).max() ?? 0
        let room = page.columns - Self.indent - timeWidth - lane(nil).width - 6
        let longest = steps.map { SafeText.width(SafeText.printable($0.title)) }.max() ?? 0
        let titleMargin = room < 45 ? 2 : min(longest, room * 2 / 5) + 2
        let margin = Line("").padded(to: Self.indent)
        let blank = margin + Line("").padded(to: timeWidth + 3)
        var lines = [blank + Line("us   device", .dim)]
        for (step, time) in zip(steps, times) {
            let pad = Line("").padded(to: timeWidth - time.utf8.count)
            var front: Line = "\(margin)\(pad)\(time, .dim)   \(lane(step.arrow))   "
            for text in texts(step, titleMargin, room) {
                lines.append(front + text)
                front = "\(blank)\(lane(nil))   "
            }
        }
        if omitted > 0 {
            let words = "\(counted(omitted, "more step")) came, for which there was no room."
            lines += SafeText.wrapped(words, to: page.columns - Self.indent).map { margin + Line($0) }
        }
        return lines
    }

    private static let indent = 4

    /// The title, and behind it the details; below it where there is not room enough.
    ///
    /// - Parameter margin: The columns before the details.
    private func texts(_ step: Report.Step, _ margin: Int, _ room: Int) -> [Line] {
        let titles = SafeText.wrapped(step.title, to: room)
        // Rather below the title than with a word broken.
        let words = step.details.flatMap { SafeText.printable($0).split(separator: " ") }
        let isBeside = words.allSatisfy { SafeText.width(String($0)) < room - margin }
        let margin = isBeside ? margin : 2
        let pieces = step.details.enumerated().map { $1 + ($0 < step.details.count - 1 ? "," : "") }
        var details = SafeText.filled(pieces, to: room - margin)
        var lines = titles.isEmpty ? [""] : titles.map { Line($0) }
        if lines.count == 1, lines[0].width + 2 <= margin, !details.isEmpty {
            lines = [lines[0].padded(to: margin) + Line(details.removeFirst())]
        }
        return lines + details.map { Line("").padded(to: margin) + Line($0) }
    }

    /// What stands between the two sides; `nil` goes on with what was above.
    private func lane(_ arrow: Report.Arrow?) -> Line {
        switch arrow {
        case .sent: Line(page.isUnicode ? "├──────▶│" : "|------>|")
        case .received: Line(page.isUnicode ? "│◀──────┤" : "|<------|")
        case .link: Line(page.isUnicode ? "╞═══════╡" : "|=======|")
        case .here: "\(page.isUnicode ? "●" : "o", .yellow)\(page.isUnicode ? "       │" : "       |")"
        case nil: Line(page.isUnicode ? "│       │" : "|       |")
        }
    }

    /// `0.031 s`; also of times that go back, as in a capture that somebody put together. More than a day is a word.
    static func seconds(_ time: UInt64, since zero: UInt64) -> String {
        let (sign, span) = time < zero ? ("-", zero - time) : ("", time - zero)
        guard span < 100_000_000_000 else { return time < zero ? "before" : "later" }
        let thousandths = String(span / 1000 % 1000)
        return "\(sign)\(span / 1_000_000)." + String(repeating: "0", count: 3 - thousandths.utf8.count) + thousandths
            + " s"
    }
}
