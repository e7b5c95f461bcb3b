// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop
import Glibc
import TestSupport
import Testing

@Suite("What callers get wrong", .serialized)
struct RobustnessTests {
    let bus: PrivateBus

    init() throws {
        TestLoop.start()
        bus = try PrivateBus()
    }

    private static let properties = "org.freedesktop.DBus.Properties"

    /// The name of the error that a call gets, without `org.freedesktop.DBus.Error.`; `nil` for an answer.
    @LoopActor private func refusalName(
        _ gateway: Gateway, _ path: ObjectPath, _ interface: String, _ member: String, _ arguments: [Value] = []
    ) async -> String? {
        do throws(DBusError) {
            try await gateway.client.call("org.pairingd", path, interface, member, arguments)
            return nil
        } catch {
            return error.name.replacing("org.freedesktop.DBus.Error.", with: "")
        }
    }

    @Test("Each method refuses arguments of other types, and more or fewer than it takes")
    @LoopActor func types() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayYesNo")])
        var tried = 0
        for path in try await gateway.oneOfEach() {
            for interface in try await gateway.interfaces(of: path) {
                for method in interface.methods {
                    let wrong: [[Value]] = [
                        [.double(0.5)], [.variant(.variant(.byte(0)))],
                        method.input.map { _ in .int16(-1) } + [.byte(1)],
                        method.input.isEmpty ? [.string("")] : [],
                    ]
                    for arguments in wrong {
                        let error = await refusalName(gateway, path, interface.name, method.name, arguments)
                        #expect(error == "InvalidArgs", "\(method.name) with \(arguments)")
                        tried += 1
                    }
                }
            }
        }
        #expect(tried >= 60)
        #expect(await gateway.property("PendingRequests") == .uint32(1))
    }

    @Test("More values than any method takes, and descriptors, are refused before they are looked at")
    @LoopActor func tooMuch() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayYesNo")])
        let octets = Value.array(.basic(.byte), Array(repeating: .byte(0), count: 20_000))
        let empty = Value.array(
            .array(.basic(.byte)), Array(repeating: .array(.basic(.byte), []), count: 20_000))
        let text = Value.string(String(repeating: "x", count: 1 << 19))
        let descriptor = Value.unixDescriptor(FileDescriptor(owning: dup(0)))
        for value in [octets, empty, text, descriptor] {
            let options = Value.dictionary(key: .string, value: .variant, [.string("x"): .variant(value)])
            for method in ["Evaluate", "Pair"] {
                let arguments: [Value] = [.string("00:5F:BF:71:81:18"), options]
                let error = await refusalName(
                    gateway, "/org/pairingd", "org.pairingd.Manager1", method, arguments)
                #expect(error == "InvalidArgs", "\(method)")
            }
        }
        #expect(await gateway.property("BlueZ") != nil)
    }

    @Test("No property can be set, and an unknown one is said to be unknown")
    @LoopActor func properties() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayYesNo")])
        for path in try await gateway.oneOfEach() {
            for interface in try await gateway.interfaces(of: path) {
                for property in interface.properties {
                    let name = [Value.string(interface.name), .string(property.name)]
                    let value = await gateway.property(
                        property.name, of: path, interface.name.replacing("org.pairingd.", with: ""))
                    #expect(value?.type.code == property.type, "\(property.name)")
                    #expect(
                        await refusalName(gateway, path, Self.properties, "Set", name + [.variant(.byte(1))])
                            == "PropertyReadOnly", "\(property.name)")
                }
                let unknown = [Value.string(interface.name), .string("Nonsense")]
                #expect(await refusalName(gateway, path, Self.properties, "Get", unknown) == "UnknownProperty")
                #expect(
                    await refusalName(gateway, path, Self.properties, "Set", unknown + [.variant(.byte(1))])
                        == "UnknownProperty")
            }
        }
    }

    @Test("What does not exist is refused by its own error, on every object")
    @LoopActor func unknown() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayYesNo")])
        for path in try await gateway.oneOfEach() {
            #expect(await refusalName(gateway, path, "org.pairingd.Nonsense1", "Pair") == "UnknownInterface")
            #expect(
                await refusalName(gateway, path, Self.properties, "GetAll", [.string("org.pairingd.Nonsense1")])
                    == "UnknownInterface")
            #expect(await refusalName(gateway, path, Self.properties, "Nonsense") == "UnknownMethod")
            for interface in try await gateway.interfaces(of: path) {
                #expect(await refusalName(gateway, path, interface.name, "Nonsense") == "UnknownMethod")
            }
        }
        for path: ObjectPath in ["/", "/org/pairingd/pairing", "/org/pairingd/request/999999", "/org/pairingd/x"] {
            #expect(await refusalName(gateway, path, "org.pairingd.Request1", "Accept") == "UnknownObject")
        }
    }

    @Test("Options that nobody knows, or of another type or range, are refused by name")
    @LoopActor func options() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayYesNo")])
        let paths = try await gateway.oneOfEach()
        let device = Value.string(Gateway.address.description)
        let calls: [(ObjectPath, interface: String, member: String, first: [Value], known: [String: Value])] = [
            (paths[0], "Manager1", "Pair", [device], ["timeout": .uint32(0), "force": .string("yes")]),
            (paths[3], "Device1", "Pair", [], ["timeout": .int32(5), "force": .uint32(1)]),
            (paths[0], "Manager1", "Evaluate", [device], ["in-window": .string("true")]),
            (paths[0], "Manager1", "OpenWindow", [.uint32(1)], ["devices": device]),
        ]
        for (path, interface, member, first, known) in calls {
            for (name, value) in known.merging(["nonsense": .boolean(true), "": .byte(1)], uniquingKeysWith: { $1 }) {
                let error = try await refusal {
                    try await gateway.call(member, first + [[name: value].value], on: path, interface)
                }
                #expect(error?.name == "org.pairingd.Error.InvalidArgument", "\(member) with \(name)")
                #expect(name.isEmpty || error?.message.contains(name) == true, "\(error as Any)")
            }
        }
        #expect(await gateway.property("WindowUntil") == .uint64(0))
    }

    @Test("An object that vanishes between the list and the call is refused, and nothing happens")
    @LoopActor func vanished() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayYesNo")])
        let paths = try await gateway.oneOfEach()
        try await gateway.wait("the device is known") { await gateway.property("Name", of: paths[3], "Device1") != nil }
        gateway.bluez.crash()
        try await gateway.wait("the request is over") {
            await gateway.property("State", of: paths[2], "Request1") == .string("finished")
        }
        let late = try await refusal {
            try await gateway.call("Accept", on: paths[2], "Request1")
        }
        #expect(late?.name == "org.pairingd.Error.AlreadyAnswered")
        let over = try await refusal { try await gateway.call("Cancel", on: paths[1], "Pairing1") }
        #expect(over?.name == "org.pairingd.Error.Failed")
        try await gateway.wait("the device is gone") {
            await refusalName(gateway, paths[3], "org.pairingd.Device1", "Forget") == "UnknownObject"
        }
        #expect(
            await refusalName(gateway, paths[3], "org.pairingd.Device1", "Pair", [[String: Value]().value])
                == "UnknownObject")
        let absent = try await refusal {
            try await gateway.call("Pair", [.string(Gateway.address.description), [String: Value]().value])
        }
        #expect(absent?.name == "org.pairingd.Error.NotReady")
    }

    @Test("Huge arguments are refused in a few words, whatever they are made of")
    @LoopActor func huge() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayYesNo")])
        // Escaped and sent back whole, this would be more than the bus lets anybody send.
        let text = String(repeating: "\u{1}", count: 7_000_000)
        let path = try #require(ObjectPath("/" + String(repeating: "x", count: 1_000_000)))
        let many = [String](repeating: Gateway.address.description, count: 100_000)
        let nothing = [String: Value]().value
        let calls: [(ObjectPath, String, [Value])] = [
            ("/org/pairingd", "Evaluate", [.string(text), nothing]),
            ("/org/pairingd", "Pair", [.string(path.text), nothing]),
            ("/org/pairingd", "Evaluate", [.string("00:5F:BF:71:81:18"), [path.text: Value.byte(0)].value]),
            ("/org/pairingd", "OpenWindow", [.uint32(1), ["devices": many.value].value]),
            (path, "Evaluate", []),
        ]
        for (path, member, arguments) in calls {
            let error = try await refusal {
                try await gateway.client.call(
                    "org.pairingd", path, "org.pairingd.Manager1", member, arguments, timeout: 60_000)
            }
            #expect(error?.name.hasSuffix(".NoReply") == false, "\(member): \(gateway.daemon.errorOutput)")
            #expect((error?.message.utf8.count ?? 0) < 10_000)
        }
        #expect(await gateway.property("BlueZ") == .string("running"), "\(gateway.daemon.errorOutput)")
    }
}
