// SPDX-License-Identifier: Apache-2.0

import Foundation
import Journal
import TestSupport
import Testing

@Suite("systemd/pairingd.catalog")
struct CatalogTests {
    @Test("has one entry for each kind of message, and no other")
    func kinds() {
        #expect(Catalog.ofProject.entries.map(\.id).sorted() == MessageKind.allCases.map(\.id).sorted())
        #expect(Set(MessageKind.allCases.map(\.id)).count == MessageKind.allCases.count)
    }

    @Test("has entries that say what they are about, whose they are, and where to read on")
    func headers() {
        for entry in Catalog.ofProject.entries {
            #expect(Set(entry.header.keys) == ["Subject", "Defined-By", "Support", "Documentation"], "\(entry)")
            #expect(entry.header["Defined-By"] == "pairingd", "\(entry)")
            #expect(entry.header["Documentation"] == "man:pairingd(8)", "\(entry)")
            let lines = entry.text.trimmingCharacters(in: .newlines).components(separatedBy: "\n")
            #expect(lines != [""], "\(entry)")
            #expect(lines.allSatisfy { $0.utf8.count <= 84 }, "\(entry)")
        }
    }

    @Test("shows only fields that there are")
    func fields() {
        let known = Set(FieldName.allCases.map(\.rawValue))
        for entry in Catalog.ofProject.entries { #expect(entry.fields.subtracting(known) == [], "\(entry.id)") }
    }

    @Test("is taken by journalctl")
    func journalctl() async throws {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent("catalog-\(UUID())")
        defer { try? FileManager.default.removeItem(at: root) }
        let folder = root.appendingPathComponent("usr/lib/systemd/catalog")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try FileManager.default.createDirectory(
            at: root.appendingPathComponent("var/lib/systemd/catalog"), withIntermediateDirectories: true)
        try FileManager.default.copyItem(at: Catalog.file, to: folder.appendingPathComponent("pairingd.catalog"))
        let update = try OwnedProcess("/usr/bin/journalctl", ["--root=\(root.path)", "--update-catalog"])
        #expect(await update.exitStatus() == 0)
        #expect(update.errorOutput == "")
        let list = try OwnedProcess("/usr/bin/journalctl", ["--root=\(root.path)", "--list-catalog"])
        #expect(await list.exitStatus() == 0)
        let lines = list.standardOutput.split(separator: "\n")
        #expect(lines.count == MessageKind.allCases.count, "\(list.standardOutput)")
        #expect(lines.allSatisfy { $0.contains(" pairingd: ") }, "\(list.standardOutput)")
    }
}
