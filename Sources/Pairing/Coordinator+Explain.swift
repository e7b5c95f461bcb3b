// SPDX-License-Identifier: Apache-2.0

import Bluetooth
public import Explain
import HCIMonitor

/// Traces: what was seen of each pairing, for the explanation of how it came to its end.
extension Coordinator {
    /// Why a pairing ended as it did, or how far it is; for live ones and the last finished ones.
    ///
    /// - Throws: ``CommandError/unknownPairing``.
    public func report(of number: PairingNumber) throws(CommandError) -> Report {
        Report(explaining: try trace(of: number))
    }

    /// What was seen of a pairing. Nothing in it is secret.
    ///
    /// - Throws: ``CommandError/unknownPairing``.
    public func trace(of number: PairingNumber) throws(CommandError) -> Trace {
        guard let snapshot = pairing(number) else { throw .unknownPairing }
        var trace = traces[number] ?? Trace(device: MonitorPeer(address: snapshot.address, addressType: nil))
        trace.outcome = trace.outcome ?? outcome(of: snapshot)
        trace.name = snapshot.name ?? trace.name
        return trace
    }

    /// The monitor channel showed something; without an address it is about the adapter as a whole.
    mutating func observed(_ adapter: AdapterReference, _ address: Address?, _ event: TraceEvent, at now: Moment) {
        let step = TraceStep(time: now.realtime, event)
        guard let address else {
            for pairing in live.values where pairing.device?.adapter == adapter && !pairing.state.isPreparation {
                traces.append(step, to: pairing.number)
            }
            return
        }
        traces.see(step, on: LockOuts.Key(adapter: adapter, address: address))
        var concerned = pairings(with: address, on: adapter)
        // The end of the link comes after the result, and belongs to the picture.
        if concerned.isEmpty, let last = justFinished(address, adapter, at: now) { concerned = [last] }
        for number in concerned { traces.append(step, to: number) }
    }

    /// How long after its result a pairing's trace goes on, in microseconds.
    private static let aftermath: UInt64 = 2_000_000

    private func justFinished(_ address: Address, _ adapter: AdapterReference, at now: Moment) -> PairingNumber? {
        let last = finished.last { $0.address == address && $0.adapter == adapter }
        guard let last, let finishedAt = last.finishedAt, finishedAt + Self.aftermath >= now.realtime,
            live.values.allSatisfy({ $0.address != address })
        else { return nil }
        return last.number
    }

    /// Begins the trace of a pairing that is about to be on the air.
    mutating func openTrace(_ number: PairingNumber, _ device: DeviceSnapshot, at now: Moment) {
        guard traces[number] == nil else { return }
        let adapter = device.reference.adapter
        traces.open(
            number, MonitorPeer(address: device.facts.address, addressType: device.facts.addressType),
            on: LockOuts.Key(adapter: adapter, address: device.facts.address), name: device.facts.name)
        guard let isBondable = adapters[adapter]?.isPairable else { return }
        traces.append(TraceStep(time: now.realtime, .management(.settings(isBondable: isBondable))), to: number)
    }

    /// Notes what our side is about to do.
    mutating func trace(_ effects: [Effect], at now: Moment) {
        for effect in effects {
            switch effect {
            case .pair(let number, let device, let capability):
                guard let pairing = live[number] else { continue }
                if let device = devices[device] { openTrace(number, device, at: now) }
                trace(.attempt(pairing.attempt), of: number, at: now)
                trace(.pairCalled(capability), of: number, at: now)
            case .cancelPairing(let device): trace(.cancelled, of: device, at: now)
            case .disconnect(let device): trace(.disconnected, of: device, at: now)
            case .remove(let device): trace(.undone, of: device, at: now)
            case .record(let record): trace(record, at: now)
            default: break
            }
        }
    }

    mutating func trace(_ step: OwnStep, of number: PairingNumber, at now: Moment) {
        traces.append(TraceStep(time: now.realtime, .own(step)), to: number)
    }

    private mutating func trace(_ step: OwnStep, of device: DeviceReference, at now: Moment) {
        let concerned = live.values.filter { $0.device == device && !$0.state.isPreparation }.map(\.number)
        let last = finished.last { $0.device == device }
        let justFinished = last.flatMap { $0.finishedAt == now.realtime ? $0.number : nil }
        for number in concerned.isEmpty ? [justFinished].compactMap({ $0 }) : concerned {
            trace(step, of: number, at: now)
        }
    }

    /// The journal's records tell who was asked, and who answered what.
    private mutating func trace(_ record: Record, at now: Moment) {
        guard let number = record.pairing, let kind = record.kind?.rawValue else { return }
        switch record.subject {
        case .requestOpened: trace(.asked(kind), of: number, at: now)
        case .question:
            switch record.decider {
            case .cancellation: trace(.questionCancelled, of: number, at: now)
            case .rule: answered(record.rule.map { "rule \($0)" } ?? "rule")
            case .noRule: answered("no rule")
            case .person(let actor): answered("user \(actor.uid)")
            case .expiry: answered("expiry")
            case .safeguard: answered("a safeguard")
            case .events, .kernel, .device: break
            }
        default: break
        }
        func answered(_ by: String) {
            trace(.answered(kind, isPositive: record.verdict == .accepted, by: by), of: number, at: now)
        }
    }

    /// Notes how a pairing ended.
    mutating func closeTrace(_ pairing: LivePairing, _ snapshot: PairingSnapshot, _ cause: Cause?) {
        let device = MonitorPeer(address: pairing.address, addressType: nil)
        traces.close(pairing.number, device, outcome(of: snapshot, cause, capability: pairing.capability))
    }

    private func outcome(
        of snapshot: PairingSnapshot, _ cause: Cause? = nil, capability: IOCapability? = nil
    ) -> TraceOutcome {
        let origin: TraceOutcome.Origin =
            switch snapshot.origin {
            case .requested, .automatic: .ours
            case .incoming: .device
            case .foreign: .foreign
            }
        let result = snapshot.outcome?.result
        return TraceOutcome(
            result: result?.rawValue ?? "", isSuccess: result?.isSuccess ?? false, sentence: result?.sentence ?? "",
            advice: result?.advice ?? "", reason: snapshot.outcome?.reason ?? "", isOurDecision: cause != nil,
            origin: origin, rule: snapshot.rule, hasMonitor: hasMonitor, wantedCapability: capability)
    }
}
