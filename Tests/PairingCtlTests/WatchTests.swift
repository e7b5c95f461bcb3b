// SPDX-License-Identifier: Apache-2.0

import DBus
import EventLoop
import Foundation
import TestSupport
import Testing

@Suite("Watching with pairingctl")
struct WatchTests {
    init() { TestLoop.start() }

    @Test("Without a terminal it prints one line for each event, without digits, and an interrupt ends it well")
    @LoopActor func lines() async throws {
        let scene = try await Scene()
        let early = scene.daemon.addRequest(7, "confirmation", digits: "123456")
        let process = try scene.start(["watch"])
        #expect(await eventually { process.standardOutput.contains("request 7: confirmation, Lock") })
        scene.daemon.addRequest(8, "authorization", seconds: nil)
        #expect(await eventually { process.standardOutput.contains("request 8: authorization") })
        scene.daemon.finish(early, "accepted", user: 1000)
        #expect(await eventually { process.standardOutput.contains("request 7: accepted by user 1000") })
        process.send(signal: SIGINT)
        let ended = await Ended(process)
        #expect(ended.status == 0)
        #expect(!ended.output.contains("123"))
        #expect(ended.output.split(separator: "\n").count == 3)
        #expect(scene.daemon.calls.isEmpty)
    }

    @Test("As JSON it prints one object for each event")
    @LoopActor func documents() async throws {
        let scene = try await Scene()
        let process = try scene.start(["watch", "--json"])
        let request = scene.daemon.addRequest(7, "service")
        #expect(await eventually { process.standardOutput.contains("\"event\":\"request\"") })
        scene.daemon.finish(request, "expired")
        #expect(await eventually { process.standardOutput.contains("request-finished") })
        _ = scene.daemon.addPairing()
        #expect(await eventually { process.standardOutput.contains("\"event\":\"pairing\"") })
        process.send(signal: SIGTERM)
        let events = try await Ended(process).output.split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        #expect(events.map { $0["event"] as? String } == ["request", "request-finished", "pairing"])
        #expect(events[0]["kind"] as? String == "service")
        #expect(events[1]["outcome"] as? String == "expired")
        #expect(events[1]["uid"] is NSNull)
        #expect(events.allSatisfy { $0["time"] is Int })
    }

    @Test("At a terminal it shows device, rule, kind and digits, counts down, and sends the answer")
    @LoopActor func asks() async throws {
        let scene = try await Scene()
        let terminal = try PseudoTerminal()
        let process = try terminal.start("watch", on: scene)
        #expect(await terminal.shows("Waiting for requests."))
        scene.daemon.addRequest(7, "confirmation", digits: "123456")
        #expect(await terminal.shows("request 7  Lock 00:5F:BF:71:81:18  confirmation, rule 50-lock"))
        #expect(await terminal.shows("25 s  Does it show 123 456? [y/n]"))
        #expect(await terminal.shows("24 s  Does it show 123 456? [y/n]"))
        terminal.type("maybe\n")
        #expect(await terminal.shows("Type y or n"))
        terminal.type("y\n")
        #expect(await terminal.shows("request 7  accepted"))
        #expect(scene.daemon.calls == ["Reveal 7", "Accept 7"])
        process.send(signal: SIGINT)
        #expect(await process.exitStatus() == 0)
        #expect(terminal.isInUsualMode)
    }

    @Test("A request that ends elsewhere closes its prompt, and what was typed for it answers no other")
    @LoopActor func closesPrompt() async throws {
        let scene = try await Scene()
        let terminal = try PseudoTerminal()
        let process = try terminal.start("watch", on: scene)
        #expect(await terminal.shows("Waiting"))
        let first = scene.daemon.addRequest(7, "authorization")
        #expect(await terminal.shows("Pair with it?"))
        terminal.type("y")
        #expect(await terminal.shows("Pair with it? [y/n] y"))
        let second = scene.daemon.addRequest(8, "service", name: "Speaker")
        #expect(await terminal.shows("request 8  Speaker"))
        scene.daemon.finish(first, "accepted", user: 1000)
        #expect(await terminal.shows("request 7  accepted"))
        #expect(await terminal.shows("May it use this service?"))
        terminal.type("\n")
        #expect(await terminal.shows("Type y or n"))
        terminal.type("n\n")
        #expect(await terminal.shows("request 8  rejected"))
        #expect(second.outcome == "rejected")
        #expect(scene.daemon.calls == ["Reject 8"])
        // Ctrl-D leaves.
        terminal.type("\u{4}")
        #expect(await process.exitStatus() == 0)
        #expect(terminal.isInUsualMode)
    }

    @Test("Digits to be typed on the device are shown with how many are typed, and give way to a question")
    @LoopActor func display() async throws {
        let scene = try await Scene()
        let terminal = try PseudoTerminal()
        let process = try terminal.start("watch", on: scene)
        #expect(await terminal.shows("Waiting"))
        let request = scene.daemon.addRequest(7, "passkey-display", digits: "000042")
        #expect(await terminal.shows("Type 000 042 on it (0 of 6 typed)"))
        scene.daemon.enter(request, count: 2)
        #expect(await terminal.shows("(2 of 6 typed)"))
        let question = scene.daemon.addRequest(8, "authorization")
        #expect(await terminal.shows("Pair with it?"))
        scene.daemon.finish(question, "cancelled")
        #expect(await terminal.shows("(2 of 6 typed)"))
        scene.daemon.finish(request, "completed")
        #expect(await terminal.shows("request 7  completed"))
        process.kill()
    }

    @Test("Without permission to see the digits nothing is asked, and the error says what to do")
    @LoopActor func notAuthorized() async throws {
        let scene = try await Scene()
        scene.daemon.refusal = DBusError(
            name: "org.pairingd.Error.NotAuthorized", message: "Reveal is for root and the group bluetooth")
        let terminal = try PseudoTerminal()
        let process = try terminal.start("watch", on: scene)
        #expect(await terminal.shows("Waiting"))
        scene.daemon.addRequest(7, "confirmation", digits: "123456")
        #expect(await terminal.shows("use sudo, or join the group bluetooth"))
        #expect(!terminal.transcript.contains("Does it show"))
        process.kill()
    }

    @Test("It waits for a daemon that restarts, and goes on asking")
    @LoopActor func restart() async throws {
        let scene = try await Scene()
        scene.daemon.addRequest(7, "authorization")
        let process = try scene.start(["watch"])
        #expect(await eventually { process.standardOutput.contains("request 7") })
        scene.daemon.close()
        #expect(await eventually { process.standardOutput.contains("pairingd stopped; waiting for it") })
        let next = try await FakeDaemon(scene.bus.address)
        #expect(await eventually { process.standardOutput.contains("pairingd is back.") })
        next.addRequest(65, "authorization")
        #expect(await eventually { process.standardOutput.contains("request 65: authorization") })
        process.kill()
    }
}
