// SPDX-License-Identifier: Apache-2.0

import DBus
import EventLoop
import Glibc
import TestSupport
import Testing

@Suite("Connections")
struct ConnectionTests {
    let bus: PrivateBus

    init() throws {
        TestLoop.start()
        bus = try PrivateBus()
    }

    @Test("A connection has the unique name that the bus gave it")
    @LoopActor func hello() async throws {
        let connection = try await Connection(address: bus.address)
        #expect(connection.uniqueName.hasPrefix(":1."))
        let credentials = try await connection.credentials(of: connection.uniqueName)
        #expect(credentials.user == getuid())
    }

    @Test("An address where nobody listens is an error that says so")
    @LoopActor func nobodyListens() async {
        await #expect(throws: DBusError.self) { try await Connection(address: "unix:path=/nonexistent/bus") }
        await #expect(throws: DBusError.self) { try await Connection(address: "nonsense") }
        await #expect(throws: DBusError.self) { try await Connection(address: "a\0b") }
    }

    @Test("A subscription hears although it takes the place of one that was just dropped")
    @LoopActor func replacedSubscription() async throws {
        let (client, server) = try await pair()
        let rule = MatchRule(sender: server.uniqueName, interface: "org.example.Echo", scope: .path("/echo"))
        server.objects.export(Echo(), at: "/echo", [Echo.interface])
        // The memory of the one is likely to become that of the next.
        for _ in 0..<50 {
            var heard = 0
            var subscription: Subscription? = client.subscribe(rule) { _ in }
            subscription = nil
            subscription = client.subscribe(rule) { _ in heard += 1 }
            // The bus takes what was said before this in order.
            _ = try await client.call(server.uniqueName, "/echo", "org.example.Echo", "Echo", [.variant(.byte(1))])
            server.objects.emit("/echo", "org.example.Echo", "Heard", [])
            #expect(await eventually { heard == 1 })
            withExtendedLifetime(subscription) {}
        }
    }

    @Test("Values of every type come back from the other side as they were sent", arguments: Samples.values)
    @LoopActor func roundTrip(value: Value) async throws {
        let (client, server) = try await pair()
        server.objects.export(Echo(), at: "/echo", [Echo.interface])
        let reply = try await client.call(
            server.uniqueName, "/echo", "org.example.Echo", "Echo", [.variant(value)])
        #expect(reply == [.variant(value)])
    }

    @Test("A method that is called with other types than it declares is refused")
    @LoopActor func wrongTypes() async throws {
        let (client, server) = try await pair()
        server.objects.export(Echo(), at: "/echo", [Echo.interface])
        let error = try await refusal {
            try await client.call(server.uniqueName, "/echo", "org.example.Echo", "Echo", [.uint32(1)])
        }
        #expect(error?.name == "org.freedesktop.DBus.Error.InvalidArgs")
        #expect(error?.message == "Echo takes (v), not (u)")
    }

    @Test(
        "What does not exist is refused by its own error",
        arguments: [
            ("/nothing", "org.example.Echo", "Echo", "UnknownObject"),
            ("/echo", "org.example.Other", "Echo", "UnknownInterface"),
            ("/echo", "org.example.Echo", "Other", "UnknownMethod"),
        ])
    @LoopActor func unknown(path: String, interface: String, member: String, expected: String) async throws {
        let (client, server) = try await pair()
        server.objects.export(Echo(), at: "/echo", [Echo.interface])
        let error = try await refusal {
            try await client.call(
                server.uniqueName, try #require(ObjectPath(path)), interface, member, [.variant(.byte(1))])
        }
        #expect(error?.name == "org.freedesktop.DBus.Error." + expected)
    }

    @Test("A call that is given up without an answer is refused, and a second answer is dropped")
    @LoopActor func exactlyOneReply() async throws {
        let (client, server) = try await pair()
        server.objects.export(Echo(), at: "/echo", [Echo.interface])
        let error = try await refusal {
            try await client.call(server.uniqueName, "/echo", "org.example.Echo", "Forget")
        }
        #expect(error?.message == "the call was given up without an answer")
        let reply = try await client.call(server.uniqueName, "/echo", "org.example.Echo", "Twice")
        #expect(reply == [.string("first")])
        #expect(try await client.call(server.uniqueName, "/echo", "org.example.Echo", "Twice") == [.string("first")])
    }

    @Test("A guarded method is refused where nobody can authorise it, and asked about where somebody can")
    @LoopActor func access() async throws {
        let (client, server) = try await pair()
        server.objects.export(Echo(), at: "/echo", [Echo.interface])
        let refused = try await refusal {
            try await client.call(server.uniqueName, "/echo", "org.example.Echo", "Guarded")
        }
        #expect(refused?.name == "org.freedesktop.DBus.Error.AccessDenied")
        server.objects.authorize = { (call, access) throws(DBusError) in
            #expect(access.action == "org.example.guarded")
            #expect(call.sender == client.uniqueName)
            return Authorization(user: 7)
        }
        #expect(try await client.call(server.uniqueName, "/echo", "org.example.Echo", "Guarded") == [.uint32(7)])
    }

    @Test("Names and strings that libdbus would stop the process for are errors")
    @LoopActor func invalidNames() async throws {
        let connection = try await Connection(address: bus.address)
        for (destination, interface, member) in [
            ("not a name", "org.example.Echo", "Echo"), ("org.example", "nodots", "Echo"),
            ("org.example", "org.example.Echo", "with space"), ("", "org.example.Echo", "Echo"),
        ] {
            await #expect(throws: DBusError.self) { try await connection.call(destination, "/", interface, member) }
        }
        await #expect(throws: DBusError.self) {
            try await connection.call("org.example", "/", "org.example.Echo", "Echo", [.string("a\0b")])
        }
        await #expect(throws: DBusError.self) {
            try await connection.call(
                "org.example", "/", "org.example.Echo", "Echo", [.array(.basic(.byte), [.string("mixed")])])
        }
        for text in ["/a//b", "a", "/a/", "", "/a-b"] { #expect(ObjectPath(text) == nil) }
        #expect(connection.isConnected)
    }

