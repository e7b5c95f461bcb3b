// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Bluetooth
import EventLoop

/// The span in which rules with `when = "window"` hold.
struct WindowVerb: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "window", abstract: "Let devices pair for a while: those whose rules say when = \"window\".",
        subcommands: [WindowStatus.self, WindowOpen.self, WindowClose.self], defaultSubcommand: WindowStatus.self)
}

struct WindowStatus: Verb {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show whether a window is open; so does pairingctl window alone.")

    @OptionGroup(title: "Options of every verb") var options: GlobalOptions

    @LoopActor func run(_ session: Session) async throws(Failure) -> ExitStatus {
        let until = try await session.connect().manager().properties.time("WindowUntil")
        session.output.line(Line(Self.sentence(until: until)))
        if session.output.isJSON { session.output.document(Self.document(until: until)) }
        return .done
    }

    static func sentence(until: UInt64) -> String {
        until == 0 ? "No window is open." : "A window is open for another \(span(until: until))."
    }

    static func span(until: UInt64) -> String {
        let now = Clock.realtime
        return Timespan.text(.seconds(until > now ? Int64(clamping: (until - now + 999_999) / 1_000_000) : 0))
    }

    static func document(until: UInt64) -> JSON {
        ["open": .boolean(until != 0), "until": until == 0 ? .null : .number(until)]
    }
}

struct WindowOpen: Verb {
    static let configuration = CommandConfiguration(
        commandName: "open", abstract: "Open a window; one that is open is replaced.",
        discussion: """
            While it is open, rules with when = "window" hold. It closes by itself. Opening it also forgives devices that are \
            locked out after failures.
            """)

    @Argument(help: "How long, such as 2min or 90s; without it, as pairingd.toml says.") var span: String?
    @Option(
        help: ArgumentHelp("Only for this device; may be given several times.", valueName: "device"),
        completion: Candidates.devices)
    var device: [String] = []
    @OptionGroup(title: "Options of every verb") var options: GlobalOptions

    func validate() throws { _ = try seconds() }

    private func seconds() throws -> UInt32 {
        guard let span else { return 0 }
        guard let duration = Timespan.parse(span), duration >= .seconds(1),
            let seconds = UInt32(exactly: duration.components.seconds)
        else {
            throw ValidationError("\"\(span)\" is no span of time: write it as in 2min, 90s or 1h30min, at least 1s.")
        }
        return seconds
    }

    @LoopActor func run(_ session: Session) async throws(Failure) -> ExitStatus {
        // Validated before.
        let until = try await session.connect().openWindow((try? seconds()) ?? 0, devices: device)
        session.output.note(
            "\("●", .green) A window is open for \(WindowStatus.span(until: until)). pairingctl watch answers.")
        if session.output.isJSON { session.output.document(WindowStatus.document(until: until)) }
        return .done
    }
}

struct WindowClose: Verb {
    static let configuration = CommandConfiguration(
        commandName: "close", abstract: "Close the window before its time; requests that only it allowed expire.")

    @OptionGroup(title: "Options of every verb") var options: GlobalOptions

    @LoopActor func run(_ session: Session) async throws(Failure) -> ExitStatus {
        try await session.connect().closeWindow()
        session.output.note("The window is closed.")
        if session.output.isJSON { session.output.document(WindowStatus.document(until: 0)) }
        return .done
    }
}
