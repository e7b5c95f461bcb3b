// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop
import Foundation
import TestSupport
import Testing

@Suite("docs/dbus.md", .serialized)
struct BusDocumentationTests {
    let bus: PrivateBus
    let page: String

    init() throws {
        TestLoop.start()
        bus = try PrivateBus()
        page = try String(
            contentsOf: IntrospectionTests.root.appendingPathComponent("docs/dbus.md"), encoding: .utf8)
    }

    /// The first cells of the rows between a marker and the end of its part.
    private func rows(_ marker: String, against: String = "daemon", columns: Int) -> [String] {
        let pieces = page.components(separatedBy: "<!-- \(marker): held against the \(against) by a test -->\n")
        guard pieces.count == 2 else { return [] }
        return pieces[1].components(separatedBy: "<!-- end -->")[0].split(separator: "\n")
            .filter { $0.hasPrefix("| `") || $0.hasPrefix("| signal `") }
            .map { row in
                row.split(separator: "|").prefix(columns).map { $0.trimmingCharacters(in: .whitespaces) }
                    .filter { !$0.isEmpty }.joined(separator: " ")
            }
    }

    /// What stands in the fenced block after a marker.
    private func block(_ marker: String) -> String {
        let pieces = page.components(separatedBy: "<!-- \(marker): run by a test -->\n```")
        guard pieces.count == 2 else { return "" }
        return pieces[1].components(separatedBy: "```")[0].split(separator: "\n", omittingEmptySubsequences: false)
            .dropFirst().joined(separator: "\n")
    }

    @Test("has every method, signal and property, with its types, and what it needs")
    @LoopActor func members() async throws {
        func list(_ arguments: [InterfaceText.Argument]) -> String {
            arguments.map { "\($0.type) \($0.name)" }.joined(separator: ", ")
        }
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayYesNo")])
        for path in try await gateway.oneOfEach() {
            let interface = try #require(try await gateway.interfaces(of: path).first)
            let methods = interface.methods.map { method in
                let output = method.output.isEmpty ? "" : " → " + list(method.output)
                let needs = method.action.isEmpty ? "" : " `\(method.action)`"
                return "`\(method.name)(\(list(method.input)))\(output)`\(needs)"
            }
            let signals = interface.signals.map { "signal `\($0.name)(\(list($0.arguments)))`" }
            let properties = interface.properties.map { "`\($0.type) \($0.name)`" }
            let marker = interface.name.replacing("org.pairingd.", with: "")
            let found = rows(marker, columns: 2)
            #expect(Array(found.prefix(methods.count)) == methods)
            #expect(
                rows(marker, columns: 1).dropFirst(methods.count) == (signals + properties)[...],
                "docs/dbus.md has to have: \(signals + properties)")
        }
    }

    @Test("has every error")
    func errors() throws {
        let source = try String(
            contentsOf: IntrospectionTests.root.appendingPathComponent("Sources/Control/ControlError.swift"),
            encoding: .utf8)
        let names = source.matches(of: /\{ error\("(\w+)"/).map { "`\($0.1)`" }
        #expect(names.count >= 9)
        #expect(rows("errors", against: "program", columns: 1) == names)
    }

    @Test("has every key of an evaluation, with its type")
    @LoopActor func evaluation() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule()])
        gateway.bluez.addDevice(Gateway.address, name: "Cuff")
        let rows = Set(rows("evaluation", columns: 2))
        let stranger = Address(bits: 0x005F_BF71_8119)
        try await gateway.wait("the device is known") { (try? await gateway.evaluate())?["name"] != nil }
        let (known, unknown) = (try await gateway.evaluate(), try await gateway.evaluate(stranger))
        let found = known.merging(unknown) { first, _ in first }.map { "`\($0.key)` `\($0.value.type.code)`" }
        #expect(rows == Set(found))
    }

    @Test("shows calls that work as they stand there")
    @LoopActor func terminal() async throws {
        let lines = block("terminal").split(separator: "\n")
        #expect(lines.count >= 8)
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayYesNo")])
        gateway.bluez.addDevice(
            Gateway.address, name: "Cuff", behaviour: DeviceBehaviour(.displayYesNo, mitm: true))
        for line in lines {
            if line.contains("Reveal") { _ = try await gateway.request() }
            if line.contains("Result") {
                try await gateway.wait("a result") {
                    await gateway.property("State", of: "/org/pairingd/pairing/1", "Pairing1") == .string("done")
                }
            }
            let process = try run(String(line))
            #expect(await process.exitStatus() == 0, "\(line)\n\(process.errorOutput)")
            #expect(!process.standardOutput.isEmpty, "\(line)")
            if line.contains("Result") { #expect(process.standardOutput.contains("s \"paired\"")) }
        }
    }

    @Test("shows monitors that tell what happens")
    @LoopActor func monitors() async throws {
        let lines = block("monitors").split(separator: "\n")
        #expect(lines.count == 2)
        let gateway = try await Gateway(bus, rules: [Rules.rule()])
        for line in lines {
            let process = try run("exec " + line)
            try await gateway.wait("\(line) tells of the window") {
                _ = try? await gateway.call("OpenWindow", [.uint32(60), [String: Value]().value])
                return process.standardOutput.contains("WindowUntil")
            }
            process.kill()
        }
    }

    @Test("shows a program that approves what one device asks, before it was started and afterwards, and nothing else")
    @LoopActor func program() async throws {
        let script = bus.folder.appendingPathComponent("approve.py")
        try block("python").write(to: script, atomically: true, encoding: .utf8)
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayYesNo")])
        let other = gateway.bluez.addDevice(
            Address(bits: 0x005F_BF71_8119), name: "Cuff two", behaviour: DeviceBehaviour(.displayYesNo, mitm: true))
        other.startPairing(.pairingRequest)
        _ = try await gateway.request()
        let cuff = gateway.bluez.addDevice(
            Gateway.address, name: "Cuff", behaviour: DeviceBehaviour(.displayYesNo, mitm: true))
        let options: [String: Value] = ["force": .boolean(true)]
        try await gateway.call("Pair", [.string(Gateway.address.description), options.value])
        try await gateway.wait("two requests") { await gateway.property("PendingRequests") == .uint32(2) }

        let process = try run("exec /usr/bin/python3 \(script.path)")
        try await gateway.wait("the cuff is paired") { cuff.isPaired || !process.isRunning }
        let again: ObjectPath =
            try await gateway.call("Pair", [.string(Gateway.address.description), options.value])
            .first?.converted() ?? "/"
        try await gateway.wait("the cuff is paired again") {
            await gateway.property("Result", of: again, "Pairing1") == .string("paired") || !process.isRunning
        }
        #expect(process.isRunning, "\(process.errorOutput)")
        #expect(await gateway.property("PendingRequests") == .uint32(1) && !other.isPaired)
        process.kill()
    }

    /// Runs a line as a person would, with the test's bus as the system's.
    @LoopActor private func run(_ line: String) throws -> OwnedProcess {
        try OwnedProcess("/bin/sh", ["-c", line], environment: ["DBUS_SYSTEM_BUS_ADDRESS": bus.address])
    }
}
