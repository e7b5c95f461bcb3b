// SPDX-License-Identifier: Apache-2.0

import DBus
import EventLoop
import Foundation
import TestSupport
import Testing

@Suite("Passwords for pairingctl")
struct AuthenticationAgentTests {
    init() { TestLoop.start() }

    @Test("At a terminal polkit's agent runs while the daemon is asked, and not any longer")
    @LoopActor func runs() async throws {
        let desk = try await Desk()
        desk.scene.daemon.onReload = { (_) throws(DBusError) in
            // Nothing is asked of the daemon before polkit could ask the person.
            if !desk.isAgentReady { throw .failed("there is no agent") }
        }
        let ended = try await Ended(desk.start("reload"))
        #expect(ended.status == 0, "\(desk.terminal.transcript)")
        #expect(desk.scene.daemon.calls == ["Reload"])
        let lines = desk.agentLines
        #expect(
            lines.first?.hasPrefix("--process ") == true && lines.first?.hasSuffix(" --notify-fd 3 --fallback") == true)
        #expect(lines.dropFirst() == ["ready", "ended"])
    }

    @Test("Where there is no agent the daemon is asked all the same")
    @LoopActor func missing() async throws {
        let desk = try await Desk(hasAgent: false)
        #expect(try await Ended(desk.start("reload")).status == 0, "\(desk.terminal.transcript)")
        #expect(desk.scene.daemon.calls == ["Reload"])
    }

    @Test("watch has the password asked for before the first request comes, and leaves the terminal alone from then on")
    @LoopActor func watch() async throws {
        let desk = try await Desk()
        let polkit = try await SimulatedPolkit(desk.scene.bus, .password)
        let process = try desk.start("watch")
        #expect(await desk.terminal.displays("Nothing is asked."), desk.terminal.picture)
        #expect(polkit.questions.map(\.action) == ["org.pairingd.answer", "org.pairingd.answer"])
        #expect(polkit.questions.map(\.allowsInteraction) == [false, true])
        #expect(desk.agentLines.dropFirst() == ["ready", "ended"])
        desk.scene.daemon.addRequest(7, "authorization")
        #expect(await desk.terminal.displays("y yes   n no"), desk.terminal.picture)
        desk.terminal.type("y")
        #expect(await eventually { desk.scene.daemon.calls == ["Accept 7"] })
        #expect(desk.agentLines.count == 3)
        process.send(signal: SIGTERM)
        #expect(await Ended(process).status == 0)
    }

    @Test("pair has the password asked for before the pairing begins, where its rule may ask") @LoopActor
    func pairHasPassword()
        async throws
    {
        let desk = try await Desk()
        let polkit = try await SimulatedPolkit(desk.scene.bus, .password)
        desk.scene.daemon.evaluation = Self.evaluation(["answer.confirmation": "ask"])
        desk.scene.daemon.onPair = { daemon, _ in
            #expect(polkit.questions.map(\.allowsInteraction) == [false, true])
            #expect(polkit.questions.allSatisfy { $0.action == "org.pairingd.answer" })
            let number = daemon.addPairing()
            daemon.addRequest(7, "confirmation", digits: "012345")
            return number
        }
        desk.scene.daemon.onAnswer = { daemon, _ in daemon.change(3, state: "done", result: "paired") }
        let process = try desk.start("pair", PairTests.device)
        #expect(await desk.terminal.shows("Does it show 012 345? [y/n]"), "\(desk.terminal.transcript)")
        desk.terminal.type("y\n")
        #expect(await Ended(process).status == 0, "\(desk.terminal.transcript)")
        #expect(
            desk.scene.daemon.calls
                == ["Evaluate \(PairTests.device)", "Pair \(PairTests.device)", "Reveal 7", "Accept 7"])
    }

    @Test(
        "pair asks polkit for no answer that nobody will want",
        arguments: [
            ["answer.confirmation": "accept", "answer.passkey": "reject", "answer.pin": "reject"],
            ["answer.confirmation": "ask", "pairing.io-capability": "NoInputNoOutput"],
        ])
    @LoopActor func nothingToAnswer(profile: [String: String]) async throws {
        let desk = try await Desk()
        let polkit = try await SimulatedPolkit(desk.scene.bus, .password)
        desk.scene.daemon.evaluation = Self.evaluation(profile)
        desk.scene.daemon.onPair = { daemon, _ in
            let number = daemon.addPairing()
            daemon.change(number, state: "done", result: "paired")
            return number
        }
        let process = try desk.start("pair", PairTests.device)
        #expect(await Ended(process).status == 0, "\(desk.terminal.transcript)")
        #expect(polkit.questions.isEmpty)
    }

    @Test("pair says before it begins who cannot answer there") @LoopActor func pairSaysBefore() async throws {
        let desk = try await Desk()
        let polkit = try await SimulatedPolkit(desk.scene.bus, .no)
        desk.scene.daemon.evaluation = ["decision": .string("undetermined")]
        desk.scene.daemon.onPair = { daemon, _ in
            let number = daemon.addPairing()
            daemon.change(number, state: "done", result: "paired")
            return number
        }
        let process = try desk.start("pair", PairTests.device)
        #expect(await Ended(process).status == 0, "\(desk.terminal.transcript)")
        #expect(await desk.terminal.shows("org.pairingd.answer"), "\(desk.terminal.transcript)")
        #expect(polkit.questions.count == 1)
    }

    private static func evaluation(_ profile: [String: String]) -> [String: Value] {
        let rest = ["pairing.io-capability": "KeyboardDisplay", "answer.passkey": "reject", "answer.pin": "reject"]
        let values = profile.merging(rest) { given, _ in given }.mapValues { Value.string($0) }
        return ["decision": .string("matched"), "rule": .string("50-lock"), "profile": values.value]
    }

    @Test(
        "watch says at its start who cannot answer there",
        arguments: [
            (SimulatedPolkit.Behaviour.yes, ""), (.challenge, "password each time"),
            (.no, "You may look and not answer"),
        ])
    @LoopActor func advice(behaviour: SimulatedPolkit.Behaviour, text: String) async throws {
        let desk = try await Desk()
        let polkit = try await SimulatedPolkit(desk.scene.bus, behaviour)
        let process = try desk.start("watch")
        #expect(await desk.terminal.displays("Nothing is asked."), desk.terminal.picture)
        if text.isEmpty {
            desk.scene.daemon.addRequest(7, "authorization")
            #expect(await desk.terminal.displays("y yes   n no"), desk.terminal.picture)
            #expect(!desk.terminal.screen.text.contains("sudo"), desk.terminal.picture)
        } else {
            #expect(await desk.terminal.displays(text), desk.terminal.picture)
        }
        #expect(polkit.questions.count == 1)
        #expect(desk.agentLines.isEmpty)
        process.send(signal: SIGTERM)
        #expect(await Ended(process).status == 0)
    }
}

