// SPDX-License-Identifier: Apache-2.0

import DBus
import EventLoop
import TestSupport
import Testing

@Suite("Answering with pairingctl")
struct AnsweringTests {
    init() { TestLoop.start() }

    @Test("approve and reject answer the only open request, or the one that is named")
    @LoopActor func yesAndNo() async throws {
        let scene = try await Scene()
        scene.daemon.addRequest(7, "confirmation")
        let ended = try await scene.run("approve")
        #expect(ended.status == 0)
        #expect(ended.output == "request 7  Lock 00:5F:BF:71:81:18: accepted\n")
        scene.daemon.addRequest(8, "authorization")
        scene.daemon.addRequest(9, "service")
        #expect(try await scene.run("reject", "9", "--quiet").output.isEmpty)
        #expect(try await scene.run("approve", "--json").object()["outcome"] as? String == "accepted")
        #expect(scene.daemon.calls == ["Accept 7", "Reject 9", "Accept 8"])
    }

    @Test("Without a number and with several requests, the list is shown and nothing is answered")
    @LoopActor func several() async throws {
        let scene = try await Scene()
        scene.daemon.addRequest(7, "confirmation")
        scene.daemon.addRequest(8, "authorization")
        let ended = try await scene.run("approve")
        #expect(ended.status == 2)
        #expect(ended.output.contains("confirmation") && ended.output.contains("authorization"))
        #expect(ended.errors.contains("2 requests are open: say which"))
        #expect(scene.daemon.calls.isEmpty)
    }

    @Test("A request of another kind is not answered, and the right verb is told")
    @LoopActor func otherKind() async throws {
        let scene = try await Scene()
        scene.daemon.addRequest(7, "passkey-entry")
        for arguments in [["approve"], ["approve", "7"], ["pin", "7"]] {
            let ended = try await Ended(scene.start(arguments))
            #expect(ended.status == 2)
            #expect(ended.errors.contains("pairingctl passkey 7"))
        }
        #expect(scene.daemon.calls.isEmpty)
    }

    @Test("A passkey is read from standard input", arguments: ["012345\n", "012345", "012 345\r\n"])
    @LoopActor func passkey(input: String) async throws {
        let scene = try await Scene()
        scene.daemon.addRequest(7, "passkey-entry")
        let ended = try await scene.run("passkey", input: input)
        #expect(ended.status == 0)
        #expect(scene.daemon.calls == ["EnterPasskey 7 12345"])
        #expect(!(ended.output + ended.errors).contains("12345"))
    }

    @Test("A PIN is read from standard input, letters and all")
    @LoopActor func pin() async throws {
        let scene = try await Scene()
        scene.daemon.addRequest(7, "pin-entry")
        #expect(try await scene.run("pin", "7", input: "0000 n\n").status == 0)
        #expect(scene.daemon.calls == ["EnterPin 7 0000 n"])
    }

    @Test("What is no passkey is refused and not repeated", arguments: ["", "12345\n", "1234567\n", "12a456\n"])
    @LoopActor func noPasskey(input: String) async throws {
        let scene = try await Scene()
        scene.daemon.addRequest(7, "passkey-entry")
        let ended = try await scene.run("passkey", input: input)
        #expect(ended.status == 2)
        #expect(ended.errors.contains("exactly six digits"))
        #expect(!ended.errors.contains("12345") && !ended.errors.contains("12a456"))
        #expect(scene.daemon.calls.isEmpty)
    }

    @Test(
        "Digits on the command line are refused, with the reason and without the digits",
        arguments: [
            ["passkey", "482913"], ["passkey", "7", "482913"], ["passkey", "048291"], ["pin", "4829"], ["pin", "0000"],
        ])
    @LoopActor func digitsAsArgument(arguments: [String]) async throws {
        let scene = try await Scene()
        scene.daemon.addRequest(7, arguments[0] + "-entry")
        let ended = try await Ended(scene.start(arguments, input: "111111\n"))
        #expect(ended.status == 2)
        #expect(ended.errors.contains("do not belong on the command line"))
        #expect(!ended.errors.contains(arguments.last ?? ""))
        #expect(scene.daemon.calls.isEmpty)
    }

    @Test("A request's number may be as long as a passkey")
    @LoopActor func longNumber() async throws {
        let scene = try await Scene()
        scene.daemon.addRequest(100_001, "passkey-entry")
        #expect(try await scene.run("passkey", "100001", input: "000001\n").status == 0)
        #expect(scene.daemon.calls == ["EnterPasskey 100001 1"])
    }

    @Test("At a terminal the passkey is asked for, can be corrected, and is not left on the screen")
    @LoopActor func passkeyAtTerminal() async throws {
        let scene = try await Scene()
        scene.daemon.addRequest(7, "passkey-entry")
        let terminal = try PseudoTerminal()
        let process = try terminal.start("passkey", on: scene)
        #expect(await terminal.shows("The six digits that it shows"))
        terminal.type("12\n")
        #expect(await terminal.shows("exactly six digits"))
        terminal.type("482914\u{7F}3\n")
        #expect(await terminal.shows("entered"))
        #expect(await process.exitStatus() == 0)
        #expect(scene.daemon.calls == ["EnterPasskey 7 482913"])
        #expect(terminal.isInUsualMode)
        #expect(!terminal.transcript.split(separator: "\n").contains { $0.hasSuffix("482913\r") })
    }

    @Test("The prompt for a passkey closes when the request ends elsewhere")
    @LoopActor func expiresAtTerminal() async throws {
        let scene = try await Scene()
        let request = scene.daemon.addRequest(7, "passkey-entry")
        let terminal = try PseudoTerminal()
        let process = try terminal.start("passkey", on: scene)
        #expect(await terminal.shows("The six digits"))
        scene.daemon.finish(request, "expired")
        #expect(await process.exitStatus() == 6)
        #expect(await terminal.shows("was expired before an answer"))
        #expect(terminal.isInUsualMode)
    }

    @Test("Forgetting a device names it to the daemon")
    @LoopActor func forget() async throws {
        let scene = try await Scene()
        #expect(try await scene.run("forget", "hci0/00:5F:BF:71:81:18").status == 0)
        #expect(try await scene.run("forget", "00:5F:BF:71:81:18", "--json").object()["forgotten"] as? Bool == true)
        #expect(scene.daemon.calls == ["Forget hci0/00:5F:BF:71:81:18", "Forget 00:5F:BF:71:81:18"])
    }
}
