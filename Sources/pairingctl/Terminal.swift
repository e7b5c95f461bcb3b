// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc

/// The terminal, while it is asked: keys come one by one, nothing is echoed by itself, and the last line is a prompt
/// that can be written anew at any time.
///
/// Ctrl-Z gives it back for as long as the shell has it.
@LoopActor
final class Terminal {
    enum Key: Hashable, Sendable {
        /// A byte of UTF-8 text.
        case text(UInt8)
        case enter
        case erase
        case eraseAll
        case up
        case down
        /// Ctrl-N: no, also where n is text.
        case refuse
        /// Ctrl-D, or a terminal that is gone.
        case end
    }

    struct Size: Hashable, Sendable {
        var columns: Int
        var rows: Int
    }

    /// Called when what is on a whole screen has to be drawn anew: its size has changed, or the shell had it.
    var onLoss: @LoopActor () -> Void = {}

    /// Where prompts are written: standard output, or standard error when that is no terminal.
    private let descriptor: Int32
    private let output: Output
    private var sources: [EventSource] = []
    private var keys = KeyReader()
    private var prompt: Line?

    /// What to put back. `nonisolated(unsafe)`: touched on the loop's thread only, and there after the loop's end.
    private nonisolated(unsafe) static var saved: (mode: termios, screen: Int32?)?

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
    ///
    /// - Parameters:
    ///   - wholeScreen: Draw on the alternate screen, of which terminals keep no lines that are scrolled away.
    ///   - onKeys: Gets what was read together: what a person types comes key by key, what is pasted at once.
    func begin(wholeScreen: Bool = false, _ onKeys: @escaping @LoopActor ([Key]) -> Void) throws(Failure) {
        var mode = termios()
        guard tcgetattr(STDIN_FILENO, &mode) == 0 else {
            throw Failure(.failed, "the terminal cannot be read: \(String(cString: strerror(errno)))")
        }
        if Self.saved == nil { Self.saved = (mode, wholeScreen ? descriptor : nil) }
        Self.take()
        do throws(EventLoopError) {
            sources = [
                try .descriptor(STDIN_FILENO, .readable) { [weak self] _ in self?.read(onKeys) },
                try .signal(SIGTSTP) { [weak self] in self?.suspend() },
                // Also after a stop that nobody could catch; the shell may have changed the mode meanwhile.
                try .signal(SIGCONT) { [weak self] in self?.resume() },
                try .signal(SIGWINCH) { [weak self] in self?.onLoss() },
            ]
        } catch {
            Self.restore()
            throw Failure(.failed, "the terminal cannot be read: \(error)")
        }
    }

    /// Removes the prompt and gives the keyboard back.
    func end() {
        show(prompt: nil)
        for source in sources { source.cancel() }
        sources = []
        Self.restore()
    }

    /// Puts the terminal back into the state in which it was, if that was changed.
    nonisolated static func restore() {
        guard let saved else { return }
        giveBack(saved.mode, saved.screen)
        Self.saved = nil
    }

    /// Drops keys that were typed and not read.
    func dropInput() { tcflush(STDIN_FILENO, TCIFLUSH) }

    // MARK: Writing

