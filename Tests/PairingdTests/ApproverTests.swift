// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop
import Foundation
import TestSupport
import Testing

/// The programs in `examples/`, each beside the real daemon.
@Suite("Approvers that are programs", .serialized)
struct ApproverTests {
    let bus: PrivateBus

    init() throws {
        TestLoop.start()
        bus = try PrivateBus()
    }

    private static let examples = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("examples")

    private func start(_ example: String, _ arguments: [String], environment: [String: String] = [:]) throws
        -> OwnedProcess
    {
        let own = ["DBUS_SYSTEM_BUS_ADDRESS": bus.address, "PYTHONDONTWRITEBYTECODE": "1"]
        return try OwnedProcess(
            Self.examples.appendingPathComponent(example).path, arguments,
            environment: own.merging(environment) { $1 })
    }

    /// A rule that leaves every question to somebody.
    private static let asking = Rules.rule("DisplayYesNo")

    @LoopActor private func outcome(_ gateway: Gateway, _ number: Int = 1) async throws -> String {
        let path = ObjectPath("/org/pairingd/pairing").child(String(number))
        try await gateway.wait("pairing \(number) has a result") {
            await gateway.property("State", of: path, "Pairing1") == .string("done")
        }
        return await gateway.property("Result", of: path, "Pairing1")?.converted() ?? ""
    }

    // MARK: The push-button

    /// A `gpiomon` whose line a test presses.
    private struct Button {
        let folder: URL
        private let line: URL

        init(_ bus: PrivateBus, version: String) throws {
            folder = bus.folder.appendingPathComponent("bin")
            line = folder.appendingPathComponent("line")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let program = folder.appendingPathComponent("gpiomon")
            let script = """
                #!/bin/sh
                if [ "$1" = --version ]; then echo "gpiomon (libgpiod) v\(version)"; exit; fi
                echo "$*" >>"\(folder.path)/calls"
                read -r _ <"\(line.path)"
                """
            try PolicyDirectory.write(script, to: program, mode: 0o755)
            try #require(mkfifo(line.path, 0o600) == 0)
        }

        var calls: [String] {
            let text = (try? String(contentsOf: folder.appendingPathComponent("calls"), encoding: .utf8)) ?? ""
            return text.split(separator: "\n").map(String.init)
        }

        /// Waits until somebody watches the line, and pulls it down once.
        @LoopActor func press() async -> Bool {
            await eventually {
                let descriptor = open(line.path, O_WRONLY | O_NONBLOCK)
                guard descriptor >= 0 else { return false }
                defer { close(descriptor) }
                return write(descriptor, "\n", 1) == 1
            }
        }
    }

    private func start(_ button: Button, _ arguments: String...) throws -> OwnedProcess {
        try start("push-button", arguments, environment: ["PATH": "\(button.folder.path):/usr/bin:/bin"])
    }

    @Test("A press of the button pairs the only device that asks", arguments: ["1.6.3", "2.2.1"])
    @LoopActor func pushButton(version: String) async throws {
        let gateway = try await Gateway(bus, rules: [Self.asking])
        let button = try Button(bus, version: version)
        let program = try start(button, "gpiochip0", "17")
        let request = try await authorization(gateway)
        #expect(await button.press())
        #expect(await eventually { program.standardOutput.contains("is answered with yes") }, output(program))
        #expect(await gateway.property("State", of: request, "Request1") == .string("finished"))
        #expect(try await outcome(gateway) == "paired", output(program))
        let line = version.hasPrefix("1") ? "gpiochip0 17" : "--chip gpiochip0 17"
        #expect(button.calls.first?.hasSuffix(line) == true)
        #expect(button.calls.first?.contains("--bias=pull-up") == true)
    }

    @Test("A press with nothing to answer answers nothing that comes later, nor what is of another rule")
    @LoopActor func pushButtonOfRule() async throws {
        let gateway = try await Gateway(bus, rules: [Self.asking])
        let button = try Button(bus, version: "1.6.3")
        let program = try start(button, "gpiochip0", "17", "60-scale")
        #expect(await button.press())
        #expect(await eventually { program.standardOutput.contains("0 requests are open") }, output(program))
        let request = try await authorization(gateway)
        #expect(await button.press())
        #expect(await eventually { program.standardOutput.contains("is of rule 10-rule") }, output(program))
        #expect(await gateway.property("State", of: request, "Request1") == .string("open"))
    }

