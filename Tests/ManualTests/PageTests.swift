// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Pairing
import Policy
import TestSupport
import Testing

@testable import DBus
@testable import manual_pages
@testable import pairingctl
@testable import pairingd

@Suite("Manual pages", .serialized)
final class PageTests: Sendable {
    private static let names = ["pairingctl.1", "pairingd.8", "pairingd.toml.5", "pairingd.device.5", "org.pairingd.5"]
    private static let templates = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("docs/man")

    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("pages-\(UUID())")

    init() async throws {
        let process = try OwnedProcess(Self.binary("manual-pages"), [Self.templates.path, folder.path])
        #expect(await process.exitStatus() == 0, "\(process.errorOutput)")
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
    private func page(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }

    @Test("are all made")
    func all() throws {
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == Self.names.sorted())
    }

    @Test("have no warning of mandoc", arguments: names)
    func mandoc(name: String) async throws {
        let process = try OwnedProcess("/usr/bin/mandoc", ["-T", "lint", "-W", "warning", path(name)])
        #expect(await process.exitStatus() == 0)
        #expect(process.standardOutput + process.errorOutput == "")
    }

    @Test("have no warning of groff, narrow or wide", arguments: names, [60, 80, 200])
    func groff(name: String, width: Int) async throws {
        let process = try OwnedProcess(
            "/usr/bin/man", ["--warnings", "--local-file", path(name)],
            environment: ["MANWIDTH": "\(width)", "LC_ALL": "C.UTF-8", "PAGER": "cat"])
        #expect(await process.exitStatus() == 0)
        #expect(process.errorOutput == "")
        #expect(process.standardOutput.contains("SEE ALSO"))
    }

    @Test("name no page of ours that there is not", arguments: names)
    func references(name: String) throws {
        for line in try page(name).split(separator: "\n") where line.hasPrefix(".BR ") && line.contains("pairing") {
            let words = line.dropFirst(4).split(separator: " ")
            let reference = "\(words[0]).\(words.dropFirst().first?.dropFirst().prefix(1) ?? "")"
            #expect(Self.names.contains(reference), "\(line)")
        }
    }

    // MARK: Nothing is forgotten

    @Test("pairingctl(1) has every verb")
    func verbs() throws {
        let page = try page("pairingctl.1")
        func check(_ verbs: [any ParsableCommand.Type], _ path: [String]) {
            for verb in verbs {
                let path = path + [verb._commandName]
                #expect(page.contains("\n\(Roff.bold(path.joined(separator: " ")))"), "\(path)")
                check(verb.configuration.subcommands, path)
            }
        }
        check(PairingCtl.configuration.subcommands, [])
    }

