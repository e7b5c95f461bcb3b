// SPDX-License-Identifier: Apache-2.0

import DBus
import EventLoop
import Explain
import Foundation
import TestSupport
import Testing

@testable import pairingctl

@Suite("pairingctl explain, of pairings that the daemon knows")
struct ExplainTests {
    init() { TestLoop.start() }

    @Test("The report of the daemon is shown in all its parts")
    @LoopActor func text() async throws {
        let scene = try await Scene()
        try Self.add(3, to: scene, report: Self.report)
        let ended = try await scene.run("explain", "3")
        #expect(ended.status == 0, ended.transcript)
        for part in [
            "Lock 00:5F:BF:71:81:18 on hci0\n", "pairing 3, rule 50-lock, ", "\n  The device refused.\n",
            "  refused-without-reason, stage features, ended by the device\n", "IO capability       NoInputNoOutput\n",
            "association model   Just Works\n", "- It asked first.\n",
            "1. It is not in pairing mode. Press the button.\n",
            "io-capability = \"KeyboardDisplay\"\n", "Pairing Failed  Unspecified Reason\n", "2 more steps came",
        ] {
            #expect(ended.output.contains(part), "\(part) is missing\n\(ended.output)")
        }
        #expect(scene.daemon.calls == ["Explain 3"])
    }

