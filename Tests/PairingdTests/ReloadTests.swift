// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop
import Foundation
import TestSupport
import Testing

@Suite("Rules that change while the daemon runs", .serialized)
struct ReloadTests {
    let bus: PrivateBus

    init() throws {
        TestLoop.start()
        bus = try PrivateBus()
    }

    /// How the daemon is told to read its files anew.
    enum Way: CaseIterable {
        case call
        case signal

        @LoopActor func reload(_ gateway: Gateway) async throws {
            switch self {
            case .call: try await gateway.call("Reload")
            case .signal: gateway.daemon.send(signal: SIGHUP)
            }
        }
    }

    static let scale = "[match]\nname = \"Scale\"\n[pairing]\nio-capability = \"NoInputNoOutput\"\n"
    static let broken = "[match]\nnaem = \"x\"\n"
    static let watching = "[policy]\nwatch = true\n"

    // MARK: Reload

    @Test("Files that go on changing do not put off their reading for ever")
    @LoopActor func restless() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule()], configuration: Self.watching)
        try gateway.files.write("20-scale.toml", Self.scale)
        // Each change comes before the calm that a reading waits for.
        var changes = 0
        try await gateway.wait("the new rule is in force") {
            changes += 1
            try? gateway.files.write("30-restless.toml", "# \(changes)\nmatch.name = \"Restless\"\n")
            await sleep(microseconds: 50_000)
            return await gateway.texts("PolicyFiles").count == 3
        }
        #expect(changes > 20, "it was read after \(changes) changes, so nothing was put off")
    }

    @Test("Errors are told again only when they are others")
    @LoopActor func sameErrors() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule()], configuration: Self.watching)
        try gateway.files.write("20-broken.toml", Self.broken)
        try await gateway.wait("the error is told") { await gateway.texts("PolicyErrors").count == 1 }
        let told = gateway.daemon.errorOutput
        try gateway.files.write("20-broken.toml", Self.broken)
        try gateway.files.write("30-scale.toml", "[match]\nnaem = \"y\"\n")
        try await gateway.wait("the other error is told") { await gateway.texts("PolicyErrors").count == 2 }
        let more = gateway.daemon.errorOutput.dropFirst(told.count)
        #expect(more.components(separatedBy: "the rule files have errors").count == 2, gateway.transcript)
    }

    @Test("New rules are in force for the next pairing", arguments: Way.allCases)
    @LoopActor func reload(way: Way) async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule()])
        let device = gateway.bluez.addDevice(
            Gateway.address, name: "Scale", behaviour: DeviceBehaviour(.noInputNoOutput))
        try gateway.files.write("20-scale.toml", Self.scale)
        let before = try await gateway.pairingctl("pair", Gateway.address.description)
        #expect(before.status == 1 && !device.isPaired, gateway.transcript)
        try await way.reload(gateway)
        try await gateway.wait("the new rule is in force") { await gateway.texts("PolicyFiles").count == 2 }
        let after = try await gateway.pairingctl("pair", Gateway.address.description)
        #expect(after.status == 0 && device.isBonded, gateway.transcript)
        #expect(await gateway.says("2 rules are in force"), gateway.transcript)
    }

    @Test("A rule that is gone decides no longer")
    @LoopActor func removal() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("NoInputNoOutput")])
        let device = gateway.bluez.addDevice(
            Gateway.address, name: "Cuff", behaviour: DeviceBehaviour(.noInputNoOutput))
        try gateway.files.remove("10-rule.toml")
        try await gateway.call("Reload")
        let done = try await gateway.pairingctl("pair", Gateway.address.description)
        #expect(done.status == 1 && done.output.contains("rejected-by-policy"), gateway.transcript)
        #expect(!device.isPaired)
    }

    @Test("With a broken file the old rules stay in force, and its place is told", arguments: Way.allCases)
    @LoopActor func brokenFile(way: Way) async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("NoInputNoOutput")])
        let device = gateway.bluez.addDevice(
            Gateway.address, name: "Cuff", behaviour: DeviceBehaviour(.noInputNoOutput))
        try gateway.files.write("10-rule.toml", Self.scale)
        try gateway.files.write("20-broken.toml", Self.broken)
        try? await way.reload(gateway)
        let line = gateway.files.path("20-broken.toml") + ":2:1: error: unknown key \"naem\" in [match]"
        try await gateway.wait("the error is told") {
            let errors = await gateway.texts("PolicyErrors")
            return errors.count == 1 && errors[0].hasPrefix(line)
        }
        #expect(
            await gateway.says("the rule files have errors; the rules that were in force stay so:\n"),
            gateway.transcript)
        #expect(await gateway.says("\n" + line), gateway.transcript)
        #expect(await gateway.texts("PolicyFiles") == [gateway.files.path("10-rule.toml")])
        #expect(try await gateway.pairingctl("pair", Gateway.address.description).status == 0, gateway.transcript)
        #expect(device.isBonded)
    }

    @Test("Who reloads broken rules gets an error that names the first place, and how many more there are")
    @LoopActor func reloadError() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule()])
        try gateway.files.write("20-broken.toml", Self.broken)
        let one = try await refusal { try await gateway.call("Reload") }
        #expect(one?.name == "org.pairingd.Error.PolicyInvalid")
        #expect(one?.message.hasPrefix(gateway.files.path("20-broken.toml:2:1: error:")) == true, "\(one as Any)")
        #expect(one?.message.contains(" more)") == false, "\(one as Any)")
        try gateway.files.write("30-broken.toml", Self.broken)
        let two = try await refusal { try await gateway.call("Reload") }
        #expect(two?.message.hasSuffix(" (and 1 more)") == true, "\(two as Any)")
    }

    @Test("Mending the file clears the errors", arguments: Way.allCases)
    @LoopActor func mending(way: Way) async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule()])
        try gateway.files.write("20-scale.toml", Self.broken)
        await #expect(throws: DBusError.self) { try await gateway.call("Reload") }
        #expect(await gateway.texts("PolicyErrors").count == 1)
        try gateway.files.write("20-scale.toml", Self.scale)
        try await way.reload(gateway)
        try await gateway.wait("no errors") { await gateway.texts("PolicyErrors").isEmpty }
        #expect(await gateway.texts("PolicyFiles").count == 2)
    }

    @Test("Rules that were broken at the start are in force once they are mended")
    @LoopActor func mendingAfterStart() async throws {
        let gateway = try await Gateway(bus, rules: [Self.broken])
        #expect(await gateway.texts("PolicyFiles").isEmpty)
        #expect(
            await gateway.says("every pairing is refused until they are mended:\n"), gateway.transcript
        )
        try gateway.files.write("10-rule.toml", Self.scale)
        try await gateway.call("Reload")
        #expect(await gateway.texts("PolicyErrors").isEmpty)
        #expect(await gateway.texts("PolicyFiles").count == 1)
    }

    @Test("Warnings keep nothing from being in force, and are shown")
    @LoopActor func warnings() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule()])
        try gateway.files.write(
            "10-rule.toml", "[match]\nname = \"x\"\n[pairing]\nbond = \"none\"\n[after]\ndisconnect = true\n")
        let done = try await gateway.pairingctl("reload")
        #expect(done.status == 0 && done.output.contains("10-rule.toml:6:14: warning: "), "\(done)")
        let warnings = await gateway.texts("PolicyWarnings")
        #expect(warnings.count == 1 && warnings[0].contains("10-rule.toml:6:14: warning: "), "\(warnings)")
        #expect(await gateway.says("1 rule is in force, with warnings:\n"), gateway.transcript)
    }

    @Test("pairingctl reload shows every error, and that nothing has changed")
    @LoopActor func command() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule()])
        try gateway.files.write("20-broken.toml", Self.broken)
        try gateway.files.write("30-broken.toml", Self.broken)
        let done = try await gateway.pairingctl("reload")
        #expect(done.status == 1, "\(done)")
        for text in ["20-broken.toml:2:1: error:", "30-broken.toml:2:1: error:", "in force stay so"] {
            #expect(done.output.contains(text), "\(done)")
        }
    }

    @Test("A request stays open through a reload, and is answered as its rule was", arguments: [true, false])
    @LoopActor func openRequest(isGone: Bool) async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayYesNo")])
        let device = gateway.bluez.addDevice(
            Gateway.address, name: "Cuff", behaviour: DeviceBehaviour(.displayYesNo, mitm: true))
        async let pairing = gateway.pairingctl("pair", Gateway.address.description)
        let request = try await gateway.request()
        if isGone {
            try gateway.files.remove("10-rule.toml")
        } else {
            try gateway.files.write("10-rule.toml", Rules.rule("DisplayYesNo", "confirmation = \"reject\""))
        }
        try await gateway.call("Reload")
        #expect(await gateway.property("State", of: request, "Request1") == .string("open"), gateway.transcript)
        #expect(await gateway.property("Rule", of: request, "Request1") == .string("10-rule"))
        #expect(try await gateway.pairingctl("approve").status == 0)
        #expect(try await pairing.status == 0, gateway.transcript)
        #expect(device.isBonded)
        #expect(gateway.bluez.log.agentCalls.map(\.replies) == [1])
    }

    // MARK: Files that are followed

    @Test("A rule file that is added, changed or removed takes effect by itself")
    @LoopActor func watch() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayOnly")], configuration: Self.watching)
        gateway.bluez.addDevice(Gateway.address, name: "Cuff")
        try gateway.files.write("20-scale.toml", Self.scale)
        try await gateway.wait("the added file is read") { await gateway.texts("PolicyFiles").count == 2 }
        try gateway.files.write("10-rule.toml", Rules.rule("KeyboardOnly"))
        try await gateway.wait("the changed file is read") {
            let profile: [String: Value]? = try? await gateway.evaluate()["profile"]?.converted()
            return profile?["pairing.io-capability"] == .string("KeyboardOnly")
        }
        try gateway.files.remove("10-rule.toml")
        try await gateway.wait("the removed file is gone") {
            await gateway.texts("PolicyFiles") == [gateway.files.path("20-scale.toml")]
        }
    }

    @Test("A file that is written in place takes effect too, and so does one that is broken and mended")
    @LoopActor func watchErrors() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule()], configuration: Self.watching)
        let file = gateway.files.path("10-rule.toml")
        try Self.broken.write(toFile: file, atomically: false, encoding: .utf8)
        try await gateway.wait("the error is told") { await gateway.texts("PolicyErrors").count == 1 }
        #expect(await gateway.texts("PolicyFiles") == [file])
        try Self.scale.write(toFile: file, atomically: false, encoding: .utf8)
        try await gateway.wait("no errors") { await gateway.texts("PolicyErrors").isEmpty }
    }

    @Test("A folder of rules that is created later is followed from then on")
    @LoopActor func watchLater() async throws {
        let gateway = try await Gateway(bus, rules: nil, configuration: Self.watching)
        #expect(await gateway.texts("PolicyFiles").isEmpty)
        try gateway.files.create()
        try gateway.files.write("20-scale.toml", Self.scale)
        try await gateway.wait("the folder is read") { await gateway.texts("PolicyFiles").count == 1 }
        try gateway.files.write("30-cuff.toml", Rules.rule())
        try await gateway.wait("the folder is followed") { await gateway.texts("PolicyFiles").count == 2 }
    }

    @Test("A folder of rules that is removed and created again is followed")
    @LoopActor func watchAgain() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule()], configuration: Self.watching)
        try FileManager.default.removeItem(at: gateway.files.folder)
        try await gateway.wait("the rules are gone") { await gateway.texts("PolicyFiles").isEmpty }
        try gateway.files.create()
        try gateway.files.write("20-scale.toml", Self.scale)
        try await gateway.wait("the new rules are read") { await gateway.texts("PolicyFiles").count == 1 }
    }

    @Test("A folder of rules that is moved away takes its rules along")
    @LoopActor func watchMove() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule()], configuration: Self.watching)
        let elsewhere = gateway.files.folder.deletingLastPathComponent().appendingPathComponent("elsewhere")
        try FileManager.default.moveItem(at: gateway.files.folder, to: elsewhere)
        try await gateway.wait("the rules are gone") { await gateway.texts("PolicyFiles").isEmpty }
        try FileManager.default.moveItem(at: elsewhere, to: gateway.files.folder)
        try await gateway.wait("the rules are back") { await gateway.texts("PolicyFiles").count == 1 }
    }

    @Test("Files are followed only while the settings say so, and a change of that needs no restart")
    @LoopActor func watchSwitch() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule()], configuration: "[policy]\nwatch = false\n")
        let descriptors = "/proc/\(gateway.daemon.identifier)/fd"
        func isWatching() -> Bool {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: descriptors)) ?? []
            return names.contains { name in
                let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(descriptors)/\(name)")
                return target?.hasSuffix("inotify") == true
            }
        }
        #expect(!isWatching())
        try gateway.files.configure(Self.watching)
        try await gateway.call("Reload")
        #expect(isWatching())
        try gateway.files.configure("")
        try await gateway.wait("nothing is followed") { !isWatching() }
    }

    @Test("Rules that were broken at the start are followed too")
    @LoopActor func watchBrokenStart() async throws {
        let gateway = try await Gateway(bus, rules: [Self.broken], configuration: Self.watching)
        try gateway.files.write("10-rule.toml", Self.scale)
        try await gateway.wait("the mended file is read") { await gateway.texts("PolicyFiles").count == 1 }
    }
}
