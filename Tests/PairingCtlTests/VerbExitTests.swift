// SPDX-License-Identifier: Apache-2.0

import DBus
import EventLoop
import TestSupport
import Testing

@testable import pairingctl

@Suite("Exit statuses of every verb")
struct VerbExitTests {
    init() { TestLoop.start() }

    private static let device = "00:5F:BF:71:81:18"
    /// Verbs that ask the daemon, with arguments that they take.
    private static let asking = [
        ["status"], ["devices"], ["show", device], ["scan", "1"], ["version"], ["pair", device], ["forget", device],
        ["window", "status"], ["window", "open"], ["window", "close"], ["requests"], ["approve"], ["reject"],
        ["passkey"], ["pin"], ["monitor"], ["explain"], ["policy", "test", device], ["reload"],
    ]
    /// Those that do without it.
    private static let local = [
        ["history"], ["capture", "x"], ["policy", "list"], ["policy", "check"], ["policy", "show", "x"],
        ["policy", "new", device, "-"],
    ]
    /// Those that need a permission.
    private static let acting = [
        ["pair", device], ["forget", device], ["window", "open"], ["window", "close"], ["requests", "--reveal"],
        ["approve", "7"], ["reject", "7"], ["passkey", "8"], ["pin", "9"], ["reload"],
    ]
    /// Those of them that change something.
    private static let changing = acting.filter { !$0.contains("--reveal") }

    @Test("No verb is left out here")
    func complete() {
        let tried = Set(
            (Self.asking + Self.local).map {
                $0.prefix(["policy", "window"].contains($0[0]) ? 2 : 1).joined(separator: " ")
            })
        let verbs = HelpTests.verbs.filter { $0.type.configuration.subcommands.isEmpty }.map(\.name)
        // It wants a terminal before anything else: WatchTests.
        #expect(tried.union(["watch"]) == Set(verbs))
    }

    @Test("2 is wrong usage, in one line", arguments: asking + local)
    func usage(arguments: [String]) async throws {
        let ended = try await Ended(
            OwnedProcess(Binary.path, arguments + ["--bogus"], environment: ["NO_COLOR": "1"]))
        #expect(ended.isUsageError("--bogus"), ended.transcript)
    }

    @Test(
        "2 is an argument that cannot be meant",
        arguments: [
            ["show", ""], ["scan", "0"], ["history", "-n", "0"], ["policy", "new", "x", "rule.txt"],
            ["window", "open", "5"],
        ])
    func arguments(arguments: [String]) async throws {
        let ended = try await Ended(OwnedProcess(Binary.path, arguments, environment: ["NO_COLOR": "1"]))
        #expect(ended.isUsageError("see pairingctl --help"), ended.transcript)
    }

    @Test("3 is a daemon that is not there", arguments: asking)
    @LoopActor func unreachable(arguments: [String]) async throws {
        let scene = try await Scene()
        scene.daemon.close()
        let ended = try await Ended(scene.start(arguments))
        #expect(ended.status == 3, ended.transcript)
        #expect(ended.errors.contains("is pairingd running? systemctl status pairingd"), ended.transcript)
    }

    @Test("4 is a permission that is missing", arguments: acting)
    @LoopActor func notAuthorized(arguments: [String]) async throws {
        let ended = try await refused(arguments, "org.pairingd.Error.NotAuthorized")
        #expect(ended.status == 4, ended.transcript)
        #expect(ended.errors.contains("use sudo"), ended.transcript)
    }

    @Test("6 is a time that is over", arguments: changing)
    @LoopActor func expired(arguments: [String]) async throws {
        #expect(try await refused(arguments, "org.pairingd.Error.Expired").status == 6)
    }

    @LoopActor private func refused(_ arguments: [String], _ error: String) async throws -> Ended {
        let scene = try await Scene()
        scene.daemon.addRequest(7, "confirmation", digits: "123456")
        scene.daemon.addRequest(8, "passkey-entry")
        scene.daemon.addRequest(9, "pin-entry")
        scene.daemon.refusal = DBusError(name: error, message: "It is refused")
        return try await Ended(scene.start(arguments, input: "123456\n"))
    }

    @Test(
        "5 is what is not there",
        arguments: [
            ["show", "00:5F:BF:71:81:99"], ["show", "99"], ["show", "None"], ["approve"], ["reject", "99"], ["passkey"],
            ["pin"], ["explain"], ["explain", "99"], ["policy", "show", "none"], ["history", "00:5F:BF:71:81:99"],
        ])
    @LoopActor func notFound(arguments: [String]) async throws {
        let scene = try await Scene()
        let programs = try FakePrograms.journal([])
        let ended = try await Ended(programs.start(arguments, on: scene.bus.address))
        #expect(ended.status == 5, ended.transcript)
        #expect(ended.errors.split(separator: "\n").count == 1, ended.transcript)
    }
}
