// SPDX-License-Identifier: Apache-2.0

import DBus
import Pairing

/// What `pairingctl watch` knows, and what each event and key makes of it; pure, in the caller's time.
struct WatchModel: Sendable {
    /// What is to be done outside.
    enum Effect: Sendable {
        /// Ask the daemon for the digits, and give them to ``revealed(_:_:at:)``.
        case reveal(RequestInfo)
        /// Send the answer, and tell ``answered(_:_:at:)`` what became of it.
        case answer(RequestInfo, RequestAnswer)
        /// Make the person look here.
        case ring
        case leave
    }

    /// Microseconds of the monotonic clock, and what the clock on the wall shows then.
    struct Instant: Sendable {
        let monotonic: UInt64
        let wall: String
    }

    /// Something that has happened.
    struct Note: Sendable {
        /// When, by the clock on the wall.
        let wall: String
        let mark: Line
        let text: String

        var line: Line { "\(wall, .dim)  \(mark)\(text)" }
    }

    struct Entry: Sendable {
        var request: RequestInfo
        /// As it is asked; `nil` for a kind that this version does not know.
        var question: Question?
        /// `Origin` of its pairing; empty where there is none.
        var origin: String
        var typed: [UInt8] = []
        /// What to do instead of what was just tried.
        var hint = ""
        /// Why its digits cannot be shown.
        var withheld: String?
        var isAnswering = false
        /// How it ended while an answer was on its way, which tells more.
        fileprivate var ending: (outcome: String, user: UInt32)?

        /// `nil` where there is none.
        var deadline: UInt64? {
            let time = request.properties.time("DeadlineMonotonic")
            return time == 0 ? nil : time
        }

        /// Whole seconds, rounded up.
        func secondsLeft(at now: UInt64) -> UInt64? {
            deadline.map { $0 > now ? ($0 - now - 1) / 1_000_000 + 1 : 0 }
        }

        fileprivate static func isBefore(_ left: Entry, _ right: Entry) -> Bool {
            (left.deadline ?? .max, left.request.number) < (right.deadline ?? .max, right.request.number)
        }
    }

    /// For so long after another question appears, no answer is taken: keys that are pressed then were meant for what was
    /// there before.
    static let pause: UInt64 = 500_000
    /// So many lines of ``log`` are kept.
    static let logLength = 200

    /// The open ones; what expires first is first.
    private(set) var entries: [Entry] = []
    private(set) var chosen: UInt64?
    /// What has happened, oldest first; without digits, for it outlives the screen.
    private(set) var log: [Note] = []
    private(set) var size = Terminal.Size(columns: 80, rows: 24)

    private var answersFrom: UInt64 = 0
    private var origins: [ObjectPath: String] = [:]
    /// The results that are told.
    private var results: [ObjectPath: String] = [:]

    var chosenEntry: Entry? { chosen.flatMap(index).map { entries[$0] } }

    /// Has the question been there for long enough, and is no answer on its way?
    func isSettled(at now: UInt64) -> Bool { now >= answersFrom && chosenEntry?.isAnswering == false }

    /// When the screen changes by itself. All seconds change with those of the chosen request: many that each have a moment of
    /// their own would never let the screen rest.
    func nextChange(after now: UInt64) -> UInt64? {
        let counting = chosenEntry.flatMap { $0.deadline == nil ? nil : [$0] } ?? entries
        let seconds = counting.lazy.compactMap { entry in
            entry.deadline.flatMap { deadline in
                entry.secondsLeft(at: now).flatMap { $0 == 0 ? nil : deadline - ($0 - 1) * 1_000_000 }
            }
        }
        return [seconds.min(), chosen != nil && answersFrom > now ? answersFrom : nil].compactMap { $0 }.min()
    }

    // MARK: What the daemon tells

    mutating func opened(_ request: RequestInfo, at now: Instant) -> [Effect] {
        guard index(request.number) == nil else { return [] }
        let origin = origins[request.pairing] ?? ""
        entries.append(Entry(request: request, question: Question(request), origin: origin))
        entries.sort(by: Entry.isBefore)
        if chosen == nil { choose(entries.first?.request.number, at: now.monotonic) }
        return (request.kind?.hasDigits == true ? [.reveal(request)] : []) + [.ring]
    }

