// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Policy

/// Pairings that nobody asks for: a device of a rule with `initiate = "auto"` appears, ready to pair.
extension Coordinator {
    /// A device that is looked at until it is ready, or clearly none of ours.
    struct Candidate: Sendable {
        let since: MonotonicTime
        /// Since when it is heard; `nil` until then.
        var heardSince: MonotonicTime?
        /// Has it been listened to for long enough?
        var isSettled = false
    }

    /// A device that came to nothing lately.
    struct BackOff: Sendable {
        var failures: Int
        /// When it may be tried again; `nil` once that has passed.
        var until: MonotonicTime?
    }

    /// Starts a pairing with the device, if a rule says so and nothing is against it.
    mutating func considerStarting(_ device: DeviceSnapshot, at now: Moment) {
        let reference = device.reference
        // A link is somebody's; on one without a bond it is the device that asks for security.
        guard rules.startsPairings(inWindow: window != nil), isBlueZRunning, !device.hasBond, !device.isConnected,
            removals[reference] == nil, let adapter = adapters[reference.adapter], adapter.isPowered,
            device.isInRange || adapter.isDiscovering
        else { return dropCandidate(reference) }
        guard live.values.allSatisfy({ $0.device != reference && !$0.isLookingFor(device) }) else { return }
        let isSettled = candidates[reference]?.isSettled == true
        switch decide(device, isSettled: isSettled, at: now) {
        case .matched(let rule) where rule.profile.pairing.initiate == .auto:
            addCandidate(device, at: now)
            guard device.isInRange else { return }
            let mode = rule.profile.pairingMode(of: facts(of: device, isSettled: isSettled, at: now))
            guard mode == .ready, floorRefusal(rule, for: device) == nil, lockOut(of: device, at: now) == nil,
                backOffs[backOffKey(device)]?.until == nil, queue.count < bounds.queuedPairings
            else { return }
            let heardSince = candidates[reference]?.heardSince
            dropCandidate(reference)
            startAutomatically(device, heardSince: heardSince, at: now)
        case .undetermined where mayStart(device, at: now): addCandidate(device, at: now)
        case .matched, .unmatched, .undetermined: dropCandidate(reference)
        }
    }

    /// Strangers that only other rules wait for are not followed: each of their packets would wake us.
    private func mayStart(_ device: DeviceSnapshot, at now: Moment) -> Bool {
        rules.mayStart(facts(of: device, at: now), inWindow: isInWindow(device.facts.address, at: now))
    }

    /// Looks at every device again, because what decides about them has changed.
    mutating func considerAll(at now: Moment) {
        guard rules.startsPairings(inWindow: window != nil) || !candidates.isEmpty else { return }
        for device in devices.values.sorted(by: { $0.reference < $1.reference }) { considerStarting(device, at: now) }
    }

    private mutating func startAutomatically(
        _ device: DeviceSnapshot, heardSince: MonotonicTime?, at now: Moment
    ) {
        let wish = LivePairing.Wish(
            actor: nil, address: device.facts.address, adapter: device.reference.adapter, device: device.reference,
            timeout: nil)
        enqueue(wish, name: device.facts.name, heardSince: heardSince, at: now)
    }

    // MARK: Back-off

    /// Counts how an automatic pairing ended: a device that fails is tried less and less often.
    mutating func countAutomatic(_ snapshot: PairingSnapshot, at now: Moment) {
        guard isBlueZRunning, let adapter = snapshot.adapter, let result = snapshot.outcome?.result else { return }
        let key = LockOuts.Key(adapter: adapter, address: snapshot.address)
        if result.isSuccess {
            backOffs[key] = nil
            return
        }
        guard snapshot.origin == .automatic else { return }
        if backOffs[key] == nil, backOffs.count >= bounds.countedDevices, let other = backOffs.keys.first {
            backOffs[other] = nil
        }
        let failures = (backOffs[key]?.failures ?? 0) + 1
        let span = min(timing.backOff * (1 << min(failures - 1, 20)), timing.longestLockOut)
        backOffs[key] = BackOff(failures: failures, until: now.monotonic + span)
        if let device = snapshot.device.flatMap({ devices[$0] }), device.isInRange { addCandidate(device, at: now) }
    }

    private func backOffKey(_ device: DeviceSnapshot) -> LockOuts.Key {
        LockOuts.Key(adapter: device.reference.adapter, address: device.facts.address)
    }

    // MARK: Candidates

    /// Follows a device through a discovery; the one that was followed longest makes room.
    private mutating func addCandidate(_ snapshot: DeviceSnapshot, at now: Moment) {
        let device = snapshot.reference
        defer {
            if snapshot.isInRange, candidates[device]?.heardSince == nil {
                candidates[device]?.heardSince = now.monotonic
            }
        }
        guard candidates[device] == nil else { return }
        if candidates.count >= bounds.candidates,
            let oldest = candidates.min(by: { ($0.value.since, $0.key) < ($1.value.since, $1.key) })
        {
            dropCandidate(oldest.key)
        }
        candidates[device] = Candidate(since: now.monotonic)
        watch(device)
    }

    mutating func dropCandidate(_ device: DeviceReference) {
        guard candidates.removeValue(forKey: device) != nil else { return }
        unwatch(device)
    }

    /// When a candidate has been listened to for long enough, or may be tried again.
    var nextAutomaticDeadline: MonotonicTime? {
        let settling = candidates.values.lazy.filter { !$0.isSettled }.compactMap(\.heardSince).min()
            .map { $0 + timing.settling }
        let resumption = backOffs.values.lazy.compactMap(\.until).min()
        guard let settling, let resumption else { return settling ?? resumption }
        return min(settling, resumption)
    }

    mutating func expireAutomatic(at now: Moment) {
        for (device, candidate) in candidates.sorted(by: { $0.key < $1.key })
        where !candidate.isSettled {
            guard let since = candidate.heardSince, since + timing.settling <= now.monotonic else { continue }
            candidates[device]?.isSettled = true
            if let snapshot = devices[device] { considerStarting(snapshot, at: now) }
        }
        let due = backOffs.filter { $0.value.until.map { $0 <= now.monotonic } ?? false }.keys
        for key in due { backOffs[key]?.until = nil }
        guard !due.isEmpty else { return }
        for device in candidates.keys.sorted() {
            if let snapshot = devices[device] { considerStarting(snapshot, at: now) }
        }
    }
}
