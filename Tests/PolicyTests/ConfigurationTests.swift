// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Policy
import Testing

@Suite("pairingd.toml")
struct ConfigurationTests {
    static func configuration(_ text: String) throws -> Configuration {
        try Configuration(parsing: Array(text.utf8), file: "pairingd.toml")
    }

    static func errors(_ text: String) -> [String] {
        do throws(PolicyErrors) {
            _ = try Configuration(parsing: Array(text.utf8), file: "f")
            return []
        } catch {
            return error.errors.map { String($0.description.dropFirst(2)) }
        }
    }

    @Test("says nothing else than what holds without it, when it is empty")
    func empty() throws {
        var expected = Configuration()
        expected.file = "pairingd.toml"
        #expect(try Self.configuration("") == expected)
        #expect(try Self.configuration("# nothing\n") == expected)
    }

    @Test("sets everything that it documents")
    func everything() throws {
        let text = """
            [agent]
            io-capability = "DisplayYesNo"
            default = false
            [unknown-devices]
            action = "ask"
            foreign = "undo"
            [requests]
            deadline = "10s"
            [limits]
            failures-per-device = 2
            failures-per-adapter = 0
            lock-out = "1min"
            longest-lock-out = "1h 30min"
            open-requests = 10
            open-requests-per-device = 1
            [window]
            duration = "90s"
            longest = "10min"
            discover = true
            discoverable = true
            [adapter]
            manage-pairable = false
            discover = true
            [policy]
            watch = true
            """
        let configuration = try Self.configuration(text)
        var expected = Configuration()
        expected.file = "pairingd.toml"
        expected.agent.ioCapability = .displayYesNo
        expected.agent.isDefault = false
        expected.unknownDevices.action = .ask
        expected.requests.deadline = .seconds(10)
        expected.limits.failuresPerDevice = 2
        expected.limits.failuresPerAdapter = 0
        expected.limits.lockOut = .seconds(60)
        expected.limits.longestLockOut = .seconds(5400)
        expected.limits.openRequests = 10
        expected.limits.openRequestsPerDevice = 1
        expected.window.duration = .seconds(90)
        expected.window.longest = .seconds(600)
        expected.unknownDevices.foreign = .undo
        expected.window.discover = true
        expected.window.discoverable = true
        expected.adapter.managePairable = false
        expected.adapter.discover = true
        expected.policy.watch = true
        #expect(configuration == expected)
        let written = text.split(separator: "\n").filter { $0.contains("=") }.map { $0.prefix { $0 != " " } }
        let documented = KeyDocumentation.configuration.filter { !$0.isTable }.map(\.name)
        #expect(Set(written.map(String.init)) == Set(documented))
    }

    @Test(
        "tells what is wrong with its place",
        arguments: [
            ("[agnet]", "1:2: error: unknown table [agnet]; did you mean \"agent\"?"),
            (
                "[limits]\nlockout = \"1s\"",
                "2:1: error: unknown key \"lockout\" in [limits]; did you mean \"lock-out\"?"
            ),
            ("watch = true", "1:1: error: unknown key \"watch\" in the top level; \"watch\" belongs in [policy]"),
            ("requests.deadline = \"29s\"", "1:21: error: \"deadline\" in [requests] must be from 1s to 28s"),
            (
                "requests.deadline = 25",
                "1:21: error: \"deadline\" in [requests] must be a string (a span of time from 1s to 28s), not an integer; write it as in \"25s\" or \"1min 30s\""
            ),
            ("limits.lock-out = \"2h\"", "1:19: error: longest-lock-out is shorter than lock-out"),
            ("window.longest = \"1min\"", "1:18: error: longest is shorter than duration"),
            (
                "unknown-devices.action = \"accept\"",
                "1:26: error: \"action\" in [unknown-devices] must be \"reject\" or \"ask\""
            ),
            ("match.name = \"x\"", "1:1: error: unknown table [match]"),
            ("[agent", "1:7: error: invalid TOML: "),
        ])
    func wrong(text: String, expected: String) {
        let found = Self.errors(text)
        #expect(found.count == 1 && found[0].hasPrefix(expected), "\(found)")
    }

    @Test("never makes the default agent one that the kernel accepts for")
    func noInputNoOutput() {
        let found = Self.errors("[agent]\nio-capability = \"NoInputNoOutput\"")
        #expect(found.count == 1 && found[0].hasPrefix("2:17: error: io-capability cannot be \"NoInputNoOutput\" here"))
    }

    @Test("is read with the rules: all or nothing")
    func withRules() throws {
        let folder = try TestFolder()
        try folder.write("1.toml", "match.address = \"*\"")
        let file = try folder.write("pairingd.conf", "requests.deadline = \"5s\"")
        let files = PolicyFiles(folders: RuleFolders([folder.path]), configuration: file)
        let policy = try files.load()
        #expect(policy.rules.count == 1)
        #expect(policy.configuration.requests.deadline == .seconds(5))
        #expect(policy.configuration.file == file)
        try folder.write("pairingd.conf", "requests.deadline = 5")
        #expect(throws: PolicyErrors.self) { try files.load() }
        try folder.write("pairingd.conf", "", mode: 0o666)
        #expect(throws: PolicyErrors.self) { try files.load() }
    }

    @Test("need not exist")
    func missing() throws {
        let folder = try TestFolder()
        for path in ["\(folder.path)/none.toml", "\(folder.path)/none/pairingd.toml"] {
            let policy = try PolicyFiles(folders: RuleFolders([]), configuration: path).load()
            #expect(policy.configuration == Configuration())
        }
    }

    @Test("lets a person decide about unknown devices, and never accepts them by itself")
    func unknownDevices() throws {
        #expect(Policy().unknownDevices == nil)
        let policy = Policy(configuration: try Self.configuration("unknown-devices.action = \"ask\""))
        let rule = try #require(policy.unknownDevices)
        #expect(rule.profile.answers == AnswerSettings())
        #expect(rule.profile.pairing.acceptIncoming)
        #expect(policy.decide(DecisionTests.cuff) == .unmatched)
    }
}
