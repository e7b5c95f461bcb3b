// SPDX-License-Identifier: Apache-2.0

import DBus
import EventLoop
import TestSupport
import Testing

@Suite("Properties")
struct PropertyTests {
    let bus: PrivateBus

    init() throws {
        TestLoop.start()
        bus = try PrivateBus()
    }

    @Test("A settable property takes a value of its type and no other")
    @LoopActor func settable() async throws {
        let (client, lamp, server) = try await lamp()
        try await set(client, server, "On", .boolean(true))
        #expect(lamp.isOn)
        let wrongType = try await refusal { try await set(client, server, "On", .uint32(1)) }
        #expect(wrongType?.message == "On is of type b, not u")
        lamp.colour = "blue"
        let readOnly = try await refusal { try await set(client, server, "Colour", .string("red")) }
        #expect(readOnly?.name == "org.freedesktop.DBus.Error.PropertyReadOnly")
        let unknown = try await refusal { try await set(client, server, "Size", .uint32(1)) }
        #expect(unknown?.name == "org.freedesktop.DBus.Error.UnknownProperty")
    }

    @Test("Setting a guarded property is refused where nobody can authorise it")
    @LoopActor func guarded() async throws {
        let (client, lamp, server) = try await lamp()
        let refused = try await refusal { try await set(client, server, "Locked", .boolean(true)) }
        #expect(refused?.name == "org.freedesktop.DBus.Error.AccessDenied")
        #expect(!lamp.isOn)
        server.objects.authorize = { (_, _) throws(DBusError) in Authorization(user: 0) }
        try await set(client, server, "Locked", .boolean(true))
        #expect(lamp.isOn)
    }

    @Test("A property without a value is not there, and its loss is announced as invalidated")
    @LoopActor func absent() async throws {
        let (client, lamp, server) = try await lamp()
        var announced: [Message] = []
        let subscription = client.subscribe(
            MatchRule(
                sender: server.uniqueName, interface: "org.freedesktop.DBus.Properties", member: "PropertiesChanged")
        ) { announced.append($0) }
        let all = try await client.call(
            server.uniqueName, "/lamp", "org.freedesktop.DBus.Properties", "GetAll", [.string("org.example.Lamp")])
        #expect(all.first?.converted(to: [String: Value].self)?.keys.contains("Colour") == false)
        for colour in ["red", nil] {
            lamp.colour = colour
            server.objects.changed("/lamp", "org.example.Lamp", ["Colour"])
            server.objects.announceChanges()
        }
        #expect(await eventually { announced.count == 2 })
        #expect(announced.first?.arguments[1] == ["Colour": Value.string("red")].value)
        #expect(announced.last?.arguments[2] == ["Colour"].value)
        subscription.cancel()
    }

    @LoopActor private func lamp() async throws -> (client: Connection, lamp: Lamp, server: Connection) {
        let server = try await Connection(address: bus.address)
        let lamp = Lamp()
        server.objects.export(lamp, at: "/lamp", [Lamp.interface])
        return (try await Connection(address: bus.address), lamp, server)
    }

    @LoopActor private func set(
        _ client: Connection, _ server: Connection, _ name: String, _ value: Value
    ) async throws(DBusError) {
        try await client.call(
            server.uniqueName, "/lamp", "org.freedesktop.DBus.Properties", "Set",
            [.string("org.example.Lamp"), .string(name), .variant(value)])
    }
}

@LoopActor
private final class Lamp {
    var isOn = false
    var colour: String?

    static let interface = Interface<Lamp>(
        "org.example.Lamp",
        properties: [
            Property("On") { $0.isOn }.settable(access: .anyone) { (lamp, isOn: Bool) in lamp.isOn = isOn },
            Property("Locked") { $0.isOn }
                .settable(access: Access(action: "org.example.unlock")) { (lamp, isOn: Bool) in lamp.isOn = isOn },
            Property("Colour", ifPresent: { $0.colour }),
        ])
}
