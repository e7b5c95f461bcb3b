// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop
import Foundation
import TestSupport
import Testing

@Suite("Explanations of the daemon's pairings, on a simulated BlueZ", .serialized)
struct ExplainTests {
    let bus: PrivateBus

    init() throws {
        TestLoop.start()
        bus = try PrivateBus()
    }

    @Test("A device that refuses is explained as pairingctl explain, by number, device and name")
    @LoopActor func refused() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("NoInputNoOutput")])
        var behaviour = DeviceBehaviour(.noInputNoOutput)
        behaviour.reaction = .refuses
        gateway.bluez.addDevice(Gateway.address, name: "Cuff", behaviour: behaviour)
        #expect(try await gateway.pairingctl("pair", Gateway.address.description).status == 1)
        let last = try await gateway.pairingctl("explain")
        #expect(last.status == 0, Comment(rawValue: last.output))
        for part in ["Cuff 00:5F:BF:71:81:18 on hci0\n", "pairing 1, rule 10-rule, ", "Pair() returns"] {
            #expect(last.output.contains(part), "\(part) is missing\n\(last.output)")
        }
        for word in ["1", Gateway.address.description, "Cuff"] {
            #expect(try await gateway.pairingctl("explain", word).output == last.output)
        }
        #expect(try await gateway.pairingctl("explain", "2").status == 5)
    }

    @Test("A device without a rule is explained by our own decision, and nothing went over the air")
    @LoopActor func unmatched() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule()])
        gateway.bluez.addDevice(Gateway.address, name: "Stranger", behaviour: DeviceBehaviour(.noInputNoOutput))
        #expect(try await gateway.pairingctl("pair", Gateway.address.description).status == 1)
        let done = try await gateway.pairingctl("explain", "--json")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(done.output.utf8)) as? [String: Any])
        #expect(object["finding"] as? String == "decided-here", Comment(rawValue: done.output))
        #expect(object["stopped_by"] as? String == "us")
        #expect(object["stage"] as? String == "not-started")
        #expect(object["result"] as? String == "rejected-by-policy")
        #expect(object["pairing"] as? String == "/org/pairingd/pairing/1")
    }

    @Test("A pairing that succeeded is told as such, and has nothing to look at")
    @LoopActor func paired() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("NoInputNoOutput")])
        gateway.bluez.addDevice(Gateway.address, name: "Cuff", behaviour: DeviceBehaviour(.noInputNoOutput))
        #expect(try await gateway.pairingctl("pair", Gateway.address.description).status == 0)
        #expect(try await gateway.pairingctl("explain", "-q").output == "paired\n")
        #expect(try await !gateway.pairingctl("explain").output.contains("What to look at"))
    }

    @Test("Explain has each part under its name, in a type that busctl shows")
    @LoopActor func types() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule()])
        gateway.bluez.addDevice(Gateway.address, name: "Stranger", behaviour: DeviceBehaviour(.noInputNoOutput))
        _ = try await gateway.pairingctl("pair", Gateway.address.description)
        let reply = try await gateway.call("Explain", on: "/org/pairingd/pairing/1", "Pairing1")
        let report: [String: Value] = try #require(reply.first?.converted())
        let types = report.mapValues { value -> String in
            if case .variant(let inner) = value { inner.type.code } else { value.type.code }
        }
        #expect(
            types == [
                "Finding": "s", "Summary": "s", "Stage": "s", "StoppedBy": "s", "Offers": "aa{sv}", "Model": "s",
                "Observations": "as", "Causes": "a(ssas)", "Steps": "a(tssas)", "OmittedSteps": "u",
            ])
        let process = try OwnedProcess(
            "/usr/bin/busctl",
            [
                "--address=\(bus.address)", "call", "org.pairingd", "/org/pairingd/pairing/1", "org.pairingd.Pairing1",
                "Explain",
            ])
        #expect(await process.exitStatus() == 0, Comment(rawValue: process.errorOutput))
        #expect(process.standardOutput.hasPrefix("a{sv} 10 ") && process.standardOutput.contains("\"decided-here\""))
    }
}
