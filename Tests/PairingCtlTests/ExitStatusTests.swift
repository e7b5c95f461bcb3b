// SPDX-License-Identifier: Apache-2.0

import DBus
import EventLoop
import TestSupport
import Testing

@Suite("Exit statuses of pairingctl")
struct ExitStatusTests {
    init() { TestLoop.start() }

    @Test(
        "Wrong usage is 2, on one line",
        arguments: [
            ["bogus"], ["pair"], ["pair", "X", "--timeout", "0"], ["devices", "--bogus"], ["approve", "seven"],
        ])
    @LoopActor func usage(arguments: [String]) async throws {
        let scene = try await Scene()
        let ended = try await Ended(scene.start(arguments))
        #expect(ended.status == 2)
        #expect(ended.output.isEmpty)
        #expect(ended.errors.hasPrefix("pairingctl: "))
        #expect(ended.errors.split(separator: "\n").count == 1)
    }

    @Test("Help is no error", arguments: [["--help"], ["help", "pair"], ["watch", "--help"]])
    @LoopActor func help(arguments: [String]) async throws {
        let scene = try await Scene()
        let ended = try await Ended(scene.start(arguments))
        #expect(ended.status == 0)
        #expect(ended.output.contains("USAGE: pairingctl"))
        #expect(ended.errors.isEmpty)
    }

    @Test(
        "A daemon that is not there is 3, with what to look at",
        arguments: [[], ["devices"], ["pair", "00:5F:BF:71:81:18"], ["approve"], ["passkey"], ["requests"]])
    @LoopActor func unreachable(arguments: [String]) async throws {
        let scene = try await Scene()
        scene.daemon.close()
        let ended = try await Ended(scene.start(arguments))
        #expect(ended.status == 3)
        #expect(ended.errors.contains("is pairingd running? systemctl status pairingd"))
    }

    @Test("A bus that is not there is 3", arguments: ["unix:path=/nonexistent/bus", "nonsense"])
    @LoopActor func noBus(address: String) async throws {
        let scene = try await Scene()
        let ended = try await scene.run("--bus", address, "devices")
        #expect(ended.status == 3)
        #expect(ended.errors.contains(address))
    }

    @Test("--bus wins over the environment")
    @LoopActor func busOption() async throws {
        let scene = try await Scene()
        let process = try OwnedProcess(
            Binary.path, ["devices", "--bus=\(scene.bus.address)"],
            environment: ["DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent/bus"])
        #expect(await process.exitStatus() == 0)
    }

    @Test(
        "The daemon's errors have their statuses, and name what they are about",
        arguments: [
            ("org.pairingd.Error.InvalidArgument", 2), ("org.pairingd.Error.UnknownDevice", 5),
            ("org.pairingd.Error.NotAuthorized", 4), ("org.pairingd.Error.Busy", 1), ("org.pairingd.Error.Expired", 6),
            ("org.pairingd.Error.AlreadyAnswered", 1), ("org.pairingd.Error.NotReady", 1),
            ("org.pairingd.Error.PolicyInvalid", 1), ("org.pairingd.Error.Failed", 1),
            ("org.freedesktop.DBus.Error.AccessDenied", 4), ("org.example.Error.Unheard", 1),
        ])
    @LoopActor func daemonErrors(name: String, status: Int32) async throws {
        let scene = try await Scene()
        scene.daemon.refusal = DBusError(name: name, message: "It \u{1B}[31mfailed.\nTwice.")
        scene.daemon.addRequest(7, "authorization")
        for (arguments, subject) in [
            (["pair", "00:5F:BF:71:81:18"], "00:5F:BF:71:81:18"),
            (["forget", "00:5F:BF:71:81:18"], "00:5F:BF:71:81:18"),
            (["approve"], "request 7 (Lock 00:5F:BF:71:81:18)"),
        ] {
            let ended = try await Ended(scene.start(arguments))
            #expect(ended.status == status)
            #expect(ended.errors.hasPrefix("pairingctl: \(subject): It \\u{1B}[31mfailed.\\u{A}Twice; "))
            #expect(ended.errors.split(separator: "\n").count == 1)
        }
    }

    @Test("Nothing open and a number that never was are 5; a request that has ended tells how")
    @LoopActor func notFound() async throws {
        let scene = try await Scene()
        #expect(try await scene.run("approve").status == 5)
        #expect(try await scene.run("reject", "99").status == 5)
        scene.daemon.finish(scene.daemon.addRequest(7, "authorization"), "expired")
        let ended = try await scene.run("approve", "7")
        #expect(ended.status == 1)
        #expect(ended.errors.contains("the request is over: expired"))
    }
}
