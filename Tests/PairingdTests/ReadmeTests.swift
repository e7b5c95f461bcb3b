// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop
import Foundation
import TestSupport
import Testing

@Suite("What the README shows", .serialized)
struct ReadmeTests {
    let bus: PrivateBus
    let readme: String

    init() throws {
        TestLoop.start()
        bus = try PrivateBus()
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        readme = try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
    }

    @Test("The rule example pairs a cuff, and leaves others alone")
    @LoopActor func ruleExample() async throws {
        let rule = try #require(block(after: "<!-- rule example: run by a test -->"))
        let gateway = try await Gateway(bus, rules: [rule])
        #expect(await gateway.property("PolicyErrors")?.converted(to: [String].self) == [])
        let cuff = gateway.bluez.addDevice(
            Gateway.address, name: "BLEsmart_00000244005FBF718118", presence: .advertising(),
            behaviour: DeviceBehaviour(.noInputNoOutput))
        cuff.manufacturerData = [0x020E: [0x01, 0x09]]
        let done = try await gateway.pairingctl("pair", Gateway.address.description)
        #expect(done.status == 0, Comment(rawValue: done.output))
        #expect(gateway.bluez.log.pairings.last?.capability == .noInputNoOutput)
    }

    @Test("Each busctl call works as it stands there")
    @LoopActor func busctl() async throws {
        let lines = try #require(block(after: "<!-- busctl example: run by a test -->")).split(separator: "\n")
        #expect(lines.count >= 6)
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayYesNo")])
        let device = gateway.bluez.addDevice(
            Gateway.address, name: "Cuff", behaviour: DeviceBehaviour(.displayYesNo, mitm: true))
        for line in lines {
            if line.contains("Request1 Accept") { _ = try await gateway.request() }
            if line.contains("Result") {
                try await gateway.wait("a result") {
                    await gateway.property("State", of: "/org/pairingd/pairing/1", "Pairing1") == .string("done")
                }
                #expect(device.isBonded)
            }
            let command = line.replacingOccurrences(of: "busctl ", with: "busctl --address=\(bus.address) ")
            let process = try OwnedProcess("/bin/sh", ["-c", command])
            #expect(await process.exitStatus() == 0, "\(line)\n\(process.errorOutput)")
            if line.contains("Result") { #expect(process.standardOutput.contains("s \"paired\"")) }
        }
        #expect(!device.isExported)
    }

    /// The lines of the fenced block that follows `marker`.
    private func block(after marker: String) -> String? {
        guard let begin = readme.range(of: marker) else { return nil }
        let parts = readme[begin.upperBound...].components(separatedBy: "```")
        return parts.count > 1 ? parts[1].split(separator: "\n").dropFirst().joined(separator: "\n") : nil
    }
}
