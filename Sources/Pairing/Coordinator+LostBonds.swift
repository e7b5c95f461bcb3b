// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Policy

/// Bonds that the other side has forgotten, and pairings that take the place of a bond.
///
/// BlueZ keeps such a bond and tells nobody: each connection ends when encryption fails. Whoever uses the device's address
/// can make that happen, so a rule has to ask for more than a note of it.
extension Coordinator {
    mutating func authenticationFailed(
        _ adapter: AdapterReference, _ address: Address, _ code: UInt8, at now: Moment
    ) {
        let concerned = pairings(with: address, on: adapter)
        for number in concerned {
            modify(number) { $0.evidence.authenticationError = $0.evidence.authenticationError ?? code }
        }
        // PIN or Key Missing.
        if concerned.isEmpty, code == 0x06 { keyMissing(adapter, address, at: now) }
    }

    mutating func keyMissing(_ adapter: AdapterReference, _ address: Address, at now: Moment) {
        guard let device = knownDevice(.address(address, adapter: adapter)), removals[device.reference] == nil,
            live.values.allSatisfy({ $0.device != device.reference && !$0.isLookingFor(device) })
        else { return }
        guard device.hasBond else { return doubtKey(of: device, at: now) }
        let wasLost = record(of: device)?.state == .lost
        if !wasLost {
            note(device) { record in
                record.state = .lost
                record.lastResult = .bondLost
            }
        }
        switch decide(device, at: now) {
        case .matched(let rule): bondIsLost(device, rule, isNews: !wasLost, at: now)
        case .unmatched: recordLoss(device, nil, isNews: !wasLost)
        case .undetermined:
            // Its rule shows when it is heard again.
            recordLoss(device, nil, isNews: !wasLost)
            replaceBond(of: device, because: .bondLost, actor: nil, at: now)
        }
    }

    /// A key was tried for a device without a bond. Either its bond is news to us, as that of a stranger in a discovery, or
    /// the kernel kept a key that BlueZ removed while the adapter was off: then no pairing that the device starts would ever
    /// begin, because the kernel goes on trying that key.
    private mutating func doubtKey(of device: DeviceSnapshot, at now: Moment) {
        emit(.look(device.reference))
        if staleKeys.count < bounds.links { staleKeys[device.reference] = now.monotonic + timing.linkSettling }
    }

    /// Makes the kernel drop the keys of which BlueZ, which was looked at meanwhile, knows nothing.
    mutating func expireStaleKeys(at now: Moment) {
        for reference in staleKeys.filter({ $0.value <= now.monotonic }).keys.sorted() {
            staleKeys[reference] = nil
            guard isBlueZRunning, let device = devices[reference], !device.hasBond, removals[reference] == nil,
                live.values.allSatisfy({ $0.device != reference })
            else { continue }
            emit(.unpair(reference))
            emit(
                .record(
                    Record(
                        subject: .removal, device: reference, address: device.facts.address, name: device.facts.name,
                        adapter: reference.adapter, verdict: .finished, decider: .safeguard,
                        reason: "the kernel had kept a key for it, although there is no bond")))
        }
    }

    /// The device has its key after all: whoever made it look otherwise used its address.
    mutating func encrypted(_ adapter: AdapterReference, _ address: Address, at now: Moment) {
        guard let device = knownDevice(.address(address, adapter: adapter)), device.hasBond,
            record(of: device)?.state == .lost
        else { return }
        note(device) { record in
            record.state = .kept
            record.lastResult = .paired
        }
        endRepairs(of: device.reference, at: now)
    }

    /// There is a bond that both sides have: nothing is left to repair.
    mutating func endRepairs(of device: DeviceReference, at now: Moment) {
        cancelRequests(at: now) { $0.kind == .repair && $0.device == device }
        for pairing in live.values.sorted(by: { $0.number < $1.number }) {
            guard case .bondLost = pairing.replacement, pairing.state.isPreparation, !pairing.hasReplaced,
                case .requested(let wish) = pairing.origin, wish.device == device
            else { continue }
            finish(pairing.number, PairingOutcome(.alreadyBonded), at: now)
        }
    }

    private mutating func bondIsLost(_ device: DeviceSnapshot, _ rule: Rule, isNews: Bool, at now: Moment) {
        recordLoss(device, rule, isNews: isNews)
        switch rule.profile.repair.bondLost {
        case .keep: break
        case .remove: remove(device.reference, for: nil, at: now)
        case .repair: replaceBond(of: device, because: .bondLost, actor: nil, at: now)
        case .ask: askForRepair(device, rule, at: now)
        }
    }

