// SPDX-License-Identifier: Apache-2.0

import Pairing

/// How ``WatchModel`` looks on a screen of its size; pure.
///
/// What does not fit is left out, the least important first. Who asks, what is asked, the digits and the keys are never left
/// out: where they do not fit, nothing can be answered.
struct WatchLayout {
    /// From the top; at most as many as the screen has rows, and none as wide as it.
    let lines: [Line]
    /// Is all there that somebody needs in order to answer?
    let isComplete: Bool

    /// Lines that stand or fall together.
    private struct Block {
        var lines: [Line]
        var importance: Importance
    }

    private enum Importance: Int, CaseIterable {
        case space, origin, footer, list, rule, title, news, meaning, essential
    }

    init(_ model: WatchModel, at now: UInt64) {
        // The last column stays free: terminals differ in what they do behind it.
        let width = max(1, model.size.columns - 1)
        let text = WatchText(width: width)
        var blocks = [
            Block(lines: text.title(waiting: model.entries.count), importance: .title), Self.space,
        ]
        var footer: [(key: String, meaning: String)] = [("Ctrl-C", "leave")]
        if let entry = model.chosenEntry {
            if model.entries.count > 1 {
                blocks += [
                    Block(lines: text.list(model, rows: max(2, model.size.rows / 4), at: now), importance: .list),
                    Self.space,
                ]
                footer.insert(("↑ ↓", "choose"), at: 0)
            }
            blocks += Self.card(entry, model, text, at: now)
        } else {
            blocks.append(
                Block(lines: text.prose("Nothing is asked. Requests appear here as they come."), importance: .essential)
            )
        }
        if let newest = model.log.last { blocks += [Self.space, Block(lines: text.note(newest), importance: .news)] }
        blocks += [Self.space, Block(lines: text.keys(footer), importance: .footer)]
        let rows = max(1, model.size.rows)
        for importance in Importance.allCases.dropLast() where Self.height(blocks) > rows {
            blocks.removeAll { $0.importance == importance }
        }
        let fits = Self.height(blocks) <= rows && width >= WatchText.narrowest
        isComplete = fits
        guard fits else {
            lines = Array(text.prose("Make this terminal larger: a request cannot be read here.").prefix(rows))
            return
        }
        // What room is left shows what happened before.
        let room = rows - Self.height(blocks)
        if let news = blocks.firstIndex(where: { $0.importance == .news }) {
            blocks[news].lines += model.log.dropLast().reversed().lazy.flatMap(text.note).prefix(room)
        }
        lines = blocks.flatMap(\.lines)
    }

    private static func height(_ blocks: [Block]) -> Int { blocks.reduce(0) { $0 + $1.lines.count } }
    private static let space = Block(lines: [""], importance: .space)

    private static func card(
        _ entry: WatchModel.Entry, _ model: WatchModel, _ text: WatchText, at now: UInt64
    ) -> [Block] {
        let (properties, kind) = (entry.request.properties, entry.request.kind)
        let (name, address) = (properties.text("Name"), properties.text("Address"))
        let adapter = entry.request.adapter.map { " on \($0)" } ?? ""
        func field(_ label: String, _ value: String, _ importance: Importance = .essential) -> Block {
            Block(lines: text.field(label, value), importance: importance)
        }
        var blocks = [
            Block(lines: [text.headline(entry, at: now)], importance: .essential), space,
            field("Device", address + adapter),
            field("Name", name.isEmpty || name == address ? "it has told none" : "“\(name)”"),
        ]
        let service = properties.text("Service")
        if !service.isEmpty { blocks.append(field("Service", service)) }
        blocks.append(field("Rule", entry.request.rule.isEmpty ? "none fits it" : entry.request.rule, .rule))
        if let origin = WatchText.origin(entry.origin) { blocks.append(field("Begun by", origin, .origin)) }
        blocks.append(space)
        guard let question = entry.question else {
            return blocks + [
                Block(
                    lines: text.prose(
                        "This pairingctl does not know the kind \(properties.text("Kind")); update it.")
                        + text.keys([("n", "refuse")]), importance: .essential)
            ]
        }
        let asked = entry.withheld.map { "Its digits cannot be shown: \($0)." } ?? question.kind.question
        blocks += [Block(lines: text.prose(asked), importance: .essential), space]
        if let digits = text.digits(entry, question) {
            blocks += [Block(lines: [digits], importance: .essential), space]
        }
        if kind?.isDisplay == true, question.digits.count == 6 {
            blocks.append(Block(lines: text.prose("\(entry.request.entered) of 6 are typed."), importance: .rule))
        }
        blocks += [Block(lines: text.prose(question.kind.meaning), importance: .meaning), space]
        let hint = entry.hint.isEmpty ? [] : text.prose(entry.hint, .red)
        let keys: [Line] =
            if entry.isAnswering {
                text.prose("Sending the answer.", .dim)
            } else if model.isSettled(at: now), question.isReady || entry.withheld != nil {
                text.keys(question.isReady ? question.kind.keys : [("n", "refuse")])
            } else {
                text.prose("A moment.", .dim)
            }
        return blocks + [Block(lines: hint + keys, importance: .essential)]
    }
}

