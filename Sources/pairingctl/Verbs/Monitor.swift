// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DBus
import EventLoop

/// One line for each thing that happens.
struct Monitor: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Print a line for each thing that happens: requests, pairings, rules, windows.",
        discussion: """
            It only looks: pairingctl watch is for answering. Ctrl-C ends it; when pairingd stops, it ends with exit status 3.
            """)

    @OptionGroup(title: "Options of every verb") var options: GlobalOptions

    @LoopActor func run(_ session: Session) async throws(Failure) -> ExitStatus {
        let client = try await session.connect()
        let view = try await LiveView(client)
        let teller = MonitorTeller(session.output)
        let changes = client.connection.subscribe(
            MatchRule(sender: Names.service, interface: Names.properties, scope: .path(Names.root))
        ) { message in
            // Not before what came before it, which waits for the loop below.
            onLoop { teller.managerChanged(message) }
        }
        defer { changes.cancel() }
        teller.begin(with: try await client.manager().properties)
        session.interruption.handler = { _ in EventLoop.shared.stop(code: ExitStatus.done.rawValue) }
        if session.output.isTerminal { session.output.note("\("Waiting for events. Ctrl-C ends.", .dim)") }
        for request in view.openRequests { teller.tell(.opened(request)) }
        for await event in view.events {
            teller.tell(event)
            if case .daemonGone = event { throw Failure(.unreachable, "pairingd stopped: systemctl status pairingd") }
        }
        throw Failure(.unreachable, "the bus closed the connection; is D-Bus running?")
    }
}

/// Writes events as lines or as documents.
@LoopActor
private final class MonitorTeller {
    private let output: Output
    /// `Manager1`'s properties; `nil` until they are read.
    private var manager: Properties?
    /// What the last line about a pairing said, so that people read a state once.
    private var told: [ObjectPath: String] = [:]

    init(_ output: Output) { self.output = output }

    func begin(with properties: Properties) { manager = properties }

    func tell(_ event: LiveView.Event) {
        switch event {
        case .opened(let request):
            say("request", request.document, "request \(request.number)", opened(request))
        case .changed(let request):
            let line: Line = "\(request.device): \(request.entered) digits typed"
            say("request-changed", request.document, "request \(request.number)", line)
        case .finished(let request, let outcome, let user):
            let isPerson = user != .max
            let document: JSON = [
                "number": .number(request.number), "outcome": .string(outcome),
                "uid": isPerson ? .number(user) : .null,
            ]
            let style: Style = ["accepted", "entered"].contains(outcome) ? .green : .yellow
            say(
                "request-finished", document, "request \(request.number)",
                "\(request.device): \(outcome, style)\(isPerson ? " by user \(user)" : "")")
        case .pairing(let pairing): changed(pairing)
        case .pairingRemoved(let path):
            told[path] = nil
            say("pairing-removed", ["pairing": .string(path.text)], "", nil)
        case .daemonGone: say("daemon-gone", [:], "pairingd", "\("stopped", .red)")
        default: break
        }
    }

    func managerChanged(_ message: Message) {
        let arguments = message.arguments
        guard message.member == "PropertiesChanged", arguments.count >= 2, arguments[0] == .string(Names.manager),
            let changes: [String: Value] = arguments[1].converted(), manager != nil
        else { return }
        manager?.merge(changes)
        guard let manager else { return }
        if !changes.keys.filter({ $0.hasPrefix("Policy") }).isEmpty { policyChanged(manager) }
        if changes["WindowUntil"] != nil {
            let until = manager.time("WindowUntil")
            let line = until == 0 ? "closed" : "open for \(WindowStatus.span(until: until))"
            say("window", WindowStatus.document(until: until), "window", Line(line))
        }
        for (property, word) in [("BlueZ", "bluez"), ("DefaultAgent", "default-agent")] where changes[property] != nil {
            let state = manager.text(property)
            let style: Style = ["absent", "lost"].contains(state) ? .red : .plain
            say(word, ["state": .string(state)], word == "bluez" ? "BlueZ" : "default agent", "\(state, style)")
        }
    }

    private func policyChanged(_ manager: Properties) {
        let (files, errors, warnings) = (
            manager.texts("PolicyFiles"), manager.texts("PolicyErrors"), manager.texts("PolicyWarnings")
        )
        let document: JSON = [
            "rules": .number(files.count), "errors": .strings(errors), "warnings": .strings(warnings),
        ]
        let line: Line =
            errors.first.map { "\("\(counted(errors.count, "error")), the old ones stay", .red): \($0)" }
            ?? "\(counted(files.count, "rule")) in force\(warnings.isEmpty ? "" : ", " + counted(warnings.count, "warning"))"
        say("policy", document, "rules", line)
    }

    private func opened(_ request: RequestInfo) -> Line {
        let left = request.secondsLeft.map { ", \($0) s left" } ?? ""
        let rule = request.rule.isEmpty ? "no rule" : "rule \(request.rule)"
        return "\(request.device): \(request.properties.text("Kind"), .yellow), \(rule)\(left)"
    }

    private func changed(_ pairing: PairingInfo) {
        let (result, attempt) = (pairing.result, pairing.attempt > 1 ? ", attempt \(pairing.attempt)" : "")
        let style: Style = result.isEmpty ? .plain : ResultText(result).isSuccess ? .green : .red
        let reason = result.isEmpty || pairing.reason.isEmpty ? "" : ", \(pairing.reason)"
        let line: Line = "\(pairing.title): \(result.isEmpty ? pairing.state : result, style)\(attempt)\(reason)"
        let text = line.text(isColored: false)
        let isNews = told.updateValue(text, forKey: pairing.path) != text
        say("pairing", pairing.document, "pairing \(pairing.number ?? 0)", isNews ? line : nil)
    }

    /// - Parameter line: `nil` where a person needs none.
    private func say(_ event: String, _ document: JSON, _ subject: String, _ line: Line?) {
        let now = Clock.realtime
        guard !output.isJSON else {
            let front: JSON = ["event": .string(event), "time": .number(now)]
            return output.document(front.adding(document.members))
        }
        guard let line else { return }
        let time = ExplanationText.time(now).suffix(8)
        output.line("\(time, .dim)  \(Line(subject, .bold).padded(to: 13))  \(line)")
    }
}
