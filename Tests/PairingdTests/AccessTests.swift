// SPDX-License-Identifier: Apache-2.0

import Control
import DBus
import EventLoop
import Pairing
import TestSupport
import Testing

private let notAuthorized = "org.pairingd.Error.NotAuthorized"

/// Who calls.
enum Caller: CaseIterable, Sendable {
    case root, member, nobody

    /// Users that every Debian has; the bus lets no others in.
    var user: UInt32 { self == .root ? 0 : self == .member ? 1 : 65_534 }

    @LoopActor func connection(_ bus: PrivateBus) async throws -> Connection {
        try await OtherUser.connection(
            to: bus, user: user, groups: self == .member ? [100, GuardedServer.group] : [100])
    }
}

@Suite("Who may do what", .serialized)
struct AccessTests {
    let bus: PrivateBus

    init() throws {
        TestLoop.start()
        bus = try PrivateBus()
    }

    private static let prompt = SimulatedPolkit.Behaviour.allCases.filter { $0 != .slow && $0 != .leaves }

    @Test(
        "Each method that changes something is for root, and for those whom polkit lets",
        arguments: Caller.allCases, prompt)
    @LoopActor func decided(caller: Caller, behaviour: SimulatedPolkit.Behaviour) async throws {
        let server = try await GuardedServer(bus)
        defer { server.close() }
        let polkit = try await SimulatedPolkit(bus, behaviour)
        let connection = try await caller.connection(bus)
        for method in GuardedServer.methods where !method.action.isEmpty {
            let (before, asked) = (server.commands.calls.count, polkit.questions.count)
            let error = await method.call(on: connection)
            let isAllowed = caller == .root || behaviour == .yes
            #expect(error == (isAllowed ? nil : notAuthorized), "\(method)")
            #expect(server.commands.calls.count == before + (isAllowed ? 1 : 0), "\(method)")
            guard caller != .root else { continue }
            #expect(polkit.questions.count == asked + 1, "\(method)")
            let question = try #require(polkit.questions.last)
            #expect(question.action == method.action)
            #expect(question.kind == "system-bus-name" && question.caller == connection.uniqueName)
            #expect(!question.allowsInteraction)
        }
        if caller == .root { #expect(polkit.questions.isEmpty) }
        #expect(server.commands.calls.allSatisfy { !$0.contains(" by ") || $0.hasSuffix(" by \(caller.user)") })
    }

    @Test("Without polkit each of them is for root and the group", arguments: Caller.allCases)
    @LoopActor func withoutPolkit(caller: Caller) async throws {
        let server = try await GuardedServer(bus)
        defer { server.close() }
        let connection = try await caller.connection(bus)
        for method in GuardedServer.methods where !method.action.isEmpty {
            #expect(await method.call(on: connection) == (caller == .nobody ? notAuthorized : nil), "\(method)")
        }
        #expect(server.commands.calls.isEmpty == (caller == .nobody))
    }

    @Test("While polkit thinks the daemon goes on, and does each thing once it may", arguments: Caller.allCases)
    @LoopActor func slowly(caller: Caller) async throws {
        let server = try await GuardedServer(bus)
        defer { server.close() }
        let polkit = try await SimulatedPolkit(bus, .slow)
        let connection = try await caller.connection(bus)
        for method in GuardedServer.methods where !method.action.isEmpty && caller != .root {
            let before = server.commands.calls.count
            let asked = polkit.questions.count
            async let error = method.call(on: connection)
            #expect(await eventually { polkit.questions.count == asked + 1 }, "\(method)")
            #expect(try await version(connection) == .string(""))
            #expect(server.commands.calls.count == before, "\(method)")
            polkit.release(.yes)
            #expect(await error == nil, "\(method)")
            #expect(server.commands.calls.count == before + 1, "\(method)")
        }
    }

    @Test("Reading is free for everybody, whatever polkit says", arguments: Caller.allCases)
    @LoopActor func reading(caller: Caller) async throws {
        let server = try await GuardedServer(bus)
        defer { server.close() }
        let polkit = try await SimulatedPolkit(bus, .no)
        let connection = try await caller.connection(bus)
        let methods = GuardedServer.methods
        for path in Set(methods.map(\.path)) {
            _ = try await connection.call(
                "org.pairingd", path, "org.freedesktop.DBus.Introspectable", "Introspect")
        }
        for method in methods {
            let reply = try await connection.call(
                "org.pairingd", method.path, "org.freedesktop.DBus.Properties", "GetAll", [.string(method.interface)])
            let properties: [String: Value] = reply.first?.converted() ?? [:]
            #expect(!properties.isEmpty, "\(method.path)")
            guard method.action.isEmpty else { continue }
            #expect(await method.call(on: connection) != notAuthorized, "\(method)")
        }
        _ = try await connection.call(
            "org.pairingd", "/org/pairingd", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
        #expect(polkit.questions.isEmpty)
    }

    @Test("Who calls is what the bus says, whatever stands in the arguments")
    @LoopActor func identityInArguments() async throws {
        let server = try await GuardedServer(bus)
        defer { server.close() }
        let polkit = try await SimulatedPolkit(bus, .no)
        let (root, nobody) = (try await Caller.root.connection(bus), try await Caller.nobody.connection(bus))
        let identity: [String: Value] = [
            "uid": .uint32(0), "sender": .string(root.uniqueName), "actor": .uint32(0), "subject": .uint32(0),
        ]
        for behaviour in [SimulatedPolkit.Behaviour.no, .yes] {
            polkit.behaviour = behaviour
            let error = try await refusal {
                try await nobody.call(
                    "org.pairingd", "/org/pairingd", "org.pairingd.Manager1", "Pair",
                    [.string(root.uniqueName), identity.value])
            }
            #expect(error?.name == (behaviour == .yes ? "org.pairingd.Error.InvalidArgument" : notAuthorized))
            #expect(polkit.questions.last?.caller == nobody.uniqueName)
        }
        #expect(server.commands.calls.isEmpty)
    }

    @Test("polkit's rules are told the device and its rule, and nothing that could mislead")
    @LoopActor func details() async throws {
        let server = try await GuardedServer(bus)
        defer { server.close() }
        let polkit = try await SimulatedPolkit(bus, .yes)
        let connection = try await Caller.nobody.connection(bus)
        for method in GuardedServer.methods where !method.action.isEmpty && method.interface != "org.pairingd.Manager1"
        {
            _ = await method.call(on: connection)
            #expect(
                polkit.questions.last?.details
                    == ["device": "00:5F:BF:71:81:18", "name": "Cuff\\u{1B}", "rule": "10-cuff"], "\(method)")
        }
        let targets = [
            "00:5F:BF:71:81:18": "00:5F:BF:71:81:18", "hci0/00:5f:bf:71:81:18": "00:5F:BF:71:81:18",
            "/org/bluez/hci0/dev_00_5F_BF_71_81_18": "00:5F:BF:71:81:18", "C0:00:00:00:00:01": "C0:00:00:00:00:01",
            "\u{1B}[2Jyour mouse": "an unknown device", "": "an unknown device", "/": "an unknown device",
        ]
        for (target, told) in targets {
            _ = try await connection.call(
                "org.pairingd", "/org/pairingd", "org.pairingd.Manager1", "Pair",
                [.string(target), [String: Value]().value])
            let details = polkit.questions.last?.details
            #expect(details?["device"] == told, "\(target)")
            #expect(details?["rule"] == (told.hasPrefix("00:5F") ? "10-cuff" : nil), "\(target)")
        }
    }

    @Test("what polkit allowed holds for the rule that it was told, and what nobody asked it for any") @LoopActor
    func whatPolkitAllowed()
        async throws
    {
        let server = try await GuardedServer(bus)
        defer { server.close() }
        let polkit = try await SimulatedPolkit(bus, .yes)
        let (root, nobody) = (try await Caller.root.connection(bus), try await Caller.nobody.connection(bus))
        for (connection, target) in [
            (nobody, "00:5F:BF:71:81:18"), (nobody, "C0:00:00:00:00:01"), (root, "00:5F:BF:71:81:18"),
        ] {
            try await connection.call(
                "org.pairingd", "/org/pairingd", "org.pairingd.Manager1", "Pair",
                [.string(target), [String: Value]().value])
        }
        try await nobody.call(
            "org.pairingd", "/org/pairingd/device/hci0/00_5F_BF_71_81_18", "org.pairingd.Device1", "Pair",
            [[String: Value]().value])
        #expect(
            server.commands.calls == [
                "pair with 10-cuff by 65534", "pair by 65534", "pair by 0", "pair with 10-cuff by 65534",
            ])
        #expect(polkit.questions.count == 3)
    }