/// Pieces of the screen, of one width.
struct WatchText {
    let width: Int

    /// Narrower, an address does not fit.
    static let narrowest = 20

    func title(waiting count: Int) -> [Line] {
        let state = count == 0 ? "" : count == 1 ? "1 request waits" : "\(count) requests wait"
        let gap = width - 18 - SafeText.width(state)
        guard gap > 1 else { return [Line(clipped(state.isEmpty ? "pairingctl watch" : state), .bold)] }
        return ["\(" pairingctl watch", .bold)\(String(repeating: " ", count: gap))\(state)"]
    }

    /// What is open, by what expires first; so many rows of it as are near the chosen one.
    func list(_ model: WatchModel, rows: Int, at now: UInt64) -> [Line] {
        let chosen = model.entries.firstIndex { $0.request.number == model.chosen } ?? 0
        let first = max(0, min(chosen - rows / 2, model.entries.count - rows))
        return model.entries.indices.dropFirst(first).prefix(rows).map { index in
            let entry = model.entries[index]
            let key = index < 9 ? String(index + 1) : " "
            let left = entry.secondsLeft(at: now).map { "\($0) s" } ?? ""
            let time = String(repeating: " ", count: max(0, 5 - left.count)) + left
            // The name is last: whatever it says, it takes no other's place.
            let name = entry.request.properties.text("Name")
            let row =
                "\(index == chosen ? ">" : " ") \(key) \(time)  \(entry.request.properties.text("Address"))"
                + "  \(Self.padded(entry.request.kind?.short ?? "?", 15))  \(name.isEmpty ? "" : "“\(name)”")"
            return Line(clipped(row), index == chosen ? .bold : .plain)
        }
    }

    func headline(_ entry: WatchModel.Entry, at now: UInt64) -> Line {
        let left = entry.secondsLeft(at: now)
        let time = left.map { " \($0) s left  " } ?? " "
        let wish = "Request \(entry.request.number): \(entry.request.kind?.wish ?? "something is asked")"
        return "\(time, (left ?? .max) <= 5 ? .red : .yellow)\(clipped(wish, to: width - SafeText.width(time)), .bold)"
    }

    func field(_ label: String, _ value: String) -> [Line] {
        let label = width < 50 ? " \(label) " : Self.padded("   \(label)", 13)
        // An address stands for itself.
        guard SafeText.width(label + value) <= width || !label.contains("Device") else { return [Line(clipped(value))] }
        return ["\(label, .dim)\(clipped(value, to: width - SafeText.width(label)))"]
    }

    /// The digits to compare or to type, or what was typed; `nil` where there are none.
    func digits(_ entry: WatchModel.Entry, _ question: Question) -> Line? {
        let shown: String
        switch question.kind {
        case .authorization, .service, .repair: return nil
        case .confirmation, .passkeyDisplay, .pinDisplay:
            guard question.isReady else { return nil }
            shown = Question.grouped(question.digits)
        case .passkeyEntry:
            let typed = String(decoding: entry.typed, as: UTF8.self)
            shown = Question.grouped(typed + String(repeating: "_", count: max(0, 6 - typed.count)))
        case .pinEntry: shown = question.echo(of: String(decoding: entry.typed, as: UTF8.self)) + "_"
        }
        let indent = String(repeating: " ", count: width < 40 ? 2 : 10)
        return "\(indent)\(clipped(shown, to: width - indent.count), .bold)"
    }

    /// Keys with what they do, on as many lines as it takes.
    func keys(_ keys: [(key: String, meaning: String)]) -> [Line] {
        var lines: [Line] = []
        var current: Line = ""
        for (key, meaning) in keys {
            let item: Line = "   \(key, .bold) \(meaning)"
            if current.width > 0, current.width + item.width > width {
                lines.append(current)
                current = ""
            }
            current = current + item
        }
        return lines + [current]
    }

