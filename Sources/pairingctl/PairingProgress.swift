// SPDX-License-Identifier: Apache-2.0

import DBus
import EventLoop

/// Follows one pairing to its end.
@LoopActor
final class PairingProgress {
    private let path: ObjectPath
    /// The device as the person named it.
    private let device: String
    private let view: LiveView
    private let client: Client
    private let output: Output
    private let prompter: Prompter?
    private let begin = Clock.monotonic
    private var told = ""

    init(_ path: ObjectPath, _ device: String, _ view: LiveView, _ client: Client, _ session: Session) throws(Failure) {
        self.path = path
        self.device = device
        self.view = view
        self.client = client
        output = session.output
        let terminal = output.isJSON ? nil : Terminal(output)
        prompter = try terminal.map { (terminal) throws(Failure) in try Prompter(client, terminal) }
        prompter?.onLeave = { [weak self] in self?.cancel() }
        session.interruption.handler = { [weak self, weak session] signal in
            self?.cancel()
            session?.interruption.handler = { EventLoop.shared.stop(code: 128 + $0) }
        }
    }

    func untilDone() async throws(Failure) -> PairingInfo {
        defer { prompter?.end() }
        // What was there before this loop is in no event that is still to come.
        for request in view.openRequests { opened(request) }
        if let pairing = view.pairings[path], let end = changed(pairing) { return end }
        for await event in view.events {
            switch event {
            case .opened(let request): opened(request)
            case .changed(let request): prompter?.change(request)
            case .finished(let request, let outcome, _): finished(request, outcome)
            case .pairing(let pairing): if pairing.path == path, let end = changed(pairing) { return end }
            case .pairingRemoved(path): throw gone("its pairing was removed before its result was told")
            case .daemonGone: throw gone("pairingd stopped while pairing")
            case .pairingRemoved, .daemonBack: break
            }
        }
        throw gone("the bus closed the connection while pairing")
    }

    private func gone(_ what: String) -> Failure {
        Failure(.unreachable, "\(device): \(what); is pairingd running? systemctl status pairingd")
    }

    private func opened(_ request: RequestInfo) {
        guard request.pairing == path else { return }
        guard prompter == nil else {
            prompter?.ask(request)
            return
        }
        let how = request.kind?.howToAnswer(request.number) ?? "this pairingctl does not know its kind; update it"
        let left = request.secondsLeft.map { " within \($0) s" } ?? ""
        say("request \(request.number), \(request.properties.text("Kind")), needs an answer\(left): \(how)")
    }

    private func finished(_ request: RequestInfo, _ outcome: String) {
        guard request.pairing == path else { return }
        guard prompter == nil else {
            prompter?.finish(request, outcome: outcome)
            return
        }
        say("request \(request.number): \(outcome)")
    }

    /// Tells a new state; gives the pairing when it has its result.
    private func changed(_ pairing: PairingInfo) -> PairingInfo? {
        guard pairing.result.isEmpty else { return pairing }
        let attempt = pairing.attempt > 1 ? ", attempt \(pairing.attempt)" : ""
        let text = pairing.state + attempt
        if text != told, !text.isEmpty { say(Line(text)) }
        told = text
        return nil
    }

    private func say(_ line: Line) {
        guard !output.isQuiet || prompter != nil else { return }
        guard output.isTerminal else {
            output.note(line)
            return
        }
        let tenths = (Clock.monotonic - begin) / 100_000
        let time = "\(tenths / 10).\(tenths % 10) s"
        let whole: Line = "\(String(repeating: " ", count: max(0, 7 - time.utf8.count)) + time, .dim)  \(line)"
        if let prompter { prompter.say(whole) } else { output.note(whole) }
    }

    private func cancel() {
        guard let pairing = view.pairings[path] else {
            EventLoop.shared.stop(code: ExitStatus.failed.rawValue)
            return
        }
        say("cancelling")
        onLoop { [client, output] in
            do throws(Failure) {
                try await client.cancel(pairing)
            } catch {
                // It goes on, and its result is still told.
                output.error(error.message)
            }
        }
    }
}