    @Test("A person is asked for a password only where the caller allows it", arguments: [true, false])
    @LoopActor func interaction(isAllowed: Bool) async throws {
        let server = try await GuardedServer(bus)
        defer { server.close() }
        let polkit = try await SimulatedPolkit(bus, .yes)
        let connection = try await Caller.nobody.connection(bus)
        let method = try #require(GuardedServer.methods.first { $0.member == "Reload" })
        #expect(await method.call(on: connection, allowsInteraction: isAllowed) == nil)
        #expect(polkit.questions.map(\.allowsInteraction) == [isAllowed])
    }

    @Test(
        "An answer to a request that ends while polkit thinks is told so, and the question for a password goes",
        arguments: [
            (RequestOutcome.expired, "org.pairingd.Error.Expired"),
            (.cancelled, "org.pairingd.Error.AlreadyAnswered"),
            (.accepted, "org.pairingd.Error.AlreadyAnswered"),
        ])
    @LoopActor func endsMeanwhile(outcome: RequestOutcome, name: String) async throws {
        let server = try await GuardedServer(bus)
        defer { server.close() }
        let polkit = try await SimulatedPolkit(bus, .slow)
        let connection = try await Caller.nobody.connection(bus)
        let accept = try #require(GuardedServer.methods.first { $0.member == "Accept" })
        let reload = try #require(GuardedServer.methods.first { $0.member == "Reload" })
        async let other = reload.call(on: connection)
        #expect(await eventually { polkit.questions.count == 1 })
        async let error = accept.call(on: connection, allowsInteraction: true)
        #expect(await eventually { polkit.questions.count == 2 })
        server.finishRequest(outcome)
        #expect(await error == name)
        #expect(await eventually { polkit.cancelled == polkit.questions.suffix(1).map(\.identifier) })
        polkit.release(.yes)
        #expect(await other == nil)
        #expect(server.commands.calls == ["reload by 65534"])
    }