    @Test("The document has every key, with what the daemon told")
    @LoopActor func document() async throws {
        let scene = try await Scene()
        try Self.add(3, to: scene, report: Self.report)
        let ended = try await scene.run("--json", "explain", "3")
        let object = try ended.object()
        #expect(
            Set(object.keys) == Set(SampleReports.explanation(SampleReports.refused).document.members.map(\.key)))
        #expect(object["pairing"] as? String == "/org/pairingd/pairing/3")
        #expect(object["number"] as? Int == 3)
        #expect(object["finding"] as? String == "refused-without-reason")
        #expect(object["stage"] as? String == "features")
        #expect(object["stopped_by"] as? String == "device")
        let offer = try #require((object["offers"] as? [[String: Any]])?.first)
        #expect(offer["io_capability"] as? String == "NoInputNoOutput")
        #expect(offer["mitm_protection"] as? Bool == true)
        #expect(offer["bonding"] as? Bool == false)
        #expect(offer["secure_connections"] is NSNull)
        #expect(offer["maximum_key_size"] as? Int == 16)
        #expect(offer["authentication_requirements"] as? Int == 4)
        #expect(offer["keys"] as? [String] == ["EncKey"])
        let cause = try #require((object["causes"] as? [[String: Any]])?.first)
        #expect(cause["text"] as? String == "It is not in pairing mode.")
        #expect(cause["remedy"] as? String == "Press the button.")
        #expect(cause["rule_lines"] as? [String] == ["[[pairing.fallback]]", "io-capability = \"KeyboardDisplay\""])
        let step = try #require((object["steps"] as? [[String: Any]])?.first)
        #expect(step["time"] as? Int == 1_700_000_000_000_000)
        #expect(step["arrow"] as? String == "received")
        #expect(step["details"] as? [String] == ["Unspecified Reason"])
        #expect(object["omitted_steps"] as? Int == 2)
    }

    @Test("--quiet prints the finding alone, and --no-chart leaves the steps out")
    @LoopActor func less() async throws {
        let scene = try await Scene()
        try Self.add(3, to: scene, report: Self.report)
        #expect(try await scene.run("-q", "explain").output == "refused-without-reason\n")
        let ended = try await scene.run("explain", "--no-chart")
        #expect(ended.output.contains("io-capability") && !ended.output.contains("Pairing Failed"), ended.transcript)
    }

    @Test("Only where the locale has them there are letters outside ASCII")
    @LoopActor func locale() async throws {
        let scene = try await Scene()
        try Self.add(3, to: scene, report: Self.report)
        for (locale, isASCII) in [("C", true), ("C.UTF-8", false)] {
            let process = try OwnedProcess(
                Binary.path, ["explain", "--bus", scene.bus.address], environment: ["LC_ALL": locale, "NO_COLOR": ""])
            let ended = await Ended(process)
            #expect(ended.output.utf8.allSatisfy { $0 < 0x80 } == isASCII, "\(locale): \(ended.output)")
        }
    }

    @Test("A terminal's width is used, and 80 columns elsewhere")
    @LoopActor func width() async throws {
        let scene = try await Scene()
        var report = Self.report
        report["Summary"] = .string(String(repeating: "word ", count: 40))
        let (fifteenWords, nineWords) = (2 + 15 * 5 - 1, 2 + 9 * 5 - 1)  // indented, without the last space
        try Self.add(3, to: scene, report: report)
        let ended = try await scene.run("explain", "--no-chart")
        #expect(ended.output.split(separator: "\n").map(\.count).max() == fifteenWords, ended.transcript)
        let command = "stty cols 50; '\(Binary.path)' explain --no-chart --no-color --bus '\(scene.bus.address)'"
        let narrow = try await Ended(OwnedProcess("/usr/bin/script", ["-qec", command, "/dev/null"]))
        let lines = narrow.output.split(separator: "\r\n")
        #expect(lines.contains { $0.count == nineWords && $0.hasPrefix("  word ") }, narrow.transcript)
        #expect(lines.allSatisfy { $0.count <= 50 }, narrow.transcript)
    }

    @Test(
        "Of several pairings the right one is found",
        arguments: [
            (nil, 4), ("2", 2), ("/org/pairingd/pairing/2", 2), ("00:5f:bf:71:81:18", 4), ("00:5F:BF:71:81:19", 3),
            ("hci0/00:5F:BF:71:81:19", 3), ("/org/bluez/hci0/dev_00_5F_BF_71_81_19", 3),
            ("/org/pairingd/device/hci0/00_5F_BF_71_81_19", 3), ("Scale", 3), ("Lock", 4), ("AA:BB:CC:DD:EE:FF", 7),
        ] as [(String?, UInt64)])
    @LoopActor func choice(word: String?, number: UInt64) async throws {
        let scene = try await Scene()
        try Self.add(2, to: scene, finishedAt: 1000)
        try Self.add(3, to: scene, address: "00:5F:BF:71:81:19", name: "Scale", finishedAt: 2000)
        // It began before, and was done later.
        try Self.add(4, to: scene, finishedAt: 4000)
        try Self.add(5, to: scene, finishedAt: 3000)
        try Self.add(6, to: scene, finishedAt: nil)
        try Self.add(7, to: scene, address: "AA:BB:CC:DD:EE:FF", name: "New", finishedAt: nil)
        let ended = try await Ended(scene.start(["explain"] + (word.map { [$0] } ?? [])))
        #expect(ended.status == 0, ended.transcript)
        #expect(scene.daemon.calls == ["Explain \(number)"])
    }

    @Test("A pairing that goes on is explained where none is done")
    @LoopActor func live() async throws {
        let scene = try await Scene()
        try Self.add(3, to: scene, finishedAt: nil)
        #expect(try await scene.run("explain").status == 0)
        #expect(scene.daemon.calls == ["Explain 3"])
    }

    @Test(
        "What is not there is 5, with what is",
        arguments: [
            ("9", "pairing 9: pairingd knows no such pairing; there are those of 2, 3"),
            ("AA:BB:CC:DD:EE:FF", "there are those of Scale 00:5F:BF:71:81:19, Lock 00:5F:BF:71:81:18"),
            ("hci9/00:5F:BF:71:81:18", "hci9/00:5F:BF:71:81:18: pairingd knows no such pairing"),
            ("Nobody", "Nobody: pairingd knows no such pairing"),
        ])
    @LoopActor func missing(word: String, message: String) async throws {
        let scene = try await Scene()
        let none = try await scene.run("explain", word)
        #expect(none.status == 5 && none.errors.contains("no pairing since pairingd started"), none.transcript)
        try Self.add(2, to: scene)
        try Self.add(3, to: scene, address: "00:5F:BF:71:81:19", name: "Scale")
        let ended = try await scene.run("explain", word)
        #expect(ended.status == 5 && ended.output.isEmpty, ended.transcript)
        #expect(ended.errors.contains(message) && ended.errors.split(separator: "\n").count == 1, ended.transcript)
    }

    @Test("Whatever a daemon of another version tells is shown as far as it is understood")
    @LoopActor func otherVersions() async throws {
        let scene = try await Scene()
        let strange: [[String: Value]] = [
            [:],
            ["Finding": .string("unheard-of"), "Stage": .string("deeper"), "StoppedBy": .string("moon")],
            ["Finding": .uint32(3), "Offers": .string("x"), "Causes": .array(.basic(.string), [.string("x")])],
            [
                "Offers": [["From": Value.string("us")], ["From": .string("moon")], [:]].value,
                "Causes": .array(.structure([.basic(.string)]), [.structure([.string("only a text")])]),
                "Steps": .array(
                    .structure([.basic(.string), .basic(.uint64)]), [.structure([.string("1"), .uint64(2)])]),
            ],
            [
                "Steps": .array(
                    .structure([.basic(.uint64), .basic(.string), .basic(.string), [String].valueType, .basic(.byte)]),
                    [
                        .structure([
                            .uint64(.max), .string("sideways"), .string("a new kind"), ["x"].value, .byte(1),
                        ])
                    ])
            ],
        ]
        for (index, report) in strange.enumerated() {
            let number = UInt64(index + 1)
            try Self.add(number, to: scene, report: report)
            for arguments in [["explain", "\(number)"], ["explain", "\(number)", "--json"]] {
                let ended = try await Ended(scene.start(arguments))
                #expect(ended.status == 0 && ended.output.contains("unknown"), ended.transcript)
                if index == 4 { #expect(ended.output.contains("a new kind"), ended.transcript) }
            }
        }
    }

    @Test("What the daemon sends cannot act on the terminal")
    @LoopActor func hostile() async throws {
        let scene = try await Scene()
        let attack = "\u{1B}]0;owned\u{7}\u{202E}\r\n\u{9B}31m"
        var report = Self.report
        for key in ["Summary", "Model"] { report[key] = .string(attack) }
        report["Observations"] = [attack].value
        try Self.add(3, to: scene, name: attack, report: report)
        for arguments in [["explain"], ["explain", "--json"], ["explain", "Nobody"]] {
            let ended = try await Ended(scene.start(arguments))
            let shown = (ended.output + ended.errors).unicodeScalars
            #expect(ended.output.contains("owned") || ended.errors.contains("owned"))
            #expect(shown.allSatisfy { $0 == "\n" || ![.control, .format].contains($0.properties.generalCategory) })
        }
    }

    @Test("--device and --failed are for files", arguments: [["--failed"], ["7", "--device", "00:5F:BF:71:81:18"]])
    @LoopActor func filters(arguments: [String]) async throws {
        let ended = try await Ended(OwnedProcess(Binary.path, ["explain"] + arguments))
        #expect(ended.isUsageError("capture file"), ended.transcript)
    }

    // MARK: Tools

    static let report: [String: Value] = [
        "Finding": .string("refused-without-reason"), "Summary": .string("The device refused."),
        "Stage": .string("features"), "StoppedBy": .string("device"),
        "Offers": [
            [
                "From": Value.string("device"), "IOCapability": .string("NoInputNoOutput"),
                "MITMProtection": .boolean(true), "Bonding": .boolean(false), "MaximumKeySize": .byte(16),
                "AuthenticationRequirements": .byte(4), "Keys": ["EncKey"].value,
            ]
        ].value,
        "Model": .string("Just Works"), "Observations": ["It asked first."].value,
        "Causes": .array(
            .structure([.basic(.string), .basic(.string), [String].valueType]),
            [
                .structure([
                    .string("It is not in pairing mode."), .string("Press the button."),
                    ["[[pairing.fallback]]", "io-capability = \"KeyboardDisplay\""].value,
                ])
            ]),
        "Steps": .array(
            .structure([.basic(.uint64), .basic(.string), .basic(.string), [String].valueType]),
            [
                .structure([
                    .uint64(1_700_000_000_000_000), .string("received"), .string("Pairing Failed"),
                    ["Unspecified Reason"].value,
                ])
            ]),
        "OmittedSteps": .uint32(2),
    ]

    @LoopActor static func add(
        _ number: UInt64, to scene: Scene, address: String = "00:5F:BF:71:81:18", name: String = "Lock",
        finishedAt: UInt64? = 1000, report: [String: Value] = [:]
    ) throws {
        _ = scene.daemon.addPairing(number)
        let pairing = try #require(scene.daemon.pairings[number])
        pairing.address = address
        pairing.name = name
        pairing.report = report
        if let finishedAt {
            pairing.result = "peer-refused"
            pairing.finishedAt = finishedAt
        }
    }
}

