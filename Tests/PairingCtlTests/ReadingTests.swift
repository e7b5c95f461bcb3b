// SPDX-License-Identifier: Apache-2.0

import DBus
import EventLoop
import Foundation
import TestSupport
import Testing

@Suite("What pairingctl shows")
struct ReadingTests {
    init() { TestLoop.start() }

    @Test("Without a verb it shows the state")
    @LoopActor func status() async throws {
        let scene = try await Scene()
        scene.daemon.manager.policyErrors = ["/etc/pairingd/devices.d/60.toml:7:1: error: unknown key"]
        let ended = try await scene.run()
        #expect(ended.status == 0)
        #expect(ended.output.contains("pairingd 0.1.0"))
        #expect(ended.output.contains("60.toml:7:1: error: unknown key"))
        #expect(ended.output.contains("2 open"))
        #expect(!ended.output.contains("\u{1B}"))
        #expect(ended.errors.isEmpty)
    }

    @Test("The state as JSON has every key")
    @LoopActor func statusDocument() async throws {
        let scene = try await Scene()
        let object = try await scene.run("--json").object()
        #expect(
            Set(object.keys) == [
                "version", "bluez", "default_agent", "default_io_capability", "adapters", "policy_files",
                "policy_errors", "policy_warnings", "window_until", "pending_requests", "active_pairing",
                "monitor_available",
            ])
        #expect(object["adapters"] as? [String] == ["/org/bluez/hci0"])
        #expect(object["pending_requests"] as? Int == 2)
        #expect(object["monitor_available"] as? Bool == true)
        #expect(object["active_pairing"] is NSNull)
    }

    @Test("A pairing that is under way is part of the state")
    @LoopActor func activePairing() async throws {
        let scene = try await Scene()
        _ = scene.daemon.addPairing()
        #expect(try await scene.run("status").output.contains("Lock 00:5F:BF:71:81:18, pairing"))
        #expect(try await scene.run("status", "--json").object()["active_pairing"] as? String != nil)
    }

    @Test("Devices stand in aligned columns, also with wide names")
    @LoopActor func devices() async throws {
        let scene = try await Scene()
        scene.daemon.addDevice(FakeDevice("00:5F:BF:71:81:18", name: "血圧計", isPaired: true))
        scene.daemon.addDevice(FakeDevice("00:5F:BF:71:81:19", name: "Scale", isPaired: false))
        let lines = try await scene.run("devices").output.split(separator: "\n")
        #expect(
            lines == [
                "   ADDRESS            NAME    ADAPTER  STATE   RULE     LAST RESULT",
                "○  00:5F:BF:71:81:18  血圧計  hci0     bonded  50-lock  paired",
                "○  00:5F:BF:71:81:19  Scale   hci0     -       50-lock  -",
            ])
        #expect(try await scene.run("-q", "devices").output == "00:5F:BF:71:81:18\n00:5F:BF:71:81:19\n")
    }

    @Test("Devices as JSON are a list with every key")
    @LoopActor func deviceDocuments() async throws {
        let scene = try await Scene()
        #expect(try await scene.run("devices", "--json").output == "[]\n")
        scene.daemon.addDevice(FakeDevice("00:5F:BF:71:81:18", name: "Lock", isPaired: true))
        let device = try #require(try await scene.run("--json", "devices").list().first)
        #expect(
            Set(device.keys) == [
                "address", "adapter", "name", "paired", "bonded", "connected", "bond_state", "security",
                "secure_connections", "key_size", "rule", "last_result", "last_paired", "failures",
            ])
        #expect(device["last_paired"] as? Int == 1_700_000_000_000_000)
    }

    @Test("Only open requests are listed, without their digits")
    @LoopActor func requests() async throws {
        let scene = try await Scene()
        #expect(try await scene.run("requests").output.contains("Nothing is asked"))
        scene.daemon.addRequest(7, "confirmation", digits: "123456")
        scene.daemon.finish(scene.daemon.addRequest(8, "authorization"), "expired")
        let ended = try await scene.run("requests")
        #expect(ended.output.contains("7       confirmation  Lock  00:5F:BF:71:81:18  50-lock  25 s"))
        #expect(!ended.output.contains("authorization"))
        #expect(!ended.output.contains("123"))
        #expect(scene.daemon.calls.isEmpty)
    }

    @Test("Requests as JSON are a list with every key; digits come only when they are asked for")
    @LoopActor func requestDocuments() async throws {
        let scene = try await Scene()
        scene.daemon.addRequest(7, "confirmation", digits: "012345")
        let request = try #require(try await scene.run("requests", "--json").list().first)
        #expect(
            Set(request.keys) == [
                "number", "kind", "address", "adapter", "name", "rule", "pairing", "service", "entered", "deadline",
                "seconds_left", "state",
            ])
        #expect(request["adapter"] as? String == "hci0")
        #expect(request["state"] as? String == "open")
        let left = try #require(request["seconds_left"] as? Int)
        #expect((20...25).contains(left))
        let revealed = try #require(try await scene.run("requests", "--json", "--reveal").list().first)
        #expect(revealed["digits"] as? String == "012345")
        #expect(try await scene.run("requests", "--reveal").output.contains("012 345"))
    }

    @Test(
        "A hostile name reaches neither the terminal nor a document as it is",
        arguments: [["devices"], ["requests"], ["devices", "--json"], ["requests", "--json"], ["reject", "7"]])
    @LoopActor func hostileNames(arguments: [String]) async throws {
        let scene = try await Scene()
        let name = "\u{1B}]0;owned\u{7}\u{1B}[2J\u{202E}kcoL\r\n\u{9B}31m\u{200B}"
        scene.daemon.addDevice(FakeDevice("00:5F:BF:71:81:18", name: name, isPaired: true))
        scene.daemon.addRequest(7, "authorization", name: name)
        let ended = try await Ended(scene.start(arguments))
        #expect(ended.status == 0)
        let shown = ended.output + ended.errors
        #expect(shown.contains("owned"))
        let acting = shown.unicodeScalars.filter {
            $0 != "\n" && [.control, .format].contains($0.properties.generalCategory)
        }
        #expect(acting.isEmpty)
        #expect(shown.split(separator: "\n").count <= 2)
        if arguments == ["devices", "--json"] { #expect(try ended.list().first?["name"] as? String == name) }
    }

    @Test("Colours are for terminals that want them")
    @LoopActor func colours() async throws {
        let scene = try await Scene()
        let terminal = try PseudoTerminal()
        let plain = try terminal.start("devices", "--no-color", on: scene)
        #expect(await plain.exitStatus() == 0)
        #expect(await terminal.shows("No devices"))
        #expect(!terminal.transcript.contains("\u{1B}["))
    }
}