    func note(_ note: WatchModel.Note) -> [Line] {
        let time = width < 40 ? "" : " \(note.wall)"
        let indent = time.isEmpty ? 1 : time.count + 2
        let text = note.mark.text(isColored: false) + note.text
        return wrap(text, to: max(1, width - indent)).enumerated().map { index, text in
            "\(Self.padded(index == 0 ? time : "", indent), .dim)\(text)"
        }
    }

    func prose(_ text: String, _ style: Style = .plain) -> [Line] {
        let indent = width < Self.narrowest ? "" : " "
        return wrap(text, to: width - indent.count).map { Line(indent + $0, style) }
    }

    /// `Pairing1.Origin`; `nil` where it is not known.
    static func origin(_ word: String) -> String? {
        switch word {
        case "requested": "somebody here"
        case "automatic": "pairingd, as its rule says"
        case "incoming": "the device"
        case "foreign": "another program"
        default: nil
        }
    }

    // MARK: Widths

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - SafeText.width(text)))
    }

    private func clipped(_ text: String) -> String { clipped(text, to: width) }

    /// `text` as it is shown, with an ellipsis where it takes more columns.
    private func clipped(_ text: String, to width: Int) -> String {
        let text = SafeText.printable(text)
        guard SafeText.width(text) > width else { return text }
        var (result, used) = ("", 1)
        for character in text {
            used += SafeText.width(String(character))
            guard used <= width else { break }
            result.append(character)
        }
        return width > 0 ? result + "…" : ""
    }

    /// Lines of at most `width` columns, broken between words, and within those that are longer.
    private func wrap(_ text: String, to width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in SafeText.printable(text).split(separator: " ") {
            if SafeText.width(line) + 1 + SafeText.width(String(word)) <= width, !line.isEmpty {
                line += " " + word
                continue
            }
            if !line.isEmpty { lines.append(line) }
            line = ""
            for character in word {
                if SafeText.width(line) + SafeText.width(String(character)) > width, !line.isEmpty {
                    lines.append(line)
                    line = ""
                }
                line.append(character)
            }
        }
        return lines + [line]
    }
}

extension RequestKind {
    /// In a list.
    fileprivate var short: String {
        switch self {
        case .authorization: "pair?"
        case .confirmation: "same digits?"
        case .passkeyEntry: "type its digits"
        case .pinEntry: "type its PIN"
        case .passkeyDisplay, .pinDisplay: "type there"
        case .service: "service?"
        case .repair: "pair anew?"
        }
    }

    fileprivate var wish: String {
        switch self {
        case .authorization, .confirmation, .passkeyEntry, .passkeyDisplay, .pinEntry, .pinDisplay:
            "a device wants to pair"
        case .service: "a device wants to use a service"
        case .repair: "a device has lost its bond"
        }
    }

    fileprivate var question: String {
        switch self {
        case .authorization: "Pair with it?"
        case .confirmation: "Does it show these digits?"
        case .passkeyEntry: "Type the six digits that it shows:"
        case .pinEntry: "Type its PIN:"
        case .passkeyDisplay, .pinDisplay: "Type these on the device:"
        case .service: "May it use this service?"
        case .repair: "Pair with it anew?"
        }
    }

    /// What an answer does, and what to look at before giving it.
    fileprivate var meaning: String {
        switch self {
        case .authorization:
            "Yes pairs it. No digits are compared, so nothing proves which device it is: say yes only if you have just"
                + " started this on the device itself."
        case .confirmation:
            "Yes pairs it. If the device shows other digits, or none, say no: another device may have come between."
        case .passkeyEntry: "That pairs it."
        case .pinEntry: "That pairs it. The PIN is on the device or in its manual."
        case .passkeyDisplay, .pinDisplay:
            "That pairs it, and nothing is to be answered here. Refuse if it is no device of yours."
        case .service: "Yes lets it connect to this service, this once. It changes no pairing."
        case .repair:
            "Yes removes the old bond and pairs. Who only borrows its address looks the same: say yes only if the"
                + " device was reset."
        }
    }

    fileprivate var keys: [(key: String, meaning: String)] {
        switch self {
        case .authorization, .confirmation, .service, .repair: [("y", "yes"), ("n", "no")]
        case .passkeyEntry: [("Enter", "send"), ("Backspace", "correct"), ("n", "refuse")]
        case .pinEntry: [("Enter", "send"), ("Backspace", "correct"), ("Ctrl-N", "refuse")]
        case .passkeyDisplay, .pinDisplay: [("n", "refuse")]
        }
    }
}
