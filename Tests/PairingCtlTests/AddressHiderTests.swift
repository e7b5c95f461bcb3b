// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import EventLoop
import Foundation
import TestSupport
import Testing

@testable import pairingctl

@Suite("--hide-addresses")
struct AddressHiderTests {
    init() { TestLoop.start() }

    @Test("An address becomes its stand-in in every form, and nothing changes its width")
    func forms() {
        var hider = AddressHider { $0.bits == 0x5F_BF71_8118 ? 0x4C1A07 : 0x000002 }
        for (text, hidden) in [
            ("00:5F:BF:71:81:18", "XX:XX:XX:4C:1A:07"),
            ("00:5f:bf:71:81:18", "XX:XX:XX:4C:1A:07"),
            ("/org/bluez/hci0/dev_00_5F_BF_71_81_18", "/org/bluez/hci0/dev_XX_XX_XX_4C_1A_07"),
            ("00-5F-BF-71-81-18 and AA:BB:CC:DD:EE:FF", "XX-XX-XX-4C-1A-07 and XX:XX:XX:00:00:02"),
            ("BLEsmart_00000201005FBF718118 00:5F:BF:71:81:18", "BLEsmart_00000201XXXXXX4C1A07 XX:XX:XX:4C:1A:07"),
            ("Nuki_718118 00:5F:BF:71:81:18", "Nuki_4C1A07 XX:XX:XX:4C:1A:07"),
            ("e00:5F:BF:71:81:18e", "eXX:XX:XX:4C:1A:07e"),
            ("血圧計 00:5F:BF:71:81:18", "血圧計 XX:XX:XX:4C:1A:07"),
        ] { #expect(hider.hide(text) == hidden) }
    }

    @Test(
        "What is no address stays",
        arguments: [
            "", "2026-11-21 19:02:37", "0000110e-0000-1000-8000-00805f9b34fb", "fdec94d5205545d6ac993c19f3ea718a",
            "00:5F:BF:71:81", "00:5F:BF_71:81:18", "00:5F:BF:*", "{\"key_size\":718118}",
        ])
    func others(text: String) {
        var hider = AddressHider { _ in 1 }
        _ = hider.hide("00:5F:BF:71:81:18")
        #expect(hider.hide(text) == text)
    }

    @Test("The stand-in of an address is the same each time, and another one's is another")
    func machine() throws {
        let (one, other) = (try #require(Address("00:5F:BF:71:81:18")), try #require(Address("00:5F:BF:71:81:19")))
        #expect(AddressHider.standIn(for: one) == AddressHider.standIn(for: one))
        if FileManager.default.isReadableFile(atPath: "/etc/machine-id") {
            #expect(AddressHider.standIn(for: one) != AddressHider.standIn(for: other))
        }
    }

    @Test(
        "No verb writes an address, in no form",
        arguments: [
            ["status"], ["devices"], ["devices", "--json"], ["show", "005FBF718118 Lock"], ["show", "3"],
            ["show", "7"],
            ["show", "3", "--json"], ["requests"], ["requests", "--json"], ["approve"], ["approve", "--json"],
            ["pair", "00:5F:BF:71:81:18", "--no-wait"], ["pair", "00:5F:BF:71:81:18", "--no-wait", "--json"],
            ["forget", "00:5F:BF:71:81:18"], ["explain", "00:5F:BF:71:81:77"], ["explain", "3"],
            ["policy", "test", "00:5F:BF:71:81:18"], ["bogus", "00:5F:BF:71:81:18"], ["history"],
            ["history", "--json"],
        ])
    @LoopActor func everywhere(arguments: [String]) async throws {
        let scene = try await Scene()
        scene.daemon.evaluation = [
            "address": .string("00:5F:BF:71:81:18"), "name": .string("005FBF718118 Lock"),
            "decision": .string("unmatched"),
        ]
        scene.daemon.addDevice(FakeDevice("00:5F:BF:71:81:18", name: "005FBF718118 Lock", isPaired: true))
        _ = scene.daemon.addPairing()
        scene.daemon.addRequest(7, "authorization", name: "005FBF718118 Lock")
        let programs = try FakePrograms.journal(FakePrograms.records)
        let ended = try await Ended(programs.start(arguments + ["--hide-addresses"], on: scene.bus.address))
        let shown = (ended.output + ended.errors).uppercased()
        #expect(shown.contains("XX:XX:XX:") || shown.contains("XX_XX_XX_"), ended.transcript)
        for form in ["00:5F:BF", "00_5F_BF", "5FBF71"] { #expect(!shown.contains(form), ended.transcript) }
    }
}