    /// Takes in what was there before the person looked: results are no news then, and what expires first is chosen.
    mutating func begin(_ requests: [RequestInfo], _ pairings: some Sequence<PairingInfo>, at now: Instant) -> [Effect]
    {
        for pairing in pairings {
            origins[pairing.path] = pairing.properties.text("Origin")
            results[pairing.path] = pairing.result
        }
        let effects = requests.flatMap { opened($0, at: now) }
        choose(entries.first?.request.number, at: now.monotonic)
        return effects
    }

    mutating func changed(_ request: RequestInfo) {
        guard let index = index(request.number) else { return }
        entries[index].request = request
        entries[index].question?.request = request
        entries.sort(by: Entry.isBefore)
    }

    mutating func finished(_ request: RequestInfo, _ outcome: String, user: UInt32, at now: Instant) {
        guard let index = index(request.number) else { return }
        guard !entries[index].isAnswering else {
            entries[index].ending = (outcome, user)
            return
        }
        remove(index, saying: Self.ending(outcome, user), at: now)
    }

    mutating func changed(_ pairing: PairingInfo, at now: Instant) {
        let origin = pairing.properties.text("Origin")
        origins[pairing.path] = origin
        for index in entries.indices where entries[index].request.pairing == pairing.path {
            entries[index].origin = origin
        }
        guard !pairing.result.isEmpty, results[pairing.path] != pairing.result else { return }
        results[pairing.path] = pairing.result
        note(
            "\(pairing.title): \(pairing.result). \(pairing.explanation)", at: now,
            mark: "\("●", ResultText(pairing.result).isSuccess ? .green : .red) ")
    }

    mutating func removed(_ pairing: ObjectPath) {
        origins[pairing] = nil
        results[pairing] = nil
    }

    mutating func revealed(_ number: UInt64, _ digits: Result<String, Failure>, at now: Instant) {
        guard let index = index(number) else { return }
        switch digits {
        case .success(let digits):
            entries[index].question?.digits = digits
            entries[index].question?.isReady = true
            if number == chosen { answersFrom = now.monotonic + Self.pause }
        case .failure(let failure): entries[index].withheld = failure.message
        }
    }

    mutating func answered(_ number: UInt64, _ result: Result<RequestAnswer, Failure>, at now: Instant) {
        guard let index = index(number) else { return }
        switch (result, entries[index].ending) {
        case (.success(.reject), _): remove(index, saying: "you refused", at: now)
        case (.success(.accept), _): remove(index, saying: "you said yes", at: now)
        case (.success, _): remove(index, saying: "you typed it in", at: now)
        case (.failure, let (outcome, user)?): remove(index, saying: Self.ending(outcome, user), at: now)
        case (.failure(let failure), nil):
            entries[index].isAnswering = false
            entries[index].hint = failure.message
        }
    }

    private static func ending(_ outcome: String, _ user: UInt32) -> String {
        let actor = user == .max ? "" : " by user \(user)"
        return switch RequestOutcome(rawValue: outcome) {
        case .accepted: "answered with yes\(actor)"
        case .rejected: "refused\(actor)"
        case .expired: "expired: nobody answered in time"
        case .cancelled: user == .max ? "cancelled by the device, or its pairing ended" : "cancelled\(actor)"
        case .completed: "over: the digits are needed no more"
        case nil: outcome + actor
        }
    }

    private mutating func remove(_ index: Int, saying ending: String, at now: Instant) {
        let request = entries.remove(at: index).request
        note("\(request.title): \(ending)", at: now)
        if chosen == request.number { choose(entries.first?.request.number, at: now.monotonic) }
    }

    mutating func note(_ text: String, at now: Instant, mark: Line = "") {
        log.append(Note(wall: now.wall, mark: mark, text: text))
        if log.count > Self.logLength { log.removeFirst(log.count - Self.logLength) }
    }

