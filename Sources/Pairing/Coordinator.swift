// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Policy
import SecurityManager

/// Decides and carries out pairings: what happens goes in, what has to be done comes out.
///
/// It has no clock, no bus and no task: the same events at the same moments always give the same effects. Carry out the
/// effects of one call before the next call, and come back with ``Event/tick`` at ``nextDeadline``.
public struct Coordinator: Sendable {
    var rules: any RuleBook
    private var numbers: any NumberSource
    private(set) var timing: Timing
    private(set) var bounds: Bounds
    private(set) var conduct: Conduct

    // What BlueZ has; as much as BlueZ itself keeps.
    var isBlueZRunning = false
    var adapters: [AdapterReference: AdapterSnapshot] = [:]
    var devices: [DeviceReference: DeviceSnapshot] = [:]
    var removals: [DeviceReference: Removal] = [:]
    var controls: [AdapterReference: AdapterControl] = [:]
    /// Where discovery runs for us.
    var discovering: Set<AdapterReference> = []
    var hasMonitor = false

    var live: [PairingNumber: LivePairing] = [:]
    /// Requested pairings that wait, in order.
    var queue: [PairingNumber] = []
    /// The requested pairing whose turn it is: BlueZ does one at a time (`src/shared/mgmt.c`, can_write_data).
    var active: PairingNumber?
    var incoming: [DeviceReference: PairingNumber] = [:]
    /// The oldest first.
    var finished: [PairingSnapshot] = []
    /// Of live pairings and of those in ``finished``.
    var traces = TraceBook()

    var open: [RequestNumber: OpenRequest] = [:]
    /// The oldest first.
    var closed: [ClosedRequest] = []

    /// Open now, or over and not yet closed.
    public internal(set) var window: Window?
    var lockOuts = LockOuts()
    /// What was seen of the links that are there, and of some that have ended.
    var links: [LockOuts.Key: LinkEvidence] = [:]
    /// The identity addresses behind the private ones of links.
    var identities: [LockOuts.Key: Address] = [:]
    /// What is known of devices, also from before a restart.
    var records: [BondRecord.Key: BondRecord]
    /// Pairings of which nobody saw whether a bond came of them.
    var unsettled: [BondRecord.Key: UnsettledPairing]
    /// Devices without a bond for which the kernel has a key all the same, and when that is certain.
    var staleKeys: [DeviceReference: MonotonicTime] = [:]
    /// Devices that may become automatic pairings.
    var candidates: [DeviceReference: Candidate] = [:]
    var backOffs: [LockOuts.Key: BackOff] = [:]
    /// Devices whose bond goes when their link ends.
    var sessionBonds: Set<DeviceReference> = []
    /// Refusals that were recorded since a moment, of those that ask no agent.
    var refusals = (since: MonotonicTime(microseconds: 0), count: 0)
    /// Devices whose Security Request was refused, until their link ends.
    var refusedSecurity: Set<DeviceReference> = []

    /// How many pairings, or reasons to start one, follow each device.
    var watchers: [DeviceReference: Int] = [:]
    private var outbox: [Effect] = []

    struct ClosedRequest: Sendable {
        let snapshot: RequestSnapshot
        let removal: MonotonicTime
    }

    /// - Parameter numbers: For pairings and requests alike.
    public init(
        rules: any RuleBook, numbers: any NumberSource, timing: Timing = Timing(), bounds: Bounds = Bounds(),
        conduct: Conduct = Conduct(), recalled: Recollection = Recollection()
    ) {
        self.rules = rules
        self.numbers = numbers
        self.timing = timing
        self.bounds = bounds
        self.conduct = conduct
        records = Dictionary(recalled.records.map { ($0.key, $0) }) { first, _ in first }
        unsettled = Dictionary(recalled.unsettled.map { ($0.key, $0) }) { $0.number > $1.number ? $0 : $1 }
        for entry in recalled.unsettled where unsettled[entry.key] != entry { emit(.dropUnsettled(entry.number)) }
    }

    /// Takes in what happened.
    public mutating func handle(_ event: Event, at now: Moment) -> [Effect] {
        expire(at: now)
        take(event, at: now)
        return drain(at: now)
    }

