// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import SecurityManager

/// What is done about those who fail again and again, and about what happens past the agent.
extension Coordinator {
    // MARK: Lock-outs

    /// Why this device may not start a pairing now.
    func lockOut(of device: DeviceSnapshot, at now: Moment) -> Cause? {
        let key = LockOuts.Key(adapter: device.reference.adapter, address: device.facts.address)
        if let until = lockOuts.deviceLock(key, at: now.monotonic) {
            return .lockedOut("the device failed \(lockOuts.failures(of: key)) times; \(Self.rest(until, now))")
        }
        if let until = lockOuts.adapterLock(device.reference.adapter, at: now.monotonic) {
            return .lockedOut("too many pairings failed on this adapter; \(Self.rest(until, now))")
        }
        return nil
    }

    /// Pairings with the device that failed in a row.
    public func failures(of address: Address, on adapter: AdapterReference) -> Int {
        lockOuts.failures(of: LockOuts.Key(adapter: adapter, address: address))
    }

    mutating func count(_ snapshot: PairingSnapshot, at now: Moment) {
        guard let result = snapshot.outcome?.result, let adapter = snapshot.adapter else { return }
        let key = LockOuts.Key(adapter: adapter, address: snapshot.address)
        if result.isSuccess { return lockOuts.deviceSucceeded(key) }
        guard result.isFailureOfDevice else { return }
        let device = LockOuts.Rules(
            tolerated: bounds.failuresPerDevice, first: timing.lockOut, longest: timing.longestLockOut)
        if let until = lockOuts.deviceFailed(key, device, capacity: bounds.countedDevices, at: now.monotonic) {
            recordLockOut(snapshot, "the device failed \(lockOuts.failures(of: key)) times; \(Self.rest(until, now))")
        }
        // What we tried ourselves is no attack of others.
        guard snapshot.origin == .incoming else { return }
        let whole = LockOuts.Rules(
            tolerated: bounds.failuresPerAdapter, first: timing.lockOut, longest: timing.longestLockOut)
        if let until = lockOuts.adapterFailed(adapter, whole, at: now.monotonic) {
            recordLockOut(nil, "too many pairings failed on \(adapter.name); \(Self.rest(until, now))")
        }
    }

    private static func rest(_ until: MonotonicTime, _ now: Moment) -> String {
        "it may start no pairing for \(until.elapsed(since: now.monotonic).components.seconds) s"
    }

    private mutating func recordLockOut(_ snapshot: PairingSnapshot?, _ reason: String) {
        emit(
            .record(
                Record(
                    subject: .lockOut, device: snapshot?.device, address: snapshot?.address, name: snapshot?.name,
                    adapter: snapshot?.adapter, rule: snapshot?.rule, pairing: snapshot?.number, verdict: .rejected,
                    decider: .safeguard, reason: reason)))
    }

    // MARK: What the monitor channel shows of pairings that ask no agent

    /// A peripheral asks for security: the kernel encrypts with the bond or begins to pair by itself
    /// (`net/bluetooth/smp.c`, smp_cmd_security_req), so a rule against it can only cut the link.
    mutating func securityRequested(_ adapter: AdapterReference, _ address: Address, at now: Moment) {
        guard let device = knownDevice(.address(address, adapter: adapter)) else { return }
        // A pairing that we started is what the device asks for.
        if let active, live[active]?.device == device.reference { return }
        guard case .matched(let rule) = decide(device, at: now) else { return }
        switch rule.profile.repair.securityRequest {
        case .accept: return
        case .reject: break
        case .repair:
            // The link of a bond that was just made begins with such a request too.
            let isNew = record(of: device).map { $0.lastPaired + 60_000_000 > now.realtime } ?? false
            guard device.hasBond, !isNew, removals[device.reference] == nil,
                live.values.allSatisfy({ $0.device != device.reference && !$0.isLookingFor(device) })
            else { return }
            return replaceBond(of: device, because: .securityRequest, actor: nil, at: now)
        }
        refusedSecurity.insert(device.reference)
        emit(.disconnect(device.reference))
        recordRefusal(
            Record(
                subject: .refusal, device: device.reference, address: address, name: device.facts.name,
                adapter: adapter, rule: rule.name, verdict: .rejected, decider: .rule,
                reason: "the device asked for security (SMP Security Request); the link is closed"), at: now)
    }

    /// A pairing ended on the air, and no agent was asked: it was the kernel that refused, or another program's pairing.
    mutating func failedWithoutUs(
        _ adapter: AdapterReference, _ address: Address, _ failure: SMPFailure, at now: Moment
    ) {
        let device = knownDevice(.address(address, adapter: adapter))
        // What the other side or the kernel says after our own answer is its consequence.
        let isAfterwards = finished.contains { pairing in
            pairing.adapter == adapter && (pairing.address == address || pairing.device == device?.reference)
                && (pairing.finishedAt ?? 0) + 10_000_000 > now.realtime && pairing.outcome?.result.isSuccess == false
        }
        guard !isAfterwards else { return }
        let name = failure.reason.name ?? "reason \(failure.reason.rawValue)"
        recordRefusal(
            Record(
                subject: .refusal, device: device?.reference, address: address, name: device?.facts.name,
                adapter: adapter, verdict: .rejected, decider: failure.direction == .sent ? .kernel : .device,
                reason: "\(name), and no question came to pairingd\(obstacle(to: device))"), at: now)
    }

    /// BlueZ asks an agent one thing at a time, and refuses by itself what comes meanwhile (`src/agent.c`, EBUSY).
    private func obstacle(to device: DeviceSnapshot?) -> String {
        let request = open.values.first {
            $0.role == .default && $0.question.token != nil && $0.snapshot.device != device?.reference
        }
        guard let request else { return "" }
        return ": BlueZ asks one thing at a time, and request \(request.snapshot.number) was open"
    }

    /// Strangers cause these as often as they like: so many a minute are written down.
    mutating func recordRefusal(_ record: Record, at now: Moment) {
        if now.monotonic.elapsed(since: refusals.since) >= .seconds(60) { refusals = (now.monotonic, 0) }
        refusals.count += 1
        guard refusals.count <= bounds.refusalsPerMinute else { return }
        var record = record
        if refusals.count == bounds.refusalsPerMinute {
            record.reason += "; more of them are not recorded for a minute"
        }
        emit(.record(record))
    }
}

extension PairingResult {
    /// Is it the device's doing that it came to nothing?
    var isFailureOfDevice: Bool {
        switch self {
        case .rejectedByPerson, .expired, .cancelled, .connectionLost, .peerRefused, .wrongPasskey, .smpTimeout,
            .timedOut, .failed, .tooWeak, .keyTooShort:
            true
        case .paired, .alreadyBonded, .rejectedByPolicy, .notFound, .notReachable, .peerNotInPairingMode, .lockedOut,
            .bondLost, .interrupted, .cannotVerify, .adapterOff, .bluezGone, .busy:
            false
        }
    }
}
