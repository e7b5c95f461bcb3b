// SPDX-License-Identifier: Apache-2.0

import EventLoop
import TestSupport
import Testing

@testable import pairingctl

@Suite("show, version and completions")
struct LookingTests {
    init() { TestLoop.start() }

    @Test("A device is found by address, adapter, path and name")
    @LoopActor func device() async throws {
        let scene = try await Scene()
        scene.daemon.addDevice(FakeDevice("00:5F:BF:71:81:18", name: "Lock", isPaired: true))
        scene.daemon.addDevice(FakeDevice("00:5F:BF:71:81:19", name: "Scale", isPaired: false))
        for what in [
            "00:5f:bf:71:81:18", "hci0/00:5F:BF:71:81:18", "/org/bluez/hci0/dev_00_5F_BF_71_81_18", "Lock",
        ] {
            let ended = try await scene.run("show", what)
            #expect(ended.status == 0, ended.transcript)
            #expect(ended.output.hasPrefix("● Lock 00:5F:BF:71:81:18\n"), ended.transcript)
            #expect(ended.output.contains("authenticated, Secure Connections, 16 octets"))
        }
        #expect(try await scene.run("show", "hci1/00:5F:BF:71:81:18").status == 5)
        #expect(try await scene.run("show", "Scale").output.contains("2 in a row"))
    }

    @Test("A number is a pairing or a request; a pairing has its rule's values")
    @LoopActor func numbers() async throws {
        let scene = try await Scene()
        scene.daemon.change(scene.daemon.addPairing(), state: "done", result: "paired")
        scene.daemon.addRequest(7, "confirmation", digits: "123456")
        let pairing = try await scene.run("show", "3").output
        #expect(pairing.hasPrefix("● pairing 3: Lock 00:5F:BF:71:81:18\n"))
        #expect(pairing.contains("pairing.attempts:") && pairing.contains("encrypted, Secure Connections, 16 octets"))
        let profile = try await scene.run("show", "3", "--json").object()["profile"] as? [String: String]
        #expect(profile == ["pairing.bond": "keep", "pairing.attempts": "2", "after.trust": "true"])
        let request = try await scene.run("show", "7").output
        #expect(request.hasPrefix("● request 7: Lock 00:5F:BF:71:81:18\n"))
        #expect(request.contains("pairingctl approve 7"))
        #expect(!request.contains("123456"))
        #expect(try await scene.run("show", "/org/pairingd/request/7").output.hasPrefix("● request 7"))
    }

    @Test("version tells both, and says where they differ; without a daemon its own, and 3")
    @LoopActor func version() async throws {
        let scene = try await Scene()
        #expect(try await scene.run("version").output == "pairingctl 0.1.0\npairingd 0.1.0\n")
        scene.daemon.close()
        let ended = try await scene.run("version", "--json")
        #expect(ended.status == 3)
        #expect(ended.output == "{\"pairingctl\":\"0.1.0\",\"pairingd\":null}\n")
        #expect(try await scene.run("--version").output == "pairingctl 0.1.0\n")
    }

    // MARK: Completions

