// SPDX-License-Identifier: Apache-2.0

import DBus
import EventLoop
import Foundation
import TestSupport
import Testing

@Suite("The bus policies in dbus/", .serialized, .enabled(if: getuid() == 0, "these tests act as several users"))
struct BusPolicyTests {
    init() { TestLoop.start() }

    private static func file(_ name: String) -> String {
        IntrospectionTests.root.appendingPathComponent("dbus/" + name).path
    }

    /// What `busctl call` says as a user, without rights but those of one group.
    @LoopActor private func call(
        _ bus: PrivateBus, user: Int = 65534, group: String = "65534", _ arguments: [String]
    ) async throws -> String {
        let process = try OwnedProcess(
            "/usr/bin/setpriv",
            ["--reuid=\(user)", "--regid=\(group)", "--clear-groups", "busctl", "--address=\(bus.address)", "call"]
                + arguments)
        _ = await process.exitStatus()
        return process.errorOutput
    }

    @Test("Anybody may look at pairingd and ask it, and only root may be it")
    @LoopActor func own() async throws {
        // As strict as a system bus, apart from BlueZ's name.
        let strict = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).conf")
        try """
        <busconfig>
          <policy context="default">
            <deny own="*"/>
            <deny send_type="method_call"/>
            <allow own="org.bluez"/>
            <allow send_destination="org.bluez"/>
            <allow send_interface="org.bluez.Agent1"/>
            <allow send_destination="org.freedesktop.DBus"/>
          </policy>
        </busconfig>
        """.write(to: strict, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: strict) }
        let bus = try PrivateBus(policies: [strict.path, Self.file("org.pairingd.conf")])
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayYesNo")])
        for path in try await gateway.oneOfEach() {
            for arguments in [
                ["org.freedesktop.DBus.Introspectable", "Introspect"], ["org.freedesktop.DBus.Peer", "Ping"],
                ["org.freedesktop.DBus.Properties", "GetAll", "s", "org.freedesktop.DBus.Peer"],
            ] {
                let answer = try await call(bus, ["org.pairingd", path.text] + arguments)
                #expect(!answer.contains("Access denied") && !answer.contains("AccessDenied"), "\(answer)")
            }
        }
        #expect(
            try await call(
                bus,
                [
                    "org.pairingd", "/org/pairingd", "org.pairingd.Manager1", "Evaluate", "sa{sv}",
                    Gateway.address.description, "0",
                ]
            ).isEmpty)
        let taken = try await call(
            bus,
            [
                "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName", "su",
                "org.pairingd", "0",
            ])
        #expect(taken.contains("Access denied"), "\(taken)")
    }

    @Test("The opt-in policy keeps the default agent and the cancelling of pairings for the daemon's user")
    @LoopActor func onlyAgent() async throws {
        // Here the daemon is root: that is the user who may, and another one is root's stand-in.
        let policy = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).conf")
        try String(contentsOfFile: Self.file("pairingd-only-agent.conf"), encoding: .utf8)
            .replacing("user=\"root\"", with: "user=\"daemon\"")
            .replacing("user=\"pairingd\"", with: "user=\"root\"")
            .write(to: policy, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: policy) }
        // What BlueZ's own file says, also to its group.
        let bluez = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).conf")
        let allowed = "<allow send_destination=\"org.bluez\"/>"
        try """
        <busconfig>
          <policy context="default">\(allowed)</policy><policy group="bluetooth">\(allowed)</policy>
          <policy user="daemon">\(allowed)</policy>
        </busconfig>
        """.write(to: bluez, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: bluez) }
        let bus = try PrivateBus(policies: [bluez.path, policy.path])
        let gateway = try await Gateway(bus, rules: [Rules.rule("NoInputNoOutput")])
        let device = gateway.bluez.addDevice(
            Gateway.address, name: "Cuff", behaviour: DeviceBehaviour(.noInputNoOutput))
        let standIn = Int(try #require(getpwnam("daemon")).pointee.pw_uid)
        let member = getgrnam("bluetooth") == nil ? [] : [(65534, "bluetooth")]
        let users = [(65534, "65534"), (standIn, "65534")] + member
        let (manager, path) = ("org.bluez.AgentManager1", device.path.text)
        for (user, group) in users {
            for arguments in [
                ["org.bluez", "/org/bluez", manager, "RequestDefaultAgent", "o", "/agent"],
                ["org.bluez", path, "org.bluez.Device1", "CancelPairing"],
            ] {
                let answer = try await call(bus, user: user, group: group, arguments)
                #expect(
                    answer.contains("Access denied") || answer.contains("AccessDenied"), "\(user) \(group): \(answer)")
            }
            let registered = try await call(
                bus, user: user, group: group,
                ["org.bluez", "/org/bluez", manager, "RegisterAgent", "os", "/agent", ""])
            #expect(registered.isEmpty, "\(user) \(group): \(registered)")
        }
        let root = try await call(
            bus, user: 0, group: "0", ["org.bluez", "/org/bluez", manager, "RequestDefaultAgent", "o", "/agent"])
        #expect(root.contains("Does Not Exist"), "\(root)")
        #expect(await gateway.property("DefaultAgent") == .string("held"))
        #expect(try await gateway.pairingctl("pair", Gateway.address.description).status == 0, gateway.transcript)
    }
}
