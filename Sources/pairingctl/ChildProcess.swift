// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Another program that a verb needs.
struct ChildProcess: ~Copyable {
    let identifier: pid_t
    /// The reading end of its standard output, where that is not ours.
    let output: Int32?

    /// Signals that wait in the kernel until ``exitStatusPassingSignalsOn()`` takes them.
    private static let signals: sigset_t = {
        var set = sigset_t()
        sigemptyset(&set)
        for number in [SIGCHLD, SIGINT, SIGTERM, SIGHUP] { sigaddset(&set, number) }
        return set
    }()

    /// Starts the program that PATH names, with our standard input and error.
    ///
    /// - Parameter readsOutput: Is its output for us, and not for who reads ours?
    init(_ program: String, _ arguments: [String], readsOutput: Bool = false) throws(Failure) {
        var (signals, before, ends) = (Self.signals, sigset_t(), [-1, -1] as [Int32])
        var (actions, attributes) = (posix_spawn_file_actions_t(), posix_spawnattr_t())
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        if readsOutput, pipe(&ends) == 0 {
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        }
        if !readsOutput { pthread_sigmask(SIG_BLOCK, &signals, &before) } else { sigemptyset(&before) }
        posix_spawnattr_setsigmask(&attributes, &before)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var words = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var child: pid_t = 0
        let problem = posix_spawnp(&child, program, &actions, &attributes, &words, environ)
        if ends[1] >= 0 { close(ends[1]) }
        guard problem == 0 else {
            if ends[0] >= 0 { close(ends[0]) }
            throw Failure(.failed, "\(program) cannot be run: \(String(cString: strerror(problem)))")
        }
        identifier = child
        output = ends[0] < 0 ? nil : ends[0]
    }

    deinit { if let output { close(output) } }

    /// Waits for its end; a signal makes it 128 and its number, as shells tell it.
    func exitStatus() -> Int32 {
        var status: Int32 = 0
        while waitpid(identifier, &status, 0) < 0, errno == EINTR {}
        return Self.meaning(status)
    }

    /// The same, while what is sent to us is sent on to it.
    func exitStatusPassingSignalsOn() -> Int32 {
        var (signals, status) = (Self.signals, Int32(0))
        while waitpid(identifier, &status, WNOHANG) == 0 {
            var information = siginfo_t()
            let number = sigwaitinfo(&signals, &information)
            if number > 0, number != SIGCHLD { kill(identifier, number) }
        }
        return Self.meaning(status)
    }

    private static func meaning(_ status: Int32) -> Int32 {
        let signal = status & 0x7F
        return signal == 0 ? status >> 8 & 0xFF : 128 + signal
    }
}
