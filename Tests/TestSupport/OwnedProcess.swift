// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// A child process that ends with this object.
///
/// Not Foundation's `Process`: that one keeps descriptors for as long as it likes, and breaks at the 1,024th.
public final class OwnedProcess: Sendable {
    public let identifier: Int32
    private let state: State

    struct CannotStart: Error {
        let path: String
        let reason: String
    }

    /// - Parameter environment: Added to this process's own.
    public init(
        _ path: String, _ arguments: [String] = [], environment: [String: String] = [:], input: String? = nil
    ) throws {
        let (child, output, errors) = try Self.starting.withLock { _ in
            try Self.start(path, arguments, environment, input)
        }
        identifier = child
        let state = State(child, output: output, errors: errors)
        self.state = state
        Thread.detachNewThread { state.follow() }
    }

    /// One at a time: a child that another thread starts must not get hold of this one's pipes.
    private static let starting = Mutex(())

    private static func start(
        _ path: String, _ arguments: [String], _ environment: [String: String], _ input: String?
    ) throws -> (child: pid_t, output: Int32, errors: Int32) {
        func makePipe() throws -> (reading: Int32, writing: Int32) {
            var pair: [Int32] = [-1, -1]
            guard pipe(&pair) == 0 else { throw failure(path, errno) }
            for end in pair { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            return (pair[0], pair[1])
        }
        let (input, output, errors) = (try descriptor(with: input), try makePipe(), try makePipe())
        defer { for end in [input, output.writing, errors.writing] { close(end) } }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (target, end) in [input, output.writing, errors.writing].enumerated() {
            posix_spawn_file_actions_adddup2(&actions, end, Int32(target))
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The loop of the tests blocks signals, and a child would inherit that.
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }.map { "\($0)=\($1)" }
        var child: pid_t = 0
        let problem = withCStrings([path] + arguments) { arguments in
            withCStrings(variables) { posix_spawn(&child, path, &actions, &attributes, arguments, $0) }
        }
        guard problem == 0 else {
            close(output.reading)
            close(errors.reading)
            throw failure(path, problem)
        }
        return (child, output.reading, errors.reading)
    }

    private static func failure(_ path: String, _ number: Int32) -> CannotStart {
        CannotStart(path: path, reason: String(cString: strerror(number)))
    }

    /// Something to read `text` from, or nothing.
    private static func descriptor(with text: String?) throws -> Int32 {
        guard let text else { return open("/dev/null", O_RDONLY | O_CLOEXEC) }
        var template = Array("/tmp/pairingd-input-XXXXXX".utf8CString)
        let file = mkstemp(&template)
        if file >= 0 { _ = fcntl(file, F_SETFD, FD_CLOEXEC) }
        guard file >= 0 else { throw failure("a file for input", errno) }
        unlink(&template)
        let bytes = Array(text.utf8)
        guard write(file, bytes, bytes.count) == bytes.count else { throw failure("a file for input", errno) }
        lseek(file, 0, SEEK_SET)
        return file
    }

    private static func withCStrings<Result>(
        _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = texts.map { strdup($0) } + [nil]
        defer { for copy in copies { free(copy) } }
        return body(copies)
    }

    public var standardOutput: String { state.text(of: 0) }
    public var errorOutput: String { state.text(of: 1) }
    public var isRunning: Bool { state.status == nil }

    public func send(signal: Int32) { state.send(signal: signal) }

    /// Kills the process and waits for its end.
    public func kill() {
        send(signal: SIGKILL)
        while isRunning { usleep(500) }
    }

    /// Waits, off the caller's thread, until the process has ended by itself, and gives its exit status, or the number of
    /// the signal that ended it; after `seconds` it is killed and the status is `nil`.
    public func exitStatus(within seconds: Double = 20) async -> Int32? {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { [self] in
                let deadline = Date().addingTimeInterval(seconds)
                while isRunning, Date() < deadline { usleep(1000) }
                guard let status = state.status else {
                    kill()
                    continuation.resume(returning: nil)
                    return
                }
                // A child of the process may hold the pipes open: do not wait long for that.
                let patience = Date().addingTimeInterval(2)
                while !state.isDrained, Date() < patience { usleep(1000) }
                continuation.resume(returning: status & 0x7F == 0 ? status >> 8 & 0xFF : status & 0x7F)
            }
        }
    }

    deinit {
        send(signal: SIGKILL)
        state.leave()
    }
}

/// What is known of a child, kept up to date by a thread of its own until the child has ended and said everything.
private final class State: Sendable {
    private let child: pid_t
    private let content: Mutex<Content>

    private struct Content {
        /// The reading ends, while they are open.
        var pipes: [Int32?]
        var texts = [Data(), Data()]
        /// As `waitpid` gives it.
        var status: Int32?
        /// Does nobody want to know any more?
        var isLeft = false
    }

    init(_ child: pid_t, output: Int32, errors: Int32) {
        self.child = child
        content = Mutex(Content(pipes: [output, errors]))
    }

    var status: Int32? { content.withLock { $0.status } }
    var isDrained: Bool { content.withLock { $0.pipes.allSatisfy { $0 == nil } } }

    func text(of pipe: Int) -> String { content.withLock { String(decoding: $0.texts[pipe], as: UTF8.self) } }

    func leave() { content.withLock { $0.isLeft = true } }

    /// As long as nobody has waited for it, the number is the child's.
    func send(signal: Int32) { content.withLock { if $0.status == nil { _ = Glibc.kill(child, signal) } } }

    func follow() {
        while !step() {}
    }

    /// `true` when there is nothing left to follow.
    private func step() -> Bool {
        let pipes = content.withLock { $0.pipes }
        var ready = pipes.map { pollfd(fd: $0 ?? -1, events: Int16(POLLIN), revents: 0) }
        poll(&ready, nfds_t(ready.count), 2)
        for (index, state) in ready.enumerated() where state.revents != 0 { read(index) }
        return content.withLock { content in
            if content.status == nil {
                var status: Int32 = 0
                if waitpid(child, &status, WNOHANG) == child { content.status = status }
            }
            guard content.status != nil else { return false }
            if content.isLeft {
                for pipe in content.pipes { if let pipe { close(pipe) } }
                content.pipes = [nil, nil]
            }
            return content.pipes.allSatisfy { $0 == nil }
        }
    }

    private func read(_ index: Int) {
        content.withLock { content in
            guard let pipe = content.pipes[index] else { return }
            var buffer = [UInt8](repeating: 0, count: 16_384)
            let count = Glibc.read(pipe, &buffer, buffer.count)
            if count > 0 {
                content.texts[index].append(contentsOf: buffer[..<count])
            } else if count == 0 || errno != EINTR {
                close(pipe)
                content.pipes[index] = nil
            }
        }
    }
}
