// SPDX-License-Identifier: Apache-2.0

import Glibc

/// `--host`: the same command on another machine, over ssh.
struct RemoteCommand {
    let host: String
    /// What is left for the other machine's pairingctl.
    private(set) var arguments: [String] = []

    /// `nil` where no host is named. The other arguments are the other machine's to understand.
    init?(_ arguments: [String]) {
        var host: String?
        var rest = arguments[...]
        while let argument = rest.popFirst(), argument != "--" {
            if argument == "--host" {
                // Without a value it is the parser that complains.
                guard let value = rest.popFirst() else { return nil }
                host = value
            } else if argument.hasPrefix("--host=") {
                host = String(argument.dropFirst(7))
            } else {
                self.arguments.append(argument)
            }
        }
        guard let host, arguments.first != "---completion" else { return nil }
        self.host = host
        // From a double hyphen on all is as it was.
        self.arguments += arguments.suffix(from: arguments.firstIndex(of: "--") ?? arguments.endIndex)
    }

    /// The arguments of ssh.
    ///
    /// - Parameter hasTerminal: Is there one to pass on, for questions, colours and the width of tables?
    func sshArguments(hasTerminal: Bool, allowsColor: Bool) -> [String] {
        let command = ["pairingctl"] + (allowsColor ? [] : ["--no-color"]) + arguments
        // With a terminal ssh would tell at the end that the connection is closed.
        return (hasTerminal ? ["-t", "-o", "LogLevel=ERROR"] : ["-T"])
            + ["--", host, command.map(Self.quoted).joined(separator: " ")]
    }

    /// A word as a POSIX shell takes it: literally.
    static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "-_=:/.,@+".utf8.contains(byte)
            }
        }
        return isPlain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }

    /// - Returns: The other pairingctl's exit status; 3 when it could not be reached.
    func run() -> Int32 {
        guard !host.isEmpty, !host.hasPrefix("-") else {
            return Self.fail(.usage, "--host takes a machine, as in --host admin@gateway; see pairingctl --help")
        }
        let hasTerminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1
        let allowsColor = getenv("NO_COLOR").map { $0.pointee == 0 } ?? true
        let status: Int32
        do throws(Failure) {
            let words = sshArguments(hasTerminal: hasTerminal, allowsColor: allowsColor)
            status = try ChildProcess("ssh", words).exitStatusPassingSignalsOn()
        } catch {
            return Self.fail(error.status, error.message)
        }
        switch status {
        // What ssh has to say of it is on standard error already.
        case 255: return ExitStatus.unreachable.rawValue
        case 127: return Self.fail(.unreachable, "\(host): pairingctl is not installed there, or not in PATH")
        default: return status
        }
    }

    private static func fail(_ status: ExitStatus, _ message: String) -> Int32 {
        write("pairingctl: \(SafeText.printable(message))\n", to: STDERR_FILENO)
        return status.rawValue
    }
}