    @Test("A press is no answer to digits, and none where two ask")
    @LoopActor func pushButtonRefuses() async throws {
        let gateway = try await Gateway(bus, rules: [Self.asking])
        let button = try Button(bus, version: "1.6.3")
        let program = try start(button, "gpiochip0", "17")
        let (_, request) = try await confirmation(gateway, Address(bits: 0x005F_BF71_8119))
        #expect(await button.press())
        #expect(
            await eventually { program.standardOutput.contains("needs more than a button: confirmation") },
            output(program))
        try await beginning(gateway)
        try await gateway.wait("two requests") { await gateway.property("PendingRequests") == .uint32(2) }
        #expect(await button.press())
        #expect(await eventually { program.standardOutput.contains("2 requests are open: nothing") }, output(program))
        #expect(await gateway.property("State", of: request, "Request1") == .string("open"))
        #expect(await gateway.property("PendingRequests") == .uint32(2))
    }

    // MARK: Servers

    /// A server on the loopback: it keeps what is posted, replies what a test says when it says it, and passes lines on.
    private final class Server {
        let process: OwnedProcess
        let folder: URL

        static let program = """
            import http.server, pathlib, sys, time
            folder = pathlib.Path(sys.argv[1])
            def wait(name):
                while not (folder / name).exists():
                    time.sleep(0.005)
                return (folder / name).read_bytes()
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_POST(self):
                    body = self.rfile.read(int(self.headers["Content-Length"]))
                    print(self.path, self.headers["Authorization"], body.decode(), flush=True)
                    self.reply(wait("answer") if b'"event": "request"' in body else b"")
                def do_GET(self):
                    self.reply(wait("line"))
                    time.sleep(60)
                def reply(self, text):
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(text)))
                    self.end_headers()
                    self.wfile.write(text)
                def log_message(self, *arguments):
                    pass
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            print(server.server_port, flush=True)
            server.serve_forever()
            """

        init(_ bus: PrivateBus) throws {
            folder = bus.folder.appendingPathComponent("server")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            process = try OwnedProcess("/usr/bin/python3", ["-c", Self.program, folder.path])
        }

        func say(_ text: String, _ name: String) throws {
            try PolicyDirectory.write(text, to: folder.appendingPathComponent(name), mode: 0o600)
        }

        @LoopActor func address() async -> String {
            _ = await eventually { process.standardOutput.contains("\n") }
            return "http://127.0.0.1:\(process.standardOutput.prefix { $0 != "\n" })"
        }
    }

    @Test("The web hook sends what is asked, gives the server's answer, and tells the end")
    @LoopActor func webHook() async throws {
        let gateway = try await Gateway(bus, rules: [Self.asking])
        let server = try Server(bus)
        let program = try start(
            "web-hook", [await server.address() + "/pairing"], environment: ["WEB_HOOK_TOKEN": "a-token"])
        let (device, request) = try await confirmation(gateway)
        #expect(
            await eventually {
                server.process.standardOutput.contains("/pairing Bearer a-token {\"event\": \"request\"")
            },
            output(program))
        #expect(
            server.process.standardOutput.contains("\"kind\": \"confirmation\", \"address\": \"00:5F:BF:71:81:18\""))
        let digits = try await gateway.call("Reveal", on: request, "Request1").first?.converted() ?? ""
        #expect(server.process.standardOutput.contains("\"digits\": \"\(digits)\""))
        try server.say("accept\n", "answer")
        #expect(try await outcome(gateway) == "paired", output(program))
        #expect(device.isBonded)
        #expect(
            await eventually {
                server.process.standardOutput.contains("\"outcome\": \"accepted\", \"user\": \(getuid())")
            },
            output(program))
    }

    @Test("Of two approvers the first answer wins; the other is told, and its own answer changes nothing")
    @LoopActor func twoApprovers() async throws {
        let gateway = try await Gateway(bus, rules: [Self.asking])
        let server = try Server(bus)
        let button = try Button(bus, version: "1.6.3")
        let hook = try start("web-hook", [await server.address() + "/pairing"])
        let presser = try start(button, "gpiochip0", "17")
        let request = try await authorization(gateway)
        #expect(await eventually { server.process.standardOutput.contains("\"event\": \"request\"") }, output(hook))
        #expect(await button.press())
        #expect(await eventually { presser.standardOutput.contains("is answered with yes") }, output(presser))
        #expect(
            await eventually { server.process.standardOutput.contains("\"event\": \"finished\"") }, output(hook))
        #expect(server.process.standardOutput.contains("\"outcome\": \"accepted\", \"user\": \(getuid())"))
        try server.say("reject", "answer")
        #expect(await eventually { hook.standardOutput.contains("the request is over: accepted") }, output(hook))
        #expect(await gateway.property("State", of: request, "Request1") == .string("finished"))
    }

    @Test("A button on the phone answers by a second call, and only with the word of its own notification")
    @LoopActor func phone() async throws {
        let gateway = try await Gateway(bus, rules: [Self.asking])
        let server = try Server(bus)
        let program = try start(
            "phone-notification", [await server.address() + "/cuffs"],
            environment: ["NTFY_TOKEN": "our-own", "NTFY_ANSWER_TOKEN": "the-buttons"])
        let (device, request) = try await confirmation(gateway)
        #expect(await eventually { server.process.standardOutput.contains("\"label\": \"No\"") }, output(program))
        let digits =
            try await gateway.call("Reveal", on: request, "Request1").first?.converted() ?? ""
        let shown = "Does it show \(digits.prefix(3)) \(digits.suffix(3))?"
        #expect(server.process.standardOutput.contains(shown), "\(server.process.standardOutput)")
        let calls = server.process.standardOutput.split(separator: "\n")
        let notification = try #require(calls.first { $0.contains("Yes") })
        #expect(notification.hasPrefix("/ Bearer our-own {"), "this side's token goes with the call")
        #expect(notification.matches(of: /"Authorization": "Bearer the-buttons"/).count == 2, "\(notification)")
        #expect(!notification.dropFirst("/ Bearer our-own".count).contains("our-own"), "\(notification)")
        let word = try #require(
            server.process.standardOutput.firstMatch(of: /"body": "accept ([\w-]{20,})", "clear": true/)?.1)
        try server.say("accept guessed\naccept \(word)\n", "line")
        #expect(try await outcome(gateway) == "paired", output(program))
        #expect(device.isBonded)
        #expect(program.standardOutput == "request \(request.elements.last ?? ""): Accept\n")
    }

    /// Runs an example as a user to whom the digits are not given.
    @LoopActor private func startAsNobody(_ example: String, _ url: String) throws -> OwnedProcess {
        // Where the sources lie, another user may not look.
        let folder = bus.folder.appendingPathComponent("examples")
        try FileManager.default.copyItem(at: Self.examples, to: folder)
        return try OwnedProcess(
            "/usr/bin/setpriv",
            ["--reuid=65534", "--regid=65534", "--clear-groups", folder.appendingPathComponent(example).path, url],
            environment: ["DBUS_SYSTEM_BUS_ADDRESS": bus.address, "PYTHONDONTWRITEBYTECODE": "1"])
    }

    @Test(
        "A web server's yes to digits that it was not shown does not count",
        .enabled(if: getuid() == 0, "this test acts as another user"))
    @LoopActor func webHookWithoutDigits() async throws {
        let gateway = try await Gateway(bus, rules: [Self.asking])
        let polkit = try await SimulatedPolkit(bus, .no)
        let server = try Server(bus)
        try server.say("accept", "answer")
        let program = try startAsNobody("web-hook", await server.address())
        let (_, request) = try await confirmation(gateway)
        #expect(
            await eventually { server.process.standardOutput.contains("\"event\": \"request\"") }, output(program))
        try await gateway.call("Reject", on: request, "Request1")
        #expect(
            await eventually { server.process.standardOutput.contains("\"event\": \"finished\"") }, output(program))
        #expect(polkit.questions.count == 1, output(program))
        #expect(program.standardOutput.split(separator: "\n").count == 1, output(program))
    }

    @Test(
        "A phone is offered no yes to digits that cannot be shown there",
        .enabled(if: getuid() == 0, "this test acts as another user"))
    @LoopActor func phoneWithoutDigits() async throws {
        let gateway = try await Gateway(bus, rules: [Self.asking])
        let polkit = try await SimulatedPolkit(bus, .no)
        let server = try Server(bus)
        let program = try startAsNobody("phone-notification", await server.address() + "/cuffs")
        _ = try await confirmation(gateway)
        #expect(
            await eventually { server.process.standardOutput.contains("its digits cannot be shown here") },
            output(program))
        #expect(server.process.standardOutput.contains("\"label\": \"No\""))
        #expect(!server.process.standardOutput.contains("\"label\": \"Yes\""), "\(server.process.standardOutput)")
        #expect(polkit.questions.map(\.action) == ["org.pairingd.answer"])
    }

    @Test("Nothing is sent to a server that others could stand in for", arguments: ["web-hook", "phone-notification"])
    @LoopActor func plainHTTP(example: String) async throws {
        let program = try start(example, ["http://192.0.2.1/pairing"])
        #expect(await program.exitStatus() == 1)
        #expect(
            program.errorOutput == "http://192.0.2.1/pairing: use https; a yes over plain http could be anybody's\n")
    }

    // MARK: Help

    private func output(_ process: OwnedProcess) -> Comment {
        Comment(rawValue: process.standardOutput + process.errorOutput)
    }

    /// A device that is being paired, and shows digits to compare.
    @LoopActor private func confirmation(
        _ gateway: Gateway, _ address: Address = Gateway.address
    ) async throws -> (SimulatedDevice, ObjectPath) {
        let device = gateway.bluez.addDevice(
            address, name: "Cuff", behaviour: DeviceBehaviour(.displayYesNo, mitm: true))
        try await gateway.call("Pair", [.string(address.description), [String: Value]().value])
        return (device, try await gateway.request())
    }

    /// A device without digits that asks by itself, so that somebody has to say yes.
    @LoopActor private func authorization(_ gateway: Gateway) async throws -> ObjectPath {
        try await beginning(gateway)
        return try await gateway.request()
    }

    @LoopActor private func beginning(_ gateway: Gateway) async throws {
        let device = Classic.device(gateway, .classic, .noInputNoOutput, deviceClass: Classic.headset)
        try await gateway.wait("our agent is the default one") {
            await gateway.property("DefaultAgent") == .string("held")
        }
        device.startPairing()
    }
}
