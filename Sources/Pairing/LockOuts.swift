// SPDX-License-Identifier: Apache-2.0

import Bluetooth

/// Counts failed pairings, and says who is locked out for it.
///
/// Addresses can be made up: what is kept is bounded, and a lock-out stops only what others start.
struct LockOuts: Sendable {
    /// How much is forgiven, and for how long not.
    struct Rules: Sendable {
        /// Failures in a row before the first lock-out; 0 for any number.
        var tolerated: Int
        var first: Duration
        var longest: Duration
    }

    private struct Count: Sendable {
        var failures = 0
        var last: MonotonicTime
        var until: MonotonicTime?
    }

    /// A device on an adapter.
    struct Key: Hashable, Sendable {
        let adapter: AdapterReference
        let address: Address
    }

    private var devices: [Key: Count] = [:]
    private var adapters: [AdapterReference: Count] = [:]

    /// - Parameter capacity: How many devices are counted at most; the one that failed longest ago makes room, one that is
    ///   locked out last.
    /// - Returns: Until when the device is locked out because of this failure; `nil` when it is not.
    mutating func deviceFailed(
        _ key: Key, _ rules: Rules, capacity: Int, at now: MonotonicTime
    ) -> MonotonicTime? {
        if devices[key] == nil, devices.count >= capacity { makeRoom(at: now) }
        return Self.fail(&devices[key, default: Count(last: now)], rules, at: now)
    }

    /// - Returns: Until when the adapter is locked because of this failure; `nil` when it is not.
    mutating func adapterFailed(_ adapter: AdapterReference, _ rules: Rules, at now: MonotonicTime) -> MonotonicTime? {
        Self.fail(&adapters[adapter, default: Count(last: now)], rules, at: now)
    }

    /// Counts on from what was known before a restart.
    mutating func recall(_ key: Key, _ failures: UInt32, at now: MonotonicTime) {
        guard failures > 0, devices[key] == nil else { return }
        devices[key] = Count(failures: Int(failures), last: now)
    }

    mutating func deviceSucceeded(_ key: Key) { devices[key] = nil }

    /// Forgives the adapters, and the devices with these addresses; all of them when there are none.
    mutating func lift(for addresses: Set<Address>) {
        adapters = [:]
        devices = addresses.isEmpty ? [:] : devices.filter { !addresses.contains($0.key.address) }
    }

    /// Failures in a row.
    func failures(of key: Key) -> Int { devices[key]?.failures ?? 0 }

    /// Until when the device may not start anything, if it may not.
    func deviceLock(_ key: Key, at now: MonotonicTime) -> MonotonicTime? {
        devices[key]?.until.flatMap { $0 > now ? $0 : nil }
    }

    /// Until when no device may start anything on the adapter, if none may.
    func adapterLock(_ adapter: AdapterReference, at now: MonotonicTime) -> MonotonicTime? {
        adapters[adapter]?.until.flatMap { $0 > now ? $0 : nil }
    }

    private static func fail(_ count: inout Count, _ rules: Rules, at now: MonotonicTime) -> MonotonicTime? {
        // What is long past counts no more.
        if now.elapsed(since: max(count.last, count.until ?? count.last)) > rules.longest { count.failures = 0 }
        count.failures = min(count.failures + 1, 1 << 20)
        count.last = now
        guard rules.tolerated > 0, count.failures >= rules.tolerated else { return nil }
        let doublings = min(count.failures - rules.tolerated, 30)
        let span = min(rules.first * (1 << doublings), rules.longest)
        let until = now + span
        count.until = until
        return until
    }

    private mutating func makeRoom(at now: MonotonicTime) {
        let oldest = devices.min { left, right in
            let (leftLocked, rightLocked) = ((left.value.until ?? now) > now, (right.value.until ?? now) > now)
            if leftLocked != rightLocked { return rightLocked }
            return left.value.last < right.value.last
        }
        if let oldest { devices[oldest.key] = nil }
    }
}
