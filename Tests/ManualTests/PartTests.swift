// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import manual_pages

@Suite("Parts of manual pages")
struct PartTests {
    @Test(
        "Text is shown as it is, whatever man(7) would make of it",
        arguments: [
            (".SH is no request", "\\&.SH is no request"), ("'quoted'", "\\(aqquoted\\(aq"),
            ("C:\\path", "C:\\epath"), ("--force", "\\-\\-force"), ("[[…]]", "[[...]]"),
            ("Größe", "Gr\\[u00F6]\\[u00DF]e"),
            ("~^`", "\\(ti\\(ha\\(ga"), ("two\nlines", "two lines"),
        ])
    func text(plain: String, expected: String) { #expect(Roff.text(plain) == expected) }

    @Test("An option's help may go on in the next lines")
    func daemonOptions() {
        let help =
            "Usage: x\n\n  --bus ADDRESS   the bus (default:\n                  none)\n  --help          print this\n"
        #expect(
            DaemonPart.options(help) == [
                ".TP", "\\fB\\-\\-bus\\fP \\fIADDRESS\\fP", "The bus (default: none).", ".TP", "\\fB\\-\\-help\\fP",
                "Print this.",
            ])
    }

    private func flag(_ name: String, _ abstract: String = "Do it.") -> HelpDump.Argument {
        .init(
            kind: .flag, shouldDisplay: true, isOptional: true, isRepeating: false,
            names: [.init(kind: .long, name: name)], valueName: name, abstract: abstract)
    }

    @Test("A flag and its opposite are one item")
    func opposites() {
        let verb = HelpDump.Command(
            commandName: "x", shouldDisplay: true,
            arguments: [flag("chart"), flag("no-chart"), flag("all", "Show all.")])
        let part = CommandPart(.init(commandName: "x", shouldDisplay: true, subcommands: [verb]))
        #expect(
            part.commonOptions == [
                ".TP", "\\fB\\-\\-chart\\fP, \\fB\\-\\-no\\-chart\\fP", "Do it.", ".TP", "\\fB\\-\\-all\\fP",
                "Show all.",
            ])
    }

    @Test("What all verbs understand is told once")
    func commonOptions() {
        let file = HelpDump.Argument(
            kind: .positional, shouldDisplay: true, isOptional: false, isRepeating: false, valueName: "file")
        let verbs: [HelpDump.Command] = [
            .init(
                commandName: "one", abstract: "One.", shouldDisplay: true, arguments: [flag("json"), file, flag("all")]),
            .init(commandName: "hidden", shouldDisplay: false, arguments: []),
            .init(
                commandName: "two", abstract: "Two.", shouldDisplay: true,
                subcommands: [.init(commandName: "a", abstract: "A.", shouldDisplay: true, arguments: [flag("json")])]),
        ]
        let part = CommandPart(.init(commandName: "x", shouldDisplay: true, subcommands: verbs))
        #expect(part.commonOptions == [".TP", "\\fB\\-\\-json\\fP", "Do it."])
        #expect(
            part.verbs == [
                ".TP", "\\fBone\\fP [\\fIoption\\fP...] \\fIfile\\fP", "One.", ".RS", ".TP", "\\fIfile\\fP", "", ".TP",
                "\\fB\\-\\-all\\fP", "Do it.", ".RE", ".TP", "\\fBtwo\\fP \\fIverb\\fP", "Two.", ".TP", "\\fBtwo a\\fP",
                "A.",
            ])
    }
}
