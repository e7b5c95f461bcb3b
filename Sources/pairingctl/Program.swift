// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EventLoop
import Glibc
import Pairing

/// `pairingctl` without a verb: the state.
struct PairingCtl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pairingctl",
        abstract: "Pair Bluetooth devices by rule: see what pairingd does, answer what it asks, find out what failed.",
        usage: "pairingctl [<verb>] [<options>]",
        discussion: """
            Without a verb it shows the state. A <device> is an address (00:5F:BF:71:81:18), an address on one adapter \
            (hci0/00:5F:BF:71:81:18), or a BlueZ object path. A rule says what is done with a device; a request is a question \
            that waits for somebody's answer, for at most 25 seconds unless pairingd.toml says otherwise.

              pairingctl scan                     what is on the air?
              pairingctl pair 00:5F:BF:71:81:18   pair with it
              pairingctl watch                    answer what is asked, at this terminal
              pairingctl explain                  why did the last pairing fail?

            Exit status: 0 done, 1 the pairing or answer failed, 2 usage, 3 pairingd is not reachable, 4 not authorised, \
            5 not found, 6 expired.
            """,
        version: "pairingctl \(Release.version)",
        groupedSubcommands: [
            CommandGroup(
                name: "Looking", subcommands: [Status.self, Devices.self, Show.self, Scan.self, Version.self]),
            CommandGroup(name: "Pairing", subcommands: [Pair.self, Forget.self, WindowVerb.self]),
            CommandGroup(
                name: "Answering",
                subcommands: [
                    Watch.self, Requests.self, Approve.self, Reject.self, EnterPasskey.self, EnterPin.self,
                ]),
            CommandGroup(
                name: "Finding out",
                subcommands: [Monitor.self, History.self, ExplainVerb.self, CaptureVerb.self]),
            CommandGroup(name: "Rules", subcommands: [PolicyVerb.self, Reload.self]),
        ],
        defaultSubcommand: Status.self)
}

/// What every verb understands.
struct GlobalOptions: ParsableArguments, Sendable {
    @Flag(
        name: .long,
        help: "Print JSON: one document; watch, monitor, history, and explain of a file: one object per line.")
    var json = false
    @Flag(name: [.short, .long], help: "Print only what was asked for: no progress and no advice.")
    var quiet = false
    @Flag(name: .customLong("no-color"), help: "Use no colours; NO_COLOR in the environment says the same.")
    var noColor = false
    @Flag(
        help: "For bug reports: print a stand-in for each Bluetooth address, the same each time.")
    var hideAddresses = false
    @Option(
        help: ArgumentHelp(
            "Run pairingctl on that machine, over ssh.", valueName: "user@machine"))
    var host: String?
    @Option(
        name: .long, help: ArgumentHelp("The bus that pairingd is on; without it the system bus.", valueName: "address")
    )
    var bus: String?
}

/// One verb of the command line.
protocol Verb: ParsableCommand, Sendable {
    var options: GlobalOptions { get }
    @LoopActor func run(_ session: Session) async throws(Failure) -> ExitStatus
}

/// From the arguments to the exit status.
enum Program {
    static func run() -> Int32 {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if let remote = RemoteCommand(arguments) { return remote.run() }
        if let script = CompletionScript.answer(to: arguments) {
            return write(script, to: STDOUT_FILENO) ? ExitStatus.done.rawValue : ExitStatus.failed.rawValue
        }
        do {
            var command = try PairingCtl.parseAsRoot(verbFirst(arguments))
            guard let verb = command as? any Verb else {
                try command.run()
                return ExitStatus.done.rawValue
            }
            onLoop {
                let status = await execute(verb)
                EventLoop.shared.stop(code: status.rawValue)
            }
        } catch {
            return report(error)
        }
        let code = EventLoop.shared.run()
        AuthenticationAgent.endRunning()
        Terminal.restore()
        return code
    }

