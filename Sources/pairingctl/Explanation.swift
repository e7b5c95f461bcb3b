// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import Explain
import HCIMonitor

/// One pairing and the report of it, from the daemon or from a capture file.
struct Explanation: Sendable {
    /// The daemon's number, or the place among the pairings of a file, from 1.
    var number: UInt64
    /// `nil` for one of a file.
    var path: ObjectPath?
    var name = ""
    /// Empty where the capture does not tell it.
    var address = ""
    var adapter = ""
    var rule = ""
    var result = ""
    /// Microseconds since the epoch; 0 where it is not known, or not over.
    var startedAt: UInt64 = 0
    var finishedAt: UInt64 = 0
    /// Where the times of the steps count from; what stands in front of it was so before.
    var zero: UInt64
    var report: Report

    init(number: UInt64, report: Report) {
        self.number = number
        self.report = report
        zero = report.steps.first?.time ?? 0
    }

    init(_ pairing: PairingInfo, _ report: Report) {
        self.init(number: pairing.number ?? 0, report: report)
        let properties = pairing.properties
        path = pairing.path
        name = properties.text("Name")
        address = properties.text("Address")
        adapter = properties.text("Adapter")
        rule = properties.text("Rule")
        result = pairing.result
        startedAt = properties.time("StartedAt")
        finishedAt = properties.time("FinishedAt")
    }

    init(number: UInt64, _ trace: Trace) {
        self.init(number: number, report: Report(explaining: trace))
        name = trace.name.map(\.description) ?? ""
        address = trace.device.address.bits == 0 ? "" : trace.device.address.description
        adapter = trace.adapter.map { "hci\($0.index)" } ?? ""
        startedAt = (trace.steps.first { !$0.event.isSetting } ?? trace.steps.first)?.time ?? 0
        finishedAt = trace.steps.last?.time ?? 0
        zero = startedAt
    }

    /// Did it come to nothing?
    var isFailure: Bool { report.finding != .paired && report.finding != .unfinished }
}

extension TraceEvent {
    /// Is it about the adapter for all that comes, and not about a pairing?
    fileprivate var isSetting: Bool {
        switch self {
        case .command(.setBondable), .command(.setIOCapability), .management(.settings): true
        default: false
        }
    }
}

// MARK: For programs

extension Explanation {
    /// The document that docs/explain.md describes.
    var document: JSON {
        [
            "pairing": .optional(path?.text),
            "number": .number(number),
            "address": .optional(address.isEmpty ? nil : address),
            "adapter": .string(adapter),
            "name": .string(name),
            "rule": .string(rule),
            "result": .string(result),
            "started_at": .number(startedAt),
            "finished_at": .number(finishedAt),
            "finding": .string(report.finding.rawValue),
            "summary": .string(report.summary),
            "stage": .string(report.stage.rawValue),
            "stopped_by": .optional(report.stoppedBy?.rawValue),
            "offers": .array(report.offers.map(\.document)),
            "model": .string(report.model),
            "observations": .strings(report.observations),
            "causes": .array(
                report.causes.map {
                    [
                        "text": .string($0.text), "remedy": .string($0.remedy), "rule_lines": .strings($0.ruleLines),
                    ]
                }),
            "steps": .array(
                report.steps.map {
                    [
                        "time": .number($0.time), "arrow": .string($0.arrow.rawValue), "title": .string($0.title),
                        "details": .strings($0.details),
                    ]
                }),
            "omitted_steps": .number(report.omittedSteps),
        ]
    }
}

extension Report.Offer {
    fileprivate var document: JSON {
        [
            "from": .string(from.rawValue),
            "io_capability": .string(ioCapability),
            "mitm_protection": .boolean(mitmProtection),
            "bonding": .boolean(bonding),
            "secure_connections": secureConnections.map { .boolean($0) } ?? .null,
            "out_of_band_data": .boolean(outOfBandData),
            "maximum_key_size": maximumKeySize.map { .number($0) } ?? .null,
            "authentication_requirements": .number(authenticationRequirements),
            "keys": .strings(keys),
        ]
    }
}
