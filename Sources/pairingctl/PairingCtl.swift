// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EventLoop
import Glibc

/// The command line as a whole; each verb is a file of its own.
@main
struct PairingCtl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pairingctl",
        abstract: "Shows, answers and carries out Bluetooth pairings through pairingd.",
        discussion: """
            Exit status: 0 done, 1 the pairing or answer failed, 2 usage, 3 pairingd is not reachable, 4 not \
            authorised, 5 not found, 6 expired.
            """,
        subcommands: [
            Status.self, Devices.self, Pair.self, Forget.self, Requests.self, Approve.self, Reject.self,
            EnterPasskey.self, EnterPin.self, Watch.self,
        ],
        defaultSubcommand: Status.self)

    static func main() {
        do {
            let command = try parseAsRoot()
            guard let verb = command as? any Verb else {
                var command = command
                try command.run()
                return
            }
            onLoop { EventLoop.shared.stop(code: await perform(verb).rawValue) }
            Glibc.exit(EventLoop.shared.run())
        } catch {
            let text = fullMessage(for: error)
            let isHelp = exitCode(for: error).isSuccess
            writeText(text + "\n", to: isHelp ? STDOUT_FILENO : STDERR_FILENO)
            Glibc.exit(isHelp ? 0 : Exit.usage.rawValue)
        }
    }

    @LoopActor private static func perform(_ verb: any Verb) async -> Exit {
        do {
            let client = try await Client(address: verb.common.bus)
            return try await verb.perform(client, Output(verb.common))
        } catch {
            let problem = Problem(error)
            writeText("pairingctl: \(problem.text)\n", to: STDERR_FILENO)
            return problem.exit
        }
    }
}

/// What every verb takes.
struct CommonOptions: ParsableArguments {
    @Flag(help: "Print JSON.") var json = false
    @Flag(help: "Print nothing but errors.") var quiet = false
    @Flag(name: .customLong("no-color"), help: "Print without colours; NO_COLOR does the same.") var noColor = false
    @Option(help: "The bus's address, instead of the system bus.") var bus: String?
}

/// One verb of the command.
protocol Verb: ParsableCommand, Sendable {
    var common: CommonOptions { get }
    @LoopActor func perform(_ client: Client, _ output: Output) async throws -> Exit
}

/// The exit statuses, which scripts rely on.
enum Exit: Int32 {
    case done = 0
    case failed = 1
    case usage = 2
    case unreachable = 3
    case notAuthorized = 4
    case notFound = 5
    case expired = 6
}
