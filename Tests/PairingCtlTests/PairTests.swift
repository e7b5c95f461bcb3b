// SPDX-License-Identifier: Apache-2.0

import DBus
import EventLoop
import Glibc
import TestSupport
import Testing

@Suite("Pairing with pairingctl")
struct PairTests {
    init() { TestLoop.start() }

    static let device = "00:5F:BF:71:81:18"

    @Test("It waits for the end, tells each state, and puts the result in words")
    @LoopActor func success() async throws {
        let scene = try await Scene()
        let process = try scene.start(["pair", Self.device, "--timeout", "40"])
        #expect(await eventually { !scene.daemon.pairings.isEmpty })
        await sleep(microseconds: 100_000)
        scene.daemon.change(3, state: "verifying")
        await sleep(microseconds: 20_000)
        scene.daemon.change(3, state: "done", result: "paired")
        let ended = await Ended(process)
        #expect(ended.status == 0)
        #expect(
            ended.output == "pairing\nverifying\n● Lock \(Self.device): paired. The device is paired. Rule: 50-lock.\n")
        #expect(scene.daemon.calls == ["Pair \(Self.device) 40"])
    }

    @Test("A result that is there before anybody listens is told too")
    @LoopActor func atOnce() async throws {
        let scene = try await Scene()
        scene.daemon.onPair = { daemon, _ in
            let number = daemon.addPairing()
            daemon.change(number, state: "done", result: "already-bonded")
            return number
        }
        let ended = try await scene.run("pair", Self.device)
        #expect(ended.status == 0)
        #expect(ended.output.contains("pairingctl forget \(Self.device)"))
    }

    @Test(
        "A failure is one line with the word, the sentence, the reason and the advice, and its own exit status",
        arguments: [
            (
                "peer-refused", 1,
                "The device refused to pair. Rule: 50-lock. Reason: pairing not supported. Make it forget"
            ),
            ("rejected-by-policy", 1, "No rule allows this pairing."), ("not-found", 5, "not seen on the air"),
            ("expired", 6, "Nobody answered in time."), ("too-new-to-be-known", 1, "too-new-to-be-known."),
        ])
    @LoopActor func failure(result: String, status: Int32, text: String) async throws {
        let scene = try await Scene()
        let reason = result == "peer-refused" ? "pairing not supported" : ""
        scene.daemon.onPair = { daemon, _ in
            let number = daemon.addPairing()
            daemon.change(number, state: "done", result: result, reason: reason)
            return number
        }
        let ended = try await scene.run("pair", Self.device)
        #expect(ended.status == status)
        #expect(ended.errors.hasPrefix("pairingctl: Lock \(Self.device): \(result)."))
        #expect(ended.errors.contains(text))
        #expect(ended.errors.split(separator: "\n").count == 1)
    }

    @Test("As JSON it is one document with every key, and nothing else")
    @LoopActor func document() async throws {
        let scene = try await Scene()
        scene.daemon.onPair = { daemon, _ in
            let number = daemon.addPairing()
            daemon.change(number, state: "done", result: "wrong-passkey")
            return number
        }
        let ended = try await scene.run("pair", Self.device, "--json")
        #expect(ended.status == 1)
        #expect(ended.errors.isEmpty)
        let object = try ended.object()
        #expect(
            Set(object.keys) == [
                "pairing", "address", "adapter", "name", "rule", "origin", "attempt", "state", "result", "reason",
                "security", "secure_connections", "key_size",
                "sentence", "advice", "started_at", "finished_at",
            ])
        #expect(object["result"] as? String == "wrong-passkey")
        #expect(object["sentence"] as? String == "The passkey was wrong.")
    }

    @Test("With --no-wait it leaves once the pairing has begun")
    @LoopActor func noWait() async throws {
        let scene = try await Scene()
        let ended = try await scene.run("pair", Self.device, "--no-wait", "--json")
        #expect(ended.status == 0)
        #expect(try ended.object()["result"] as? String == "")
    }

    @Test("Where nobody can be asked, it tells how to answer a request of this pairing, and of no other")
    @LoopActor func howToAnswer() async throws {
        let scene = try await Scene()
        scene.daemon.onAnswer = { daemon, _ in daemon.change(3, state: "done", result: "paired") }
        scene.daemon.onPair = { daemon, _ in
            let number = daemon.addPairing()
            daemon.addRequest(7, "confirmation", digits: "123456")
            daemon.addRequest(8, "confirmation", pairing: 99)
            return number
        }
        let process = try scene.start(["pair", Self.device])
        #expect(await eventually { process.standardOutput.contains("pairingctl approve 7") })
        #expect(try await scene.run("approve", "7").status == 0)
        let ended = await Ended(process)
        #expect(ended.status == 0)
        #expect(ended.output.contains("request 7: accepted"))
        #expect(!ended.output.contains("123") && !ended.output.contains("request 8"))
    }

    @Test("At a terminal it asks right there")
    @LoopActor func asks() async throws {
        let scene = try await Scene()
        scene.daemon.onAnswer = { daemon, _ in daemon.change(3, state: "done", result: "paired") }
        scene.daemon.onPair = { daemon, _ in
            let number = daemon.addPairing()
            daemon.addRequest(7, "confirmation", digits: "012345")
            return number
        }
        let terminal = try PseudoTerminal()
        let process = try terminal.start("pair", Self.device, on: scene)
        #expect(await terminal.shows("Does it show 012 345? [y/n]"))
        terminal.type("y\n")
        #expect(await terminal.shows("paired. The device is paired."))
        #expect(await process.exitStatus() == 0)
        #expect(scene.daemon.calls == ["Pair \(Self.device)", "Reveal 7", "Accept 7"])
        #expect(terminal.isInUsualMode)
    }

    @Test("An interrupt cancels the pairing and tells its result", arguments: [SIGINT, SIGTERM])
    @LoopActor func interrupt(signal: Int32) async throws {
        let scene = try await Scene()
        let process = try scene.start(["pair", Self.device])
        #expect(await eventually { process.standardOutput.contains("pairing\n") })
        process.send(signal: signal)
        let ended = await Ended(process)
        #expect(ended.status == 1)
        #expect(ended.errors.contains("cancelled. The pairing was cancelled."))
        #expect(scene.daemon.calls.last == "Cancel 3")
    }

    @Test("A daemon that ends meanwhile is told as such")
    @LoopActor func daemonEnds() async throws {
        let scene = try await Scene()
        let process = try scene.start(["pair", Self.device])
        #expect(await eventually { process.standardOutput.contains("pairing\n") })
        scene.daemon.close()
        let ended = await Ended(process)
        #expect(ended.status == 3)
        #expect(ended.errors.contains("\(Self.device): pairingd stopped while pairing; is pairingd running?"))
    }
}
