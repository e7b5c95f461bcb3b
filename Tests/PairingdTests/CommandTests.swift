// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import EventLoop
import Foundation
import TestSupport
import Testing

@Suite("pairingctl beside the daemon, on a simulated BlueZ", .serialized)
struct CommandTests {
    let bus: PrivateBus

    init() throws {
        TestLoop.start()
        bus = try PrivateBus()
    }

    @Test("What was paired is shown as a pairing, with its rule's values, and as a device")
    @LoopActor func show() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("NoInputNoOutput")])
        gateway.bluez.addDevice(Gateway.address, name: "Cuff", behaviour: DeviceBehaviour(.noInputNoOutput))
        #expect(try await gateway.pairingctl("pair", Gateway.address.description).status == 0, gateway.transcript)
        let pairing = try await gateway.pairingctl("show", "1").output
        #expect(pairing.hasPrefix("● pairing 1: Cuff 00:5F:BF:71:81:18\n"), Comment(rawValue: pairing))
        #expect(pairing.contains("pairing.io-capability:"), Comment(rawValue: pairing))
        let device = try await gateway.pairingctl("show", "Cuff")
        #expect(device.status == 0 && device.output.contains("bonded"), Comment(rawValue: device.output))
        #expect(try await gateway.pairingctl("version").status == 0)
    }

    @Test("A scan tells the rule that the daemon would take, and policy new writes one that it then takes")
    @LoopActor func scanAndNew() async throws {
        let gateway = try await Gateway(bus, rules: [])
        gateway.bluez.addDevice(Gateway.address, name: "Cuff", presence: .advertising())
        let stranger = try await gateway.pairingctl("scan", "1", "--json").output
        #expect(stranger.contains("\"decision\":\"unmatched\",\"rule\":null"), Comment(rawValue: stranger))
        let file = gateway.files.folder.appendingPathComponent("50-cuff.toml").path
        #expect(try await gateway.pairingctl("policy", "new", "Cuff", file).status == 0)
        #expect(try await gateway.pairingctl("reload").status == 0, gateway.transcript)
        let known = try await gateway.pairingctl("scan", "1", "--json").output
        #expect(known.contains("\"decision\":\"matched\",\"rule\":\"50-cuff\""), Comment(rawValue: known))
    }

    @Test("monitor tells a pairing to its end, and ends with the daemon")
    @LoopActor func monitor() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("NoInputNoOutput")])
        gateway.bluez.addDevice(Gateway.address, name: "Cuff", behaviour: DeviceBehaviour(.noInputNoOutput))
        let monitor = try OwnedProcess(Gateway.binary("pairingctl"), ["monitor", "--json", "--bus", bus.address])
        // It listens once a change is told.
        try await gateway.wait("monitor listens") {
            _ = try? await gateway.pairingctl("window", "open", "1min")
            return monitor.standardOutput.contains("\"event\":\"window\"")
        }
        #expect(try await gateway.pairingctl("pair", Gateway.address.description).status == 0, gateway.transcript)
        #expect(
            await eventually { monitor.standardOutput.contains("\"result\":\"paired\"") }, "\(monitor.standardOutput)")
        gateway.daemon.send(signal: SIGTERM)
        #expect(await monitor.exitStatus() == 3)
        #expect(monitor.standardOutput.contains("\"event\":\"daemon-gone\""))
    }
}
