// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc

/// polkit's `pkttyagent`, which asks for a password at this terminal while the daemon waits for polkit's word. Where the
/// session has an agent with windows, that one asks.
@LoopActor
final class AuthenticationAgent {
    /// The one that runs; `nonisolated(unsafe)`: touched on the loop's thread only, and there after the loop's end.
    private nonisolated(unsafe) static var running: pid_t?

    /// Starts it and waits until polkit knows it; `nil` where it is not needed or cannot ask.
    static func start() async -> AuthenticationAgent? {
        guard running == nil, geteuid() != 0, !Terminal.isTaken, isForeground, let registered = spawn() else {
            return nil
        }
        await untilClosed(registered)
        close(registered)
        return AuthenticationAgent()
    }

    func end() { Self.endRunning() }

    /// Ends the one that runs, if one does.
    nonisolated static func endRunning() {
        guard let child = running else { return }
        running = nil
        // At SIGTERM it lets the terminal echo again; one that was stopped has to go on for that.
        kill(child, SIGTERM)
        kill(child, SIGCONT)
        for _ in 0..<1000 {
            guard waitpid(child, nil, WNOHANG) == 0 else { return }
            usleep(1000)
        }
        kill(child, SIGKILL)
        waitpid(child, nil, 0)
    }

    /// May this process use the keyboard, and is anything seen that is written?
    private static var isForeground: Bool {
        isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 && tcgetpgrp(STDIN_FILENO) == getpgrp()
    }

    /// - Returns: A descriptor that hangs up when the agent is ready, or has ended; `nil` where there is no `pkttyagent`.
    private static func spawn() -> Int32? {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        defer { close(ends[1]) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], 3)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The loop blocks signals, and a child would inherit that.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

        let words = ["pkttyagent", "--process", "\(getpid())", "--notify-fd", "3", "--fallback"]
        let arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var child: pid_t = 0
        guard posix_spawnp(&child, words[0], &actions, &attributes, arguments, environ) == 0 else {
            close(ends[0])
            return nil
        }
        running = child
        return ends[0]
    }

    /// Waits until the other end of a pipe is closed, but not for ever.
    private static func untilClosed(_ descriptor: Int32) async {
        @LoopActor final class Wait {
            var sources: [EventSource] = []
            var continuation: CheckedContinuation<Void, Never>?

            func finish() {
                for source in sources { source.cancel() }
                continuation?.resume()
                continuation = nil
            }
        }
        let wait = Wait()
        await withCheckedContinuation { continuation in
            wait.continuation = continuation
            do throws(EventLoopError) {
                wait.sources.append(try EventSource.timer(at: Clock.monotonic + 5_000_000) { wait.finish() })
                wait.sources.append(try EventSource.descriptor(descriptor, .readable) { _ in wait.finish() })
            } catch {
                wait.finish()
            }
        }
    }
}