    private mutating func take(_ event: Event, at now: Moment) {
        switch event {
        case .bluezAppeared:
            isBlueZRunning = true
            settleAll(at: now)
        case .bluezVanished: bluezVanished(at: now)
        case .stopping: stopping(at: now)
        case .adapterChanged(let adapter): adapterChanged(adapter, at: now)
        case .adapterRemoved(let adapter): adapterRemoved(adapter, at: now)
        case .deviceChanged(let device): deviceChanged(device, at: now)
        case .deviceRemoved(let device): deviceRemoved(device, at: now)
        case .question(let question): asked(question, at: now)
        case .questionCancelled(let role): questionCancelled(role, at: now)
        case .agentReleased: bluezIsEnding(at: now)
        case .pairFinished(let number, let error): pairFinished(number, error, at: now)
        case .disconnectFinished(let device, let error): disconnectFinished(device, error, at: now)
        case .removeFinished(let device, let error): removeFinished(device, error, at: now)
        case .discoveryStarted(let adapter, let error): discoveryStarted(adapter, error, at: now)
        case .pairableSet(let adapter, let error): pairableSet(adapter, error, at: now)
        case .discoverableSet(let adapter, let error): discoverableSet(adapter, error, at: now)
        case .monitorAvailable(let isAvailable): hasMonitor = isAvailable
        case .smpFailure(let adapter, let address, let failure): smpFailed(adapter, address, failure, at: now)
        case .agreement(let adapter, let address, let agreement, let local):
            agreed(adapter, address, agreement, local, at: now)
        case .key(let adapter, let address, let key): keyMade(adapter, address, key, at: now)
        case .identity(let adapter, let address, let identity): identified(adapter, address, as: identity)
        case .authenticationFailed(let adapter, let address, let code):
            authenticationFailed(adapter, address, code, at: now)
        case .encrypted(let adapter, let address): encrypted(adapter, address, at: now)
        case .keyMissing(let adapter, let address): keyMissing(adapter, address, at: now)
        case .observed(let adapter, let address, let event): observed(adapter, address, event, at: now)
        case .securityRequest(let adapter, let address): securityRequested(adapter, address, at: now)
        case .linkDisconnected(let adapter, let address, let reason): linkEnded(adapter, address, reason, at: now)
        case .rulesChanged(let rules): rulesChanged(rules, at: now)
        case .settingsChanged(let timing, let bounds, let conduct):
            self.timing = timing
            self.bounds = bounds
            self.conduct = conduct
        case .tick: break
        }
    }

    // MARK: What others see

    /// When ``Event/tick`` is due; `nil` while nothing waits.
    public var nextDeadline: MonotonicTime? {
        var next = closed.first?.removal
        func consider(_ deadline: MonotonicTime?) {
            if let deadline { next = next.map { min($0, deadline) } ?? deadline }
        }
        for pairing in live.values { consider(pairing.nextDeadline) }
        for request in open.values { consider(request.snapshot.deadline.monotonic) }
        for removal in removals.values { consider(removal.until) }
        consider(window?.until.monotonic)
        for control in controls.values { consider(control.nextDeadline) }
        consider(staleKeys.values.min())
        consider(nextAutomaticDeadline)
        return next
    }

    /// Live pairings and the last finished ones, by number.
    public var pairings: [PairingSnapshot] {
        (finished + live.values.map { $0.snapshot() }).sorted { $0.number < $1.number }
    }

    /// Open requests and those that finished lately, by number.
    public var requests: [RequestSnapshot] {
        (closed.map(\.snapshot) + open.values.map(\.snapshot)).sorted { $0.number < $1.number }
    }

    /// How many requests wait for an answer.
    public var openRequestCount: Int { open.count }

    /// The oldest pairing that is under way and does not wait for its turn.
    public var oldestPairing: PairingNumber? { live.keys.lazy.filter { !queue.contains($0) }.min() }

    /// A live pairing, or one of the last finished ones.
    public func pairing(_ number: PairingNumber) -> PairingSnapshot? {
        live[number]?.snapshot() ?? finished.first { $0.number == number }
    }

    /// An open request, or one that finished lately.
    public func request(_ number: RequestNumber) -> RequestSnapshot? {
        open[number]?.snapshot ?? closed.first { $0.snapshot.number == number }?.snapshot
    }

    // MARK: Tools of the parts

    mutating func emit(_ effect: Effect) { outbox.append(effect) }

    mutating func nextNumber() -> UInt64 { numbers.next() }

    /// Begins what can begin, and hands out what has to be done: what a crash must not forget, then answers, because the
    /// radio waits for them.
    mutating func drain(at now: Moment) -> [Effect] {
        startNext(at: now)
        settleDiscovery()
        settlePairable(at: now)
        settleDiscoverable()
        var notes: [Effect] = []
        var replies: [Effect] = []
        var others: [Effect] = []
        for effect in outbox {
            switch effect {
            case .keepUnsettled: notes.append(effect)
            case .reply: replies.append(effect)
            default: others.append(effect)
            }
        }
        outbox.removeAll(keepingCapacity: true)
        trace(others, at: now)
        return notes + replies + others
    }

    /// Changes a live pairing, and publishes the change if it can be seen.
    mutating func modify(_ number: PairingNumber, _ change: (inout LivePairing) -> Void) {
        guard var pairing = live[number] else { return }
        let before = pairing.snapshot()
        let adapters = pairing.discoveringAdapters
        change(&pairing)
        live[number] = pairing
        if adapters != pairing.discoveringAdapters { settleDiscovery() }
        let after = pairing.snapshot()
        if before != after { emit(.publish(.pairingChanged(after))) }
    }

    mutating func enter(_ state: PairingState, _ number: PairingNumber) {
        modify(number) { $0.state = state }
    }

    /// Lets a live pairing follow `device`, or none.
    mutating func follow(_ device: DeviceSnapshot?, for number: PairingNumber) {
        let old = live[number]?.device
        if let device, device.reference != old { watch(device.reference) }
        if let old, old != device?.reference { unwatch(old) }
        modify(number) { pairing in
            pairing.device = device?.reference
            guard let device else { return }
            pairing.lastSeen = device
            pairing.address = device.facts.address
            pairing.name = device.facts.name
        }
    }

    mutating func watch(_ device: DeviceReference) {
        watchers[device, default: 0] += 1
        if watchers[device] == 1 { emit(.watch(device)) }
    }

    mutating func unwatch(_ device: DeviceReference) {
        guard let count = watchers[device] else { return }
        watchers[device] = count > 1 ? count - 1 : nil
        if count == 1 { emit(.unwatch(device)) }
    }
}
