// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Bluetooth
import DBus
import EventLoop
import Glibc

struct Watch: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Ask at this terminal for each request as it comes.",
        discussion: "Where standard input is no terminal, it prints a line for each request and asks nothing.")
    @OptionGroup var common: CommonOptions

    @LoopActor func perform(_ client: Client, _ output: Output) async throws -> Exit {
        let session = WatchSession(client, output)
        return try await session.run()
    }
}

/// A `watch` from its start until pairingd or the input ends.
@LoopActor
private final class WatchSession {
    private let client: Client
    private let output: Output
    private let isInteractive = isatty(STDIN_FILENO) == 1
    private var open: [ObjectPath] = []
    private let changes = Changes()

    init(_ client: Client, _ output: Output) {
        self.client = client
        self.output = output
    }

    func run() async throws -> Exit {
        let added = client.connection.subscribe(
            MatchRule(
                sender: Client.service, interface: "org.freedesktop.DBus.ObjectManager", member: "InterfacesAdded",
                scope: .path(Client.manager))
        ) { [changes] message in
            if case .objectPath(let path)? = message.arguments.first, path.isWithin("/org/pairingd/request") {
                changes.add(path)
            }
        }
        let finished = client.connection.subscribe(
            MatchRule(
                sender: Client.service, interface: "org.pairingd.Request1", member: "Finished",
                scope: .namespace("/org/pairingd/request"))
        ) { [weak self] in self?.finished($0) }
        defer {
            added.cancel()
            finished.cancel()
        }
        for request in try await client.openRequests() { changes.add(request.path) }
        client.connection.onDisconnect = { [changes] in changes.end() }
        client.connection.watchName(Client.service) { [changes] in if $0 == nil { changes.end() } }
        if isInteractive {
            output.line("Waiting for requests; Ctrl-C ends.")
            onLoop { [weak self] in await self?.readAnswers() }
        }
        while let path = await changes.next() {
            guard let request = try? await client.properties(path, "Request1"), request.text("State") == "open" else {
                continue
            }
            open.append(path)
            try await show(request)
        }
        throw Problem("pairingd went away", .unreachable)
    }

    private func show(_ request: Properties) async throws {
        if output.isJSON {
            output.document(Requests.json(request, nil))
            return
        }
        let kind = request.text("Kind")
        let left = Requests.secondsLeft(request)
        output.line(
            "Request \(request.number): \(kind) by \(request.text("Address")) (\(request.text("Name"))),"
                + " rule \(request.text("Rule").orDash), \(left) s left")
        guard isInteractive else { return }
        if Requests.hasDigits(kind) {
            let digits = clean(try await client.call(request.path, "Request1", "Reveal").first?.converted() ?? "")
            output.line(kind == "confirmation" ? "  Both show \(digits)?" : "  Type on the device: \(digits)")
        }
        switch kind {
        case "passkey-entry": output.line("  Six digits that the device shows, or n:")
        case "pin-entry": output.line("  PIN code, or n:")
        case "passkey-display", "pin-display": break
        default: output.line("  Approve? y or n:")
        }
    }

    private func finished(_ message: Message) {
        guard let path = message.path, open.contains(path) else { return }
        open.removeAll { $0 == path }
        let outcome: String = message.arguments.first?.converted() ?? ""
        let number = path.elements.last.flatMap { UInt64($0) } ?? 0
        if output.isJSON {
            output.document(.object(["number": .number(number), "outcome": .string(clean(outcome))]))
        } else {
            output.line("Request \(number) is \(clean(outcome)).")
        }
    }

    /// Each line answers the oldest open request.
    private func readAnswers() async {
        let input = StandardInput()
        while let line = await input.line() {
            guard let path = open.first else { continue }
            do {
                try await answer(path, line)
            } catch {
                output.line("  \(Problem(error).text)")
            }
        }
        changes.end()
    }

    private func answer(_ path: ObjectPath, _ line: String) async throws {
        let kind = try await client.properties(path, "Request1").text("Kind")
        if line == "n" || line == "no" {
            try await client.call(path, "Request1", "Reject")
            return
        }
        switch kind {
        case "passkey-entry":
            guard let passkey = Passkey(digits: line) else { throw Problem("a passkey has six digits", .usage) }
            try await client.call(path, "Request1", "EnterPasskey", [.uint32(passkey.value)])
        case "pin-entry":
            guard let pin = PINCode(line) else { throw Problem("a PIN code has 1 to 16 bytes", .usage) }
            try await client.call(path, "Request1", "EnterPin", [.string(pin.text)])
        case "passkey-display", "pin-display": break
        default:
            guard line == "y" || line == "yes" else { throw Problem("say y or n", .usage) }
            try await client.call(path, "Request1", "Accept")
        }
    }
}
