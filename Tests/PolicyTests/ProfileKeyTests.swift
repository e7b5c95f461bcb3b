// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Policy
import Testing

@Suite("The keys of a rule's profile")
struct ProfileKeyTests {
    /// For each key: what holds without it, and what may be written, as it is read back.
    static let cases: [(key: String, preset: String?, accepted: [String])] = [
        ("pairing.io-capability", "\"KeyboardDisplay\"", IOCapability.allCases.map { "\"\($0.rawValue)\"" }),
        ("pairing.bond", "\"keep\"", ["\"keep\"", "\"session\"", "\"none\""]),
        ("pairing.security", "\"encrypted\"", ["\"none\"", "\"encrypted\"", "\"authenticated\""]),
        ("pairing.secure-connections", "false", ["true", "false"]),
        ("pairing.minimum-key-size", nil, ["7", "16"]),
        ("pairing.initiate", "\"manual\"", ["\"auto\"", "\"manual\"", "\"never\""]),
        ("pairing.accept-incoming", "false", ["true", "false"]),
        ("pairing.when", "\"always\"", ["\"always\"", "\"window\""]),
        ("pairing.attempts", "1", ["1", "10"]),
        ("pairing.retry-after", "\"1s\"", ["\"0s\"", "\"1min\"", "\"1s 500ms\""]),
        ("pairing.timeout", "\"1min\"", ["\"5s\"", "\"1h\""]),
        ("pairing.fallback", nil, ["[{ io-capability = \"DisplayOnly\" }, { io-capability = \"KeyboardOnly\" }]"]),
        (
            "pairing-mode.manufacturer-data", nil,
            ["[{ company = 0x020E, offset = 1, mask = [0x08], value = [0x08] }]"]
        ),
        ("pairing-mode.service-data", nil, ["[{ service = \"1810\", offset = 0 }]"]),
        ("pairing-mode.advertising-data", nil, ["[{ type = 0x24, offset = 0, value = [0x01, 0x02] }]"]),
        ("answer.authorization", "\"ask\"", ["\"accept\"", "\"reject\"", "\"ask\""]),
        ("answer.confirmation", "\"ask\"", ["\"accept\"", "\"reject\"", "\"ask\""]),
        ("answer.passkey", "\"ask\"", ["\"ask\"", "\"reject\"", "{ credential = \"cuff\" }"]),
        ("answer.pin", "\"ask\"", ["\"ask\"", "\"reject\"", "{ credential = \"cuff.pin_1-2\" }"]),
        (
            "answer.service", "\"ask\"",
            ["\"accept\"", "\"reject\"", "{ allow = [\"110e\"], deny = [\"1124\"], otherwise = \"reject\" }"]
        ),
        ("repair.bond-lost", "\"keep\"", ["\"repair\"", "\"remove\"", "\"ask\"", "\"keep\""]),
        ("repair.bonded-device", "\"reject\"", ["\"accept\"", "\"reject\"", "\"ask\""]),
        ("repair.security-request", "\"accept\"", ["\"accept\"", "\"reject\"", "\"repair\""]),
        ("after.trust", "false", ["true", "false"]), ("after.disconnect", "false", ["true", "false"]),
    ]

    static let every = "match.address = \"*\"\n"

    private static func setting(_ key: String, of rule: Rule) -> RuleSetting? { rule.settings.first { $0.key == key } }

    @Test("have the defaults that the manual tells", arguments: cases.indices)
    func defaults(index: Int) throws {
        let (key, preset, _) = Self.cases[index]
        let setting = Self.setting(key, of: try rule(Self.every))
        #expect(setting?.value == preset)
        #expect(setting?.line == nil)
        let documented = KeyDocumentation.rule.first { $0.fullName == key }
        #expect(documented?.defaultText == preset ?? "")
    }

    @Test("take what they may be, and tell the line that said so", arguments: cases.indices)
    func accepted(index: Int) throws {
        let (key, _, accepted) = Self.cases[index]
        for written in accepted {
            let setting = Self.setting(key, of: try rule("\n" + Self.every + "\(key) = \(written)"))
            #expect(setting?.value == written)
            #expect(setting?.line == 3, "\(key) = \(written)")
        }
    }

    @Test("refuse any other word, kind or number", arguments: cases.indices)
    func refused(index: Int) throws {
        let key = Self.cases[index].key
        for written in ["\"nonsense\"", "1979-05-27", "-1", "[]", "1.5", "{ nonsense = 1 }", "[[1]]"] {
            // An empty list of tables says what saying nothing does.
            if key == "pairing.fallback", written == "[]" { continue }
            let found = errors(Self.every + "\(key) = \(written)")
            #expect(found.count == 1 && found[0].hasPrefix("2:"), "\(key) = \(written): \(found)")
        }
    }

