// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop
import Foundation
import TestSupport
import Testing

@Suite("The daemon and its command, on a simulated BlueZ", .serialized)
struct PairingdTests {
    let bus: PrivateBus

    init() throws {
        TestLoop.start()
        bus = try PrivateBus()
    }

    @Test("A device is paired by its rule, with the rule's capability and nobody asked")
    @LoopActor func justWorks() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("NoInputNoOutput")])
        let device = gateway.bluez.addDevice(
            Gateway.address, name: "Cuff", behaviour: DeviceBehaviour(.noInputNoOutput))
        let done = try await gateway.pairingctl("pair", Gateway.address.description)
        #expect(done.status == 0, Comment(rawValue: done.output + gateway.daemon.errorOutput))
        #expect(done.output.contains("paired") && done.output.contains("10-rule"))
        #expect(device.isBonded)
        #expect(gateway.bluez.log.pairings.last?.capability == .noInputNoOutput)
        let again = try await gateway.pairingctl("pair", Gateway.address.description, "--json")
        #expect(again.status == 0 && again.output.contains("already-bonded"))
        let devices = try await gateway.pairingctl("devices")
        #expect(devices.output.contains("00:5F:BF:71:81:18") && devices.output.contains("bonded"))
    }

    @Test("A device that no rule matches is refused, and BlueZ is not asked to pair")
    @LoopActor func unmatched() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule()])
        let device = gateway.bluez.addDevice(
            Gateway.address, name: "Stranger", behaviour: DeviceBehaviour(.noInputNoOutput))
        let done = try await gateway.pairingctl("pair", Gateway.address.description)
        #expect(done.status == 1 && done.output.contains("rejected-by-policy"))
        #expect(!device.isPaired)
        #expect(gateway.bluez.log.pairings.isEmpty)
    }

    @Test("A fixed passkey of a rule is entered by itself, and shows nowhere")
    @LoopActor func fixedPasskey() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("KeyboardOnly", "passkey = { value = \"271828\" }")])
        var behaviour = DeviceBehaviour(.displayOnly)
        behaviour.shows = 271_828
        let device = gateway.bluez.addDevice(Gateway.address, name: "Cuff", behaviour: behaviour)
        let done = try await gateway.pairingctl("pair", Gateway.address.description)
        #expect(done.status == 0, Comment(rawValue: done.output))
        #expect(device.isBonded)
        let evaluation = try await gateway.call(
            "Evaluate", [.string(Gateway.address.description), [String: Value]().value])
        for text in [gateway.daemon.errorOutput, done.output, "\(evaluation)"] { #expect(!text.contains("271828")) }
    }

    @Test("A numeric comparison waits for a person, and pairingctl approve says yes")
    @LoopActor func approve() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayYesNo")])
        let device = gateway.bluez.addDevice(
            Gateway.address, name: "Cuff", behaviour: DeviceBehaviour(.displayYesNo, mitm: true))
        async let pairing = gateway.pairingctl("pair", Gateway.address.description)
        let request = try await gateway.request()
        #expect(await gateway.property("Kind", of: request, "Request1") == .string("confirmation"))
        let digits = try await gateway.call("Reveal", on: request, "Request1")
        #expect(digits.first?.converted(to: String.self)?.count == 6)
        let wrong = try await refusal {
            try await gateway.call("EnterPasskey", [.uint32(1)], on: request, "Request1")
        }
        #expect(wrong?.name == "org.pairingd.Error.InvalidArgument")
        #expect(try await gateway.pairingctl("approve").status == 0)
        let done = try await pairing
        #expect(done.status == 0, Comment(rawValue: done.output))
        #expect(device.isBonded)
        let late = try await refusal { try await gateway.call("Accept", on: request, "Request1") }
        #expect(late?.name == "org.pairingd.Error.AlreadyAnswered")
        #expect(gateway.bluez.log.agentCalls.map(\.replies) == [1])
    }

    @Test("A passkey is read from standard input, and a wrong one is asked for in words")
    @LoopActor func passkey() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("KeyboardOnly")])
        var behaviour = DeviceBehaviour(.displayOnly)
        behaviour.shows = 42
        let device = gateway.bluez.addDevice(Gateway.address, name: "Cuff", behaviour: behaviour)
        async let pairing = gateway.pairingctl("pair", Gateway.address.description)
        let request = try await gateway.request()
        let tooLarge = try await refusal {
            try await gateway.call("EnterPasskey", [.uint32(1_000_000)], on: request, "Request1")
        }
        #expect(tooLarge?.name == "org.pairingd.Error.InvalidArgument")
        let tooLong = try await gateway.pairingctl("passkey", input: "1000000\n")
        #expect(tooLong.status == 2 && tooLong.output.contains("six digits"))
        #expect(try await gateway.pairingctl("passkey", input: "000042\n").status == 0)
        #expect(try await pairing.status == 0)
        #expect(device.isBonded)
    }

    @Test("A request that somebody rejects ends the pairing, and the device is not bonded")
    @LoopActor func reject() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayYesNo")])
        let device = gateway.bluez.addDevice(
            Gateway.address, name: "Cuff", behaviour: DeviceBehaviour(.displayYesNo, mitm: true))
        async let pairing = gateway.pairingctl("pair", Gateway.address.description)
        _ = try await gateway.request()
        #expect(try await gateway.pairingctl("reject").status == 0)
        let done = try await pairing
        #expect(done.status == 1 && done.output.contains("rejected-by-person"), Comment(rawValue: done.output))
        #expect(!device.isPaired)
    }

    @Test("A pairing that the device starts is answered by its rule on the default agent")
    @LoopActor func incoming() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("NoInputNoOutput", "authorization = \"accept\"")])
        let device = gateway.bluez.addDevice(
            Gateway.address, name: "Cuff", behaviour: DeviceBehaviour(.noInputNoOutput))
        device.startPairing(.securityRequest)
        try await gateway.wait("the device is paired") { device.isPaired }
        #expect(gateway.bluez.log.agentCalls.map(\.replies) == [1])
    }

    @Test("a question that BlueZ takes back while its device is looked at never becomes a request") @LoopActor
    func questionBluezTakes()
        async throws
    {
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayYesNo")])
        let device = gateway.bluez.addDevice(
            Gateway.address, name: "Cuff", behaviour: DeviceBehaviour(.displayYesNo, mitm: true))
        // During a discovery of somebody else, strangers are not followed.
        let adapter = gateway.bluez.adapter.path
        try await gateway.client.call("org.bluez", adapter, "org.bluez.Adapter1", "StartDiscovery")
        // The change is on its way when BlueZ answers this, and has come when pairingd answers.
        try await gateway.client.call(
            "org.bluez", adapter, "org.freedesktop.DBus.Properties", "GetAll", [.string("org.bluez.Adapter1")])
        _ = await gateway.property("Version")
        gateway.bluez.onCall = { call in
            if call.member == "GetAll", call.path == device.path { device.vanish() }
        }
        device.startPairing()
        try await gateway.wait("the question is answered") {
            gateway.bluez.log.agentCalls.contains { $0.member == "RequestConfirmation" && $0.replies > 0 }
        }
        #expect(gateway.bluez.log.calls.contains { $0.member == "GetAll" && $0.path == device.path })
        #expect(gateway.bluez.log.agentCalls.map(\.member) == ["RequestConfirmation", "Cancel"])
        #expect(await gateway.property("PendingRequests") == .uint32(0), gateway.transcript)
        #expect(gateway.bluez.log.agentCalls.map(\.replies) == [1, 0], gateway.transcript)
    }

    @Test("Six agents are registered, and again when bluetoothd comes back")
    @LoopActor func restart() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule()])
        try await gateway.wait("six agents") { gateway.bluez.registeredAgents.count == 6 }
        #expect(Set(gateway.bluez.registeredAgents.values) == Set(IOCapability.allCases))
        #expect(await gateway.property("DefaultAgent") == .string("held"))
        gateway.bluez.crash()
        try await gateway.wait("BlueZ is gone") { await gateway.property("BlueZ") == .string("absent") }
        let refused = try await gateway.pairingctl("pair", Gateway.address.description)
        #expect(refused.status == 1 && refused.output.contains("bluetoothd is not running"))
        try await gateway.bluez.start()
        try await gateway.wait("six agents again") { gateway.bluez.registeredAgents.count == 6 }
        try await gateway.wait("BlueZ is back") { await gateway.property("BlueZ") == .string("running") }
    }

    @Test("Nobody but BlueZ is answered by the agents")
    @LoopActor func foreignCaller() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule()])
        try await gateway.wait("six agents") { gateway.bluez.registeredAgents.count == 6 }
        let path = ObjectPath("/org/bluez/hci0/dev_00_5F_BF_71_81_18" as String) ?? "/"
        for agent in gateway.bluez.registeredAgents.keys {
            let error = try await refusal {
                try await gateway.client.call(
                    agent, "/org/pairingd/agent", "org.bluez.Agent1", "RequestPasskey", [.objectPath(path)])
            }
            #expect(error?.name == "org.freedesktop.DBus.Error.AccessDenied")
        }
    }

    @Test(
        "Wrong input is told, and nothing is lost", arguments: ["nonsense", "00:5F:BF:71:81", "hci7/00:5F:BF:71:81:18"])
    @LoopActor func wrongDevice(device: String) async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule()])
        let error = try await refusal {
            try await gateway.call("Pair", [.string(device), [String: Value]().value])
        }
        #expect(error?.name.hasPrefix("org.pairingd.Error.") == true)
        let types = try await refusal { try await gateway.call("Pair", [.uint32(7)]) }
        #expect(types?.name == "org.freedesktop.DBus.Error.InvalidArgs")
        #expect(await gateway.property("BlueZ") == .string("running"))
    }

    @Test("With a broken rule everything is refused, and the error names file, line and column")
    @LoopActor func brokenRule() async throws {
        let gateway = try await Gateway(
            bus, rules: ["[match]\nname = \"*\"\n[pairing]\nio-capabilty = \"DisplayOnly\"\n"])
        let errors = await gateway.property("PolicyErrors")?.converted(to: [String].self) ?? []
        #expect(errors.count == 1 && errors.first?.contains("10-rule.toml:4:1: error:") == true, "\(errors)")
        let device = gateway.bluez.addDevice(
            Gateway.address, name: "Cuff", behaviour: DeviceBehaviour(.noInputNoOutput))
        #expect(try await gateway.pairingctl("pair", Gateway.address.description).status == 1)
        #expect(!device.isPaired)
    }

    @Test("A name with escape sequences reaches neither terminal nor journal")
    @LoopActor func hostileName() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("NoInputNoOutput")])
        gateway.bluez.addDevice(
            Gateway.address, name: "Cuff\u{1B}[2J\r\n\u{202E}evil", behaviour: DeviceBehaviour(.noInputNoOutput))
        var printed = try await gateway.pairingctl("pair", Gateway.address.description).output
        for verb in ["devices", "requests", "status"] { printed += try await gateway.pairingctl(verb).output }
        printed += gateway.daemon.errorOutput
        for hostile in ["\u{1B}", "\r", "\u{202E}"] { #expect(!printed.contains(hostile)) }
        #expect(printed.contains("\\u{1B}"))
    }

    @Test("A user who is neither root nor in the group may look, and not act")
    @LoopActor func unauthorised() async throws {
        try #require(getuid() == 0, "this test gives up its rights, so it has to begin with root's")
        let gateway = try await Gateway(bus, rules: [Rules.rule()])
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("pairingctl-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(await gateway.property("BlueZ") == .string("running"))
        let copy = folder.appendingPathComponent("pairingctl").path
        try FileManager.default.copyItem(atPath: Gateway.binary("pairingctl"), toPath: copy)
        func asNobody(_ arguments: String...) async throws -> Int32? {
            try await OwnedProcess(
                "/usr/bin/setpriv",
                ["--reuid=65534", "--regid=65534", "--clear-groups", copy] + arguments + ["--bus", bus.address]
            ).exitStatus()
        }
        #expect(try await asNobody("status") == 0)
        #expect(try await asNobody("pair", Gateway.address.description) == 4)
        #expect(try await asNobody("forget", Gateway.address.description) == 4)
    }

    @Test("The daemon stays on one thread and ends by itself on SIGTERM")
    @LoopActor func oneThread() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("NoInputNoOutput")])
        gateway.bluez.addDevice(Gateway.address, name: "Cuff", behaviour: DeviceBehaviour(.noInputNoOutput))
        #expect(try await gateway.pairingctl("pair", Gateway.address.description).status == 0)
        let status = try String(contentsOfFile: "/proc/\(gateway.daemon.identifier)/status", encoding: .utf8)
        #expect(status.contains("Threads:\t1\n"))
        gateway.daemon.send(signal: SIGTERM)
        #expect(await gateway.daemon.exitStatus() == 0)
        let unreachable = try await gateway.pairingctl("status")
        #expect(unreachable.status == 3)
    }

    @Test("Forgetting removes the bond from BlueZ; a device that BlueZ does not know is said so")
    @LoopActor func forget() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("NoInputNoOutput")])
        let device = gateway.bluez.addDevice(
            Gateway.address, name: "Cuff", behaviour: DeviceBehaviour(.noInputNoOutput))
        #expect(try await gateway.pairingctl("pair", Gateway.address.description).status == 0)
        #expect(try await gateway.pairingctl("forget", Gateway.address.description).status == 0)
        #expect(!device.isExported)
        #expect(try await gateway.pairingctl("forget", Gateway.address.description).status == 5)
    }

    @Test("When the bus ends, the daemon ends with a status that makes systemd start it again")
    @LoopActor func busEnds() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule()])
        gateway.bus.kill()
        #expect(await gateway.daemon.exitStatus() == 1)
        #expect(await gateway.says("the connection to the bus broke"))
    }

    @Test("Two devices are asked about at once, and each gets its own answer")
    @LoopActor func twoRequests() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayYesNo")])
        let first = gateway.bluez.addDevice(
            Gateway.address, name: "Cuff", behaviour: DeviceBehaviour(.displayYesNo, mitm: true))
        let second = gateway.bluez.addDevice(
            Address(bits: 0x005F_BF71_8119), name: "Cuff two", behaviour: DeviceBehaviour(.displayYesNo, mitm: true))
        async let pairing = gateway.pairingctl("pair", first.address.description)
        _ = try await gateway.request()
        second.startPairing(.pairingRequest)
        try await gateway.wait("two requests") { await gateway.property("PendingRequests") == .uint32(2) }
        let ambiguous = try await gateway.pairingctl("approve")
        #expect(ambiguous.status == 2 && ambiguous.output.contains("say which"))
        let list = try await gateway.pairingctl("requests", "--json").output
        let documents = try #require(try JSONSerialization.jsonObject(with: Data(list.utf8)) as? [[String: Any]])
        let numbers = documents.compactMap { $0["number"] as? Int }
        #expect(numbers.count == 2)
        for number in numbers { #expect(try await gateway.pairingctl("approve", String(number)).status == 0) }
        #expect(try await pairing.status == 0)
        try await gateway.wait("both are paired") { first.isPaired && second.isPaired }
        #expect(gateway.bluez.log.agentCalls.map(\.replies) == [1, 1])
    }
}
