// SPDX-License-Identifier: Apache-2.0

import Control
import DBus
import EventLoop
import Glibc
import Journal
import Policy
import State

// Memory that holds passkeys leaves no core dump. One octet is less than any, and where `core_pattern` is a program, only
// this limit keeps the kernel from starting it: 0 does not (`fs/coredump.c`, `cprm.limit == 1`).
var noCore = rlimit(rlim_cur: 1, rlim_max: 1)
setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &noCore)

switch Options.parse(Array(CommandLine.arguments.dropFirst())) {
case .print(let text):
    print(text, terminator: "")
    exit(0)
case .usage(let problem):
    Sink.standardError.write(Entry(.error, "\(problem); see pairingd --help"))
    exit(2)
case .run(let options):
    let process = Process(options: options)
    onLoop { await process.start() }
    exit(EventLoop.shared.run())
}

/// The process from start to end.
@LoopActor
final class Process {
    private let options: Options
    private var daemon: Daemon?
    private var signals: [EventSource] = []
    private var connection: Connection?

    nonisolated init(options: Options) { self.options = options }

    func start() async {
        EventLoop.shared.keepWatchdogContent()
        for signal in [SIGTERM, SIGINT] {
            if let source = try? EventSource.signal(signal, { [weak self] in self?.stop() }) { signals.append(source) }
        }
        if let source = try? EventSource.signal(SIGHUP, { [weak self] in self?.daemon?.reloadQuietly(isWish: true) }) {
            signals.append(source)
        }
        let state: StateFolder?
        do throws(StateError) {
            state = try StateFolder(path: options.stateDirectory)
        } catch  where error.operation == .lock {
            // Found out before anything is done to the other one's memory, and to BlueZ.
            fail("another pairingd is running: \(error)")
            return
        } catch {
            options.journal.write(Entry(.warning, "nothing will be remembered across restarts: \(error)"))
            state = nil
        }
        let (policy, errors) = loadPolicy()
        do throws(DBusError) {
            let connection = try await Connection(address: options.busAddress)
            self.connection = connection
            let daemon = try await Daemon(
                options: options, policy: policy, errors: errors, state: state, connection: connection)
            self.daemon = daemon
            daemon.client.onDisconnect { [weak self] in self?.busEnded() }
            daemon.serve(connection: connection)
            // Before BlueZ hears of us: of two daemons, the second must not become its agent for a moment.
            guard try await connection.requestName(Server.name) else {
                fail("\(Server.name) is taken: another pairingd is running")
                return
            }
            daemon.start()
            ServiceManager.ready(status: counted(policy.rules.count, "rule"))
        } catch {
            fail("cannot use the bus: \(error)")
        }
    }

    /// With broken rules nothing is in force, so everything is refused; the bus and the journal say why.
    private func loadPolicy() -> (Policy, [PolicyError]) {
        do throws(PolicyErrors) {
            let policy = try options.policyFiles.load()
            options.journal.write(
                .policyLoaded(rules: policy.rules.count, warnings: policy.warnings.map(\.description)))
            return (policy, [])
        } catch {
            options.journal.write(.policyRefused(error.errors.map(\.description), isStart: true))
            // Who is the default agent and whether files are followed hold also then; nobody is asked, though.
            var settings = error.configuration
            settings.unknownDevices = .init()
            return (Policy(configuration: settings), error.errors)
        }
    }

    private func stop() {
        ServiceManager.stopping()
        daemon?.stop()
        connection?.close()
        EventLoop.shared.stop(code: 0)
    }

    /// systemd starts the daemon again, which then finds the new bus.
    private func busEnded() { fail("the connection to the bus broke") }

    private func fail(_ why: String) {
        options.journal.write(Entry(.error, why))
        daemon?.stop()
        EventLoop.shared.stop(code: 1)
    }
}