    /// How large it is; a serial line, which cannot tell, is taken for 80 by 24.
    var size: Size {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return Size(columns: 80, rows: 24)
        }
        return Size(columns: Int(size.ws_col), rows: Int(size.ws_row))
    }

    /// Writes the prompt over the one before; `nil` removes it.
    func show(prompt line: Line?) {
        guard line != nil || prompt != nil else { return }
        prompt = line
        put(erase + (line.map(text) ?? ""))
    }

    /// Writes a line above the prompt.
    func say(_ line: Line) {
        put((prompt == nil ? "" : erase) + text(line) + "\n" + (prompt.map(text) ?? ""))
    }

    /// A line as this terminal shows it.
    func text(_ line: Line) -> String { output.text(line, for: descriptor) }

    func put(_ text: String) { write(text, to: descriptor) }

    /// To the line's beginning, and erase it (ECMA-48, 8.3.41: EL).
    private let erase = "\r\u{1B}[K"

    // MARK: Keyboard and shell

    // Source: xterm's control sequences: 1049 is the alternate screen, 25 the cursor. It is emptied first in each case: the
    // Linux console and others have no second screen.
    private nonisolated static let openScreen = "\u{1B}[?1049h\u{1B}[?25l\u{1B}[H\u{1B}[J"
    private nonisolated static let closeScreen = "\u{1B}[0m\u{1B}[H\u{1B}[J\u{1B}[?25h\u{1B}[?1049l"

    private nonisolated static func take() {
        guard let saved else { return }
        var mode = saved.mode
        // Ctrl-C and Ctrl-Z stay signals.
        mode.c_lflag &= ~tcflag_t(ICANON | ECHO | IEXTEN)
        withUnsafeMutableBytes(of: &mode.c_cc) { keys in
            keys[Int(VMIN)] = 1
            keys[Int(VTIME)] = 0
        }
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &mode)
        if let screen = saved.screen { write(openScreen, to: screen) }
    }

    private nonisolated static func giveBack(_ mode: termios, _ screen: Int32?) {
        var mode = mode
        if let screen { write(closeScreen, to: screen) }
        tcsetattr(STDIN_FILENO, TCSADRAIN, &mode)
    }

    /// Stops as the shell expects it: with the terminal as it was, and by the signal itself.
    private func suspend() {
        guard let (mode, screen) = Self.saved else { return }
        if prompt != nil { put(erase) }
        Self.giveBack(mode, screen)
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGTSTP)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
        raise(SIGTSTP)
        // Here it goes on after SIGCONT, or at once where no shell could wake it.
        pthread_sigmask(SIG_BLOCK, &set, nil)
        resume()
    }

    private func resume() {
        Self.take()
        show(prompt: prompt)
        onLoss()
    }

    private func read(_ onKeys: @LoopActor ([Key]) -> Void) {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = Glibc.read(STDIN_FILENO, &buffer, buffer.count)
        guard count > 0 else {
            if count < 0, errno == EAGAIN || errno == EINTR { return }
            // A terminal that is gone stays readable for ever.
            sources.first?.cancel()
            onKeys([.end])
            return
        }
        let read = keys.read(buffer[..<count])
        if !read.isEmpty { onKeys(read) }
    }
}

/// Makes keys of the bytes that a terminal sends; pure.
struct KeyReader {
    private enum State {
        case text
        case escape
        /// Behind ESC [ or ESC O: parameters, then one final byte (ECMA-48, 5.4).
        case sequence
    }
    private var state = State.text

    /// A sequence may begin in one call and end in the next.
    mutating func read(_ bytes: some Sequence<UInt8>) -> [Terminal.Key] { bytes.compactMap { key($0) } }

    private mutating func key(_ byte: UInt8) -> Terminal.Key? {
        switch (state, byte) {
        case (.escape, UInt8(ascii: "[")), (.escape, UInt8(ascii: "O")):
            state = .sequence
            return nil
        case (.sequence, 0x20...0x3F): return nil
        case (.sequence, 0x40...0x7E):
            state = .text
            return Self.arrow(byte)
        case (_, 0x1B):
            state = .escape
            return nil
        default:
            // The Escape key alone means nothing; what is typed behind it does.
            state = .text
            return Self.plain(byte)
        }
    }

    private static func arrow(_ final: UInt8) -> Terminal.Key? {
        switch final {
        case UInt8(ascii: "A"): .up
        case UInt8(ascii: "B"): .down
        default: nil
        }
    }

    private static func plain(_ byte: UInt8) -> Terminal.Key? {
        switch byte {
        case 0x0A, 0x0D: .enter
        case 0x7F, 0x08: .erase
        case 0x15: .eraseAll
        case 0x0E: .refuse
        case 0x04: .end
        case 0x09: .down
        case 0x20...: .text(byte)
        default: nil
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
