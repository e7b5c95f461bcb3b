// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc

/// Where results, progress and errors go.
@LoopActor
final class Output {
    let isJSON: Bool
    let isQuiet: Bool
    let isTerminal = isatty(STDOUT_FILENO) == 1
    /// What tables are to fit in: `COLUMNS`, or the terminal's width; `nil` where neither is known, as in a pipe.
    let columns: Int?
    private let allowsColor: Bool
    private var hider: AddressHider?

    init(_ options: GlobalOptions) {
        isJSON = options.json
        isQuiet = options.quiet
        hider = options.hideAddresses ? AddressHider() : nil
        columns = Int(Self.environment("COLUMNS")).flatMap { $0 > 0 ? $0 : nil } ?? Page.terminalWidth
        let isDumb = Self.environment("TERM") == "dumb"
        allowsColor = !options.noColor && Self.environment("NO_COLOR").isEmpty && !isDumb
    }

    /// What was asked for, for people.
    func line(_ line: Line) {
        guard !isJSON else { return }
        put(line.text(isColored: allowsColor && isTerminal) + "\n")
    }

    /// What goes along with it: progress, headings, advice.
    func note(_ line: Line) {
        guard !isQuiet else { return }
        self.line(line)
    }

    /// A long line, in as many as the terminal needs for it.
    func wrapped(_ line: Line, margin: Int) {
        for part in columns.map({ line.wrapped(to: max(20, $0), margin: margin) }) ?? [line] { self.line(part) }
    }

    func table(_ table: Table) {
        for line in table.lines(within: columns) { self.line(line) }
    }

    func document(_ document: JSON) { put(document.text + "\n") }

    func error(_ message: String) {
        write(shown("pairingctl: \(SafeText.printable(message))\n"), to: STDERR_FILENO)
    }

    /// A line as the terminal behind `descriptor` shows it.
    func text(_ line: Line, for descriptor: Int32) -> String {
        shown(line.text(isColored: allowsColor && isatty(descriptor) == 1))
    }

    /// All that leaves the process passes here.
    private func shown(_ text: String) -> String { hider?.hide(text) ?? text }

    private func put(_ text: String) {
        let text = shown(text)
        // Nobody reads any more (`pairingctl watch | head`), so there is nothing left to do.
        if !write(text, to: STDOUT_FILENO) { EventLoop.shared.stop(code: ExitStatus.failed.rawValue) }
    }

    private static func environment(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }
}

/// Writes all of `text`; `false` when the other end is closed.
@discardableResult
func write(_ text: String, to descriptor: Int32) -> Bool {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
        let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        if count >= 0 {
            bytes = bytes.dropFirst(count)
        } else if errno == EAGAIN {
            var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            poll(&ready, 1, -1)
        } else if errno != EINTR {
            return false
        }
    }
    return true
}
