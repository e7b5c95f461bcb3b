// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import TestSupport
import Testing

@testable import pairingctl

@Suite("monitor")
struct MonitorTests {
    init() { TestLoop.start() }

    /// Lets everything happen once; the command is ended by `end`.
    @LoopActor private func watch(_ arguments: [String], _ end: (Scene, OwnedProcess) -> Void) async throws -> Ended {
        let scene = try await Scene()
        scene.daemon.addRequest(6, "authorization", name: FakePrograms.hostileName)
        let process = try scene.start(["monitor"] + arguments)
        try #require(await eventually { process.standardOutput.contains("authorization") }, "\(process.errorOutput)")
        let daemon = scene.daemon
        var (shown, request) = (0, FakeRequest?.none)
        let steps: [@LoopActor () -> Void] = [
            { _ = daemon.addPairing() }, { request = daemon.addRequest(7, "passkey-display", seconds: nil) },
            { if let request { daemon.enter(request, count: 3) } },
            { if let request { daemon.finish(request, "accepted", user: 1000) } },
            { daemon.change(3, state: "verifying") },
            { daemon.change(3, state: "done", result: "too-weak", reason: "its keys are unauthenticated") },
            { daemon.changeManager(["PolicyErrors"]) { $0.policyErrors = ["60.toml:7:1: error: unknown key"] } },
            { daemon.changeManager(["WindowUntil"]) { $0.windowUntil = Clock.realtime + 120_000_000 } },
            { daemon.changeManager(["BlueZ"]) { _ in } },
        ]
        // One after the other, for what comes at once may come as one.
        for step in steps {
            shown = process.standardOutput.utf8.count
            step()
            #expect(await eventually { process.standardOutput.utf8.count > shown }, "\(process.standardOutput)")
        }
        end(scene, process)
        return await Ended(process)
    }

    @Test("has a line for each event, and ends with 3 when the daemon goes")
    @LoopActor func lines() async throws {
        let ended = try await watch([]) { scene, _ in scene.daemon.close() }
        #expect(ended.status == 3, ended.transcript)
        #expect(ended.errors == "pairingctl: pairingd stopped: systemctl status pairingd\n")
        #expect(ended.isHarmless)
        // Without the time of day, and without the first request, whose time is running.
        let lines = ended.output.split(separator: "\n").dropFirst().map { String($0.dropFirst(10)) }
        #expect(
            lines == [
                "pairing 3      Lock 00:5F:BF:71:81:18: pairing",
                "request 7      Lock 00:5F:BF:71:81:18: passkey-display, rule 50-lock",
                "request 7      Lock 00:5F:BF:71:81:18: 3 digits typed",
                "request 7      Lock 00:5F:BF:71:81:18: accepted by user 1000",
                "pairing 3      Lock 00:5F:BF:71:81:18: verifying",
                "pairing 3      Lock 00:5F:BF:71:81:18: too-weak, its keys are unauthenticated",
                "rules          1 error, the old ones stay: 60.toml:7:1: error: unknown key",
                "window         open for 2min", "BlueZ          running", "pairingd       stopped",
            ], ended.transcript)
    }

    @Test("writes an object for each event, as docs/command.md has them")
    @LoopActor func documents() async throws {
        let ended = try await watch(["--json"]) { scene, _ in scene.daemon.close() }
        #expect(ended.status == 3, ended.transcript)
        #expect(ended.isHarmless)
        let objects = try DocumentTests.objects(ended.output)
        let words = objects.compactMap { $0["event"] as? String }
        #expect(
            words == [
                "request", "pairing", "request", "request-changed", "request-finished", "pairing", "pairing", "policy",
                "window", "bluez", "daemon-gone",
            ], ended.transcript)
        let details = ["request": "request", "request-changed": "request", "pairing": "pairing", "window": "window"]
        for (object, word) in zip(objects, words) {
            #expect(CommandPage.disagreements(object, with: "event", isOpen: true) == [])
            guard let document = details[word] else { continue }
            #expect(CommandPage.disagreements(object, with: document, isOpen: true) == [], "\(object)")
        }
        let page = CommandPage.text("docs/command.md")
        for word in Set(words) { #expect(page.contains("`\(word)`"), "docs/command.md lacks the event \(word)") }
    }

    @Test("ends with 0 by Ctrl-C")
    @LoopActor func interrupted() async throws {
        let ended = try await watch([]) { _, process in process.send(signal: SIGINT) }
        #expect(ended.status == 0, ended.transcript)
        #expect(ended.errors.isEmpty)
    }

    @Test("needs a daemon that is there")
    @LoopActor func absent() async throws {
        let scene = try await Scene()
        scene.daemon.close()
        #expect(try await scene.run("monitor").status == 3)
    }
}
