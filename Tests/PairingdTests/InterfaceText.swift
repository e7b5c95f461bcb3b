// SPDX-License-Identifier: Apache-2.0

import DBus
import EventLoop
import Foundation
import TestSupport

/// An interface as introspection tells it: the lines of its element, which pairingd writes one tag a line.
struct InterfaceText: Sendable {
    struct Argument: Sendable {
        let name: String
        let type: String
    }

    struct Method: Sendable {
        let name: String
        var input: [Argument] = []
        var output: [Argument] = []
        /// The polkit action without `org.pairingd.`; empty for a method that everybody may call.
        var action = ""
    }

    struct Property: Sendable {
        let name: String
        let type: String
        let access: String
        /// `true` or `const`.
        var change = ""
    }

    struct Signal: Sendable {
        let name: String
        var arguments: [Argument] = []
    }

    let name: String
    let lines: [String]
    private(set) var methods: [Method] = []
    private(set) var properties: [Property] = []
    private(set) var signals: [Signal] = []

    /// The interfaces of a document, without the comments.
    static func all(in document: String) -> [InterfaceText] {
        let lines = document.replacing(/<!--(?s:.)*?-->/, with: "").split(separator: "\n")
            .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        let starts = lines.indices.filter { lines[$0].hasPrefix("<interface ") }
        return starts.compactMap { start in
            lines[start...].firstIndex(of: "</interface>").map { InterfaceText(Array(lines[start...$0])) }
        }
    }

    private init(_ lines: [String]) {
        self.lines = lines
        name = Self.attribute("name", lines[0])
        for line in lines.dropFirst() {
            let (name, type) = (Self.attribute("name", line), Self.attribute("type", line))
            switch line.split(separator: " ").first {
            case "<method": methods.append(Method(name: name))
            case "<signal": signals.append(Signal(name: name))
            case "<property":
                properties.append(Property(name: name, type: type, access: Self.attribute("access", line)))
            case "<arg":
                let argument = Argument(name: name, type: type)
                switch Self.attribute("direction", line) {
                case "in": methods[methods.count - 1].input.append(argument)
                case "out": methods[methods.count - 1].output.append(argument)
                default: signals[signals.count - 1].arguments.append(argument)
                }
            case "<annotation":
                let value = Self.attribute("value", line)
                if name == "org.pairingd.Action" {
                    methods[methods.count - 1].action = value.replacing("org.pairingd.", with: "")
                } else {
                    properties[properties.count - 1].change = value
                }
            default: break
            }
        }
    }

    private static func attribute(_ name: String, _ line: String) -> String {
        let parts = line.components(separatedBy: " \(name)=\"")
        return parts.count > 1 ? parts[1].components(separatedBy: "\"")[0] : ""
    }
}

extension Gateway {
    /// The project's own interfaces of an object.
    func interfaces(of path: ObjectPath) async throws -> [InterfaceText] {
        let reply = try await client.call(
            "org.pairingd", path, "org.freedesktop.DBus.Introspectable", "Introspect")
        return InterfaceText.all(in: reply.first?.converted() ?? "").filter { $0.name.hasPrefix("org.pairingd.") }
    }

    /// All objects below the manager, with their interfaces and properties.
    func objects() async throws -> [ObjectPath: [String: [String: Value]]] {
        try await client.call(
            "org.pairingd", "/org/pairingd", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects"
        ).first?.converted() ?? [:]
    }

    /// One object of each interface, with an open request among them.
    func oneOfEach() async throws -> [ObjectPath] {
        bluez.addDevice(Gateway.address, name: "Cuff", behaviour: DeviceBehaviour(.displayYesNo, mitm: true))
        let reply = try await call("Pair", [.string(Gateway.address.description), [String: Value]().value])
        let request = try await request()
        let device: ObjectPath = "/org/pairingd/device/hci0/00_5F_BF_71_81_18"
        return ["/org/pairingd", reply.first?.converted() ?? "/", request, device]
    }
}
