// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc

/// The terminal, while it is asked: keys come one by one, nothing is echoed by itself, and the last line is a prompt
/// that can be written anew at any time.
@LoopActor
final class Terminal {
    enum Key: Sendable {
        /// A byte of UTF-8 text.
        case text(UInt8)
        case enter
        case erase
        case eraseAll
        /// Ctrl-D, or a terminal that is gone.
        case end
    }

    /// Where prompts are written: standard output, or standard error when that is no terminal.
    private let descriptor: Int32
    private let output: Output
    private var input: EventSource?
    private var prompt: Line?

    /// The mode to put back. `nonisolated(unsafe)`: touched on the loop's thread only, and there after the loop's end.
    private nonisolated(unsafe) static var saved: termios?

    /// `nil` where nobody can be asked: standard input is no terminal, or nothing that is written would be seen.
    init?(_ output: Output, mayUseStandardError: Bool = false) {
        guard isatty(STDIN_FILENO) == 1 else { return nil }
        if output.isTerminal, !output.isJSON {
            descriptor = STDOUT_FILENO
        } else if mayUseStandardError, isatty(STDERR_FILENO) == 1 {
            descriptor = STDERR_FILENO
        } else {
            return nil
        }
        self.output = output
    }

    /// Does this program read keys as they are pressed, so that no other one can ask here?
    static var isTaken: Bool { saved != nil }

    /// Takes the keyboard; keys that were typed before are dropped, for they cannot be meant as an answer.
    func begin(_ onKey: @escaping @LoopActor (Key) -> Void) throws(Failure) {
        var mode = termios()
        guard tcgetattr(STDIN_FILENO, &mode) == 0 else {
            throw Failure(.failed, "the terminal cannot be read: \(String(cString: strerror(errno)))")
        }
        if Self.saved == nil { Self.saved = mode }
        // Ctrl-C stays a signal; Ctrl-Z is off, because the shell would not know of the mode.
        mode.c_lflag &= ~tcflag_t(ICANON | ECHO | IEXTEN)
        withUnsafeMutableBytes(of: &mode.c_cc) { keys in
            keys[Int(VMIN)] = 1
            keys[Int(VTIME)] = 0
            keys[Int(VSUSP)] = 0
        }
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &mode)
        do throws(EventLoopError) {
            input = try EventSource.descriptor(STDIN_FILENO, .readable) { [weak self] _ in self?.read(onKey) }
        } catch {
            Self.restore()
            throw Failure(.failed, "the terminal cannot be read: \(error)")
        }
    }

    /// Removes the prompt and gives the keyboard back.
    func end() {
        show(prompt: nil)
        input?.cancel()
        input = nil
        Self.restore()
    }

    /// Puts the terminal's mode back, if it was changed.
    nonisolated static func restore() {
        guard var mode = saved else { return }
        tcsetattr(STDIN_FILENO, TCSADRAIN, &mode)
        saved = nil
    }

    /// Drops keys that were typed and not read.
    func dropInput() { tcflush(STDIN_FILENO, TCIFLUSH) }

    /// Writes the prompt over the one before; `nil` removes it.
    func show(prompt line: Line?) {
        guard line != nil || prompt != nil else { return }
        prompt = line
        write(erase + (line.map { output.text($0, for: descriptor) } ?? ""), to: descriptor)
    }

    /// Writes a line above the prompt.
    func say(_ line: Line) {
        let above = (prompt == nil ? "" : erase) + output.text(line, for: descriptor) + "\n"
        write(above + (prompt.map { output.text($0, for: descriptor) } ?? ""), to: descriptor)
    }

    /// To the line's beginning, and erase it (ECMA-48, 8.3.41: EL).
    private let erase = "\r\u{1B}[K"

    private func read(_ onKey: @LoopActor (Key) -> Void) {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = Glibc.read(STDIN_FILENO, &buffer, buffer.count)
        guard count > 0 else {
            if count < 0, errno == EAGAIN || errno == EINTR { return }
            // A terminal that is gone stays readable for ever.
            input?.cancel()
            onKey(.end)
            return
        }
        for byte in buffer[..<count] {
            switch byte {
            case 0x0A, 0x0D: onKey(.enter)
            case 0x7F, 0x08: onKey(.erase)
            case 0x15: onKey(.eraseAll)
            case 0x04: onKey(.end)
            // An arrow key and the like: what follows belongs to it.
            case 0x1B: return
            case 0x20...: onKey(.text(byte))
            default: break
            }
        }
    }
}

/// Standard input where it is no terminal.
enum StandardInput {
    /// The first line, without its end; waits on the loop, not in the kernel.
    @LoopActor
    static func line() async throws(Failure) -> String {
        var bytes: [UInt8] = []
        while !bytes.contains(0x0A), bytes.count < 4096 {
            try await readable()
            var buffer = [UInt8](repeating: 0, count: 512)
            let count = read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0, errno == EAGAIN || errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        let line = bytes.prefix { $0 != 0x0A }
        return String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
    }

    @LoopActor
    private static func readable() async throws(Failure) {
        @LoopActor final class Wait { var source: EventSource? }
        let wait = Wait()
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            wait.source = try? EventSource.descriptor(STDIN_FILENO, .readable) { _ in
                wait.source?.cancel()
                continuation.resume()
            }
            // epoll refuses files, which never let a reader wait.
            if wait.source == nil { continuation.resume() }
        }
    }
}
