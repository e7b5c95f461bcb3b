// SPDX-License-Identifier: Apache-2.0

import DBus
import EventLoop
import Foundation
import TestSupport
import Testing

@Suite("policy test, on devices that are described")
struct DescribedDeviceTests {
    @Test("The rule for a device is told, with its file, why those before it are not, and each value with its place")
    func matched() async throws {
        let folder = try RuleDirectory([
            "10-lock.toml": TestRules.windowed, "20-scale.toml": "[match]\nservice = \"181D\"\n",
            "50-cuff.toml": TestRules.cuff, "90-all.toml": TestRules.every,
        ])
        let ended = try await WithoutBus.run(
            "policy", "test", "--name", "BLEsmart_1", "--manufacturer", "0x020E=0109", "--service", "1810", folder.path)
        #expect(ended.status == 0, ended.transcript)
        #expect(
            ended.output.hasPrefix("● BLEsmart_1 is for the rule 50-cuff\n  \(folder.file("50-cuff.toml"))\n"),
            ended.transcript)
        #expect(try ended.row("10-lock") == ["10-lock", "holds only while a window is open"])
        #expect(try ended.row("20-scale") == ["20-scale", "service does not match"])
        #expect(!ended.output.contains("90-all"), ended.transcript)
        #expect(try ended.row("pairing.io-capability") == ["pairing.io-capability", "NoInputNoOutput", "line 6"])
        #expect(try ended.row("answer.confirmation") == ["answer.confirmation", "ask", "default"])
        #expect(!ended.output.contains("match."), ended.transcript)
        for hint in ["pairing mode", "input device"] { #expect(!ended.output.contains(hint), ended.transcript) }
    }

