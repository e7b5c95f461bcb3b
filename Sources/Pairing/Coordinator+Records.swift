// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Policy
import SecurityManager

/// What was known when the daemon ended, or crashed.
public struct Recollection: Sendable {
    public var records: [BondRecord] = []
    /// Pairings that were on the air.
    public var unsettled: [UnsettledPairing] = []

    public init() {}
}

/// What is kept of devices, across restarts and crashes.
extension Coordinator {
    // MARK: Records

    /// `nil` for a device that is not known by its identity address, and for one whose adapter is gone.
    func recordKey(of device: DeviceSnapshot) -> BondRecord.Key? {
        guard let adapter = adapters[device.reference.adapter]?.address,
            !device.facts.address.isPrivate(device.facts.addressType)
        else { return nil }
        return BondRecord.Key(
            adapter: adapter, device: device.facts.address, type: device.facts.addressType ?? .public)
    }

    /// What is known of a device from its pairings, also from before a restart.
    public func record(of device: DeviceSnapshot) -> BondRecord? { recordKey(of: device).flatMap { records[$0] } }

    /// Changes what is kept of a device.
    mutating func note(_ device: DeviceSnapshot, _ change: (inout BondRecord) -> Void) {
        guard let key = recordKey(of: device) else { return }
        let old = records[key]
        var record = old ?? BondRecord(key: key)
        change(&record)
        guard record != old else { return }
        if old == nil, records.count >= bounds.records {
            // A bond is worth more than a failure, a new one more than an old one.
            let least = records.values.min { left, right in
                (left.state == .none ? 0 : 1, left.lastPaired, left.key)
                    < (right.state == .none ? 0 : 1, right.lastPaired, right.key)
            }
            if let least {
                records[least.key] = nil
                emit(.dropRecord(least.key))
            }
        }
        records[key] = record
        emit(.keepRecord(record))
    }

    /// Keeps what a pairing came to; of strangers only what they cannot cause as often as they like.
    mutating func noteResult(_ pairing: LivePairing, _ outcome: PairingOutcome, at now: Moment) {
        guard let device = pairing.device.flatMap({ devices[$0] }) ?? pairing.lastSeen else { return }
        let isKnown = (record(of: device)?.lastPaired ?? 0) > 0
        let isOurs = pairing.origin.isOurs && pairing.rule != nil
        guard outcome.result == .paired || isOurs || isKnown && outcome.result.isFailureOfDevice else { return }
        let isBonded = devices[device.reference]?.isBonded == true
        let capability = pairing.capability
        let strength = pairing.evidence.strength
        let failures = UInt32(clamping: failures(of: device.facts.address, on: device.reference.adapter))
        note(device) { record in
            record.lastResult = outcome.result
            record.rule = pairing.rule?.name ?? record.rule
            record.failures = failures
            guard outcome.result == .paired else { return }
            let isKept = pairing.rule.map { $0.profile.pairing.bond == .keep } ?? true
            record.state = isKept && isBonded ? .kept : .session
            record.strength = strength
            record.lastPaired = now.realtime
            record.capability = capability ?? record.capability
        }
    }

    // MARK: Devices that come into sight

    /// BlueZ shows a device that it did not show before.
    mutating func recall(_ device: DeviceSnapshot, at now: Moment) {
        guard let record = record(of: device) else { return }
        lockOuts.recall(
            LockOuts.Key(adapter: device.reference.adapter, address: device.facts.address), record.failures,
            at: now.monotonic)
        guard device.hasBond, record.state == .session else { return }
        sessionBonds.insert(device.reference)
        linkMayBeGone(device.reference, at: now)
    }

    // MARK: Pairings whose end nobody saw

    /// From here on a bond may come about, whether we live to see it or not.
    mutating func markUnsettled(_ number: PairingNumber) {
        guard let pairing = live[number], let rule = pairing.rule,
            let device = pairing.device.flatMap({ devices[$0] }), let key = recordKey(of: device)
        else { return }
        // What came of an earlier one shows by now.
        if let old = unsettled[key], !pairing.hadBond { drop(old) }
        let settings = rule.profile.pairing
        let entry = UnsettledPairing(
            number: number, key: key, origin: pairing.snapshot().origin, startedAt: pairing.startedAt,
            rule: rule.name, hadBond: pairing.hadBond,
            mayStay: settings.bond == .keep && !settings.needsVerification && pairing.leastStrength == nil
                && pairing.ruledAddress == key.device)
        guard entry != pairing.unsettled else { return }
        live[number]?.unsettled = entry
        emit(.keepUnsettled(entry))
    }

