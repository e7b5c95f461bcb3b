// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Pairing

/// Asks requests at the terminal, one at a time, with the seconds that are left.
@LoopActor
final class Prompter {
    /// How a question ended here.
    enum End: Sendable {
        case answered(RequestAnswer)
        /// By somebody else, by expiry or by cancellation.
        case elsewhere(outcome: String)
        case failed(Failure)
    }

    /// Called when the person wants to leave (Ctrl-D).
    var onLeave: @LoopActor () -> Void = {}
    var onEnd: @LoopActor (RequestInfo, End) -> Void = { _, _ in }

    private let client: Client
    private let terminal: Terminal
    /// In the order in which they came.
    private var questions: [Question] = []
    private var current: UInt64?
    private var typed: [UInt8] = []
    private var ticker: EventSource?

    init(_ client: Client, _ terminal: Terminal) throws(Failure) {
        self.client = client
        self.terminal = terminal
        try terminal.begin { [weak self] keys in for key in keys { self?.key(key) } }
    }

    /// Gives the terminal back.
    func end() {
        questions = []
        current = nil
        ticker = nil
        terminal.end()
    }

    func say(_ line: Line) { terminal.say(line) }

    func ask(_ request: RequestInfo) {
        guard index(request.number) == nil else { return }
        guard let question = Question(request) else {
            say("\(request.label)  \(request.device): this pairingctl cannot ask it; update it")
            return
        }
        questions.append(question)
        say(question.headline)
        if question.kind.hasDigits { onLoop { [weak self] in await self?.reveal(request) } }
        update()
    }

    /// Shows what has changed, such as the digits that were typed on the other side.
    func change(_ request: RequestInfo) {
        guard let index = index(request.number) else { return }
        questions[index].request = request
        update()
    }

    /// The request ended elsewhere; of an answer that is on its way, the daemon's reply tells more.
    func finish(_ request: RequestInfo, outcome: String) {
        guard let index = index(request.number), !questions[index].isAnswering else { return }
        remove(index, saying: outcome, .elsewhere(outcome: outcome))
    }

    /// Drops all questions: the daemon is gone.
    func clear() {
        questions = []
        update()
    }

    // MARK: Questions

    private func index(_ number: UInt64) -> Int? { questions.firstIndex { $0.request.number == number } }

    private func reveal(_ request: RequestInfo) async {
        do throws(Failure) {
            let digits = try await client.reveal(request)
            guard let index = index(request.number) else { return }
            questions[index].digits = digits
            questions[index].isReady = true
            update()
        } catch {
            // Nobody can compare digits that are not shown.
            guard let index = index(request.number) else { return }
            remove(index, saying: error.message, .failed(error))
        }
    }

    private func remove(_ index: Int, saying outcome: String, _ end: End) {
        let request = questions.remove(at: index).request
        say("\(request.label)  \(outcome)")
        update()
        onEnd(request, end)
    }

    /// Picks what to ask now, and draws it. Digits to be typed elsewhere wait behind what needs an answer here.
    private func update() {
        let ready = questions.filter { $0.isReady && !$0.isAnswering }
        let next = ready.first { !$0.kind.isDisplay } ?? ready.first
        if next?.request.number != current {
            current = next?.request.number
            // What was typed was meant for the one before.
            typed = []
            terminal.dropInput()
        }
        draw()
    }

    private func draw() {
        guard let current, let index = index(current) else {
            ticker?.pause()
            terminal.show(prompt: nil)
            return
        }
        let question = questions[index]
        terminal.show(prompt: question.prompt + Line(question.echo(of: String(decoding: typed, as: UTF8.self))))
        guard question.request.secondsLeft ?? 0 > 0 else {
            ticker?.pause()
            return
        }
        let deadline = Clock.monotonic + 1_000_000
        if let ticker {
            ticker.rearm(at: deadline)
        } else {
            // Without a timer the seconds stand still, and everything else works.
            ticker = try? EventSource.timer(at: deadline) { [weak self] in self?.draw() }
        }
    }

    // MARK: Keys

    private func key(_ key: Terminal.Key) {
        switch key {
        case .end:
            if typed.isEmpty { onLeave() }
            return
        case .enter:
            submit()
            return
        case .text(let byte): if typed.count < 64, current != nil { typed.append(byte) }
        case .erase: eraseCharacter()
        case .eraseAll: typed = []
        case .refuse: reject()
        case .up, .down: return
        }
        draw()
    }

    private func eraseCharacter() {
        // The bytes of one UTF-8 scalar: continuation bytes, then the first one.
        while let byte = typed.popLast(), byte & 0xC0 == 0x80 {}
    }

    private func submit() {
        guard let current, let index = index(current) else { return }
        let text = String(decoding: typed, as: UTF8.self)
        typed = []
        switch questions[index].read(text) {
        case .hint(let hint):
            say("\(hint, .dim)")
            update()
        case .answer(let answer): give(answer, at: index)
        }
    }

    private func reject() {
        typed = []
        if let current, let index = index(current) { give(.reject, at: index) }
    }

    private func give(_ answer: RequestAnswer, at index: Int) {
        questions[index].isAnswering = true
        let request = questions[index].request
        onLoop { [weak self] in await self?.send(answer, to: request) }
        update()
    }

    private func send(_ answer: RequestAnswer, to request: RequestInfo) async {
        do throws(Failure) {
            try await client.answer(request, answer)
            guard let index = index(request.number) else { return }
            remove(index, saying: answer.outcome, .answered(answer))
        } catch {
            guard let index = index(request.number) else { return }
            remove(index, saying: error.message, .failed(error))
        }
    }
}
