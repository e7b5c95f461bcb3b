// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop
import Foundation
import TestSupport
import Testing

@Suite("What rules and settings do in the daemon", .serialized)
struct PolicyTests {
    let bus: PrivateBus

    init() throws {
        TestLoop.start()
        bus = try PrivateBus()
    }

    // MARK: Evaluate

    @Test("The rule for a device is told with its file, its values and where they come from, and those before it")
    @LoopActor func evaluate() async throws {
        let lock = "[match]\nname = \"Lock*\"\n"
        let gateway = try await Gateway(
            bus, rules: [lock, Rules.rule("DisplayYesNo", "authorization = \"accept\""), Rules.rule()])
        gateway.bluez.addDevice(Gateway.address, name: "Cuff")
        let evaluation = try await gateway.evaluate()
        #expect(evaluation["decision"] == .string("matched"), "\(evaluation)")
        #expect(evaluation["address"] == .string("00:5F:BF:71:81:18"))
        #expect(evaluation["name"] == .string("Cuff"))
        #expect(evaluation["rule"] == .string("20-rule"))
        let file = gateway.files.path("20-rule.toml")
        #expect(evaluation["file"] == .string(file))
        #expect(evaluation["in-window"] == .boolean(false))
        #expect(evaluation["input-device"] == .boolean(false))
        #expect(evaluation["pairing-mode"] == .string("ready"))
        let reason: Value = .structure([.string("10-rule"), .string("name does not match")])
        #expect(evaluation["passed-over"] == .array(.structure([.basic(.string), .basic(.string)]), [reason]))
        let profile: [String: Value] = try #require(evaluation["profile"]?.converted())
        #expect(profile["pairing.io-capability"] == .string("DisplayYesNo"))
        #expect(profile["pairing.accept-incoming"] == .boolean(true))
        #expect(profile["pairing.attempts"] == .uint32(1))
        #expect(profile["pairing.timeout"] == .string("1min"))
        #expect(profile["answer.authorization"] == .string("accept"))
        let origins: [String: String] = try #require(evaluation["origins"]?.converted())
        #expect(origins["pairing.io-capability"] == file + ":4")
        #expect(origins["answer.authorization"] == file + ":7")
        #expect(origins["pairing.attempts"] == "default")
        #expect(Set(profile.keys).isSubset(of: origins.keys))
    }

