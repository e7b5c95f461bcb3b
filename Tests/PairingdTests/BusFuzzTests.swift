// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop
import Foundation
import TestSupport
import Testing

/// Calls everything with everything. `PAIRINGD_FUZZ_SECONDS` makes it longer, and another one each time.
@Suite("Calls made up by chance", .serialized)
struct BusFuzzTests {
    let bus: PrivateBus

    init() throws {
        TestLoop.start()
        bus = try PrivateBus()
    }

    /// What a call may be refused with; anything else, no answer above all, is a finding.
    private static let refusals: Set<String> = Set(
        [
            "InvalidArgument", "UnknownDevice", "NotAuthorized", "Busy", "Expired", "AlreadyAnswered", "NotReady",
            "PolicyInvalid", "Failed",
        ].map { "org.pairingd.Error." + $0 }
            + [
                "InvalidArgs", "UnknownObject", "UnknownInterface", "UnknownMethod", "UnknownProperty",
                "PropertyReadOnly", "AccessDenied",
            ].map { "org.freedesktop.DBus.Error." + $0 })

    @Test("Each call gets its answer or a named error, and the daemon works afterwards as before")
    @LoopActor func everything() async throws {
        let seconds = ProcessInfo.processInfo.environment["PAIRINGD_FUZZ_SECONDS"].flatMap { UInt64($0) }
        let seed = seconds == nil ? 1 : Clock.realtime
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayYesNo")])
        let devices = (0..<4).map { number in
            gateway.bluez.addDevice(
                Address(bits: 0x005F_BF71_8120 + UInt64(number)), name: "Cuff \(number)",
                behaviour: DeviceBehaviour(.displayYesNo, mitm: true))
        }
        var caller = RandomCaller(seed: seed)
        let end = seconds.map { Clock.monotonic + $0 * 1_000_000 }
        var (rounds, calls, answers) = (0, 0, 0)
        while end.map({ Clock.monotonic < $0 }) ?? (rounds < 60) {
            rounds += 1
            // Something to answer, to cancel and to look at.
            let device = devices[rounds % devices.count]
            if device.isExported, !device.isPairing { device.startPairing(.pairingRequest) }
            try await caller.look(around: gateway)
            var findings: [String] = []
            var open = 40
            for _ in 0..<open {
                let call = caller.call()
                onLoop {
                    do throws(DBusError) {
                        try await gateway.client.call(
                            call.destination, call.path, call.interface, call.member, call.arguments, timeout: 45_000)
                        answers += 1
                    } catch {
                        if !Self.refusals.contains(error.name) { findings.append("\(call)\n\(error)") }
                    }
                    open -= 1
                    calls += 1
                }
            }
            #expect(await eventually(within: 60) { open == 0 }, "seed \(seed)")
            #expect(findings.isEmpty, "seed \(seed): \(findings.joined(separator: "\n"))")
            try #require(gateway.daemon.isRunning, "seed \(seed)\n\(gateway.daemon.errorOutput)")
        }
        #expect(answers > calls / 20, "\(answers) of \(calls) calls were answered: the others try nothing")
        print("\(calls) calls, \(answers) of them answered, seed \(seed)")

        gateway.bluez.crash()
        try await gateway.wait("BlueZ is gone") { await gateway.property("BlueZ") == .string("absent") }
        try await gateway.bluez.start(.nothing)
        try await gateway.wait("BlueZ is back") { await gateway.property("BlueZ") == .string("running") }
        let paths = try await gateway.oneOfEach()
        try await gateway.call("Accept", on: paths[2], "Request1")
        try await gateway.wait("a device is paired as ever") {
            await gateway.property("Result", of: paths[1], "Pairing1") == .string("paired")
        }
    }
}

/// Makes up calls: mostly of what there is, with arguments that nearly fit.
@LoopActor
private struct RandomCaller {
    struct Call: CustomStringConvertible {
        var destination = "org.pairingd"
        let path: ObjectPath
        let interface: String
        let member: String
        let arguments: [Value]

        var description: String { "\(destination) \(path) \(interface).\(member)\(arguments)" }
    }

    private var generator: SeededGenerator
    private var interfaces: [String: InterfaceText] = [:]
    private var objects: [(path: ObjectPath, interface: String)] = []
    private var agents: [String] = []
    private var words = [
        "", "00:5F:BF:71:81:20", "00:5F:BF:71:81:21", "hci0/00:5F:BF:71:81:22", "FF:FF:FF:FF:FF:FF", "hci9/x", "/",
        "//",
        "/org/bluez/hci0/dev_00_5F_BF_71_81_23", "timeout", "force", "in-window", "devices", "%n%s", "\u{1B}[2J",
        "\u{202E}\u{0301}", "000000", "Name", "State", "org.pairingd.Manager1", "org.freedesktop.DBus.Properties",
    ]

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    /// Learns what objects there are now.
    mutating func look(around gateway: Gateway) async throws {
        objects = [("/org/pairingd", "org.pairingd.Manager1")]
        for (path, exported) in try await gateway.objects().sorted(by: { $0.key < $1.key }) {
            for name in exported.keys.sorted() where name.hasPrefix("org.pairingd.") { objects.append((path, name)) }
        }
        for (path, name) in objects where interfaces[name] == nil {
            interfaces[name] = try await gateway.interfaces(of: path).first
        }
        agents = gateway.bluez.registeredAgents.keys.sorted()
    }