@Suite("What explain is asked about")
struct ExplainSubjectTests {
    @Test(
        "Numbers and devices come before files, and files before names",
        arguments: [
            (nil, .latest), ("-", .capture("-")), ("7", .pairing(7)), ("/org/pairingd/pairing/12", .pairing(12)),
            ("00:5F:BF:71:81:18", .device("00:5F:BF:71:81:18", nil)),
            ("hci1/00:5F:BF:71:81:18", .device("00:5F:BF:71:81:18", "hci1")),
            ("/org/bluez/hci0/dev_00_5F_BF_71_81_18", .device("00:5F:BF:71:81:18", "hci0")),
            ("here", .capture("here")), ("./7", .capture("./7")), ("/tmp/x", .capture("/tmp/x")),
            ("captures/00:5F:BF:71:81:18", .capture("captures/00:5F:BF:71:81:18")),
            ("/org/bluez/hci0", .capture("/org/bluez/hci0")), ("BLEsmart_1", .name("BLEsmart_1")),
            ("18446744073709551616", .name("18446744073709551616")), ("-7", .name("-7")), ("", .name("")),
        ] as [(String?, Subject)])
    func precedence(word: String?, expected: Subject) throws {
        let files = ["here", "7", "00:5F:BF:71:81:18"]
        #expect(try ExplainSubject(word) { files.contains($0) } == expected.value)
    }

    /// As ``ExplainSubject``, with an address as text.
    enum Subject: Sendable {
        case latest
        case capture(String)
        case pairing(UInt64)
        case device(String, String?)
        case name(String)

        var value: ExplainSubject {
            get throws {
                switch self {
                case .latest: .latest
                case .capture(let path): .capture(path)
                case .pairing(let number): .pairing(number)
                case .device(let address, let adapter): .device(try #require(.init(address)), adapter: adapter)
                case .name(let name): .name(name)
                }
            }
        }
    }
}
