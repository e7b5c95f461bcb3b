// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Explain
import HCIMonitor

/// The traces of pairings, and what was seen of links before a pairing on them began.
struct TraceBook: Sendable {
    /// Links whose steps are kept; more than an adapter can have are none of ours.
    private static let maximumLinks = 64
    /// Steps of a link on which no pairing goes on. The newest are dropped: the beginning tells more.
    private static let maximumLinkSteps = 32

    private struct Link: Sendable {
        var steps: [TraceStep] = []
        var hasEnded = false
        /// When it was heard of last, to know the oldest.
        var age: UInt64 = 0
    }

    private var traces: [PairingNumber: Trace] = [:]
    private var links: [LockOuts.Key: Link] = [:]
    private var age: UInt64 = 0

    subscript(_ number: PairingNumber) -> Trace? { traces[number] }

    /// Begins a trace, with what the link that is there has shown already.
    mutating func open(_ number: PairingNumber, _ device: MonitorPeer, on key: LockOuts.Key?, name: UntrustedText?) {
        guard traces[number] == nil else { return }
        var trace = Trace(device: device, name: name)
        if let key, let link = links[key], !link.hasEnded {
            for step in link.steps { trace.append(step) }
        }
        traces[number] = trace
    }

    mutating func append(_ step: TraceStep, to number: PairingNumber) { traces[number]?.append(step) }

    mutating func close(_ number: PairingNumber, _ device: MonitorPeer, _ outcome: TraceOutcome) {
        traces[number, default: Trace(device: device)].outcome = outcome
    }

    mutating func remove(_ number: PairingNumber) { traces[number] = nil }

    /// Keeps what was seen of a link, for a pairing that may begin on it.
    mutating func see(_ step: TraceStep, on key: LockOuts.Key) {
        age += 1
        if case .connected = step.event { links[key] = Link() }
        if links[key]?.hasEnded == true { links[key] = Link() }
        if links[key] == nil, links.count >= Self.maximumLinks {
            let oldest = links.min {
                ($0.value.hasEnded ? 0 : 1, $0.value.age) < ($1.value.hasEnded ? 0 : 1, $1.value.age)
            }
            if let oldest { links[oldest.key] = nil }
        }
        var link = links[key] ?? Link()
        if link.steps.count < Self.maximumLinkSteps { link.steps.append(step) }
        link.age = age
        if case .disconnected = step.event { link.hasEnded = true }
        links[key] = link
    }
}