    @Test("are all in the table above")
    func complete() {
        let tables: Set = ["pairing", "pairing-mode", "answer", "repair", "after"]
        let keys = KeyDocumentation.rule.filter { tables.contains($0.table) && $0.name != "fresh" }.map(\.fullName)
        #expect(Self.cases.map(\.key) == keys)
    }

    @Test(
        "stay within their bounds",
        arguments: [
            ("pairing.minimum-key-size = 6", "must be from 7 to 16"), ("pairing.attempts = 0", "must be from 1 to 10"),
            ("pairing.attempts = 11", "must be from 1 to 10"), ("pairing.timeout = \"4s\"", "must be from 5s to 1h"),
            ("pairing.retry-after = \"61s\"", "must be from 0s to 1min"),
            ("pairing.timeout = \"60\"", "write it as in"),
            ("pairing.timeout = 60", "must be a string"),
            ("pairing-mode.fresh = \"5s\"", "has no data to be about"),
        ])
    func bounds(line: String, expected: String) {
        let found = errors(Self.every + line)
        #expect(found.count == 1 && found[0].contains(expected), "\(found)")
    }

    @Test(
        "that are hardly meant together are warned about",
        arguments: [
            ("pairing.bond = \"session\"\nafter.disconnect = true", 1), ("pairing.bond = \"session\"", 0),
            ("pairing.bond = \"none\"\nafter.disconnect = true", 1), ("after.disconnect = true", 0),
        ])
    func hardlyMeant(lines: String, count: Int) throws {
        let folder = try TestFolder()
        let file = try folder.write("1.toml", Self.every + lines)
        let warnings = try RuleFolders([folder.path]).load().warnings
        #expect(warnings.count == count)
        for warning in warnings {
            #expect(warning.description.hasPrefix("\(file):3:"))
            #expect(warning.description.contains(": warning: "))
        }
    }
}

@Suite("Values that cannot be together")
struct CombinationTests {
    @Test(
        "are told with their place and what to do",
        arguments: [
            (
                "pairing.security = \"authenticated\"\npairing.io-capability = \"NoInputNoOutput\"",
                #"2:20: error: security = "authenticated" is never reached with io-capability = "NoInputNoOutput"; "#
            ),
            (
                "pairing.security = \"authenticated\"\npairing.fallback = [{ io-capability = \"NoInputNoOutput\" }]",
                #"2:20: error: security = "authenticated" is never reached with io-capability = "NoInputNoOutput"; "#
            ),
            (
                "pairing.security = \"none\"\npairing.secure-connections = true",
                #"3:30: error: "secure-connections" needs a key, and security = "none" asks for none; "#
            ),
            (
                "pairing.security = \"none\"\npairing.minimum-key-size = 16",
                #"3:28: error: "minimum-key-size" needs a key, and security = "none" asks for none; "#
            ),
            (
                "after.trust = true\npairing.bond = \"session\"",
                #"2:15: error: trust outlives the link, and bond = "session" does not; "#
            ),
            (
                "pairing.initiate = \"never\"\nrepair.bond-lost = \"repair\"",
                #"3:20: error: bond-lost = "repair" starts a pairing, and initiate = "never" forbids it; "#
            ),
            (
                "pairing.initiate = \"never\"\nrepair.security-request = \"repair\"",
                #"3:27: error: security-request = "repair" starts a pairing, and initiate = "never" forbids it; "#
            ),
            (
                "pairing.initiate = \"never\"\n[pairing-mode]\nmanufacturer-data = { value = 1 }",
                #"3:1: error: [pairing-mode] is for pairings that we start, and initiate = "never" forbids them; "#
            ),
            (
                "answer.passkey = { credential = \"x\" }\npairing.io-capability = \"DisplayOnly\"",
                #"2:33: error: a fixed passkey is never asked for with io-capability = "DisplayOnly"; "#
            ),
        ])
    func refused(lines: String, expected: String) {
        let found = errors(ProfileKeyTests.every + lines)
        #expect(found.count == 1 && found[0].hasPrefix(expected), "\(found)")
    }

    @Test(
        "are not seen where there are none",
        arguments: [
            "pairing.security = \"authenticated\"\npairing.io-capability = \"DisplayOnly\"",
            "pairing.security = \"none\"\npairing.secure-connections = false",
            "answer.passkey = { credential = \"x\" }\npairing.io-capability = \"DisplayOnly\"\n"
                + "pairing.fallback = [{ io-capability = \"KeyboardOnly\" }]",
            "pairing.initiate = \"never\"\nrepair.bond-lost = \"remove\"",
        ])
    func accepted(lines: String) {
        #expect(errors(ProfileKeyTests.every + lines).isEmpty)
    }
}