    /// What bash would put behind a line that ends here.
    @LoopActor private func bash(_ line: String, _ scene: Scene) async throws -> [String] {
        let script = #"""
            eval "$(pairingctl --generate-completion-script bash)"
            COMP_LINE=$1 COMP_POINT=${#1}
            # As readline takes lines apart: at spaces, and at colons, which are words too.
            words=${1//:/ : }
            read -ra COMP_WORDS <<< "$words"
            [[ "$words" != *' ' || "$words" == *': ' ]] || COMP_WORDS+=("")
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            __pairingctl_join_colons pairingctl "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}" 2>/dev/null
            printf '%s\n' "${COMPREPLY[@]}"
            """#
        let programs = try FakePrograms([:])
        let process = try OwnedProcess(
            "/bin/bash", ["-c", script, "bash", line],
            environment: programs.environment.merging(["DBUS_SYSTEM_BUS_ADDRESS": scene.bus.address]) { $1 })
        let ended = await Ended(process)
        #expect(ended.status == 0, ended.transcript)
        return ended.output.split(separator: "\n").map(String.init)
    }

    @Test("bash completes verbs, options, and what the daemon has")
    @LoopActor func bashCompletes() async throws {
        let scene = try await Scene()
        scene.daemon.addDevice(FakeDevice("00:5F:BF:71:81:18", name: "Lock", isPaired: true))
        scene.daemon.addDevice(FakeDevice("AA:5F:BF:71:81:19", name: "Scale", isPaired: true))
        _ = scene.daemon.addPairing()
        scene.daemon.addRequest(7, "confirmation")
        #expect(try await bash("pairingctl hist", scene) == ["history"])
        #expect(try await bash("pairingctl policy n", scene) == ["new"])
        #expect(try await bash("pairingctl devices --hide", scene) == ["--hide-addresses"])
        #expect(try await bash("pairingctl pair ", scene).prefix(2) == ["00:5F:BF:71:81:18", "AA:5F:BF:71:81:19"])
        #expect(try await bash("pairingctl forget A", scene) == ["AA:5F:BF:71:81:19"])
        #expect(try await bash("pairingctl approve ", scene).contains("7"))
        #expect(try await bash("pairingctl explain ", scene).contains("3"))
    }

    @Test("bash takes addresses for one word, though it splits them at colons")
    @LoopActor func bashColons() async throws {
        let scene = try await Scene()
        scene.daemon.addDevice(FakeDevice("00:5F:BF:71:81:18", name: "Lock", isPaired: true))
        scene.daemon.addDevice(FakeDevice("00:5F:BF:71:81:19", name: "Scale", isPaired: true))
        #expect(try await bash("pairingctl pair 00:5F:BF:71:81:", scene) == ["18", "19"])
        #expect(try await bash("pairingctl pair 00:5F:B", scene) == ["BF:71:81:18", "BF:71:81:19"])
    }

    @Test(
        "Without a daemon, or for another machine, nothing is completed, and nothing is said", arguments: [true, false])
    @LoopActor func silent(isThere: Bool) async throws {
        let scene = try await Scene()
        scene.daemon.addDevice(FakeDevice("00:5F:BF:71:81:18", name: "Lock", isPaired: true))
        if !isThere { scene.daemon.close() }
        let words = ["pairingctl"] + (isThere ? ["--host", "gateway"] : []) + ["pair", ""]
        let ended = try await Ended(
            scene.start(["---completion", "pair", "--", "positional@0", String(words.count - 1), "0"] + words))
        #expect(ended.status == 0, ended.transcript)
        #expect(ended.output.trimmingPrefix("\n").isEmpty && ended.errors.isEmpty, ended.transcript)
    }

    @Test("zsh gets addresses with their colons escaped, and fish as they are", arguments: ["zsh", "fish"])
    @LoopActor func escaping(shell: String) async throws {
        let scene = try await Scene()
        scene.daemon.addDevice(FakeDevice("00:5F:BF:71:81:18", name: "Lock", isPaired: true))
        let ended = try await Ended(
            OwnedProcess(
                Binary.path, ["---completion", "pair", "--", "positional@0", "2", "0", "pairingctl", "pair", ""],
                environment: ["DBUS_SYSTEM_BUS_ADDRESS": scene.bus.address, "SAP_SHELL": shell]))
        let colon = shell == "zsh" ? "\\:" : ":"
        #expect(
            ended.output.split(separator: "\n").first.map(String.init)
                == ["00", "5F", "BF", "71", "81", "18"].joined(separator: colon), ended.transcript)
    }

    @Test("Each shell has its script", arguments: ["bash", "zsh", "fish"])
    func scripts(shell: String) async throws {
        let ended = try await WithoutBus.run("--generate-completion-script", shell)
        #expect(ended.status == 0)
        #expect(ended.output.contains("---completion") && ended.output.contains("monitor"), ended.transcript)
    }
}
