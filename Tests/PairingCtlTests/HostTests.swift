// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import TestSupport
import Testing

@testable import pairingctl

@Suite("--host")
struct HostTests {
    init() { TestLoop.start() }

    @Test("takes the host out, wherever it stands, and leaves the rest as it is")
    func parsing() throws {
        for arguments in [
            ["--host", "a@b", "devices", "-q"], ["devices", "--host=a@b", "-q"], ["devices", "-q", "--host", "a@b"],
        ] {
            let remote = try #require(RemoteCommand(arguments))
            #expect(remote.host == "a@b")
            #expect(remote.arguments == ["devices", "-q"])
        }
        #expect(RemoteCommand(["devices", "--host"]) == nil)
        #expect(RemoteCommand(["show", "--", "--host", "a"]) == nil)
        #expect(RemoteCommand(["--host", "a", "show", "--", "--host"])?.arguments == ["show", "--", "--host"])
    }

    @Test("quotes every word, so that no shell finds anything in it to act on")
    func quoting() throws {
        let remote = try #require(RemoteCommand(["--host", "gateway", "show", "Tom's $(lock); \"`x`", "", "a b"]))
        #expect(
            remote.sshArguments(hasTerminal: false, allowsColor: true) == [
                "-T", "--", "gateway", "pairingctl show 'Tom'\\''s $(lock); \"`x`' '' 'a b'",
            ])
        #expect(
            remote.sshArguments(hasTerminal: true, allowsColor: false).last?.hasPrefix("pairingctl --no-color show")
                == true)
    }

    /// As ssh does it: what comes after the host goes to a shell.
    private static let ssh = "while [ \"$1\" != -- ]; do shift; done\nexec sh -c \"$3\"\n"

    @Test("gives what the command gives there, with its exit status")
    @LoopActor func whole() async throws {
        let scene = try await Scene()
        scene.daemon.addDevice(FakeDevice("00:5F:BF:71:81:18", name: "Tom's $(lock)", isPaired: true))
        let programs = try FakePrograms(["ssh": Self.ssh])
        for arguments in [["devices"], ["show", "Tom's $(lock)", "--json"], ["show", "none"]] {
            let here = try await Ended(programs.start(arguments, on: scene.bus.address))
            let there = try await Ended(programs.start(["--host", "gateway"] + arguments, on: scene.bus.address))
            #expect(there.output == here.output, there.transcript)
            #expect(there.errors == here.errors)
            #expect(there.status == here.status)
        }
    }

    @Test("is 3 where the machine, or pairingctl on it, is not there", arguments: [255, 127])
    func unreachable(status: Int) async throws {
        let ended = try await FakePrograms(["ssh": "exit \(status)"]).run("--host", "gateway", "devices")
        #expect(ended.status == 3, ended.transcript)
    }

    @Test("is wrong usage for what ssh would take for an option", arguments: ["-oProxyCommand=x", ""])
    func hostile(host: String) async throws {
        let ended = try await FakePrograms(["ssh": "echo started"]).run("devices", "--host", host)
        #expect(ended.isUsageError("--host takes a machine"), ended.transcript)
    }

    @Test("passes signals on, and gives what comes of them")
    @LoopActor func signals() async throws {
        let programs = try FakePrograms([
            "ssh": "trap 'echo ended; exit 9' TERM\necho began\nwhile :; do sleep 0.05; done"
        ])
        let process = try programs.start(["--host", "gateway", "watch"])
        #expect(await eventually { process.standardOutput.contains("began") })
        process.send(signal: SIGTERM)
        #expect(await process.exitStatus() == 9)
        #expect(process.standardOutput == "began\nended\n")
    }
}
