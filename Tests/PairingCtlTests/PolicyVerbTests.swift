// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("policy list, check and show, without a daemon")
struct PolicyVerbTests {
    // MARK: list

    @Test("Rules are listed by file name over all folders, with what became of each file")
    func list() async throws {
        let first = try RuleDirectory([
            "20-lock.toml": TestRules.windowed, "30-off.toml": "", "50-cuff.toml": TestRules.every,
        ])
        try first.link("40-null.toml", to: "/dev/null")
        let second = try RuleDirectory(["10-cuff.toml": TestRules.cuff, "20-lock.toml": TestRules.misspelt])
        let ended = try await WithoutBus.run("policy", "list", first.path, second.path)
        #expect(ended.status == 0, ended.transcript)
        #expect(
            ended.rows == [
                ["RULE", "STATE", "FILE", "DESCRIPTION"],
                ["●", "10-cuff", "in force", second.file("10-cuff.toml"), "Blood-pressure monitors"],
                ["●", "20-lock", "in a window", first.file("20-lock.toml")],
                ["masked", second.file("20-lock.toml")],
                ["○", "30-off", "switched off", first.file("30-off.toml")],
                ["○", "40-null", "switched off", first.file("40-null.toml")],
                ["●", "50-cuff", "in force", first.file("50-cuff.toml")],
            ], ended.transcript)
    }

    @Test("Without a verb of its own, policy lists")
    func defaultVerb() async throws {
        let folder = try RuleDirectory(["10-cuff.toml": TestRules.cuff])
        let ended = try await WithoutBus.run("policy", folder.path)
        let listed = try await WithoutBus.run("policy", "list", folder.path + "/")
        #expect(ended.output == listed.output)
        #expect(ended.rows.count == 2, ended.transcript)
    }

    @Test("A file that another one masks is neither read nor in force, and the document names the other one")
    func maskedDocument() async throws {
        let first = try RuleDirectory(["20-lock.toml": TestRules.windowed])
        let second = try RuleDirectory(["10-cuff.toml": TestRules.cuff, "20-lock.toml": TestRules.misspelt])
        let ended = try await WithoutBus.run("--json", "policy", "list", first.path, second.path)
        #expect(ended.status == 0, ended.transcript)
        let list = try ended.list()
        #expect(list.map { $0["rule"] as? String } == ["10-cuff", "20-lock", "20-lock"])
        #expect(list.map { $0["state"] as? String } == ["in-force", "in-force", "masked"])
        #expect(
            list.map { $0["file"] as? String } == [
                second.file("10-cuff.toml"), first.file("20-lock.toml"), second.file("20-lock.toml"),
            ])
        #expect(list.map { $0["masked_by"] as? String } == [nil, nil, first.file("20-lock.toml")])
        #expect(list.map { $0["description"] as? String } == ["Blood-pressure monitors", "", nil])
    }

    @Test("Files that switch a rule off are told apart in the document", arguments: ["", nil])
    func switchedOffDocument(text: String?) async throws {
        let folder = try RuleDirectory()
        if let text { try folder.write("30-off.toml", text) } else { try folder.link("30-off.toml", to: "/dev/null") }
        let ended = try await WithoutBus.run("policy", "list", folder.path, "--json")
        #expect(ended.status == 0, ended.transcript)
        #expect(try ended.list().map { $0["state"] as? String } == ["switched-off"])
    }

    @Test("A broken file does not keep the others from being listed, and the status is 1")
    func listBroken() async throws {
        let folder = try RuleDirectory(["10-cuff.toml": TestRules.cuff, "20-lock.toml": TestRules.misspelt])
        let ended = try await WithoutBus.run("policy", "list", folder.path)
        #expect(ended.status == 1, ended.transcript)
        #expect(ended.rows.contains(["×", "20-lock", "broken", folder.file("20-lock.toml")]), ended.transcript)
        #expect(ended.rows.contains { $0.prefix(3) == ["●", "10-cuff", "in force"] }, ended.transcript)
        #expect(ended.output.contains("pairingctl policy check tells what is wrong"), ended.transcript)
        let document = try await WithoutBus.run("policy", "list", folder.path, "--json")
        #expect(document.status == 1, document.transcript)
        #expect(try document.list().map { $0["state"] as? String } == ["in-force", "broken"])
    }

    @Test("Where there are no rules, it says what follows from that")
    func listNothing() async throws {
        let folder = try RuleDirectory(["README": "no rule"])
        let ended = try await WithoutBus.run("policy", "list", folder.path)
        #expect(ended.status == 0, ended.transcript)
        #expect(ended.output.hasPrefix("No rules: every pairing is refused."), ended.transcript)
        #expect(try await WithoutBus.run("policy", "list", folder.path, "--json").output == "[]\n")
    }

    // MARK: check

    @Test("An error is told with file, line and column and with what to write instead, and the status is 1")
    func checkError() async throws {
        let folder = try RuleDirectory(["10-cuff.toml": TestRules.cuff, "20-lock.toml": TestRules.misspelt])
        let ended = try await WithoutBus.run("policy", "check", folder.path)
        #expect(ended.status == 1, ended.transcript)
        let line =
            folder.file("20-lock.toml")
            + #":2:1: error: unknown key "naem" in [match]; did you mean "name"?"#
        #expect(ended.output.split(separator: "\n").first?.hasPrefix(line) == true, ended.transcript)
        #expect(ended.output.contains("1 error. pairingd would keep the rules that are in force."), ended.transcript)
        #expect(ended.errors.isEmpty, ended.transcript)
    }

    @Test("Every error of every file is told, in the order of reading")
    func checkErrors() async throws {
        let folder = try RuleDirectory([
            "10-a.toml": TestRules.misspelt + "[paring]\n", "20-b.toml": "[match\n", "30-c.toml": TestRules.every,
        ])
        let ended = try await WithoutBus.run("-q", "policy", "check", folder.path)
        let places = ended.output.split(separator: "\n").compactMap { $0.components(separatedBy: ": error: ").first }
        #expect(places.count == 3, ended.transcript)
        #expect(places.prefix(2) == [folder.file("10-a.toml:2:1"), folder.file("10-a.toml:3:2")], ended.transcript)
        #expect(places.last?.hasPrefix(folder.file("20-b.toml:")) == true, ended.transcript)
    }

    @Test("Warnings alone do not fail, unless they are to")
    func checkWarning() async throws {
        let folder = try RuleDirectory(["10-all.toml": TestRules.hardlyMeant])
        let ended = try await WithoutBus.run("policy", "check", folder.path)
        #expect(ended.status == 0, ended.transcript)
        let line =
            folder.file("10-all.toml")
            + #":6:14: warning: disconnect ends the link, and with bond = "session" nothing is left of the pairing"#
        #expect(ended.output.split(separator: "\n").first?.hasPrefix(line) == true, ended.transcript)
        #expect(ended.output.contains("1 rule, 1 warning."), ended.transcript)
        let strict = try await WithoutBus.run("policy", "check", "--strict", folder.path)
        #expect(strict.status == 1, strict.transcript)
        #expect(strict.output.hasPrefix(line), strict.transcript)
    }

    @Test("A rule that can never decide is warned about, with what to do")
    func checkShadowed() async throws {
        let folder = try RuleDirectory(["10-all.toml": TestRules.every, "20-cuff.toml": TestRules.cuff])
        let ended = try await WithoutBus.run("policy", "check", folder.path)
        #expect(ended.status == 0, ended.transcript)
        let line = try #require(ended.output.split(separator: "\n").first, ended.transcript)
        #expect(
            line.hasPrefix(folder.file("20-cuff.toml:1:1: warning: this rule never decides: 10-all comes first")),
            ended.transcript)
        #expect(line.contains("; rename it so that it sorts before \(folder.file("10-all.toml"))"), ended.transcript)
        #expect(try await WithoutBus.run("policy", "check", "--strict", folder.path).status == 1)
    }

    @Test("What is wrong comes as a document with every key")
    func checkDocument() async throws {
        let folder = try RuleDirectory(["20-lock.toml": TestRules.misspelt])
        let ended = try await WithoutBus.run("--json", "policy", "check", folder.path)
        #expect(ended.status == 1, ended.transcript)
        let problem = try #require(try ended.list().first, ended.transcript)
        #expect(Set(problem.keys) == ["severity", "file", "line", "column", "message", "suggestion"])
        #expect(problem["severity"] as? String == "error")
        #expect(problem["file"] as? String == folder.file("20-lock.toml"))
        #expect(problem["line"] as? Int == 2 && problem["column"] as? Int == 1)
        #expect(problem["message"] as? String == #"unknown key "naem" in [match]"#)
        #expect(problem["suggestion"] as? String == #"did you mean "name"?"#)
    }

    @Test("An error without a place has neither line nor column")
    func checkDocumentWithoutPlace() async throws {
        let folder = try RuleDirectory()
        try folder.link("20-lock.toml", to: "/nonexistent/rule")
        let ended = try await WithoutBus.run("policy", "check", folder.path, "--json")
        let problem = try #require(try ended.list().first, ended.transcript)
        #expect(problem["line"] is NSNull && problem["column"] is NSNull && problem["suggestion"] is NSNull)
        let text = try await WithoutBus.run("policy", "check", folder.path)
        #expect(text.output.hasPrefix(folder.file("20-lock.toml: error: cannot open")), text.transcript)
    }

    @Test("Of rules without a fault it says so")
    func checkClean() async throws {
        let folder = try RuleDirectory(["10-cuff.toml": TestRules.cuff, "20-off.toml": ""])
        let ended = try await WithoutBus.run("policy", "check", "--strict", folder.path)
        #expect(ended.status == 0 && ended.output == "1 rule, no problems.\n", ended.transcript)
        #expect(try await WithoutBus.run("policy", "check", folder.path, "--json").output == "[]\n")
        #expect(try await WithoutBus.run("policy", "check", folder.path, "-q").output.isEmpty)
    }

    @Test("A folder that is not there is wrong usage, and so is a file", arguments: ["list", "show", "test"])
    func noFolder(verb: String) async throws {
        let folder = try RuleDirectory(["10-cuff.toml": TestRules.cuff])
        let before =
            switch verb {
            case "show": ["10-cuff"]
            case "test": ["--name", "x"]
            default: [String]()
            }
        for (path, what) in [
            (folder.file("none"), "there is no folder"), (folder.file("10-cuff.toml"), "is no folder"),
        ] {
            let ended = try await Ended(OwnedProcess(Binary.path, ["policy", verb] + before + [path]))
            #expect(ended.isUsageError(what), ended.transcript)
        }
    }

    @Test("What a hostile file is called and holds reaches no terminal as it is", arguments: [[], ["--json"]])
    func hostileFile(options: [String]) async throws {
        let folder = try RuleDirectory(["20-lock.toml": TestRules.every + "\"\\u001b[2J\\u202eyek\" = 1\n"])
        try folder.write("10-\u{1B}[31m\u{202E}x.toml", TestRules.every)
        for verb in ["check", "list"] {
            let ended = try await Ended(OwnedProcess(Binary.path, ["policy", verb, folder.path] + options))
            #expect(ended.status == 1, ended.transcript)
            let shown = ended.output + ended.errors
            let acting = shown.unicodeScalars.filter {
                $0 != "\n" && [.control, .format].contains($0.properties.generalCategory)
            }
            #expect(acting.isEmpty, ended.transcript)
            let escaped = options.isEmpty ? "\\u{1B}[31m\\u{202E}x" : "\\u001b[31m\\u202ex"
            #expect(shown.contains(escaped), ended.transcript)
            // A message is escaped already, and in a document its backslashes are once more.
            let key = options.isEmpty ? "\\u{1B}[2J\\u{202E}yek" : "\\\\u{1B}[2J\\\\u{202E}yek"
            if verb == "check" { #expect(shown.contains(key), ended.transcript) }
        }
    }

    // MARK: show

    @Test("A rule is shown with every value, and where each comes from", arguments: ["10-cuff", "10-cuff.toml"])
    func show(name: String) async throws {
        let folder = try RuleDirectory(["10-cuff.toml": TestRules.cuff])
        let ended = try await WithoutBus.run("policy", "show", name, folder.path)
        #expect(ended.status == 0, ended.transcript)
        #expect(ended.output.hasPrefix("10-cuff\n  \(folder.file("10-cuff.toml"))\n"), ended.transcript)
        #expect(try ended.row("match.name") == ["match.name", "[\"BLEsmart_*\"]", "line 3"])
        #expect(try ended.row("match.manufacturer") == ["match.manufacturer", "[0x020E]", "line 4"])
        #expect(try ended.row("pairing.io-capability") == ["pairing.io-capability", "NoInputNoOutput", "line 6"])
        #expect(try ended.row("pairing.timeout") == ["pairing.timeout", "1min", "default"])
        #expect(try ended.row("answer.authorization") == ["answer.authorization", "accept", "line 8"])
        #expect(try ended.row("answer.passkey") == ["answer.passkey", "ask", "default"])
    }

    @Test("The document of a rule has the same values")
    func showDocument() async throws {
        let folder = try RuleDirectory(["10-cuff.toml": TestRules.cuff])
        let object = try await WithoutBus.run("--json", "policy", "show", "10-cuff", folder.path).object()
        #expect(Set(object.keys) == ["rule", "file", "settings"])
        #expect(object["rule"] as? String == "10-cuff")
        #expect(object["file"] as? String == folder.file("10-cuff.toml"))
        let settings = try #require(object["settings"] as? [[String: String]])
        let capability = settings.first { $0["key"] == "pairing.io-capability" }
        #expect(capability?["value"] == "NoInputNoOutput")
        #expect(capability?["from"] == folder.file("10-cuff.toml:6"))
        #expect(settings.first { $0["key"] == "pairing.bond" }?["from"] == "default")
    }

    @Test("A rule that is not there is 5, and so is one that is switched off or masked")
    func showNothing() async throws {
        let first = try RuleDirectory(["10-off.toml": ""])
        let second = try RuleDirectory(["10-off.toml": TestRules.cuff])
        for name in ["10-off", "99-none", ""] {
            let ended = try await WithoutBus.run("policy", "show", name, first.path, second.path)
            #expect(ended.status == 5 && ended.errors.contains("pairingctl policy list lists them"), ended.transcript)
            #expect(ended.output.isEmpty)
        }
    }

    @Test("Of a rule with errors, the errors are shown")
    func showBroken() async throws {
        let folder = try RuleDirectory(["20-lock.toml": TestRules.misspelt])
        let ended = try await WithoutBus.run("policy", "show", "20-lock", folder.path)
        #expect(ended.status == 1, ended.transcript)
        #expect(ended.errors.contains("20-lock.toml:2:1: error: unknown key"), ended.transcript)
    }

    @Test("No verb shows a secret of a rule", arguments: [[], ["--json"]])
    func secrets(options: [String]) async throws {
        let folder = try RuleDirectory(["10-lock.toml": TestRules.secret])
        for verb in [["show", "10-lock"], ["list"], ["check"], ["test", "--name", "Lock 1"]] {
            let ended = try await Ended(OwnedProcess(Binary.path, ["policy"] + verb + [folder.path] + options))
            #expect(ended.status == 0, ended.transcript)
            for secret in ["918273", "918 273", "pQ7x"] { #expect(!ended.output.contains(secret), ended.transcript) }
            #expect(ended.errors.isEmpty, ended.transcript)
            guard ["show", "test"].contains(verb[0]) else { continue }
            #expect(ended.output.components(separatedBy: "{ value = … }").count == 3, ended.transcript)
        }
    }

    @Test("A secret that is written wrongly is not repeated in the error")
    func wrongSecret() async throws {
        let folder = try RuleDirectory([
            "10-lock.toml": TestRules.every + "[answer]\npasskey = { value = \"9182736\" }\npin = \"pQ7x\"\n"
        ])
        for verb in ["check", "list", "show"] {
            let arguments = ["policy", verb] + (verb == "show" ? ["10-lock"] : []) + [folder.path]
            let ended = try await Ended(OwnedProcess(Binary.path, arguments))
            #expect(ended.status == 1, ended.transcript)
            for secret in ["91827", "pQ7x"] {
                #expect(!(ended.output + ended.errors).contains(secret), ended.transcript)
            }
        }
    }

    @Test("The options that every verb has may stand before policy and its verb")
    func leadingOptions() async throws {
        let folder = try RuleDirectory(["10-cuff.toml": TestRules.cuff])
        for arguments in [["--json", "policy", "list", folder.path], ["--json", "policy", folder.path]] {
            let ended = try await Ended(OwnedProcess(Binary.path, arguments))
            #expect(try ended.list().count == 1, ended.transcript)
        }
    }
}