    @Test("A device that no rule matches has no rule, but reasons")
    @LoopActor func evaluateUnmatched() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule()])
        gateway.bluez.addDevice(Gateway.address, name: "Stranger")
        let evaluation = try await gateway.evaluate()
        #expect(evaluation["decision"] == .string("unmatched"), "\(evaluation)")
        for key in ["rule", "file", "profile", "origins"] { #expect(evaluation[key] == nil) }
        #expect("\(evaluation["passed-over"] as Any)".contains("name does not match"))
    }

    @Test("Of a device that has not told its name yet, it is told what a rule waits for")
    @LoopActor func evaluateUndetermined() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule()])
        let evaluation = try await gateway.evaluate()
        #expect(evaluation["decision"] == .string("undetermined"), "\(evaluation)")
        #expect(evaluation["waiting-for"] == ["name"].value)
        let done = try await gateway.pairingctl("policy", "test", Gateway.address.description)
        #expect(done.status == 1 && done.output.contains("it has not told its name"), "\(done)")
    }

    @Test("An option that is unknown or of another type is refused", arguments: ["window", "in-window"])
    @LoopActor func evaluateOptions(name: String) async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule()])
        let error = try await refusal {
            try await gateway.evaluate(options: [name: .string("yes")])
        }
        #expect(error?.name == "org.pairingd.Error.InvalidArgument")
    }

    @Test("pairingctl policy test shows what the daemon says of a device")
    @LoopActor func policyTest() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayYesNo")])
        gateway.bluez.addDevice(Gateway.address, name: "Cuff")
        let done = try await gateway.pairingctl("policy", "test", Gateway.address.description)
        #expect(done.status == 0, "\(done)")
        #expect(done.output.contains("Cuff 00:5F:BF:71:81:18 is for the rule 10-rule"), "\(done)")
        let row = done.output.split(separator: "\n").first { $0.hasPrefix("pairing.io-capability") }
        #expect(row?.contains("DisplayYesNo") == true && row?.hasSuffix("line 4") == true, "\(done)")
        #expect(try await gateway.pairingctl("policy", "test", "/org/bluez/hci0/dev_00").status == 5)
    }

    // MARK: Secrets

    @Test("A passkey that stands in a rule is what BlueZ gets, and shows nowhere")
    @LoopActor func passkeyInRule() async throws {
        let gateway = try await Gateway(bus, rules: [])
        try gateway.files.write(
            "10-rule.toml", Rules.rule("KeyboardOnly", "passkey = { value = \"918273\" }"), mode: 0o640)
        try await gateway.call("Reload")
        try await pairs(gateway, passkey: 918_273)
    }

    @Test("A passkey that everybody may read is refused, and not repeated")
    @LoopActor func readablePasskey() async throws {
        let gateway = try await Gateway(bus, rules: [])
        try gateway.files.write(
            "10-rule.toml", Rules.rule("KeyboardOnly", "passkey = { value = \"918273\" }"), mode: 0o644)
        let error = try await refusal { try await gateway.call("Reload") }
        #expect(error?.message.contains("10-rule.toml:7:21: error: a secret in a file") == true, "\(error as Any)")
        #expect(!"\(error as Any)\(gateway.daemon.errorOutput)".contains("918273"))
    }

    @Test(
        "The passkey of a credential is what BlueZ gets, and shows nowhere",
        arguments: ["314159\n", "# cuffs\n00:5F:BF:71:81:18 314159\n* 111111\n"])
    @LoopActor func credential(text: String) async throws {
        let gateway = try await Gateway(
            bus, rules: [Rules.rule("KeyboardOnly", "passkey = { credential = \"cuff-passkey\" }")],
            environment: try credentials(["cuff-passkey": text]))
        #expect(await gateway.texts("PolicyErrors").isEmpty)
        try await pairs(gateway, passkey: 314_159)
    }

    @Test("A credential that is not there is an error of the rule, and the daemon has to be restarted for it")
    @LoopActor func missingCredential() async throws {
        let gateway = try await Gateway(
            bus, rules: [Rules.rule("KeyboardOnly", "passkey = { credential = \"cuff-passkey\" }")],
            environment: try credentials(["another": "314159"]))
        let errors = await gateway.texts("PolicyErrors")
        #expect(errors.count == 1, "\(errors)")
        #expect(
            errors.first?.hasPrefix(
                gateway.files.path("10-rule.toml:7:26: error: there is no credential \"cuff-passkey\"")) == true,
            "\(errors)")
        #expect(errors.first?.hasSuffix("and restart pairingd") == true, "\(errors)")
    }

    @Test("A credential that is no passkey is an error that does not repeat it")
    @LoopActor func wrongCredential() async throws {
        let gateway = try await Gateway(
            bus, rules: [Rules.rule("KeyboardOnly", "passkey = { credential = \"cuff-passkey\" }")],
            environment: try credentials(["cuff-passkey": "31415926\n"]))
        let errors = await gateway.texts("PolicyErrors")
        #expect(errors.first?.contains("line 1 of the credential \"cuff-passkey\"") == true, "\(errors)")
        #expect(!"\(errors)\(gateway.daemon.errorOutput)".contains("31415"))
    }

    /// A folder of credentials, as systemd would give it.
    private func credentials(_ texts: [String: String]) throws -> [String: String] {
        let folder = bus.folder.appendingPathComponent("credentials")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (name, text) in texts {
            try PolicyDirectory.write(text, to: folder.appendingPathComponent(name), mode: 0o600)
        }
        return ["CREDENTIALS_DIRECTORY": folder.path]
    }

    /// Pairs a device that shows this passkey, and looks for it everywhere else.
    @LoopActor private func pairs(_ gateway: Gateway, passkey: UInt32) async throws {
        var behaviour = DeviceBehaviour(.displayOnly)
        behaviour.shows = passkey
        let device = gateway.bluez.addDevice(Gateway.address, name: "Cuff", behaviour: behaviour)
        let done = try await gateway.pairingctl("pair", Gateway.address.description)
        #expect(done.status == 0 && device.isBonded, gateway.transcript)
        #expect(gateway.bluez.log.agentCalls.map(\.member) == ["RequestPasskey"])
        #expect(gateway.bluez.log.agentCalls.first?.outcome == .accepted([.uint32(passkey)]))
        let evaluation = try await gateway.evaluate()
        #expect(evaluation["rule"] == .string("10-rule"))
        var shown = [gateway.daemon.errorOutput, done.output, "\(evaluation)"]
        for verb in [["policy", "test", Gateway.address.description], ["status"], ["devices"]] {
            for options in [[], ["--json"]] {
                let process = try OwnedProcess(
                    Gateway.binary("pairingctl"), verb + options + ["--bus", bus.address])
                #expect(await process.exitStatus() == 0)
                shown.append(process.standardOutput + process.errorOutput)
            }
        }
        for text in shown { #expect(!text.contains(String(passkey)), Comment(rawValue: text)) }
    }

    // MARK: Settings

    @Test("The help names the file of settings")
    @LoopActor func help() async throws {
        let process = try OwnedProcess(Gateway.binary("pairingd"), ["--help"])
        #expect(await process.exitStatus() == 0)
        #expect(process.standardOutput.contains("--configuration FILE"))
        #expect(process.standardOutput.contains("/etc/pairingd/pairingd.toml"))
    }

    @Test("The capability for pairings that others start is that of the settings")
    @LoopActor func capability() async throws {
        let gateway = try await Gateway(
            bus, rules: [Rules.rule()], configuration: "[agent]\nio-capability = \"DisplayOnly\"\n")
        #expect(await gateway.property("DefaultIOCapability") == .string("DisplayOnly"))
        let agent = try #require(gateway.bluez.defaultAgent, gateway.transcript)
        #expect(gateway.bluez.registeredAgents[agent] == .displayOnly, gateway.transcript)
    }

    @Test("A capability that is changed needs a restart, and until then the one that BlueZ knows is told")
    @LoopActor func changedCapability() async throws {
        let gateway = try await Gateway(
            bus, rules: [Rules.rule()], configuration: "[agent]\nio-capability = \"DisplayOnly\"\n")
        try gateway.files.configure("[agent]\nio-capability = \"KeyboardOnly\"\n")
        try await gateway.call("Reload")
        #expect(
            await gateway.says("what changed in [agent] takes effect when pairingd is restarted"),
            gateway.transcript)
        let agent = try #require(gateway.bluez.defaultAgent, gateway.transcript)
        #expect(gateway.bluez.registeredAgents[agent] == .displayOnly, gateway.transcript)
        #expect(await gateway.property("DefaultIOCapability") == .string("DisplayOnly"))
    }

    @Test("No input and no output is refused as that capability, with its place")
    @LoopActor func noInputNoOutput() async throws {
        let gateway = try await Gateway(
            bus, rules: [Rules.rule()], configuration: "[agent]\nio-capability = \"NoInputNoOutput\"\n")
        let errors = await gateway.texts("PolicyErrors")
        #expect(errors.count == 1, "\(errors)")
        let place = gateway.files.configuration.path + ":2:17: error: io-capability cannot be \"NoInputNoOutput\" here"
        #expect(errors.first?.hasPrefix(place) == true, "\(errors)")
        #expect(await gateway.texts("PolicyFiles").isEmpty)
        let agent = try #require(gateway.bluez.defaultAgent, gateway.transcript)
        #expect(gateway.bluez.registeredAgents[agent] != .noInputNoOutput, gateway.transcript)
    }

    @Test("Where another agent is to be the default, the place is left to it, and our own pairings go on")
    @LoopActor func notDefault() async throws {
        let gateway = try await Gateway(
            bus, rules: [Rules.rule("NoInputNoOutput")], configuration: "[agent]\ndefault = false\n")
        let device = gateway.bluez.addDevice(
            Gateway.address, name: "Cuff", behaviour: DeviceBehaviour(.noInputNoOutput))
        #expect(await gateway.property("DefaultAgent") == .string("not-claimed"))
        #expect(!gateway.bluez.log.calls.contains { $0.member == "RequestDefaultAgent" }, gateway.transcript)
        #expect(try await gateway.pairingctl("pair", Gateway.address.description).status == 0, gateway.transcript)
        #expect(device.isBonded)
    }

    @Test("Where another agent is to be the default, a broken rule does not change that")
    @LoopActor func notDefaultWithBrokenRule() async throws {
        let gateway = try await Gateway(
            bus, rules: ["[match]\nnaem = \"x\"\n"], configuration: "[agent]\ndefault = false\n")
        #expect(await gateway.property("DefaultAgent") == .string("not-claimed"), gateway.transcript)
    }

    @Test("A person is asked about devices that no rule matches, where the settings say so")
    @LoopActor func unknownDevices() async throws {
        let gateway = try await Gateway(
            bus, rules: [Rules.rule()], configuration: "[unknown-devices]\naction = \"ask\"\n")
        let device = gateway.bluez.addDevice(
            Gateway.address, name: "Stranger", behaviour: DeviceBehaviour(.noInputNoOutput))
        device.startPairing(.securityRequest)
        let request = try await gateway.request()
        #expect(await gateway.property("Rule", of: request, "Request1") == .string("unknown-devices"))
        #expect(try await gateway.pairingctl("approve").status == 0)
        try await gateway.wait("the device is paired") { device.isPaired }
    }

    @Test("While rules are broken since the start, nobody is asked about unknown devices either")
    @LoopActor func unknownDevicesWithBrokenRule() async throws {
        let gateway = try await Gateway(
            bus, rules: ["[match]\nnaem = \"x\"\n"], configuration: "[unknown-devices]\naction = \"ask\"\n")
        let device = gateway.bluez.addDevice(
            Gateway.address, name: "Stranger", behaviour: DeviceBehaviour(.noInputNoOutput))
        device.startPairing(.securityRequest)
        try await gateway.wait("the pairing has ended") { gateway.bluez.log.pairings.last?.result != nil }
        // Nothing needs Pairable, so the kernel may refuse without a question.
        #expect(!device.isPaired, gateway.transcript)
        #expect(await gateway.property("PendingRequests") == .uint32(0))
    }

    // MARK: Input devices

    enum InputDevice: CaseIterable {
        case icon
        case deviceClass
        case service

        @LoopActor func apply(to device: SimulatedDevice) {
            switch self {
            case .icon: device.icon = "input-keyboard"
            case .deviceClass: device.deviceClass = 0x002540
            case .service: device.uuids = ["1812"].compactMap { BluetoothUUID($0) }
            }
        }
    }

    @Test("A rule that accepts accepts no input device: a person is asked", arguments: InputDevice.allCases)
    @LoopActor func inputDevice(kind: InputDevice) async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("KeyboardDisplay", "authorization = \"accept\"")])
        let device = gateway.bluez.addDevice(
            Gateway.address, name: "Cuff", presence: .hidden, behaviour: DeviceBehaviour(.noInputNoOutput))
        kind.apply(to: device)
        device.startPairing(.securityRequest)
        let request = try await gateway.request()
        #expect(await gateway.property("Kind", of: request, "Request1") == .string("authorization"))
        #expect(!device.isPaired)
        #expect(gateway.bluez.log.agentCalls.map(\.outcome) == [.pending], gateway.transcript)
        #expect(try await gateway.evaluate()["input-device"] == .boolean(true))
        #expect(try await gateway.pairingctl("approve").status == 0)
        try await gateway.wait("the device is paired") { device.isPaired }
    }
}