    @LoopActor private static func execute(_ verb: any Verb) async -> ExitStatus {
        let session = Session(verb.options)
        do throws(Failure) {
            return try await verb.run(session)
        } catch {
            session.output.error(error.message)
            return error.status
        }
    }

    /// Options that every verb has may stand before it too; the parser wants them behind.
    static func verbFirst(_ arguments: [String]) -> [String] {
        var leading: [String] = []
        var rest = arguments[...]
        while let first = rest.first {
            switch first {
            case "--json", "--quiet", "-q", "--no-color", "--hide-addresses": leading.append(rest.removeFirst())
            case "--bus":
                leading += rest.prefix(2)
                rest = rest.dropFirst(2)
            case _ where first.hasPrefix("--bus="): leading.append(rest.removeFirst())
            case _ where first.hasPrefix("-"): return arguments
            default:
                // Verbs with verbs of their own take the options behind those.
                guard ["policy", "window"].contains(first), case let inner = verbFirst(Array(rest.dropFirst())),
                    let verb = inner.first, !verb.hasPrefix("-")
                else { return [first] + leading + rest.dropFirst() }
                return [first, verb] + leading + inner.dropFirst()
            }
        }
        return arguments
    }

    /// A verb's own options come before those that all verbs have, which its usage tells as one.
    static func readable(help: String) -> String {
        var parts = help.replacing(
            " [--json] [--quiet] [--no-color] [--hide-addresses] [--host <user@machine>] [--bus <address>]",
            with: " [<options>]"
        ).split(separator: "\n\n")
        if let own = parts.firstIndex(where: { $0.hasPrefix("OPTIONS:") }),
            let common = parts.firstIndex(where: { $0.hasPrefix("OPTIONS OF EVERY VERB:") }), common < own
        {
            parts.insert(parts.remove(at: own), at: common)
        }
        // The last one ended in a line of its own.
        return parts.map { $0.last == "\n" ? $0.dropLast() : $0 }.joined(separator: "\n\n")
    }

    /// Help and the like go to standard output; wrong usage is one line on standard error.
    private static func report(_ error: any Error) -> Int32 {
        guard !PairingCtl.exitCode(for: error).isSuccess else {
            write(readable(help: PairingCtl.fullMessage(for: error)) + "\n", to: STDOUT_FILENO)
            return ExitStatus.done.rawValue
        }
        let lines = PairingCtl.message(for: error).split(separator: "\n").joined(separator: " ")
        let message = SafeText.printable(lines.hasSuffix(".") ? String(lines.dropLast()) : lines)
        let text = "pairingctl: \(message); see pairingctl --help\n"
        var hider = AddressHider()
        write(
            CommandLine.arguments.contains("--hide-addresses") ? hider.hide(text) : text, to: STDERR_FILENO)
        return ExitStatus.usage.rawValue
    }
}

/// What a verb works with.
@LoopActor
final class Session {
    let options: GlobalOptions
    let output: Output
    let interruption = Interruption()

    init(_ options: GlobalOptions) {
        self.options = options
        output = Output(options)
    }

    /// A connection to the bus that pairingd is on.
    func connect() async throws(Failure) -> Client { try await Client(bus: options.bus) }
}

/// Ctrl-C and the other wishes to end; what they do can be replaced while something has to be ended in good order.
@LoopActor
final class Interruption {
    /// Called with the signal's number.
    var handler: @LoopActor (Int32) -> Void = { EventLoop.shared.stop(code: 128 + $0) }
    private var sources: [EventSource] = []

    private static let signals = [SIGINT, SIGTERM, SIGHUP]

    init() {
        for number in Self.signals {
            // Where the loop refuses, the signal keeps its usual effect: the process ends.
            if let source = try? EventSource.signal(number, { [weak self] in self?.handler(number) }) {
                sources.append(source)
            }
        }
    }

    /// From here on the signals end the process by themselves: for work that does not let the loop run.
    func letSignalsEnd() {
        sources = []
        var set = sigset_t()
        sigemptyset(&set)
        for number in Self.signals { sigaddset(&set, number) }
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }
}