    /// Each connection of such a device ends so; it is told once.
    private mutating func recordLoss(_ device: DeviceSnapshot, _ rule: Rule?, isNews: Bool) {
        guard isNews else { return }
        let action = rule?.profile.repair.bondLost ?? .keep
        emit(
            .record(
                Record(
                    subject: .bondLost, device: device.reference, address: device.facts.address,
                    name: device.facts.name, adapter: device.reference.adapter, rule: rule?.name, verdict: .failed,
                    decider: .device, result: .bondLost, reason: "bond-lost = \"\(action.rawValue)\"")))
    }

    private mutating func askForRepair(_ device: DeviceSnapshot, _ rule: Rule, at now: Moment) {
        let isAsked = open.values.contains { $0.snapshot.device == device.reference && $0.snapshot.kind == .repair }
        guard !isAsked, lackOfRoom(for: device.reference, isRequested: false) == nil else { return }
        let snapshot = RequestSnapshot(
            number: RequestNumber(nextNumber()), kind: .repair, pairing: nil, device: device.reference,
            address: device.facts.address, name: device.facts.name, rule: rule.name, service: nil, entered: 0,
            deadline: now + timing.repair)
        open(
            OpenRequest(question: .repair, role: nil, isRequested: false, isWindowed: false, snapshot: snapshot),
            at: now)
    }

    /// Queues a pairing that takes the place of a bond.
    mutating func replaceBond(
        of device: DeviceSnapshot, because replacement: LivePairing.Replacement, actor: Actor?, at now: Moment
    ) {
        let key = LockOuts.Key(adapter: device.reference.adapter, address: device.facts.address)
        guard actor != nil || queue.count < bounds.queuedPairings && backOffs[key]?.until == nil else { return }
        let wish = LivePairing.Wish(
            actor: actor, address: device.facts.address, adapter: device.reference.adapter, device: device.reference,
            timeout: nil, replacement: replacement)
        enqueue(wish, name: device.facts.name, at: now)
    }

    /// The rule is clear, and there is a bond: removes it once the device is there, or ends the pairing.
    mutating func makeRoom(_ number: PairingNumber, _ device: DeviceSnapshot, _ rule: Rule, at now: Moment) {
        guard let pairing = live[number] else { return }
        let isLost = record(of: device)?.state == .lost
        guard !pairing.hasReplaced else {
            return finish(number, PairingOutcome(.failed, "BlueZ still has the bond that was removed"), at: now)
        }
        switch pairing.replacement {
        case .none:
            // A bond that was to be undone, and that BlueZ did not remove.
            if let key = recordKey(of: device), unsettled[key]?.isTold == true {
                enter(.awaitingRemoval(until: now.monotonic + timing.promptness + timing.promptness), number)
                return remove(device.reference, for: nil, at: now)
            }
            return finish(number, PairingOutcome(isLost ? .bondLost : .alreadyBonded), at: now)
        case .forced: break
        case .bondLost:
            guard isLost else { return finish(number, PairingOutcome(.alreadyBonded), at: now) }
            guard pairing.isAutomatic, rule.profile.repair.bondLost != .repair else { break }
            // The rule was not known before.
            finish(number, PairingOutcome(.bondLost), at: now)
            return bondIsLost(device, rule, isNews: false, at: now)
        case .securityRequest:
            guard rule.profile.repair.securityRequest == .repair else {
                return finish(number, PairingOutcome(.alreadyBonded), at: now)
            }
        }
        let isForced = if case .forced = pairing.replacement { true } else { false }
        if device.isConnected, !isForced {
            // It has to be heard as its rule knows it, and a device in a connection says nothing.
            enter(.disconnecting(until: now.monotonic + timing.promptness), number)
            return emit(.disconnect(device.reference))
        }
        guard device.isInRange || pairing.heardSince != nil || device.isConnected else {
            return search(number, on: device.reference.adapter, at: now)
        }
        let strength = isForced ? nil : record(of: device)?.strength
        let until = now.monotonic + timing.promptness + timing.promptness
        modify(number) { pairing in
            pairing.hasReplaced = true
            pairing.leastStrength = strength
            pairing.state = .awaitingRemoval(until: until)
        }
        remove(device.reference, for: nil, at: now)
    }
}
