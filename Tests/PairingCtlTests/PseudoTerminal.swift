// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import TestSupport
import Testing

/// A terminal that a test types into and looks at.
@LoopActor
final class PseudoTerminal {
    private var controller: Int32
    /// Held open, so that the terminal outlives the command and its mode can be looked at.
    private let device: Int32
    private let path: String
    /// Everything that was shown, escape sequences included.
    private(set) var transcript = ""
    /// What a person sees by now.
    private(set) var screen: ScreenEmulator

    init(columns: Int = 80, rows: Int = 24) throws {
        screen = ScreenEmulator(columns: columns, rows: rows)
        // What `posix_openpt`, `unlockpt` and `ptsname` do: Swift's module of the C library leaves them out.
        controller = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)
        var (isLocked, number): (Int32, Int32) = (0, 0)
        let (setLock, getNumber): (UInt, UInt) = (0x4004_5431, 0x8004_5430)  // TIOCSPTLCK, TIOCGPTN
        try #require(
            controller >= 0 && ioctl(controller, setLock, &isLocked) == 0 && ioctl(controller, getNumber, &number) == 0)
        path = "/dev/pts/\(number)"
        device = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(device >= 0)
        resize(columns: columns, rows: rows)
    }

    deinit {
        close(controller)
        close(device)
    }

    /// Runs the command with this terminal as its standard input, output and error.
    func start(_ arguments: String..., on scene: Scene, term: String = "xterm") throws -> OwnedProcess {
        try start([Binary.path] + arguments, on: scene, term: term)
    }

    /// Runs a program, and its arguments, in the same way.
    func start(_ words: [String], on scene: Scene, term: String = "xterm") throws -> OwnedProcess {
        try OwnedProcess(
            "/bin/sh", ["-c", "exec \"$0\" \"$@\" <\"$TERMINAL\" >\"$TERMINAL\" 2>&1"] + words,
            environment: [
                "DBUS_SYSTEM_BUS_ADDRESS": scene.bus.address, "TERMINAL": path, "TERM": term, "NO_COLOR": "1",
            ])
    }

    /// Runs the command as the only one of a session of its own, which this terminal controls: Ctrl-C and changes of its size
    /// reach it. ``ending`` tells when it has ended.
    func run(_ arguments: String..., on scene: Scene, term: String = "xterm") throws -> OwnedProcess {
        try session(
            ["sh", "-c", "trap : INT; \"$0\" \"$@\"; echo \"[ended with $?]\"; read -r _", Binary.path] + arguments,
            on: scene, term: term)
    }

    /// Runs an interactive shell, which has job control; its `pairingctl` is the one under test.
    func shell(on scene: Scene) throws -> OwnedProcess {
        try session(["bash", "--noprofile", "--norc", "-i"], on: scene, term: "xterm")
    }

    private func session(_ command: [String], on scene: Scene, term: String) throws -> OwnedProcess {
        try OwnedProcess(
            "/bin/sh", ["-c", "exec setsid --ctty \"$0\" \"$@\" <\"$TERMINAL\" >\"$TERMINAL\" 2>&1"] + command,
            environment: [
                "DBUS_SYSTEM_BUS_ADDRESS": scene.bus.address, "TERMINAL": path, "TERM": term, "NO_COLOR": "1",
                "PAIRINGCTL": Binary.path, "PS1": "$ ", "HISTFILE": "", "INPUTRC": "/dev/null",
            ])
    }

    /// Changes the size, as a window that is dragged does.
    func resize(columns: Int, rows: Int) {
        var size = winsize(ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
        look()
        screen.resize(columns: columns, rows: rows)
        _ = ioctl(controller, UInt(TIOCSWINSZ), &size)
    }

    /// The terminal goes away, as when its window is closed or the network breaks.
    func hangUp() {
        close(controller)
        controller = -1
    }

    /// Waits until a person sees `text`.
    func displays(_ text: String, within seconds: Double = 8) async -> Bool {
        await eventually(within: seconds) {
            look()
            return screen.text.contains(text)
        }
    }

    /// Waits until nobody sees `text` any longer.
    func hides(_ text: String, within seconds: Double = 8) async -> Bool {
        await eventually(within: seconds) {
            look()
            return !screen.text.contains(text)
        }
    }

    /// What is on the screen, for a failure's message.
    var picture: Comment { Comment(rawValue: "\n\(screen.text)\(screen.surprises)") }

    func type(_ text: String) {
        text.withCString { _ = write(controller, $0, strlen($0)) }
    }

    /// Waits until the terminal has shown `text` since the last call that found something.
    func shows(_ text: String, within seconds: Double = 8) async -> Bool {
        await eventually(within: seconds) {
            look()
            guard let range = transcript[seen...].range(of: text) else { return false }
            seen = range.upperBound
            return true
        }
    }

    /// Does the terminal echo and collect lines, as it did at first?
    var isInUsualMode: Bool {
        var mode = termios()
        return tcgetattr(device, &mode) == 0 && mode.c_lflag & tcflag_t(ICANON | ECHO) == tcflag_t(ICANON | ECHO)
    }

    private var seen = "".startIndex

    private func look() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(controller, &buffer, buffer.count)
        if count > 0 {
            bytes += buffer[..<count]
            screen.write(buffer[..<count])
            transcript = String(decoding: bytes, as: UTF8.self)
        }
    }

    private var bytes: [UInt8] = []
}