/// A person who is not root at a terminal of their own, with a stand-in for `pkttyagent`.
@LoopActor
private struct Desk {
    let scene: Scene
    let terminal: PseudoTerminal
    private let command: String
    private let agentLog: URL

    init(hasAgent: Bool = true) async throws {
        try #require(getuid() == 0, "this test gives up its rights, so it has to begin with root's")
        scene = try await Scene()
        terminal = try PseudoTerminal()
        let folder = scene.bus.folder.appendingPathComponent("bin")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        // Where the build lies, another user may not look.
        command = folder.appendingPathComponent("pairingctl").path
        try FileManager.default.copyItem(atPath: Binary.path, toPath: command)
        agentLog = folder.appendingPathComponent("agent.log")
        _ = FileManager.default.createFile(atPath: agentLog.path, contents: nil, attributes: [.posixPermissions: 0o666])
        guard hasAgent else { return }
        let script = """
            #!/bin/sh
            echo "$*" >> "\(agentLog.path)"
            trap 'echo ended >> "\(agentLog.path)"; exit 0' TERM
            echo ready >> "\(agentLog.path)"
            exec 3>&-
            while :; do sleep 0.02; done
            """
        _ = FileManager.default.createFile(
            atPath: folder.appendingPathComponent("pkttyagent").path, contents: Data(script.utf8),
            attributes: [.posixPermissions: 0o755])
    }

    var agentLines: [String] {
        let text = (try? String(contentsOf: agentLog, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    var isAgentReady: Bool { agentLines.last == "ready" }

    /// Runs `pairingctl` as nobody, with the terminal as its own.
    func start(_ arguments: String...) throws -> OwnedProcess {
        let programs = URL(fileURLWithPath: command).deletingLastPathComponent().path
        return try terminal.start(
            [
                "/usr/bin/setsid", "--ctty", "--wait", "/usr/bin/setpriv", "--reuid=65534", "--regid=65534",
                "--clear-groups",
            ]
                + ["/usr/bin/env", "PATH=\(programs):/usr/bin:/bin", command] + arguments, on: scene)
    }
}
