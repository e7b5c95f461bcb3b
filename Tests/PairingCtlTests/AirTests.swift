// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop
import Foundation
import TestSupport
import Testing

@testable import pairingctl

@Suite("scan and policy new")
struct AirTests {
    init() { TestLoop.start() }

    // MARK: scan

    @Test("What is heard is listed with the daemon's word of its rule, and the discovery ends with the command")
    @LoopActor func scan() async throws {
        let stand = try await CommandStand()
        let ended = try await stand.run(["scan", "1"])
        #expect(ended.status == 0, ended.transcript)
        #expect(ended.rows.first == ["SIGNAL", "ADDRESS", "TYPE", "COMPANY", "NAME", "RULE"])
        let cuff = try #require(ended.rows.first { $0.contains("00:5F:BF:71:81:18") }, ended.transcript)
        #expect(
            cuff.dropFirst() == [
                "00:5F:BF:71:81:18", "public", "0x020E", "BLEsmart_00000201005FBF718118",
                "50-lock, not in pairing mode",
            ])
        #expect(ended.rows.contains { $0.contains("private") }, ended.transcript)
        #expect(stand.scene.daemon.calls.contains("Evaluate /org/bluez/hci0/dev_00_5F_BF_71_81_18"))
        #expect(await eventually { !stand.bluez.adapter.isDiscovering })
    }

    @Test("Ctrl-C ends it early, with what was heard so far")
    @LoopActor func interrupted() async throws {
        let stand = try await CommandStand()
        let process = try stand.programs.start(["scan", "300"], on: stand.scene.bus.address)
        #expect(await eventually { stand.bluez.devices.filter { $0.rssi != nil }.count == 2 })
        process.send(signal: SIGINT)
        let ended = await Ended(process)
        #expect(ended.status == 0, ended.transcript)
        #expect(ended.rows.count == 3, ended.transcript)
    }

    @Test("Without bluetoothd, or with the adapter off, it says so")
    @LoopActor func absent() async throws {
        let stand = try await CommandStand()
        stand.bluez.adapter.setPowered(false)
        let off = try await stand.run(["scan", "1"])
        #expect(off.status == 1 && off.errors.contains("no Bluetooth adapter is on"), off.transcript)
        stand.bluez.crash()
        let gone = try await stand.run(["scan", "1"])
        #expect(gone.status == 1 && gone.errors.contains("bluetoothd does not answer"), gone.transcript)
    }

    @Test("It listens from 1 to 300 seconds", arguments: ["0", "301", "x"])
    func span(seconds: String) async throws {
        #expect(try await WithoutBus.run("scan", seconds).status == 2)
    }

    // MARK: policy new

    /// BlueZ knows its devices once they were heard.
    @LoopActor private func stand() async throws -> CommandStand {
        let stand = try await CommandStand()
        _ = try await stand.run(["scan", "1"])
        return stand
    }

    @Test("A rule is written that the parser accepts and that is for the device, and what to do next is told")
    @LoopActor func new() async throws {
        let stand = try await stand()
        let ended = try await stand.run(["policy", "new", "00:5F:BF:71:81:18", "new.toml"])
        #expect(ended.status == 0, ended.transcript)
        for next in [
            "pairingctl policy check new.toml", "pairingctl reload", "pairingctl policy test 00:5F:BF:71:81:18",
        ] {
            #expect(ended.output.contains(next), ended.transcript)
        }
        let folder = try RuleDirectory()
        try FileManager.default.copyItem(atPath: stand.rules.file("new.toml"), toPath: folder.file("new.toml"))
        let check = try await WithoutBus.run("policy", "check", "--strict", folder.path)
        #expect(check.output == "1 rule, no problems.\n", check.transcript)
        let test = try await WithoutBus.run("policy", "test", "--address", "00:5F:BF:71:81:18", folder.path)
        #expect(test.status == 0 && test.output.contains("for the rule new"), test.transcript)
    }

    @Test("With the other lines in place of the address it is for the device too")
    @LoopActor func generic() async throws {
        let stand = try await stand()
        let text = try await stand.run(["policy", "new", "00:5F:BF:71:81:18", "-"]).output
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let generic = lines.filter { !$0.hasPrefix("address = ") }.map { line in
            ["# name = ", "# manufacturer = "].contains { line.hasPrefix($0) } ? String(line.dropFirst(2)) : line
        }
        #expect(generic != lines)
        let folder = try RuleDirectory(["new.toml": generic.joined(separator: "\n")])
        let test = try await WithoutBus.run(
            "policy", "test", "--name", "BLEsmart_00000201005FBF718118", "--manufacturer", "0x020E", folder.path)
        #expect(test.status == 0, test.transcript)
    }

    @Test("A device whose address changes is told by its name, and a hostile name stays inside of its quotes")
    @LoopActor func privateAddress() async throws {
        let stand = try await stand()
        let ended = try await stand.run(["policy", "new", "4A:11:22:33:44:55", "new.toml"])
        #expect(ended.status == 0 && ended.isHarmless, ended.transcript)
        let text = try String(contentsOfFile: stand.rules.file("new.toml"), encoding: .utf8)
        #expect(!text.contains("\naddress"))
        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || SafeText.isHarmless($0) })
        let check = try await WithoutBus.run("policy", "check", stand.rules.file("new.toml"))
        #expect(check.status == 0, check.transcript)
        let test = try await WithoutBus.run("policy", "test", "--name", FakePrograms.hostileName, stand.rules.path)
        #expect(test.output.contains("for the rule new"), test.transcript)
    }

    @Test("A file that is there is not touched, also not through a link")
    @LoopActor func existing() async throws {
        let stand = try await stand()
        try stand.rules.write("there.toml", "mine")
        try stand.rules.link("link.toml", to: stand.rules.file("elsewhere"))
        for file in ["there.toml", "link.toml"] {
            let ended = try await stand.run(["policy", "new", "00:5F:BF:71:81:18", file])
            #expect(ended.status == 1 && ended.errors.contains("is there already"), ended.transcript)
        }
        #expect(try String(contentsOfFile: stand.rules.file("there.toml"), encoding: .utf8) == "mine")
        #expect(!FileManager.default.fileExists(atPath: stand.rules.file("elsewhere")))
    }

    @Test("A device that BlueZ does not know is 5, and a file that would be no rule is wrong usage")
    @LoopActor func refusals() async throws {
        let stand = try await CommandStand()
        let unknown = try await stand.run(["policy", "new", "AA:AA:AA:AA:AA:AA", "-"])
        #expect(unknown.status == 5 && unknown.errors.contains("pairingctl scan"), unknown.transcript)
        #expect(try await stand.run(["policy", "new", "00:5F:BF:71:81:18", "rule.txt"]).status == 2)
    }

    @Test("The file is named after the device, and by its address where its name has no letters")
    func fileName() throws {
        func name(_ text: String?) throws -> String {
            var values: [String: Value] = ["Address": .string("00:5F:BF:71:81:18")]
            if let text { values["Name"] = .string(text) }
            let device = AirDevice(path: "/org/bluez/hci0/dev_x", interfaces: ["org.bluez.Device1": values])
            return try #require(device.flatMap { StarterRule($0) }).fileName
        }
        #expect(try name("My Scale (2)/../x") == "50-my-scale-2-x.toml")
        #expect(try name("血圧計") == "50-005fbf718118.toml")
        #expect(try name(nil) == "50-005fbf718118.toml")
    }
}