    @Test("pairingd(8) has every option")
    func daemon() throws {
        let page = try page("pairingd.8")
        let options = Options.help.matches(of: /--[a-z-]+/).map { String($0.output) }
        #expect(options.count >= 7)
        for option in options { #expect(page.contains("\n\(Roff.bold(option))"), "\(option)") }
        #expect(page.contains("$STATE_DIRECTORY or /var/lib/pairingd"))
    }

    @Test("have every key of the files", arguments: ["pairingd.device.5", "pairingd.toml.5"])
    func keys(name: String) throws {
        let page = try page(name)
        let keys = name == "pairingd.device.5" ? KeyDocumentation.rule : KeyDocumentation.configuration
        for key in keys {
            let expected = key.isTable && key.table.isEmpty ? Roff.heading("[\(key.name)]") : Roff.bold(key.name)
            #expect(page.contains("\n\(expected)"), "\(key.table).\(key.name)")
            #expect(page.contains(Roff.text(key.help)), "\(key.table).\(key.name)")
        }
    }

    @Test("org.pairingd(5) has every member with its types and what a caller needs")
    func members() throws {
        let page = try page("org.pairingd.5")
        #expect(
            page.contains(
                "\\fBPair\\fP(s \\fIdevice\\fP, a{sv} \\fIoptions\\fP) \\-> o \\fIpairing\\fP [org.pairingd.pair]\n"))
        #expect(page.contains("\\fBAddress\\fP s (constant)\n"))
        #expect(page.contains("signal \\fBFinished\\fP(s \\fIoutcome\\fP, u \\fIuid\\fP)\n"))
        for result in ["paired", "peer-refused", "failed"] { #expect(page.contains("\n\(Roff.bold(result))\n")) }
    }

    @Test("org.pairingd(5) has every word of the enumerations")
    func words() throws {
        let page = try page("org.pairingd.5")
        let words =
            PairingPhase.allCases.map(\.rawValue) + PairingOrigin.allCases.map(\.rawValue)
            + RequestKind.allCases.map(\.rawValue) + RequestOutcome.allCases.map(\.rawValue)
        for word in words { #expect(page.contains(Roff.text(word)), "\(word)") }
    }

    @Test("A page that leaves out a member, or names one that is not there, is refused")
    func forgotten() {
        let declarations = Declarations(
            version: "", command: .init(commandName: "", shouldDisplay: true), daemonHelp: "",
            interfaces: [.init(name: "org.pairingd.Some1", members: [.init(name: "A", kind: .signal([]))])])
        func error(_ text: String) -> String? {
            do throws(TemplateError) {
                _ = try Template(name: "x.in", text: text).page(declarations)
                return nil
            } catch {
                return error.description
            }
        }
        #expect(error("@member Some1.A\nIt happens.") == nil)
        #expect(error("text only") == nil)
        #expect(error("@member Some1.A\n@member Some1.A")?.hasPrefix("x.in:2: ") == true)
        #expect(error("text\n@member Some1.B")?.hasPrefix("x.in:2: ") == true)
        #expect(error("text\n@verb")?.hasPrefix("x.in:2: ") == true)
    }

    // MARK: Examples

    @Test("pairingd.device(5) shows only rules that are right")
    func rules() throws {
        let examples = try examples("pairingd.device.5")
        #expect(examples.count >= 3)
        for example in examples {
            do throws(PolicyErrors) {
                _ = try Rule(parsing: Array(example.utf8), file: "example.toml")
            } catch {
                Issue.record("\(error.errors.map(\.description))\n\(example)")
            }
        }
    }

    @Test("pairingd.toml(5) shows only settings that are right")
    func settings() throws {
        let examples = try examples("pairingd.toml.5")
        #expect(examples.count >= 2)
        for example in examples {
            do throws(PolicyErrors) {
                _ = try Configuration(parsing: Array(example.utf8), file: "example.toml")
            } catch {
                Issue.record("\(error.errors.map(\.description))\n\(example)")
            }
        }
    }

    @Test("and the journal's catalog name only commands that pairingctl understands")
    func commands() throws {
        var commands = try examples("pairingctl.1").flatMap { $0.split(separator: "\n").map(String.init) }
        #expect(commands.count >= 8)
        for entry in Catalog.ofProject.entries {
            let pieces = entry.text.replacing("\n", with: " ").components(separatedBy: "\"")
            for piece in pieces where piece.hasPrefix("pairingctl ") {
                let command = piece.replacing(/@PAIRINGD_DEVICE@|DEVICE/, with: "00:5F:BF:71:81:18")
                commands.append(command.replacing(/@[A-Z_]+@/, with: "7"))
            }
        }
        #expect(commands.count >= 20)
        for command in commands {
            let words = command.split(separator: " ").map(String.init)
            #expect(words.first == "pairingctl", "\(command)")
            #expect(throws: Never.self, "\(command)") {
                _ = try PairingCtl.parseAsRoot(Program.verbFirst(Array(words.dropFirst())))
            }
        }
    }

    /// What stands between `.EX` and `.EE`, as it is read.
    private func examples(_ name: String) throws -> [String] {
        try page(name).components(separatedBy: "\n.EX\n").dropFirst().map { part in
            part.components(separatedBy: "\n.EE\n")[0].replacing("\\-", with: "-").replacing("\\e", with: "\\")
        }
    }

    /// The built programs lie beside the test bundle.
    private static func binary(_ name: String) -> String {
        var folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        while folder.path != "/" {
            let candidate = folder.appendingPathComponent(name).path
            if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
            folder.deleteLastPathComponent()
        }
        return FileManager.default.currentDirectoryPath + "/.build/debug/" + name
    }
}
