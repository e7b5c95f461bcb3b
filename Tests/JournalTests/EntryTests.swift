// SPDX-License-Identifier: Apache-2.0

import Explain
import Journal
import Testing

@testable import Pairing

@Suite("Journal entries")
struct EntryTests {
    private static let report = Report(
        finding: .refusedWithoutReason, summary: "The device refused to pair, without saying why.", stage: .features,
        causes: [
            .init("The device is not in pairing mode.", remedy: "Put it into pairing mode."),
            .init("It does not like what this side can show."),
        ])

    private static func values(_ entry: Entry) -> [FieldName: String] {
        Dictionary(entry.fields.map { ($0.name, $0.value) }) { first, _ in first }
    }

    @Test("A failed pairing carries what explain finds, and the likeliest cause")
    func finding() {
        let entry = Entry(Self.record(.peerRefused), Self.report)
        let values = Self.values(entry)
        #expect(entry.kind == .pairingFailed)
        #expect(values[.finding] == "refused-without-reason")
        #expect(values[.summary] == "The device refused to pair, without saying why.")
        #expect(values[.advice] == "The device is not in pairing mode. Put it into pairing mode.")
    }

    @Test("A failure without an explanation carries the result's own sentences", arguments: PairingResult.allCases)
    func ownSentences(result: PairingResult) {
        let entry = Entry(Self.record(result))
        let values = Self.values(entry)
        #expect(values[.finding] == nil)
        #expect(entry.kind == (result.isSuccess ? .paired : .pairingFailed))
        #expect(values[.summary] == (result.isSuccess ? nil : result.sentence))
        // The catalog shows it: it may not be missing.
        #expect(values[.advice] == (result.isSuccess ? nil : result.advice))
    }

    @Test("A pairing that succeeded carries no finding")
    func success() {
        let values = Self.values(Entry(Self.record(.paired), Self.report))
        #expect(values[.finding] == nil && values[.summary] == nil && values[.advice] == nil)
    }

    @Test("An explanation without a cause leaves the result's advice")
    func withoutCause() {
        var report = Self.report
        report.causes = []
        #expect(Self.values(Entry(Self.record(.peerRefused), report))[.advice] == PairingResult.peerRefused.advice)
    }

    @Test("A cause that only repeats the result's sentence is left out of the advice")
    func repetition() {
        let result = PairingResult.rejectedByPolicy
        var report = Self.report
        report.causes = [.init(result.sentence, remedy: result.advice)]
        #expect(Self.values(Entry(Self.record(result), report))[.advice] == result.advice)
    }

    @Test("The manual names every word of a decision, and everybody who may decide")
    func words() {
        let deciders: [Record.Decider] = [
            .rule, .noRule, .person(Actor(uid: 1000)), .expiry, .cancellation, .safeguard, .events, .kernel, .device,
        ]
        for decider in deciders {
            let word = Self.values(Entry(Record(subject: .question, verdict: .asked, decider: decider, reason: "")))[
                .decider]
            #expect(FieldName.decider.meaning.contains(word ?? "?"), "\(decider)")
        }
        for verdict in Record.Verdict.allCases {
            #expect(FieldName.decision.meaning.contains(verdict.rawValue), "\(verdict)")
        }
    }

    private static func record(_ result: PairingResult) -> Record {
        Record(subject: .pairing, verdict: .failed, decider: .events, result: result, reason: "")
    }
}