    @Test("What a caller asked for that has left is not done")
    @LoopActor func leaves() async throws {
        let server = try await GuardedServer(bus)
        defer { server.close() }
        let polkit = try await SimulatedPolkit(bus, .slow)
        let connection = try await Caller.nobody.connection(bus)
        let reload = try #require(GuardedServer.methods.first { $0.member == "Reload" })
        async let error = reload.call(on: connection, allowsInteraction: true)
        #expect(await eventually { polkit.questions.count == 1 })
        connection.close()
        #expect(await eventually { polkit.cancelled == polkit.questions.map(\.identifier) })
        polkit.release(.yes)
        #expect(try await version(try await Caller.root.connection(bus)) == .string(""))
        #expect(server.commands.calls.isEmpty)
        _ = await error
    }

    @Test("No answer in time means no, and polkit is told to stop")
    @LoopActor func tooSlow() async throws {
        let server = try await GuardedServer(bus, patience: 50)
        defer { server.close() }
        let polkit = try await SimulatedPolkit(bus, .slow)
        let connection = try await Caller.member.connection(bus)
        let reload = try #require(GuardedServer.methods.first { $0.member == "Reload" })
        #expect(await reload.call(on: connection) == notAuthorized)
        #expect(await eventually { polkit.cancelled == polkit.questions.map(\.identifier) })
        #expect(server.commands.calls.isEmpty)
    }

    @Test("A polkit that leaves instead of answering has not said yes; then the group decides, until it is back")
    @LoopActor func comesAndGoes() async throws {
        let server = try await GuardedServer(bus)
        defer { server.close() }
        let polkit = try await SimulatedPolkit(bus, .leaves)
        let connection = try await Caller.member.connection(bus)
        let reload = try #require(GuardedServer.methods.first { $0.member == "Reload" })
        #expect(await reload.call(on: connection) == notAuthorized)
        #expect(polkit.questions.count == 1)
        #expect(await reload.call(on: connection) == nil)
        let other = try await SimulatedPolkit(bus, .no)
        #expect(await reload.call(on: connection) == notAuthorized)
        #expect(other.questions.count == 1)
        #expect(server.commands.calls.count == 1)
    }

    @Test("A polkit that could be started and is not leaves nothing to the group")
    @LoopActor func cannotStart() async throws {
        let bus = try PrivateBus(startable: ["org.freedesktop.PolicyKit1"])
        let server = try await GuardedServer(bus)
        defer { server.close() }
        let reload = try #require(GuardedServer.methods.first { $0.member == "Reload" })
        #expect(await reload.call(on: try await Caller.member.connection(bus)) == notAuthorized)
        #expect(await reload.call(on: try await Caller.root.connection(bus)) == nil)
        #expect(server.commands.calls == ["reload by 0"])
    }

    @Test("One user cannot fill the daemon with calls that wait for polkit")
    @LoopActor func tooMany() async throws {
        let server = try await GuardedServer(bus)
        defer { server.close() }
        let polkit = try await SimulatedPolkit(bus, .slow)
        let reload = try #require(GuardedServer.methods.first { $0.member == "Reload" })
        // Several connections are one user.
        let connections = [try await Caller.nobody.connection(bus), try await Caller.nobody.connection(bus)]
        let ends = Ends()
        for number in 0..<50 {
            let connection = connections[number % 2]
            onLoop { ends.errors.append(await reload.call(on: connection)) }
        }
        #expect(await eventually { ends.errors.count == 34 && polkit.questions.count == 16 })
        #expect(Set(ends.errors) == ["org.pairingd.Error.Busy"])
        async let other = reload.call(on: try Caller.member.connection(bus))
        #expect(await eventually { polkit.questions.count == 17 })
        polkit.release(.yes)
        #expect(try await other == nil)
        #expect(await eventually { ends.errors.count == 50 })
        #expect(server.commands.calls.count == 17)
        // There is room again.
        polkit.behaviour = .yes
        #expect(await reload.call(on: connections[0]) == nil)
    }

    @LoopActor private final class Ends { var errors: [String?] = [] }

    /// A property, which anybody may read.
    @LoopActor private func version(_ connection: Connection) async throws(DBusError) -> Value? {
        let reply = try await connection.call(
            "org.pairingd", "/org/pairingd", "org.freedesktop.DBus.Properties", "Get",
            [.string("org.pairingd.Manager1"), .string("Version")])
        guard case .variant(let value)? = reply.first else { return nil }
        return value
    }
}
