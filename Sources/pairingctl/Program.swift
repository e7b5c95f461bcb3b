// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EventLoop
import Glibc

/// `pairingctl` without a verb: the state.
struct PairingCtl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pairingctl",
        abstract: "Shows and answers what pairingd asks, and pairs Bluetooth devices.",
        discussion: """
            Without a verb it shows the state. DEVICE is an address (00:5F:BF:71:81:18), hci0/ADDRESS, or a BlueZ object path.
            Exit status: 0 done, 1 the pairing or answer failed, 2 usage, 3 pairingd is not reachable, 4 not authorised, \
            5 not found, 6 expired.
            """,
        subcommands: [
            Status.self, Devices.self, Pair.self, Forget.self, Requests.self, Approve.self, Reject.self,
            EnterPasskey.self, EnterPin.self, Watch.self, ExplainVerb.self, CaptureVerb.self, WindowVerb.self,
            PolicyVerb.self, Reload.self,
        ],
        defaultSubcommand: Status.self)
}

/// What every verb understands.
struct GlobalOptions: ParsableArguments, Sendable {
    @Flag(name: .long, help: "Print one JSON document; watch, and explain of a file, print one object per line.")
    var json = false
    @Flag(name: [.short, .long], help: "Print only what was asked for: no progress, headings or advice.")
    var quiet = false
    @Flag(name: .customLong("no-color"), help: "Never use colours; so does NO_COLOR.")
    var noColor = false
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
        do {
            var command = try PairingCtl.parseAsRoot(verbFirst(Array(CommandLine.arguments.dropFirst())))
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
            case "--json", "--quiet", "-q", "--no-color": leading.append(rest.removeFirst())
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

    /// Help and the like go to standard output; wrong usage is one line on standard error.
    private static func report(_ error: any Error) -> Int32 {
        guard !PairingCtl.exitCode(for: error).isSuccess else {
            write(PairingCtl.fullMessage(for: error) + "\n", to: STDOUT_FILENO)
            return ExitStatus.done.rawValue
        }
        let lines = PairingCtl.message(for: error).split(separator: "\n").joined(separator: " ")
        let message = SafeText.printable(lines.hasSuffix(".") ? String(lines.dropLast()) : lines)
        write("pairingctl: \(message); see pairingctl --help\n", to: STDERR_FILENO)
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