    @Test("The document tells the same, with every key")
    func document() async throws {
        let folder = try RuleDirectory(["10-lock.toml": TestRules.windowed, "50-cuff.toml": TestRules.cuff])
        let ended = try await WithoutBus.run(
            "--json", "policy", "test", "--name", "BLEsmart_1", "--address", "00:5F:BF:71:81:18", "--manufacturer",
            "526", folder.path)
        #expect(ended.status == 0, ended.transcript)
        let object = try ended.object()
        #expect(
            Set(object.keys) == [
                "device", "decision", "waiting_for", "rule", "file", "pairing_mode", "input_device", "passed_over",
                "settings",
            ])
        #expect(object["device"] as? String == "BLEsmart_1 00:5F:BF:71:81:18")
        #expect(object["decision"] as? String == "matched")
        #expect(object["waiting_for"] as? [String] == [])
        #expect(object["rule"] as? String == "50-cuff")
        #expect(object["file"] as? String == folder.file("50-cuff.toml"))
        #expect(object["pairing_mode"] as? String == "ready")
        #expect(object["input_device"] as? Bool == false)
        #expect(
            object["passed_over"] as? [[String: String]] == [
                ["rule": "10-lock", "reason": "holds only while a window is open"]
            ])
        let settings = try #require(object["settings"] as? [[String: String]])
        #expect(settings.contains { $0["from"] == folder.file("50-cuff.toml:8") })
    }

    @Test("A device that no rule matches is refused, and the status is 1")
    func unmatched() async throws {
        let folder = try RuleDirectory(["50-cuff.toml": TestRules.cuff])
        let ended = try await WithoutBus.run("policy", "test", "--name", "BLEsmart_1", folder.path)
        #expect(ended.status == 1, ended.transcript)
        #expect(ended.output.hasPrefix("● BLEsmart_1: no rule matches, so it is refused\n"), ended.transcript)
        #expect(try ended.row("50-cuff") == ["50-cuff", "manufacturer does not match"])
        let document = try await WithoutBus.run("policy", "test", "--name", "x", folder.path, "--json")
        #expect(document.status == 1, document.transcript)
        #expect(try document.object()["decision"] as? String == "unmatched")
        #expect(try document.object()["rule"] is NSNull)
    }

    @Test("A rule for windows holds only as if one was open")
    func window() async throws {
        let folder = try RuleDirectory(["10-lock.toml": TestRules.windowed])
        let shut = try await WithoutBus.run("policy", "test", "--name", "Lock 1", folder.path)
        #expect(shut.status == 1, shut.transcript)
        let open = try await WithoutBus.run("policy", "test", "--name", "Lock 1", "--window", folder.path)
        #expect(open.status == 0 && open.output.contains("is for the rule 10-lock"), open.transcript)
    }

    @Test(
        "Each description is looked at",
        arguments: [
            (#"name = "Lock?""#, ["--name", "Lock1"]),
            (#"address = "00:5F:BF:*""#, ["--address", "00:5f:bf:71:81:18"]),
            (#"address-type = "random""#, ["--address-type", "random"]), (#"adapter = "hci1""#, ["--adapter", "hci1"]),
            (#"transport = "bredr""#, ["--transport", "le", "--transport", "bredr"]),
            ("manufacturer = 0x020E", ["--manufacturer", "0x020E"]), (#"service = "1810""#, ["--service", "1810"]),
            ("appearance = 0x03C1", ["--appearance", "961"]), ("class = 0x002540", ["--class", "0x002540"]),
            (#"icon = "input-*""#, ["--icon", "input-keyboard"]),
            ("manufacturer-data = { company = 0x020E, offset = 1, value = 0x09 }", ["--manufacturer", "0x020E=0109"]),
            (#"service-data = { service = "FE95", value = 0xAB }"#, ["--service", "fe95=aBcD"]),
            ("bonded = true\nname = \"*\"", ["--name", "x", "--bonded"]),
        ])
    func descriptions(match: String, options: [String]) async throws {
        let folder = try RuleDirectory(["10-one.toml": "[match]\n\(match)\n"])
        let ended = try await Ended(OwnedProcess(Binary.path, ["policy", "test"] + options + [folder.path]))
        #expect(ended.status == 0 && ended.output.contains("is for the rule 10-one"), ended.transcript)
        let other = try await Ended(
            OwnedProcess(Binary.path, ["policy", "test", "--adapter", "hci9"] + [folder.path]))
        #expect(other.status == 1, other.transcript)
    }

    @Test(
        "A value that cannot be meant is wrong usage, in one line that shows it",
        arguments: [
            ["--address", "00:5F:BF:71:81"], ["--address", "00-5F-BF-71-81-18"], ["--address-type", "private"],
            ["--transport", "usb"], ["--manufacturer", "0x10000"], ["--manufacturer", "Omron"],
            ["--manufacturer", "0x020E=010"], ["--manufacturer", "0x020E=01zz"], ["--manufacturer", "=0109"],
            ["--service", "18101"], ["--service", "1810=1"], ["--appearance", "0x10000"], ["--appearance", "-1"],
            ["--class", "0x1000000"], ["--class", "0x"],
        ])
    func wrongValues(options: [String]) async throws {
        let folder = try RuleDirectory(["90-all.toml": TestRules.every])
        let joined = "\(options[0])=\(options[1])"
        let ended = try await Ended(OwnedProcess(Binary.path, ["policy", "test", joined, folder.path]))
        let parts = options[1].split(separator: "=", omittingEmptySubsequences: false)
        let wrong = parts.count == 2 && !parts[0].isEmpty ? parts[1] : parts[0]
        #expect(ended.isUsageError("\"\(wrong)\" is not "), ended.transcript)
    }

    @Test(
        "A sign is no digit",
        arguments: [
            ["--manufacturer", "0x020E=+1"], ["--service", "1810=-0"], ["--appearance", "0x+1"], ["--class", "+1"],
        ])
    func signs(options: [String]) async throws {
        let folder = try RuleDirectory(["90-all.toml": TestRules.every])
        let ended = try await Ended(OwnedProcess(Binary.path, ["policy", "test"] + options + [folder.path]))
        #expect(ended.isUsageError("is not "), ended.transcript)
    }

    @Test("A name with escape sequences is shown escaped")
    func hostileName() async throws {
        let folder = try RuleDirectory(["90-all.toml": TestRules.every])
        let ended = try await WithoutBus.run("policy", "test", "--name", "\u{1B}[2J\u{202E}kcoL", folder.path)
        #expect(ended.status == 0, ended.transcript)
        #expect(ended.output.hasPrefix("● \\u{1B}[2J\\u{202E}kcoL is for"), ended.transcript)
    }

    @Test(
        "An input device is said to be one",
        arguments: [
            ["--icon", "input-keyboard"], ["--class", "0x002540"], ["--appearance", "0x03C1"], ["--service", "1812"],
        ])
    func inputDevice(options: [String]) async throws {
        let folder = try RuleDirectory(["90-all.toml": TestRules.every])
        let ended = try await Ended(OwnedProcess(Binary.path, ["policy", "test"] + options + [folder.path]))
        #expect(ended.status == 0, ended.transcript)
        #expect(
            ended.output.contains("It is an input device: where the rule accepts, a person is asked all the same."),
            ended.transcript)
        let document = try await Ended(
            OwnedProcess(Binary.path, ["--json", "policy", "test"] + options + [folder.path]))
        #expect(try document.object()["input_device"] as? Bool == true)
    }

    @Test("A device outside of pairing mode keeps its rule, and that it is outside is said")
    func pairingMode() async throws {
        let folder = try RuleDirectory([
            "50-cuff.toml": TestRules.cuff
                + "\n[pairing-mode]\nmanufacturer-data = { company = 0x020E, offset = 1, mask = 0x08, value = 0x08 }\n"
        ])
        for (data, mode, isSaid) in [("0109", "ready", false), ("0101", "not-ready", true)] {
            let device = ["--name", "BLEsmart_1", "--manufacturer", "0x020E=\(data)", folder.path]
            let ended = try await Ended(OwnedProcess(Binary.path, ["policy", "test"] + device))
            #expect(ended.status == 0, ended.transcript)
            #expect(ended.output.contains("It is not in pairing mode: we would not") == isSaid, ended.transcript)
            let document = try await Ended(OwnedProcess(Binary.path, ["--json", "policy", "test"] + device))
            #expect(try document.object()["pairing_mode"] as? String == mode, document.transcript)
        }
    }

    @Test("Rules with errors decide nothing: the errors are shown")
    func brokenRules() async throws {
        let folder = try RuleDirectory(["10-all.toml": TestRules.every, "20-lock.toml": TestRules.misspelt])
        let ended = try await WithoutBus.run("policy", "test", "--name", "x", folder.path)
        #expect(ended.status == 1 && ended.output.isEmpty, ended.transcript)
        #expect(ended.errors.contains("20-lock.toml:2:1: error: unknown key"), ended.transcript)
    }

    @Test("Neither a device nor a description is wrong usage, and so are two devices")
    func nothingDescribed() async throws {
        for devices in [[], ["A", "B"]] {
            let ended = try await Ended(OwnedProcess(Binary.path, ["policy", "test"] + devices))
            #expect(ended.isUsageError("name one device, or describe one"), ended.transcript)
        }
    }
}

@Suite("policy test, on devices that the daemon is asked about")
struct EvaluationTests {
    init() { TestLoop.start() }

    static let matched: [String: Value] = [
        "address": .string("00:5F:BF:71:81:18"), "name": .string("BLEsmart_1"), "in-window": .boolean(false),
        "input-device": .boolean(false), "decision": .string("matched"), "rule": .string("50-cuff"),
        "file": .string("/etc/pairingd/devices.d/50-cuff.toml"), "pairing-mode": .string("ready"),
        "profile": [
            "answer.authorization": Value.string("accept"), "pairing.accept-incoming": .boolean(true),
            "pairing.attempts": .uint32(1), "pairing.io-capability": .string("NoInputNoOutput"),
        ].value,
        "origins": [
            "answer.authorization": "/etc/pairingd/devices.d/50-cuff.toml:8",
            "pairing.io-capability": "/etc/pairingd/devices.d/50-cuff.toml:6", "pairing.attempts": "default",
        ].value,
        "passed-over": .array(
            .structure([.basic(.string), .basic(.string)]),
            [.structure([.string("10-lock"), .string("name does not match")])]),
    ]

    @Test("What the daemon found is shown as what is found here, in the order of the manual")
    @LoopActor func matched() async throws {
        let scene = try await Scene()
        scene.daemon.evaluation = Self.matched
        let ended = try await scene.run("policy", "test", "00:5F:BF:71:81:18")
        #expect(ended.status == 0, ended.transcript)
        #expect(
            ended.rows == [
                ["● BLEsmart_1 00:5F:BF:71:81:18 is for the rule 50-cuff"], ["/etc/pairingd/devices.d/50-cuff.toml"],
                ["Rules before it:"], ["10-lock", "name does not match"], ["KEY", "VALUE", "FROM"],
                ["pairing.io-capability", "NoInputNoOutput", "line 6"],
                ["pairing.accept-incoming", "true", "default"], ["pairing.attempts", "1", "default"],
                ["answer.authorization", "accept", "line 8"],
            ], ended.transcript)
        #expect(scene.daemon.calls == ["Evaluate 00:5F:BF:71:81:18"])
    }

    @Test("As JSON it is the same document as that of a described device")
    @LoopActor func document() async throws {
        let scene = try await Scene()
        scene.daemon.evaluation = Self.matched
        let object = try await scene.run("--json", "policy", "test", "00:5F:BF:71:81:18").object()
        #expect(
            Set(object.keys) == [
                "device", "decision", "waiting_for", "rule", "file", "pairing_mode", "input_device", "passed_over",
                "settings",
            ])
        #expect(
            object["passed_over"] as? [[String: String]] == [["rule": "10-lock", "reason": "name does not match"]])
        #expect((object["settings"] as? [[String: String]])?.first?["value"] == "NoInputNoOutput")
    }

    @Test("--window asks as if one was open")
    @LoopActor func window() async throws {
        let scene = try await Scene()
        scene.daemon.evaluation = Self.matched
        try await scene.run("policy", "test", "--window", "hci0/00:5F:BF:71:81:18")
        #expect(scene.daemon.calls == ["Evaluate hci0/00:5F:BF:71:81:18 in-window=true"])
    }

    @Test("Facts that are still missing are told, and the status is 1")
    @LoopActor func undetermined() async throws {
        let scene = try await Scene()
        scene.daemon.evaluation = [
            "address": .string("00:5F:BF:71:81:18"), "decision": .string("undetermined"),
            "waiting-for": ["manufacturer", "name"].value,
        ]
        let ended = try await scene.run("policy", "test", "00:5F:BF:71:81:18")
        #expect(ended.status == 1, ended.transcript)
        #expect(ended.output.contains("it has not told its manufacturer, name"), ended.transcript)
        let object = try await scene.run("policy", "test", "00:5F:BF:71:81:18", "--json").object()
        #expect(object["waiting_for"] as? [String] == ["manufacturer", "name"])
    }

    @Test("A device that no rule matches is refused with status 1, unless a person is to be asked")
    @LoopActor func unmatched() async throws {
        let scene = try await Scene()
        scene.daemon.evaluation = ["address": .string("00:5F:BF:71:81:18"), "decision": .string("unmatched")]
        let refused = try await scene.run("policy", "test", "00:5F:BF:71:81:18")
        #expect(refused.status == 1 && refused.output.contains("no rule matches, so it is refused"), refused.transcript)
        scene.daemon.evaluation["rule"] = .string("unknown-devices")
        let asked = try await scene.run("policy", "test", "00:5F:BF:71:81:18")
        #expect(asked.status == 0 && asked.output.contains("no rule matches, and a person is asked"), asked.transcript)
    }

    @Test("Pairing mode and input devices are told as the daemon says")
    @LoopActor func hints() async throws {
        let scene = try await Scene()
        scene.daemon.evaluation = Self.matched.merging([
            "pairing-mode": .string("unknown"), "input-device": .boolean(true),
        ]) { $1 }
        let ended = try await scene.run("policy", "test", "00:5F:BF:71:81:18")
        #expect(ended.output.contains("Whether it is in pairing mode is not known"), ended.transcript)
        #expect(ended.output.contains("It is an input device"), ended.transcript)
        scene.daemon.evaluation["pairing-mode"] = .string("not-ready")
        #expect(try await scene.run("policy", "test", "00:5F:BF:71:81:18").output.contains("It is not in pairing mode"))
    }

    @Test(
        "The daemon's errors have their statuses",
        arguments: [
            ("org.pairingd.Error.InvalidArgument", 2), ("org.pairingd.Error.UnknownDevice", 5),
            ("org.pairingd.Error.NotReady", 1),
        ])
    @LoopActor func errors(name: String, status: Int32) async throws {
        let scene = try await Scene()
        scene.daemon.refusal = DBusError(name: name, message: "It failed.")
        let ended = try await scene.run("policy", "test", "00:5F:BF:71:81:18")
        #expect(ended.status == status, ended.transcript)
        #expect(ended.errors.hasPrefix("pairingctl: 00:5F:BF:71:81:18: It failed; "), ended.transcript)
    }

    @Test("A device cannot be looked at without the daemon")
    func unreachable() async throws {
        let ended = try await WithoutBus.run("policy", "test", "00:5F:BF:71:81:18")
        #expect(ended.status == 3, ended.transcript)
    }
}
