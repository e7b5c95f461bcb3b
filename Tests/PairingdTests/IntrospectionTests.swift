// SPDX-License-Identifier: Apache-2.0

import DBus
import EventLoop
import Foundation
import TestSupport
import Testing

@Suite("The interfaces in dbus/", .serialized)
struct IntrospectionTests {
    let bus: PrivateBus

    init() throws {
        TestLoop.start()
        bus = try PrivateBus()
    }

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static func file(_ name: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent("dbus/\(name).xml"), encoding: .utf8)
    }

    @Test("Each object has the interface that its file describes, member for member")
    @LoopActor func sameAsTheDaemon() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayYesNo")])
        var names: [String] = []
        for path in try await gateway.oneOfEach() {
            for found in try await gateway.interfaces(of: path) {
                names.append(found.name)
                let written = try #require(InterfaceText.all(in: try Self.file(found.name)).first)
                #expect(written.lines == found.lines, "the daemon says:\n\(found.lines.joined(separator: "\n"))")
            }
        }
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.root.appendingPathComponent("dbus").path)
        #expect(files.filter { $0.hasSuffix(".xml") }.sorted() == names.map { $0 + ".xml" }.sorted())
    }

    @Test("Each member is explained", arguments: ["Manager1", "Pairing1", "Request1", "Device1"])
    func explained(name: String) throws {
        let text = try Self.file("org.pairingd." + name)
        let interface = try #require(InterfaceText.all(in: text).first)
        let members = interface.methods.map(\.name) + interface.properties.map(\.name) + interface.signals.map(\.name)
        #expect(!members.isEmpty)
        let comments = text.components(separatedBy: "<!--").dropFirst().map { $0.components(separatedBy: "-->")[0] }
        for member in members {
            let comment = comments.first { $0.hasPrefix("\n      \(member):\n") }
            #expect((comment?.split(separator: "\n").count ?? 0) > 2, "\(member) has no comment of its own")
        }
        for method in interface.methods {
            let comment = comments.first { $0.hasPrefix("\n      \(method.name):\n") } ?? ""
            for argument in method.input + method.output {
                #expect(comment.contains("@\(argument.name): "), "\(argument.name) of \(method.name) is not explained")
            }
        }
    }

    @Test("The object manager and the standard interfaces are told of")
    @LoopActor func standardInterfaces() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayYesNo")])
        for path in try await gateway.oneOfEach() {
            let reply = try await gateway.client.call(
                "org.pairingd", path, "org.freedesktop.DBus.Introspectable", "Introspect")
            let text = reply.first?.converted(to: String.self) ?? ""
            for name in ["Introspectable", "Properties", "Peer"] {
                #expect(text.contains("<interface name=\"org.freedesktop.DBus.\(name)\">"))
            }
            #expect(text.contains("org.freedesktop.DBus.ObjectManager") == (path == "/org/pairingd"))
        }
    }
}
