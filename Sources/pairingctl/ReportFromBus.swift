// SPDX-License-Identifier: Apache-2.0

import DBus
import Explain

extension Report {
    /// Reads what `Pairing1.Explain` returned. What is missing is empty; a word that this version does not know, as of a
    /// newer daemon, is taken for the one that says least.
    init(fromBus values: [String: Value]) {
        let report = Properties(values)
        self.init(
            finding: Finding(rawValue: report.text("Finding")) ?? .unknown,
            summary: report.text("Summary"),
            stage: Stage(rawValue: report.text("Stage")) ?? .notStarted,
            stoppedBy: Party(rawValue: report.text("StoppedBy")),
            offers: (values["Offers"]?.converted(to: [[String: Value]].self) ?? []).compactMap(Offer.init(fromBus:)),
            model: report.text("Model"),
            observations: report.texts("Observations"),
            causes: values["Causes"].structures.compactMap(LikelyCause.init(fromBus:)),
            steps: values["Steps"].structures.compactMap(Step.init(fromBus:)),
            omittedSteps: Int(report.count("OmittedSteps")))
    }
}

extension Report.Offer {
    fileprivate init?(fromBus values: [String: Value]) {
        let offer = Properties(values)
        guard let from = Report.Party(rawValue: offer.text("From")) else { return nil }
        self.init(
            from: from, ioCapability: offer.text("IOCapability"), mitmProtection: offer.flag("MITMProtection"),
            bonding: offer.flag("Bonding"), secureConnections: values["SecureConnections"]?.converted(),
            outOfBandData: offer.flag("OutOfBandData"), maximumKeySize: values["MaximumKeySize"]?.converted(),
            authenticationRequirements: values["AuthenticationRequirements"]?.converted() ?? 0,
            keys: offer.texts("Keys"))
    }
}

extension Report.LikelyCause {
    fileprivate init?(fromBus members: [Value]) {
        guard members.count >= 3, let text: String = members[0].converted(), let remedy: String = members[1].converted()
        else { return nil }
        self.init(text, remedy: remedy, ruleLines: members[2].converted() ?? [])
    }
}

extension Report.Step {
    fileprivate init?(fromBus members: [Value]) {
        guard members.count >= 4, let time: UInt64 = members[0].converted(), let word: String = members[1].converted(),
            let title: String = members[2].converted()
        else { return nil }
        self.init(time: time, Report.Arrow(rawValue: word) ?? .here, title, members[3].converted() ?? [])
    }
}

extension Optional<Value> {
    /// The members of each structure of an array; none where it is no such array.
    fileprivate var structures: [[Value]] {
        var value = self
        if case .variant(let inner)? = value { value = inner }
        guard case .array(_, let rows)? = value else { return [] }
        return rows.compactMap { if case .structure(let members) = $0 { members } else { nil } }
    }
}