    // MARK: What the person does

    /// The question is drawn anew, maybe for the first time: on a screen that was too small, or behind a shell.
    mutating func resized(_ size: Terminal.Size, at now: Instant) {
        self.size = size
        answersFrom = now.monotonic + Self.pause
    }

    /// - Parameter keys: What was read together. An answer counts only when it came alone: what is pasted, or typed ahead, is
    ///   no yes.
    mutating func pressed(_ keys: [Terminal.Key], at now: Instant) -> [Effect] {
        keys.flatMap { press($0, isAlone: keys.count == 1, at: now.monotonic) }
    }

    private mutating func press(_ key: Terminal.Key, isAlone: Bool, at now: UInt64) -> [Effect] {
        guard let index = chosen.flatMap(index) else { return key == .end ? [.leave] : [] }
        let kind = entries[index].request.kind
        switch key {
        case .end: return [.leave]
        case .up, .down:
            move(to: index + (key == .up ? -1 : 1), at: now)
            return []
        case .text(let byte) where kind?.isEntry != true && Self.digits.contains(byte):
            move(to: Int(byte) - Int(UInt8(ascii: "1")), at: now)
            return []
        default: break
        }
        // No answer to a question that nobody can have read.
        guard isSettled(at: now), WatchLayout(self, at: now).isComplete else { return [] }
        entries[index].hint = ""
        if Self.isRefusal(key, kind) { return isAlone ? answer(.reject, at: index) : [] }
        guard let question = entries[index].question, question.isReady else { return [] }
        switch key {
        case .text(let byte): return text(byte, question.kind, at: index, isAlone: isAlone)
        case .enter: return enter(question, at: index)
        case .erase: while let byte = entries[index].typed.popLast(), byte & 0xC0 == 0x80 {}
        case .eraseAll: entries[index].typed = []
        case .up, .down, .refuse, .end: break
        }
        return []
    }

    private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")

    /// Needs neither digits nor a kind that is known.
    private static func isRefusal(_ key: Terminal.Key, _ kind: RequestKind?) -> Bool {
        switch key {
        case .refuse: true
        case .text(let byte): kind != .pinEntry && byte | 0x20 == UInt8(ascii: "n")
        default: false
        }
    }

    private mutating func text(_ byte: UInt8, _ kind: RequestKind, at index: Int, isAlone: Bool) -> [Effect] {
        let room = kind == .pinEntry ? 64 : kind == .passkeyEntry && Self.digits.contains(byte) ? 6 : 0
        if entries[index].typed.count < room { entries[index].typed.append(byte) }
        guard kind.isYesOrNo, isAlone, byte | 0x20 == UInt8(ascii: "y") else { return [] }
        return answer(.accept, at: index)
    }

    private mutating func enter(_ question: Question, at index: Int) -> [Effect] {
        guard question.kind.isEntry else {
            entries[index].hint = question.kind.isYesOrNo ? "Press y or n." : "Type the digits on the device."
            return []
        }
        guard let text = String(validating: entries[index].typed, as: UTF8.self) else {
            entries[index].hint = "That is no text; erase it and type it again."
            return []
        }
        switch Question.secret(text, for: question.kind) {
        case .hint(let hint):
            entries[index].hint = hint
            return []
        case .answer(let value): return answer(value, at: index)
        }
    }

    private mutating func answer(_ answer: RequestAnswer, at index: Int) -> [Effect] {
        entries[index].isAnswering = true
        entries[index].typed = []
        return [.answer(entries[index].request, answer)]
    }

    private mutating func move(to index: Int, at now: UInt64) {
        guard entries.indices.contains(index), entries[index].request.number != chosen else { return }
        choose(entries[index].request.number, at: now)
    }

    private mutating func choose(_ number: UInt64?, at now: UInt64) {
        if let old = chosen.flatMap(index) { entries[old].typed = [] }
        chosen = number
        answersFrom = now + Self.pause
    }

    private func index(_ number: UInt64) -> Int? { entries.firstIndex { $0.request.number == number } }
}
