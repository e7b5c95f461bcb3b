// SPDX-License-Identifier: Apache-2.0

import DBus
import EventLoop
import Foundation
import TestSupport
import Testing

@Suite("pairingctl reload")
struct ReloadTests {
    init() { TestLoop.start() }

    static let errors = [
        "/etc/pairingd/devices.d/60.toml:7:1: error: unknown key \"naem\" in [match]; did you mean \"name\"?",
        "/etc/pairingd/devices.d/70.toml: error: is not a file",
    ]

    @Test("It tells how many rules are in force now")
    @LoopActor func reload() async throws {
        let scene = try await Scene()
        let one = try await scene.run("reload")
        #expect(one.status == 0 && one.output == "● 1 rule is in force.\n", one.transcript)
        #expect(scene.daemon.calls == ["Reload"])
        scene.daemon.onReload = { manager in manager.policyFiles = ["a.toml", "b.toml"] }
        let two = try await scene.run("reload")
        #expect(two.output == "● 2 rules are in force.\n", two.transcript)
        #expect(two.errors.isEmpty, two.transcript)
    }

    @Test("Warnings go to standard error, and do not fail")
    @LoopActor func warnings() async throws {
        let scene = try await Scene()
        scene.daemon.onReload = { manager in manager.policyWarnings = ["60.toml:7:1: warning: not yet"] }
        let ended = try await scene.run("reload")
        #expect(ended.status == 0, ended.transcript)
        #expect(ended.errors == "pairingctl: 60.toml:7:1: warning: not yet\n")
        let object = try await scene.run("--json", "reload").object()
        #expect(object["rules"] as? Int == 1)
        #expect(object["warnings"] as? [String] == ["60.toml:7:1: warning: not yet"])
    }

    @Test("Each error of the rules is a line, and what stays in force is said, with status 1")
    @LoopActor func broken() async throws {
        let scene = try await Scene()
        scene.daemon.onReload = { manager throws(DBusError) in
            manager.policyErrors = Self.errors
            throw DBusError(name: "org.pairingd.Error.PolicyInvalid", message: Self.errors[0] + " (and 1 more)")
        }
        let ended = try await scene.run("reload")
        #expect(ended.status == 1 && ended.output.isEmpty, ended.transcript)
        #expect(
            ended.errors.split(separator: "\n").map(String.init)
                == (Self.errors + ["the rules that were in force stay so"]).map { "pairingctl: \($0)" },
            ended.transcript)
    }

    @Test("Errors in the rules are shown escaped")
    @LoopActor func hostileErrors() async throws {
        let scene = try await Scene()
        scene.daemon.onReload = { manager throws(DBusError) in
            manager.policyErrors = ["60.toml:7:1: error: \u{1B}[2J\nforged line"]
            throw DBusError(name: "org.pairingd.Error.PolicyInvalid", message: "broken")
        }
        let ended = try await scene.run("reload")
        #expect(ended.errors.contains("error: \\u{1B}[2J\\u{A}forged line"), ended.transcript)
    }

    @Test("An error that no rule has is told as the daemon says it")
    @LoopActor func otherFailure() async throws {
        let scene = try await Scene()
        scene.daemon.refusal = DBusError(name: "org.pairingd.Error.PolicyInvalid", message: "It failed.")
        let ended = try await scene.run("reload")
        #expect(ended.status == 1, ended.transcript)
        #expect(ended.errors == "pairingctl: It failed; pairingctl shows the errors in the rules\n", ended.transcript)
    }

    @Test("Who may not reload is told so with status 4, also while there are errors in the rules")
    @LoopActor func notAuthorized() async throws {
        let scene = try await Scene()
        scene.daemon.manager.policyErrors = Self.errors
        scene.daemon.refusal = DBusError(name: "org.pairingd.Error.NotAuthorized", message: "You may not.")
        let ended = try await scene.run("reload")
        #expect(ended.status == 4, ended.transcript)
        #expect(
            ended.errors == "pairingctl: You may not; use sudo, or ask an administrator for a polkit rule\n",
            ended.transcript)
    }

    @Test("The state shows errors and warnings of the rules")
    @LoopActor func state() async throws {
        let scene = try await Scene()
        scene.daemon.manager.policyErrors = Self.errors
        scene.daemon.manager.policyWarnings = ["60.toml:7:1: warning: not yet"]
        let ended = try await scene.run("status")
        for text in Self.errors + ["policy warning:", "60.toml:7:1: warning: not yet"] {
            #expect(ended.output.contains(text), ended.transcript)
        }
        let object = try await scene.run("--json").object()
        #expect(object["policy_errors"] as? [String] == Self.errors)
        #expect(object["policy_warnings"] as? [String] == ["60.toml:7:1: warning: not yet"])
    }
}
