// SPDX-License-Identifier: Apache-2.0

import Explain
import Glibc

/// An explanation for people.
struct ExplanationText {
    let explanation: Explanation
    let page: Page

    private var report: Report { explanation.report }

    func lines(hasChart: Bool) -> [Line] {
        let chart = SequenceChart(
            steps: report.steps, zero: explanation.zero, omitted: report.omittedSteps, page: page
        ).lines
        let parts = [
            headline, verdict, offers, observations, causes,
            hasChart && !chart.isEmpty ? ["\("  What happened:", .bold)"] + chart : [],
        ]
        return Array(parts.filter { !$0.isEmpty }.joined(separator: [Line("")]))
    }

    // MARK: Parts

    private var headline: [Line] {
        let style: Style = explanation.isFailure ? .red : report.finding == .paired ? .green : .yellow
        let device =
            [explanation.name, explanation.address].filter { !$0.isEmpty }.joined(separator: " ")
        let title = device.isEmpty ? "a device whose address was not captured" : device
        let adapter = explanation.adapter.isEmpty ? "" : " on \(explanation.adapter)"
        let facts = [
            "pairing \(explanation.number)", explanation.rule.isEmpty ? "" : "rule \(explanation.rule)",
            explanation.startedAt == 0 ? "" : Self.time(explanation.startedAt), duration, explanation.result,
        ]
        return hanging("\(page.isUnicode ? "●" : "*", style) ", title + adapter, .bold)
            + hanging("  ", facts.filter { !$0.isEmpty }.joined(separator: ", "))
    }

    private var duration: String {
        let (begin, end) = (explanation.startedAt, explanation.finishedAt)
        guard begin > 0, end >= begin, end < UInt64(Int64.max) else { return "" }
        let tenths = (end - begin + 50_000) / 100_000
        return "\(tenths / 10).\(tenths % 10) s"
    }

    private var verdict: [Line] {
        let ended = report.stoppedBy.map { ", ended by \(Self.words($0))" } ?? ""
        return hanging("  ", report.summary)
            + hanging("  ", "\(report.finding.rawValue), stage \(report.stage.rawValue)\(ended)", .dim)
    }

    /// What each side wants, beside each other.
    private var offers: [Line] {
        let labelWidth = 18
        let front = Line("  association model").padded(to: 2 + labelWidth + 2)
        let model = report.model.isEmpty ? [] : hanging(front, report.model)
        let offers = report.offers.prefix(2)
        guard !offers.isEmpty else { return model }
        var table = Table(
            header: [Line("").padded(to: labelWidth)] + offers.map { Line(Self.words($0.from), .bold) })
        // At least as wide as the longest capability.
        let cellWidth = max(15, (page.columns - front.width - 2) / offers.count)
        func row(_ label: String, _ cell: (Report.Offer) -> String?) {
            let cells = offers.map(cell)
            // What nobody told takes no line.
            guard cells.contains(where: { $0 != nil }) else { return }
            table.rows.append([Line(label)] + cells.map { Line(SafeText.shortened($0 ?? "-", to: cellWidth)) })
        }
        row("IO capability") { $0.ioCapability }
        row("MITM protection") { Self.word($0.mitmProtection) }
        row("bonding") { Self.word($0.bonding) }
        row("Secure Connections") { $0.secureConnections.map(Self.word) }
        if offers.contains(where: \.outOfBandData) { row("out-of-band data") { Self.word($0.outOfBandData) } }
        row("longest key") { $0.maximumKeySize.map { "\($0) octets" } }
        row("keys to give") { $0.keys.isEmpty ? nil : $0.keys.joined(separator: " ") }
        row("AuthReq") { Self.hexadecimal($0.authenticationRequirements) }
        return table.lines.map { "  \($0)" } + model
    }

    private var observations: [Line] {
        guard !report.observations.isEmpty else { return [] }
        return ["\("  What was noticed:", .bold)"] + report.observations.flatMap { hanging("    - ", $0) }
    }

    private var causes: [Line] {
        guard !report.causes.isEmpty else { return [] }
        let heading = report.causes.count == 1 ? "  What to look at:" : "  What to look at, the likeliest first:"
        return ["\(heading, .bold)"] + report.causes.enumerated().flatMap { cause($0 + 1, $1) }
    }

    private func cause(_ number: Int, _ cause: Report.LikelyCause) -> [Line] {
        let front: Line = "    \(number). "
        let margin = String(repeating: " ", count: front.width)
        var lines = hanging(front, [cause.text, cause.remedy].filter { !$0.isEmpty }.joined(separator: " "))
        guard !cause.ruleLines.isEmpty else { return lines }
        let rule = explanation.rule.isEmpty ? "the device's rule" : "the rule \(explanation.rule)"
        lines += hanging(Line(margin), "In \(rule):")
        // As they are, for they are copied.
        lines += cause.ruleLines.map { $0.isEmpty ? "" : "\(margin)    \($0, .green)" }
        return lines
    }

    // MARK: Words

    /// Text behind `front`, its lines beginning under each other.
    private func hanging(_ front: Line, _ text: String, _ style: Style = .plain) -> [Line] {
        let margin = Line("").padded(to: front.width)
        return SafeText.wrapped(text, to: page.columns - front.width).enumerated().map { index, text in
            (index == 0 ? front : margin) + Line(text, style)
        }
    }

    private static func words(_ party: Report.Party) -> String {
        switch party {
        case .us: "this side"
        case .device: "the device"
        case .radio: "the radio link"
        case .program: "another program"
        }
    }

    private static func word(_ flag: Bool) -> String { flag ? "yes" : "no" }

    private static func hexadecimal(_ octet: UInt8) -> String {
        (octet < 0x10 ? "0x0" : "0x") + String(octet, radix: 16, uppercase: true)
    }

    /// The machine's local time, to the second.
    static func time(_ microseconds: UInt64) -> String {
        var seconds = time_t(clamping: microseconds / 1_000_000)
        var parts = tm()
        guard localtime_r(&seconds, &parts) != nil else { return "\(microseconds / 1_000_000) s after 1970" }
        func two(_ number: Int32) -> String { (number < 10 ? "0" : "") + String(number) }
        return "\(Int(parts.tm_year) + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday)) "
            + [parts.tm_hour, parts.tm_min, parts.tm_sec].map(two).joined(separator: ":")
    }
}
