// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EventLoop

/// Asks each request as it comes.
struct Watch: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Ask requests at this terminal as they come, with the seconds left.",
        discussion: "Without a terminal, or with --json, it prints one line for each event. Ctrl-C ends it.")

    @OptionGroup var options: GlobalOptions

    @LoopActor func run(_ session: Session) async throws(Failure) -> ExitStatus {
        let client = try await session.connect()
        let terminal = Terminal(session.output)
        let permission = terminal == nil ? .unknown : await client.requestAnswerPermission()
        let view = try await LiveView(client)
        let prompter = try terminal.map { (terminal) throws(Failure) in try Prompter(client, terminal) }
        defer { prompter?.end() }
        session.interruption.handler = { _ in
            prompter?.end()
            EventLoop.shared.stop(code: ExitStatus.done.rawValue)
        }
        prompter?.onLeave = {
            prompter?.end()
            EventLoop.shared.stop(code: ExitStatus.done.rawValue)
        }
        let teller = EventTeller(output: session.output, prompter: prompter)
        teller.begin()
        if let advice = permission.advice { prompter?.say("\(advice, .yellow)") }
        for request in view.openRequests { teller.tell(.opened(request)) }
        for await event in view.events { teller.tell(event) }
        throw Failure(.unreachable, "the bus closed the connection; is D-Bus running?")
    }
}

/// Shows events: as questions at a terminal, as lines elsewhere.
@LoopActor
private struct EventTeller {
    let output: Output
    let prompter: Prompter?

    func begin() {
        guard let prompter, !output.isQuiet else { return }
        prompter.say("\("Waiting for requests. Ctrl-C ends.", .dim)")
    }

    func tell(_ event: LiveView.Event) {
        guard !output.isJSON else {
            output.document(document(event))
            return
        }
        switch event {
        case .opened(let request): opened(request)
        case .changed(let request): prompter?.change(request)
        case .finished(let request, let outcome, let user): finished(request, outcome, user)
        case .pairing(let pairing): changed(pairing)
        case .pairingRemoved: break
        case .daemonGone:
            prompter?.clear()
            say("\("pairingd stopped; waiting for it", .red): systemctl status pairingd")
        case .daemonBack: say("pairingd is back.")
        }
    }

    private func opened(_ request: RequestInfo) {
        guard prompter == nil else {
            prompter?.ask(request)
            return
        }
        let left = request.secondsLeft.map { ", \($0) s left" } ?? ""
        let rule = request.rule.isEmpty ? "no rule" : "rule \(request.rule)"
        let how = request.kind?.howToAnswer(request.number) ?? "this pairingctl does not know its kind; update it"
        output.line(
            "request \(request.number): \(request.properties.text("Kind")), \(request.device), \(rule)\(left); \(how)")
    }

    private func finished(_ request: RequestInfo, _ outcome: String, _ user: UInt32) {
        guard prompter == nil else {
            prompter?.finish(request, outcome: outcome)
            return
        }
        output.line("request \(request.number): \(outcome)\(user == .max ? "" : " by user \(user)"), \(request.device)")
    }

    private func changed(_ pairing: PairingInfo) {
        guard !pairing.result.isEmpty else {
            // A person is told of results; lines tell each step.
            if prompter == nil { output.note("pairing: \(pairing.state), \(pairing.title)") }
            return
        }
        let dot: Line = "\("●", ResultText(pairing.result).isSuccess ? .green : .red)"
        say("\(dot) \(pairing.title, .bold): \(pairing.result). \(pairing.explanation)")
    }

    private func say(_ line: Line) {
        if let prompter { prompter.say(line) } else { output.line(line) }
    }

    private func document(_ event: LiveView.Event) -> JSON {
        let (word, content) = content(of: event)
        return (["event": .string(word), "time": .number(Clock.realtime)] as JSON).adding(content.members)
    }

    private func content(of event: LiveView.Event) -> (word: String, JSON) {
        switch event {
        case .opened(let request): return ("request", request.document)
        case .changed(let request): return ("request-changed", request.document)
        case .finished(let request, let outcome, let user):
            let user: JSON = user == .max ? .null : .number(user)
            return ("request-finished", ["number": .number(request.number), "outcome": .string(outcome), "uid": user])
        case .pairing(let pairing): return ("pairing", pairing.document)
        case .pairingRemoved(let path): return ("pairing-removed", ["pairing": .string(path.text)])
        case .daemonGone: return ("daemon-gone", [:])
        case .daemonBack: return ("daemon-back", [:])
        }
    }
}
