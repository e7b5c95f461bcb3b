// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EventLoop
import Glibc
import Pairing

/// Asks each request as it comes.
struct Watch: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Show requests on this terminal as they come, with the seconds left, and answer them by one key.",
        discussion: """
            It takes the whole terminal until Ctrl-C. Digits are on the screen only, for as long as their request is open: \
            nothing of them is left behind, also not in what a terminal keeps of the lines scrolled away. What has happened \
            is printed at the end, without digits. It ends when pairingd does, with exit status 3.
            """)

    @OptionGroup(title: "Options of every verb") var options: GlobalOptions

    @LoopActor func run(_ session: Session) async throws(Failure) -> ExitStatus {
        let terminal = try Self.terminal(session.output)
        let client = try await session.connect()
        // Before the radio's clock runs for a request, and before the screen is ours.
        let permission = await client.requestAnswerPermission()
        let view = try await LiveView(client)
        let watching = Watching(client, terminal, session.output)
        defer { watching.end() }
        session.interruption.handler = { _ in watching.leave() }
        try watching.begin(view, advice: permission.advice)
        for await event in view.events { try watching.take(event) }
        throw Failure(.unreachable, "the bus closed the connection; is D-Bus running?")
    }

    /// The terminal, or why nobody can be asked here.
    @LoopActor private static func terminal(_ output: Output) throws(Failure) -> Terminal {
        guard !output.isJSON else {
            throw Failure(.usage, "watch asks a person; for programs there is pairingctl monitor --json")
        }
        guard let terminal = Terminal(output) else {
            throw Failure(
                .usage,
                "watch needs a terminal, and this is none; pairingctl monitor prints what happens,"
                    + " pairingctl requests what is open")
        }
        let name = getenv("TERM").map { String(cString: $0) } ?? ""
        guard !name.isEmpty, name != "dumb" else {
            throw Failure(
                .usage,
                "watch cannot draw on this terminal (TERM=\(name)); pairingctl requests shows what is open,"
                    + " pairingctl approve and reject answer it")
        }
        return terminal
    }
}

/// Carries out what the model wants, and shows what it knows.
@LoopActor
private final class Watching {
    private let client: Client
    private let terminal: Terminal
    private let output: Output
    private var model = WatchModel()
    private var screen = WatchScreen()
    private var ticker: EventSource?
    private var isShown = false

    init(_ client: Client, _ terminal: Terminal, _ output: Output) {
        self.client = client
        self.terminal = terminal
        self.output = output
    }

    /// - Parameter advice: What a person should know before the first request comes.
    func begin(_ view: LiveView, advice: String?) throws(Failure) {
        try terminal.begin(wholeScreen: true) { [weak self] keys in
            guard let self else { return }
            perform(model.pressed(keys, at: now))
        }
        isShown = true
        terminal.onLoss = { [weak self] in self?.drawAnew() }
        model.resized(terminal.size, at: now)
        if let advice { model.note(advice, at: now) }
        perform(model.begin(view.openRequests, view.pairings.values, at: now))
    }

    /// Gives the terminal back, and prints what has happened.
    func end() {
        guard isShown else { return }
        isShown = false
        ticker = nil
        terminal.end()
        for note in model.log { output.note(note.line) }
    }

    func leave() {
        end()
        EventLoop.shared.stop(code: ExitStatus.done.rawValue)
    }

    func take(_ event: LiveView.Event) throws(Failure) {
        var effects: [WatchModel.Effect] = []
        switch event {
        case .opened(let request): effects = model.opened(request, at: now)
        case .changed(let request): model.changed(request)
        case .finished(let request, let outcome, let user): model.finished(request, outcome, user: user, at: now)
        case .pairing(let pairing): model.changed(pairing, at: now)
        case .pairingRemoved(let path): model.removed(path)
        case .daemonGone: throw Failure(.unreachable, "pairingd has stopped; systemctl status pairingd tells more")
        case .daemonBack: break
        }
        perform(effects)
    }

    private func perform(_ effects: [WatchModel.Effect]) {
        for effect in effects {
            switch effect {
            case .reveal(let request): onLoop { [weak self] in await self?.reveal(request) }
            case .answer(let request, let answer): onLoop { [weak self] in await self?.send(answer, to: request) }
            case .ring: if !output.isQuiet { terminal.put("\u{7}") }
            case .leave: leave()
            }
        }
        draw()
    }

    private func reveal(_ request: RequestInfo) async {
        let digits: Result<String, Failure>
        do throws(Failure) { digits = .success(try await client.reveal(request)) } catch { digits = .failure(error) }
        model.revealed(request.number, digits, at: now)
        draw()
    }

    private func send(_ answer: RequestAnswer, to request: RequestInfo) async {
        let result: Result<RequestAnswer, Failure>
        do throws(Failure) {
            try await client.answer(request, answer)
            result = .success(answer)
        } catch {
            result = .failure(error)
        }
        model.answered(request.number, result, at: now)
        draw()
    }

    // MARK: Drawing

    private var now: WatchModel.Instant {
        var (seconds, parts) = (time(nil), tm())
        localtime_r(&seconds, &parts)
        let wall = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { $0 < 10 ? "0\($0)" : "\($0)" }
        return WatchModel.Instant(monotonic: Clock.monotonic, wall: wall.joined(separator: ":"))
    }

    private func drawAnew() {
        model.resized(terminal.size, at: now)
        screen.forget()
        draw()
    }

    private func draw() {
        guard isShown else { return }
        let change = screen.show(WatchLayout(model, at: Clock.monotonic).lines.map(terminal.text))
        if !change.isEmpty { terminal.put(change) }
        guard let next = model.nextChange(after: Clock.monotonic) else {
            ticker?.pause()
            return
        }
        if let ticker {
            ticker.rearm(at: next)
        } else {
            // Without a timer the seconds stand still, and everything else works.
            ticker = try? EventSource.timer(at: next) { [weak self] in self?.draw() }
        }
    }
}
