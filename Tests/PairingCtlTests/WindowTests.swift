// SPDX-License-Identifier: Apache-2.0

import DBus
import EventLoop
import Foundation
import TestSupport
import Testing

@Suite("pairingctl window")
struct WindowTests {
    init() { TestLoop.start() }

    @Test(
        "Without a verb of its own, it tells whether a window is open", arguments: [["window"], ["window", "status"]])
    @LoopActor func status(arguments: [String]) async throws {
        let scene = try await Scene()
        #expect(try await Ended(scene.start(arguments)).output == "No window is open.\n")
        scene.daemon.manager.windowUntil = Clock.realtime + 90_000_000
        let ended = try await Ended(scene.start(arguments))
        #expect(ended.status == 0, ended.transcript)
        #expect(ended.output.hasPrefix("A window is open for another 1min "), ended.transcript)
        #expect(scene.daemon.calls.isEmpty)
    }

    @Test("As JSON it is one object, with the time at which it closes")
    @LoopActor func statusDocument() async throws {
        let scene = try await Scene()
        let shut = try await scene.run("window", "--json").object()
        #expect(Set(shut.keys) == ["open", "until"])
        #expect(shut["open"] as? Bool == false && shut["until"] is NSNull)
        scene.daemon.manager.windowUntil = Clock.realtime + 90_000_000
        let open = try await scene.run("--json", "window").object()
        #expect(open["open"] as? Bool == true)
        #expect(open["until"] as? UInt64 == scene.daemon.manager.windowUntil)
    }

    @Test("A window is opened for a span of time and for certain devices")
    @LoopActor func openForDevices() async throws {
        let scene = try await Scene()
        let ended = try await scene.run(
            "window", "open", "90s", "--device", "00:5F:BF:71:81:18", "--device", "hci0/00:5F:BF:71:81:19")
        #expect(ended.status == 0, ended.transcript)
        #expect(scene.daemon.calls == ["OpenWindow 90 00:5F:BF:71:81:18 hci0/00:5F:BF:71:81:19"])
        #expect(ended.output.hasPrefix("● A window is open for 1min "), ended.transcript)
    }

    @Test("Without a span of time, the daemon's own is taken")
    @LoopActor func openByDefault() async throws {
        let scene = try await Scene()
        let ended = try await scene.run("window", "open")
        #expect(scene.daemon.calls == ["OpenWindow 0"], ended.transcript)
        #expect(ended.output.contains("open for 2min") || ended.output.contains("open for 1min 59s"), ended.transcript)
    }

    @Test("Spans are written as systemd has them", arguments: [("1min", 60), ("1h30min", 5400), ("2 min", 120)])
    @LoopActor func spans(text: String, seconds: Int) async throws {
        let scene = try await Scene()
        try await scene.run("window", "open", text)
        #expect(scene.daemon.calls == ["OpenWindow \(seconds)"])
    }

    @Test(
        "What is no span of time is wrong usage, and nothing is opened",
        arguments: ["90", "0s", "500ms", "soon", "1min -5s", "1y", "400d", "+5s", ""])
    @LoopActor func wrongSpans(text: String) async throws {
        let scene = try await Scene()
        let ended = try await scene.run("window", "open", text)
        #expect(ended.isUsageError("\"\(text)\" is no span of time"), ended.transcript)
        #expect(scene.daemon.calls.isEmpty)
    }

    @Test("The window is closed")
    @LoopActor func close() async throws {
        let scene = try await Scene()
        scene.daemon.manager.windowUntil = Clock.realtime + 90_000_000
        let ended = try await scene.run("window", "close")
        #expect(ended.status == 0 && ended.output == "The window is closed.\n", ended.transcript)
        #expect(scene.daemon.calls == ["CloseWindow"])
        #expect(try await scene.run("--json", "window", "close").object()["open"] as? Bool == false)
    }

    @Test("The state has a line for the window only while one is open")
    @LoopActor func stateLine() async throws {
        let scene = try await Scene()
        #expect(!(try await scene.run("status").output.contains("window:")))
        scene.daemon.manager.windowUntil = Clock.realtime + 90_000_000
        let ended = try await scene.run("status")
        let line = ended.output.split(separator: "\n").first { $0.contains("window:") }
        #expect(line?.contains("open for another 1min ") == true, ended.transcript)
        #expect(
            try await scene.run("status", "--json").object()["window_until"] as? UInt64
                == scene.daemon.manager.windowUntil)
    }

    @Test("Options that every verb has may stand before it, and the document is that of the new window")
    @LoopActor func leadingOptions() async throws {
        let scene = try await Scene()
        let ended = try await scene.run("--json", "window", "open", "1min")
        #expect(scene.daemon.calls == ["OpenWindow 60"], ended.transcript)
        let object = try ended.object()
        #expect(object["open"] as? Bool == true)
        #expect(object["until"] as? UInt64 == scene.daemon.manager.windowUntil)
        let quiet = try await scene.run("-q", "window", "open", "1min")
        #expect(quiet.status == 0 && quiet.output.isEmpty, quiet.transcript)
    }

    @Test("Who may not open or close a window is told so with status 4", arguments: ["open", "close"])
    @LoopActor func notAuthorized(verb: String) async throws {
        let scene = try await Scene()
        scene.daemon.refusal = DBusError(name: "org.pairingd.Error.NotAuthorized", message: "You may not.")
        let ended = try await scene.run("window", verb)
        #expect(ended.status == 4 && ended.output.isEmpty, ended.transcript)
        #expect(ended.errors == "pairingctl: You may not; use sudo, or ask an administrator for a polkit rule\n")
    }

    @Test("A window that the daemon finds too long is wrong usage")
    @LoopActor func tooLong() async throws {
        let scene = try await Scene()
        scene.daemon.refusal = DBusError(name: "org.pairingd.Error.InvalidArgument", message: "1h at most.")
        let ended = try await scene.run("window", "open", "2h")
        #expect(ended.isUsageError("1h at most"), ended.transcript)
    }
}
