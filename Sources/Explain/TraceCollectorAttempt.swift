// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import HCIMonitor

extension TraceCollector {
    struct LinkKey: Hashable, Sendable {
        var adapterIndex: UInt16
        var handle: UInt16

        init(_ link: MonitorLink) {
            adapterIndex = link.adapter.index
            handle = link.handle
        }
    }

    /// A link, and what happened on it that is in no trace: the beginning of the next one.
    struct Link: Sendable {
        /// An honest link has few of them between two pairings.
        private static let maximumSteps = 16

        var link: MonitorLink
        var connected: TraceStep?
        private(set) var steps: [TraceStep] = []
        var isEncrypted = false
        /// A Security Request has been answered neither by a pairing nor by encryption with a key that is there.
        var isPairingWanted = false

        init(_ link: MonitorLink, connected: TraceStep? = nil) {
            self.link = link
            self.connected = connected
        }

        mutating func append(_ step: TraceStep) {
            if steps.count == Self.maximumSteps { steps.removeFirst() }
            steps.append(step)
        }

        /// Hands over what a trace of this link begins with; the next trace begins with the connection again.
        mutating func takeBeginning() -> [TraceStep] {
            defer {
                steps = []
                isPairingWanted = false
            }
            return (connected.map { [$0] } ?? []) + steps
        }
    }

    /// What was last said about an adapter as a whole.
    struct AdapterState: Sendable {
        private var bondable: TraceStep?
        private var ioCapability: TraceStep?
        private var settings: TraceStep?

        var steps: [TraceStep] { [bondable, ioCapability, settings].compactMap { $0 } }

        /// Keeps a step about the adapter as a whole; tells whether it is one that says something new.
        mutating func take(_ step: TraceStep) -> Bool {
            switch step.event {
            case .command(.setBondable): bondable = step
            case .command(.setIOCapability): ioCapability = step
            case .management(.settings):
                // They come with each change of any setting.
                guard settings?.event != step.event else { return false }
                settings = step
            default: return false
            }
            return true
        }
    }

    /// A pairing whose trace is not finished yet.
    struct Attempt: Sendable {
        enum End: Equatable, Sendable {
            case open
            /// It has come to its end but for what follows until this time.
            case at(UInt64)
            /// It succeeds, and has come to its end once nothing happened for this long.
            case quiet(UInt64)
        }

        /// A private address and an identity; hostile traffic would tell more.
        private static let maximumNames = 4

        let adapterIndex: UInt16
        var trace: Trace
        /// What the device is called; empty on a link whose beginning was not seen.
        private(set) var names: Set<MonitorPeer> = []
        /// `nil` before there is one, and after its end.
        private(set) var link: LinkKey?
        private(set) var hadLink = false
        /// How many Pair Device commands have not ended.
        var commands = 0
        var hasPairingRequest = false
        var end = End.open
        private var lastTime: UInt64 = 0

        init(_ adapter: MonitorAdapter, _ device: MonitorPeer?) {
            adapterIndex = adapter.index
            trace = Trace(
                device: device ?? MonitorPeer(address: Address(bits: 0), addressType: nil), adapter: adapter)
            if let device { names = [device] }
        }

        var isLE: Bool { trace.device.addressType != nil }
        /// Does it wait for a link: one that Pair Device makes, or one whose beginning was not seen?
        var isWaiting: Bool { link == nil && (commands > 0 || !hadLink && end == .open) }

        /// Is there only the aftermath to come?
        var hasEnded: Bool { if case .at = end { true } else { false } }

        mutating func append(_ step: TraceStep) {
            trace.append(step)
            lastTime = step.time
        }

        /// Puts steps of the link, which may be earlier than the last ones of the trace, where they belong.
        mutating func insert(_ steps: [TraceStep]) {
            guard !steps.isEmpty else { return }
            // Without room there is no order to keep.
            guard trace.omitted == 0 else { return steps.forEach { append($0) } }
            let all = (trace.steps + steps).sorted { $0.time < $1.time }
            trace = Trace(device: trace.device, adapter: trace.adapter, steps: all)
            lastTime = all.last?.time ?? lastTime
        }

        mutating func attach(_ link: MonitorLink) {
            self.link = LinkKey(link)
            hadLink = true
            end = .open
            if let device = link.peer { addName(device) }
        }

        mutating func detach() { link = nil }

        /// The device has another name; names of random private addresses give way in the trace.
        mutating func addName(_ name: MonitorPeer) {
            guard names.count < Self.maximumNames || names.contains(name) else { return }
            names.insert(name)
            if names.count == 1 || !name.isResolvablePrivate { trace.device = name }
        }

        mutating func endAfterAftermath(of step: TraceStep) {
            let (time, overflow) = step.time.addingReportingOverflow(TraceCollector.aftermath)
            end = .at(overflow ? .max : time)
        }

        /// It succeeds: of two silences the shorter one counts.
        mutating func endAfterQuiet(_ quiet: UInt64) {
            switch end {
            case .open: end = .quiet(quiet)
            case .quiet(let other): end = .quiet(min(quiet, other))
            case .at: break
            }
        }

        func isOver(at time: UInt64) -> Bool {
            switch end {
            case .open: false
            case .at(let end): time > end
            case .quiet(let quiet): commands == 0 && time > lastTime && time - lastTime > quiet
            }
        }
    }
}

extension MonitorPeer {
    /// Source: Core Specification, Vol 6, Part B, 1.3.2.2 (the two most significant bits are 01).
    var isResolvablePrivate: Bool { addressType == .random && address.bits >> 46 == 0b01 }
}