    mutating func call() -> Call {
        let (path, name) = objects.randomElement(using: &generator) ?? ("/", "")
        switch Int.random(in: 0..<20, using: &generator) {
        case 0:
            let members = ["Cancel", "Release", "RequestPasskey", "RequestConfirmation", "DisplayPasskey"]
            return Call(
                destination: pick(agents) ?? "org.pairingd", path: "/org/pairingd/agent", interface: "org.bluez.Agent1",
                member: pick(members) ?? "", arguments: arguments())
        case 1:
            return Call(
                path: somePath(), interface: pick(Array(interfaces.keys.sorted())) ?? name, member: "Accept",
                arguments: [])
        case 2:
            return Call(
                path: path, interface: name, member: "M\(Int.random(in: 0..<9, using: &generator))",
                arguments: arguments())
        case 3...6: return properties(path, name)
        case 7:
            return Call(
                path: path, interface: "org.freedesktop.DBus.ObjectManager", member: "GetManagedObjects", arguments: [])
        case 8:
            return Call(
                path: somePath(), interface: "org.freedesktop.DBus.Introspectable", member: "Introspect", arguments: [])
        default:
            guard let method = pick(interfaces[name]?.methods ?? []) else { return call() }
            let fitting = method.input.map { value(Signature($0.type)?.types.first ?? .variant) }
            let isFitting = Int.random(in: 0..<5, using: &generator) != 0
            return Call(path: path, interface: name, member: method.name, arguments: isFitting ? fitting : arguments())
        }
    }

    private mutating func properties(_ path: ObjectPath, _ name: String) -> Call {
        let member = pick(["Get", "GetAll", "Set"]) ?? ""
        var arguments: [Value] = [.string(Bool.random(using: &generator) ? name : word())]
        if member != "GetAll" { arguments.append(.string(pick(interfaces[name]?.properties ?? [])?.name ?? word())) }
        if member == "Set" { arguments.append(.variant(value(type(depth: 3)))) }
        if Int.random(in: 0..<5, using: &generator) == 0 { arguments = self.arguments() }
        return Call(path: path, interface: "org.freedesktop.DBus.Properties", member: member, arguments: arguments)
    }

    private mutating func arguments() -> [Value] {
        (0..<Int.random(in: 0...4, using: &generator)).map { _ in value(type(depth: 3)) }
    }

    private mutating func type(depth: Int) -> ValueType {
        switch depth == 0 ? 0 : Int.random(in: 0..<10, using: &generator) {
        case 6: .variant
        case 7: .array(type(depth: depth - 1))
        case 8: .dictionary(key: basic(), value: type(depth: depth - 1))
        case 9: .structure((0...Int.random(in: 0...2, using: &generator)).map { _ in type(depth: depth - 1) })
        default: .basic(basic())
        }
    }

    private mutating func basic() -> ValueType.BasicType {
        pick(ValueType.BasicType.allCases.filter { $0 != .unixDescriptor }) ?? .byte
    }

    private mutating func value(_ type: ValueType) -> Value {
        switch type {
        case .variant: .variant(value(self.type(depth: 2)))
        case .array(let element):
            .array(element, (0..<Int.random(in: 0...3, using: &generator)).map { _ in value(element) })
        case .dictionary(let key, let element):
            .dictionary(
                key: key, value: element,
                Dictionary(
                    (0..<Int.random(in: 0...2, using: &generator)).map { _ in (value(.basic(key)), value(element)) }
                ) { $1 })
        case .structure(let members): .structure(members.map { value($0) })
        case .basic(let basic): value(basic)
        }
    }

    private mutating func value(_ type: ValueType.BasicType) -> Value {
        switch type {
        case .byte: .byte(number())
        case .boolean: .boolean(Bool.random(using: &generator))
        case .int16: .int16(Int16(truncatingIfNeeded: number() as UInt64))
        case .uint16: .uint16(number())
        case .int32: .int32(Int32(truncatingIfNeeded: number() as UInt64))
        case .uint32: .uint32(number())
        case .int64: .int64(Int64(truncatingIfNeeded: number() as UInt64))
        case .uint64: .uint64(number())
        case .double: .double(Double(bitPattern: number()))
        case .string: .string(word())
        case .objectPath: .objectPath(somePath())
        case .signature: .signature(Signature(types: [self.type(depth: 2)]))
        case .unixDescriptor: .byte(0)
        }
    }

    /// Small ones and the ends of the range are the likeliest.
    private mutating func number<Number: FixedWidthInteger & UnsignedInteger>() -> Number {
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: .max
        case 1: .random(in: 0...(.max), using: &generator)
        default: .random(in: 0...9, using: &generator)
        }
    }

    private mutating func word() -> String {
        let word = pick(words) ?? ""
        return Int.random(in: 0..<50, using: &generator) == 0 ? String(repeating: word, count: 1000) : word
    }

    private mutating func somePath() -> ObjectPath {
        let others: [ObjectPath] = ["/", "/org", "/org/pairingd/request", "/org/pairingd/request/0", "/org/bluez/hci0"]
        return pick(objects.map(\.path) + others) ?? "/"
    }

    private mutating func pick<Element>(_ elements: [Element]) -> Element? { elements.randomElement(using: &generator) }
}