    @Test("A call to nobody fails, and a call that nobody answers runs out")
    @LoopActor func failures() async throws {
        let (client, server) = try await pair()
        server.objects.export(Echo(), at: "/echo", [Echo.interface])
        let unknown = try await refusal {
            try await client.call("org.example.Nobody", "/", "org.example.Echo", "Echo")
        }
        #expect(unknown?.isServiceUnknown == true)
        // What the bus hands on of systemd where the unit is not enabled.
        #expect(DBusError(name: "org.freedesktop.systemd1.NoSuchUnit", message: "").isServiceUnknown)
        let timeout = try await refusal {
            try await client.call(server.uniqueName, "/echo", "org.example.Echo", "Keep", timeout: 20)
        }
        #expect(timeout?.name == "org.freedesktop.DBus.Error.NoReply")
    }

    @Test("When the bus ends, calls that wait fail and the owner is told once")
    @LoopActor func busEnds() async throws {
        let (client, server) = try await pair()
        server.objects.export(Echo(), at: "/echo", [Echo.interface])
        var told = 0
        client.onDisconnect = { told += 1 }
        var error: DBusError?
        let name = server.uniqueName
        onLoop {
            do throws(DBusError) {
                try await client.call(name, "/echo", "org.example.Echo", "Keep", timeout: nil)
            } catch let failure {
                error = failure
            }
        }
        await sleep(microseconds: 20_000)
        bus.kill()
        #expect(await eventually { told == 1 })
        #expect(await eventually { error != nil })
        #expect(!client.isConnected)
        let later = try await refusal { try await client.call(name, "/", "a.b", "C") }
        #expect(later == .disconnected)
    }

    @LoopActor private func pair() async throws -> (client: Connection, server: Connection) {
        (try await Connection(address: bus.address), try await Connection(address: bus.address))
    }
}

private enum Samples {
    static let values: [Value] = [
        .byte(255), .boolean(true), .boolean(false), .int16(.min), .uint16(.max), .int32(.min), .uint32(.max),
        .int64(.min), .uint64(.max), .double(-0.5), .string(""), .string("Zähler 🩺"), .objectPath("/a/b_1"),
        .signature("a{sv}(ii)"), .variant(.variant(.string("deep"))),
        .array(.basic(.byte), [.byte(1), .byte(2)]), .array(.basic(.string), []),
        .array(.array(.basic(.uint32)), [.array(.basic(.uint32), [.uint32(7)])]),
        ["one": Value.uint32(1), "two": Value.string("2")].value,
        [String: Value]().value,
        .structure([.string("a"), .structure([.byte(1), .variant(.boolean(true))])]),
        .array(.structure([.basic(.string), .basic(.uint32)]), [.structure([.string("x"), .uint32(1)])]),
    ]
}

/// An object with one method for each way a call can go.
@LoopActor
private final class Echo {
    var kept: [MethodCall] = []

    static let interface = Interface<Echo>(
        "org.example.Echo",
        methods: [
            Method("Echo", in: [Argument("value", "v")], out: [Argument("value", "v")], access: .anyone) { _, call in
                call.arguments
            },
            Method("Forget", access: .anyone, deferred: { _, _ in }),
            Method("Keep", access: .anyone, deferred: { echo, call in echo.kept.append(call) }),
            Method(
                "Twice", out: [Argument("which", "s")], access: .anyone,
                deferred: { _, call in
                    call.reply(.string("first"))
                    call.reply(.string("second"))
                    call.fail(.failed("third"))
                }),
            Method(
                "Guarded", out: [Argument("user", "u")], access: Access(action: "org.example.guarded"),
                deferred: { _, call in call.reply(.uint32(call.authorization?.user ?? 0)) }),
        ])
}
