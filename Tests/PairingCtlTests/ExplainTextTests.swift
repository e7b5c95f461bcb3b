// SPDX-License-Identifier: Apache-2.0

import Explain
import Testing

@testable import pairingctl

@Suite("The text of an explanation")
struct ExplainTextTests {
    @Test("Where the locale has ASCII only, so has the text")
    func ascii() {
        #expect(
            SampleReports.text(SampleReports.refused, isUnicode: false) == """
                * BLEsmart_00000244005FBF718118 00:5F:BF:71:81:18 on hci0
                  pairing 7, rule 50-omron-blood-pressure, 2026-11-21 12:30:04, 1.2 s,
                  peer-refused

                  The device refused to pair, without saying why.
                  refused-without-reason, stage features, ended by the device

                                      this side          the device
                  IO capability       NoInputNoOutput    NoInputNoOutput
                  MITM protection     no                 no
                  bonding             yes                yes
                  Secure Connections  yes                no
                  longest key         16 octets          16 octets
                  keys to give        EncKey IdKey Sign  EncKey
                  AuthReq             0x09               0x01
                  association model   Just Works, because neither side demands protection
                                      against somebody in the middle

                  What was noticed:
                    - The device asked for security by itself before the Pairing Request was
                      sent to it.

                  What to look at, the likeliest first:
                    1. The device is no longer in pairing mode, or never was. Put it into
                       pairing mode, as its manual says, and pair within a minute.
                    2. It does not like what this side can show. Let pairingd try another IO
                       capability.
                       In the rule 50-omron-blood-pressure:
                           [[pairing.fallback]]
                           io-capability = "KeyboardDisplay"

                  What happened:
                              us   device
                    0.000 s   o       |   Pair              NoInputNoOutput
                    0.400 s   |=======|   connected         this side is the central
                    0.431 s   |------>|   Pairing Request   NoInputNoOutput, bonding,
                              |       |                     Secure Connections, 16 octets,
                              |       |                     gives EncKey, IdKey, Sign
                    0.494 s   |<------|   Pairing Response  NoInputNoOutput, bonding
                    1.120 s   |<------|   Pairing Failed    Unspecified Reason (0x08)
                    1.220 s   |=======|   disconnected      Remote User Terminated Connection
                              |       |                     (0x13)

                """)
    }

    @Test("Colours mark the device, the headings, the rule's lines and what happens on this machine")
    func colours() {
        let text = SampleReports.text(SampleReports.refused, isColored: true)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(
            lines.first
                == "\u{1B}[31m●\u{1B}[0m \u{1B}[1mBLEsmart_00000244005FBF718118 00:5F:BF:71:81:18 on hci0\u{1B}[0m")
        #expect(lines.contains("  \u{1B}[2mrefused-without-reason, stage features, ended by the device\u{1B}[0m"))
        #expect(lines.contains("\u{1B}[1m  What happened:\u{1B}[0m"))
        #expect(lines.contains("           \u{1B}[32m[[pairing.fallback]]\u{1B}[0m"))
        let (dim, yellow, end) = ("\u{1B}[2m", "\u{1B}[33m", "\u{1B}[0m")
        #expect(
            lines.contains("    \(dim)0.000 s\(end)   \(yellow)●\(end)       │   Pair              NoInputNoOutput"))
        let plain = lines.joined(separator: "\n").replacing(/\u{1B}\[[0-9]*m/, with: "")
        #expect(plain == SampleReports.text(SampleReports.refused))
    }

    @Test("The dot is green for a success, yellow for what goes on, red for the rest", arguments: Finding.allCases)
    func dot(finding: Finding) {
        let text = SampleReports.text(Report(finding: finding, summary: "Over.", stage: .done), isColored: true)
        let code = finding == .paired ? 32 : finding == .unfinished ? 33 : 31
        #expect(text.hasPrefix("\u{1B}[\(code)m●\u{1B}[0m "))
    }

    @Test("An empty report is three lines")
    func empty() {
        let text = SampleReports.text(Report(finding: .unknown, summary: "Nothing was seen.", stage: .notStarted)) {
            $0 = Explanation(number: 1, report: $0.report)
        }
        #expect(
            text == """
                ● a device whose address was not captured
                  pairing 1

                  Nothing was seen.
                  unknown, stage not-started

                """)
    }

    @Test("Without the chart, the rest is the same")
    func withoutChart() {
        let (all, part) = (
            SampleReports.text(SampleReports.refused), SampleReports.text(SampleReports.refused, hasChart: false)
        )
        #expect(all.hasPrefix(part) && all.count > part.count)
        #expect(!part.contains("What happened") && part.hasSuffix("io-capability = \"KeyboardDisplay\"\n"))
    }

    @Test("What nobody told takes no line in the table, and what one side did not tell is a dash")
    func tableOfBREDR() {
        var report = SampleReports.refused
        for index in report.offers.indices {
            report.offers[index].secureConnections = nil
            report.offers[index].maximumKeySize = nil
            report.offers[index].keys = index == 0 ? ["LinkKey"] : []
        }
        report.offers[1].outOfBandData = true
        report.offers[1].ioCapability = "7"
        let text = SampleReports.text(report)
        for absent in ["Secure Connections  ", "longest key"] { #expect(!text.contains(absent), "\(text)") }
        #expect(text.contains("\n  out-of-band data    no               yes\n"), "\(text)")
        #expect(text.contains("\n  keys to give        LinkKey          -\n"), "\(text)")
        #expect(text.contains("\n  IO capability       NoInputNoOutput  7\n"), "\(text)")
    }

    @Test("Times count from where the pairing began; what was set long before is before")
    func times() {
        let begin = SampleReports.begin
        var report = Report(finding: .smpTimeout, summary: "Silence.", stage: .features)
        report.steps = [
            Report.Step(time: begin - 3_600_000_000, .here, "Set IO Capability"),
            Report.Step(time: begin, .here, "Pair Device"),
            Report.Step(time: begin + 2_000_999, .sent, "Pairing Request"),
            Report.Step(time: begin + 1_999_999, .received, "Pairing Response"),
            Report.Step(time: begin + 132_001_000, .link, "disconnected"),
            Report.Step(time: begin - 500_000, .here, "later in the file"),
        ]
        let text = SampleReports.text(report) { $0.zero = begin }
        #expect(
            text.hasSuffix(
                """
                  What happened:
                                us   device
                       before   ●       │   Set IO Capability
                      0.000 s   ●       │   Pair Device
                      2.000 s   ├──────▶│   Pairing Request
                      1.999 s   │◀──────┤   Pairing Response
                    132.001 s   ╞═══════╡   disconnected
                     -0.500 s   ●       │   later in the file

                """), "\(text)")
    }

    @Test("A long word stands below its title rather than broken")
    func longWord() {
        let report = Report(
            finding: .unknown, summary: "Failed.", stage: .connecting,
            steps: [
                Report.Step(time: 1, .here, "pairingd calls Pair()", ["NoInputNoOutput"]),
                Report.Step(time: 1, .here, "Pair() returns", ["org.bluez.Error.AuthenticationFailed"]),
            ])
        #expect(
            SampleReports.text(report).hasSuffix(
                """
                    0.000 s   ●       │   pairingd calls Pair()  NoInputNoOutput
                    0.000 s   ●       │   Pair() returns
                              │       │     org.bluez.Error.AuthenticationFailed

                """), "\(SampleReports.text(report))")
    }

    @Test("Steps that there was no room for are counted", arguments: [(1, "1 more step"), (40, "40 more steps")])
    func omitted(count: Int, words: String) {
        var report = SampleReports.refused
        report.omittedSteps = count
        #expect(SampleReports.text(report).hasSuffix("\n    \(words) came, for which there was no room.\n"))
    }

    @Test("No line is wider than the terminal, or than 100 columns", arguments: [1, 40, 44, 61, 80, 100, 300])
    func widths(columns: Int) {
        for isUnicode in [true, false] {
            let text = SampleReports.text(Self.hostile, columns: columns, isUnicode: isUnicode) {
                $0.name = String(repeating: "血圧計 ", count: 80) + String(repeating: "x", count: 300)
            }
            let (heading, rest) = text.divided(at: "                      this side")
            let (table, behind) = rest.divided(at: "  association model")
            // What has to be in the table takes 54 columns.
            for line in (heading + (columns < 54 ? "" : table) + behind).split(separator: "\n")
            where !line.contains("rule line") {
                #expect(SafeText.width(String(line)) <= min(max(columns, 40), 100), "\(columns): \(line)")
            }
        }
    }

    @Test("Nothing in a report acts on a terminal or breaks out of its place")
    func hostileReport() {
        for isUnicode in [true, false] {
            let text = SampleReports.text(Self.hostile, isUnicode: isUnicode) {
                $0.name = Self.attack
                $0.adapter = Self.attack
                $0.rule = Self.attack
                $0.result = Self.attack
            }
            let acting = text.unicodeScalars.filter {
                $0 != "\n" && [.control, .format, .lineSeparator].contains($0.properties.generalCategory)
            }
            #expect(acting.isEmpty)
            #expect(text.contains("\\u{1B}]0;owned"))
        }
    }

    @Test("256 steps of many words each are all there")
    func manySteps() {
        let text = SampleReports.text(Self.hostile)
        for number in 0..<256 { #expect(text.contains("step\(number)end"), "step \(number) is missing") }
    }

    @Test(
        "The locale decides on the letters",
        arguments: [
            (["LANG": "de_DE.UTF-8"], true), (["LANG": "C.utf8"], true), (["LANG": "sr_RS.UTF-8@latin"], true),
            (["LANG": "C.UTF-8", "LC_ALL": "C"], false), (["LC_ALL": "", "LC_CTYPE": "C.UTF-8", "LANG": "C"], true),
            (["LANG": "de_DE.ISO-8859-1"], false), ([:], false), (["LANG": "utf8"], false),
        ])
    func locale(environment: [String: String], isUnicode: Bool) {
        #expect(Page.isUnicode { environment[$0] } == isUnicode)
    }

    @Test("Lines are filled word by word; only a word that is longer than a line is broken")
    func wrapping() {
        #expect(SafeText.wrapped("one two  three", to: 7) == ["one two", "three"])
        #expect(SafeText.wrapped("", to: 7) == [])
        #expect(SafeText.wrapped("an abcdefghijk end", to: 5) == ["an", "abcde", "fghij", "k end"])
        #expect(SafeText.wrapped("血圧計", to: 5) == ["血圧", "計"])
        #expect(SafeText.wrapped("血", to: 1) == ["血"])
        #expect(SafeText.filled(["a b,", "c d"], to: 6) == ["a b,", "c d"])
        #expect(SafeText.filled(["a b,", "c d"], to: 3) == ["a", "b,", "c d"])
        #expect(SafeText.shortened("abcdefgh", to: 6) == "abc...")
        #expect(SafeText.shortened("abcdef", to: 6) == "abcdef")
    }

    private static let attack = "\u{1B}]0;owned\u{7}\u{1B}[2J\u{202E}kcoL\r\n\u{9B}31m\u{200B}\u{2028}x"

    private static let hostile: Report = {
        var report = SampleReports.refused
        let long = String(repeating: "w", count: 400) + " " + attack
        report.summary = attack
        report.model = long
        report.observations = [long, "", attack]
        report.offers[0].ioCapability = attack
        report.offers[1].keys = Array(repeating: attack, count: 50)
        report.causes = [
            Report.LikelyCause(attack, remedy: long, ruleLines: ["rule line \(attack)"]), Report.LikelyCause(""),
        ]
        report.steps = (0..<256).map { number in
            let arrow = Report.Arrow.allCases[number % Report.Arrow.allCases.count]
            let time = number == 9 ? UInt64.max : number == 10 ? 0 : SampleReports.begin + UInt64(number)
            return Report.Step(
                time: time, arrow, "step\(number)end",
                number.isMultiple(of: 2) ? [attack] : Array(repeating: "血圧 計 🩺", count: 20))
        }
        report.steps[3].title += " " + long
        report.omittedSteps = .max
        return report
    }()
}

extension String {
    /// What stands before the first line that begins so, and the rest.
    fileprivate func divided(at begin: String) -> (String, String) {
        guard let range = firstRange(of: "\n" + begin) else { return (self, "") }
        return (String(self[..<range.lowerBound]), String(self[range.lowerBound...]))
    }
}
