// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Foundation
import TestSupport
import Testing

@Suite("The daemon as a process", .serialized)
struct ProcessTests {
    let bus: PrivateBus

    init() throws {
        TestLoop.start()
        bus = try PrivateBus()
    }

    @Test("a second daemon on the same state says so and ends, and the first goes on") @LoopActor func secondDaemonOn()
        async throws
    {
        let gateway = try await Gateway(bus, rules: [Rules.rule("NoInputNoOutput")])
        let calls = gateway.bluez.log.calls.count
        let second = try OwnedProcess(
            Gateway.binary("pairingd"),
            [
                "--bus", bus.address, "--policy-directory", gateway.files.folder.path, "--configuration",
                gateway.files.configuration.path, "--state-directory", bus.folder.appendingPathComponent("state").path,
            ])
        #expect(await second.exitStatus() == 1)
        #expect(second.errorOutput.contains("another pairingd is running: cannot lock "), "\(second.errorOutput)")
        #expect(gateway.bluez.log.calls.count == calls, "it has called BlueZ\n\(gateway.bluez.log.transcript)")
        gateway.bluez.addDevice(Gateway.address, name: "Cuff", behaviour: .init(.noInputNoOutput))
        #expect(try await gateway.pairingctl("pair", Gateway.address.description).status == 0, gateway.transcript)
    }

    @Test("no program is given a core dump of it either") @LoopActor func noProgramGiven() async throws {
        let gateway = try await Gateway(bus, rules: [])
        let limits = try String(contentsOfFile: "/proc/\(gateway.daemon.identifier)/limits", encoding: .utf8)
        let line = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") })
        #expect(line.split(separator: " ").suffix(3) == ["1", "1", "bytes"], "\(line)")
    }
}