    /// A pairing has its result: is it certain that no bond contradicts it?
    mutating func settle(_ pairing: LivePairing, isCertain: Bool) {
        guard let entry = pairing.unsettled else { return }
        if isCertain || entry.hadBond { return emit(.dropUnsettled(entry.number)) }
        if let old = unsettled[entry.key] { drop(old) }
        if unsettled.count >= bounds.unsettled, let oldest = unsettled.values.min(by: { $0.number < $1.number }) {
            drop(oldest)
        }
        var told = entry
        told.isTold = true
        unsettled[entry.key] = told
        emit(.keepUnsettled(told))
    }

    /// BlueZ shows all that it has: what was unsettled is clear now, as far as its adapter is there.
    mutating func settleAll(at now: Moment) {
        let addresses = Set(adapters.values.lazy.filter(\.isPowered).map(\.address))
        for entry in unsettled.values.sorted(by: { $0.number < $1.number })
        where addresses.contains(entry.key.adapter) {
            let device = devices.values.first { recordKey(of: $0) == entry.key }
            settle(entry, device, at: now)
        }
    }

    /// Looks at what a pairing left, now that its device is there; `nil` when BlueZ has no such device.
    private mutating func settle(_ entry: UnsettledPairing, _ device: DeviceSnapshot?, at now: Moment) {
        guard let device, device.hasBond, !entry.hadBond else {
            if !entry.isTold { interrupted(entry, device, PairingOutcome(.interrupted), at: now) }
            return drop(entry)
        }
        guard removals[device.reference] == nil, adapters[device.reference.adapter]?.isPowered == true else { return }
        let isUnapproved = entry.origin == .incoming && device.facts.isInputDevice
        if entry.mayStay, !isUnapproved, !entry.isTold {
            note(device) { record in
                record.state = .kept
                record.rule = entry.rule
                record.lastResult = .paired
                record.lastPaired = now.realtime
            }
            let outcome = PairingOutcome(.paired, "pairingd was restarted before it could tell")
            interrupted(entry, device, outcome, at: now)
            return drop(entry)
        }
        if !entry.isTold {
            let why = "the bond was not verified yet, and is removed"
            interrupted(entry, device, PairingOutcome(.interrupted, why), at: now)
            var told = entry
            told.isTold = true
            unsettled[entry.key] = told
            emit(.keepUnsettled(told))
        }
        // It is settled when the device is gone.
        remove(device.reference, for: nil, at: now)
    }

    /// A bond comes of a pairing that was given up a while ago: its result was told, and it is removed.
    ///
    /// - Returns: Whether it is so.
    mutating func settle(late device: DeviceSnapshot, at now: Moment) -> Bool {
        guard let entry = recordKey(of: device).flatMap({ unsettled[$0] }), entry.isTold,
            entry.startedAt + Self.patience > now.realtime
        else { return false }
        settle(entry, device, at: now)
        return true
    }

    /// How long after its beginning a `Pair()` may still make a bond, in microseconds: BlueZ gives up after 120 s
    /// (`src/adapter.c`, BONDING_TIMEOUT).
    private static let patience: UInt64 = 180_000_000

    mutating func settle(removed device: DeviceSnapshot) {
        guard isBlueZRunning else { return }
        if let entry = recordKey(of: device).flatMap({ unsettled[$0] }) { drop(entry) }
    }

    mutating func settle(seen device: DeviceSnapshot, at now: Moment) {
        if let entry = recordKey(of: device).flatMap({ unsettled[$0] }), device.hasBond {
            settle(entry, device, at: now)
        }
    }

    private mutating func drop(_ entry: UnsettledPairing) {
        unsettled[entry.key] = nil
        emit(.dropUnsettled(entry.number))
    }

    /// Tells the result of a pairing of the daemon's life before.
    private mutating func interrupted(
        _ entry: UnsettledPairing, _ device: DeviceSnapshot?, _ outcome: PairingOutcome, at now: Moment
    ) {
        let adapter = adapters.values.first { $0.address == entry.key.adapter }?.reference
        let snapshot = PairingSnapshot(
            number: entry.number, origin: entry.origin, actor: nil, address: entry.key.device,
            device: device?.reference, adapter: adapter, name: device?.facts.name, rule: entry.rule,
            profile: nil, attempt: 1, agreement: nil, strength: nil, phase: .done, startedAt: entry.startedAt,
            finishedAt: now.realtime, outcome: outcome)
        emit(.publish(.pairingAdded(snapshot)))
        keep(snapshot, nil)
    }
}
