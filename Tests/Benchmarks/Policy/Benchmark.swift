// SPDX-License-Identifier: Apache-2.0

import Policy

/// Reads many rule files and decides many devices by them.
struct Benchmark {
    var seed: UInt64
    let ruleCount = 10_000
    let deviceCount = 1_000
    let loads = 7
    /// Files that change before a reload.
    let changed = 100
    let rounds = 5

    func run() throws -> Report {
        var report = Report(title: "\(ruleCount) rules, \(deviceCount) devices", seed: seed)
        let folder = try RuleFilesFolder(ruleCount: ruleCount, seed: seed)
        defer { folder.remove() }
        try folder.write()
        let files = PolicyFiles(folders: RuleFolders([folder.path]))

        let before = residentMemory()
        var reading = Samples()
        var policy = try reading.measure { () throws(PolicyErrors) in try files.load() }
        let afterFirst = residentMemory()
        // As in a daemon, where the old rules are in force until the new ones are read.
        for _ in 1..<loads { policy = try reading.measure { () throws(PolicyErrors) in try files.load() } }
        // Files that changed less than two seconds ago are read again, as their time may not tell the next change.
        folder.rest()
        policy = try files.load()
        var reloading = Samples()
        for _ in 1..<loads {
            try folder.change(changed)
            policy = try reloading.measure { () throws(PolicyErrors) in try files.load(after: policy) }
        }
        let afterLast = residentMemory()

        report.sections = [
            .init(
                title: "Reading all rule files, as at the start, \(loads) runs, files in the page cache",
                figures: [
                    .init(name: "minimum", value: reading.percentile(0) / 1000, unit: "ms"),
                    .init(name: "median", value: reading.percentile(50) / 1000, unit: "ms"),
                    .init(name: "maximum", value: reading.percentile(100) / 1000, unit: "ms"),
                ]),
            .init(
                title: "Reloading, after \(changed) files have changed",
                figures: [
                    .init(name: "minimum", value: reloading.percentile(0) / 1000, unit: "ms"),
                    .init(name: "median", value: reloading.percentile(50) / 1000, unit: "ms", aim: 200),
                    .init(name: "maximum", value: reloading.percentile(100) / 1000, unit: "ms"),
                ]),
        ]
        report.sections += decide(by: policy)
        report.sections.append(
            .init(
                title: "Resident memory of the process",
                figures: [
                    .init(name: "before the first reading", value: before, unit: "MiB"),
                    .init(name: "after the first reading", value: afterFirst, unit: "MiB"),
                    .init(name: "after the last reading", value: afterLast, unit: "MiB"),
                    .init(name: "after deciding", value: residentMemory(), unit: "MiB"),
                ]))
        return report
    }

    private func decide(by policy: Policy) -> [Report.Section] {
        var random = SplitMix64(state: seed)
        let kinds = SampleDevice.allCases
        let devices = (0..<deviceCount).map { number in
            let kind = kinds[number % kinds.count]
            return (kind: kind, facts: kind.facts(ruleCount: ruleCount, seed: seed, &random))
        }
        var samples: [SampleDevice: Samples] = [:]
        var decisions = (matched: 0, undetermined: 0, unmatched: 0)
        for _ in 0..<rounds {
            for device in devices {
                switch samples[device.kind, default: Samples()].measure({ policy.decide(device.facts) }) {
                case .matched: decisions.matched += 1
                case .undetermined: decisions.undetermined += 1
                case .unmatched: decisions.unmatched += 1
                }
            }
        }

        var all = Samples()
        for kind in kinds { all.append(samples[kind] ?? Samples()) }
        let round = { (count: Int) in Double(count / rounds) }
        return [
            .init(
                title: "Deciding one device (Policy.decide), \(rounds) rounds over all devices",
                figures: [
                    .init(name: "p50", value: all.percentile(50), unit: "µs", aim: 50),
                    .init(name: "p90", value: all.percentile(90), unit: "µs"),
                    .init(name: "p99", value: all.percentile(99), unit: "µs", aim: 50),
                    .init(name: "maximum", value: all.percentile(100), unit: "µs"),
                    .init(name: "all devices once, on average", value: all.total / 1000 / Double(rounds), unit: "ms"),
                ]),
            .init(
                title: "The same by kind of device, p50 and p99",
                figures: kinds.flatMap { kind in
                    [50, 99].map { percent in
                        Report.Figure(
                            name: "\(kind.rawValue), p\(percent)",
                            value: samples[kind]?.percentile(percent) ?? 0, unit: "µs")
                    }
                }),
            .init(
                title: "What was decided in one round",
                figures: [
                    .init(name: "matched", value: round(decisions.matched), unit: "devices"),
                    .init(name: "undetermined", value: round(decisions.undetermined), unit: "devices"),
                    .init(name: "unmatched", value: round(decisions.unmatched), unit: "devices"),
                ]),
        ]
    }
}
