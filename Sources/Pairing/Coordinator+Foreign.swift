// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import SecurityManager

/// Bonds that came about without us: another program's `Pair()`, or the kernel, which accepts Just Works over BR/EDR
/// without asking any agent (`net/bluetooth/hci_event.c`, hci_user_confirm_request_evt).
extension Coordinator {
    /// A device that had no bond has one.
    mutating func bondAppeared(_ device: DeviceSnapshot, at now: Moment) {
        guard isBlueZRunning, removals[device.reference] == nil else { return }
        if settle(late: device, at: now) { return }
        judgeForeign(device, weakerThan: nil, at: now)
    }

    /// The kernel made a key, and no pairing of ours was about it.
    mutating func keyMadeWithoutUs(
        _ adapter: AdapterReference, _ address: Address, _ key: PairingKey, at now: Moment
    ) {
        // BlueZ may still show the device under its private address.
        let aliases = identities.filter { $0.key.adapter == adapter && $0.value == address }.map(\.key.address)
        var found: DeviceSnapshot?
        for candidate in [address] + aliases where found == nil {
            found = knownDevice(.address(candidate, adapter: adapter))
        }
        guard isBlueZRunning, let device = found, removals[device.reference] == nil, isNobodys(device) else { return }
        // The bond shows as a change of the device, which during a discovery is not told of strangers.
        guard device.hasBond else { return emit(.look(device.reference)) }
        guard key.isKept else {
            // The bond is untouched: somebody with the device's address paired for the time of this link.
            emit(.disconnect(device.reference))
            return recordRefusal(
                Record(
                    subject: .refusal, device: device.reference, address: address, name: device.facts.name,
                    adapter: adapter, verdict: .rejected, decider: .safeguard,
                    reason:
                        "the kernel paired without a bond with whoever has this device's address; the link is closed"),
                at: now)
        }
        let known = record(of: device)
        let strength = evidence(of: device, at: now).strength
        if let lastPaired = known?.lastPaired, lastPaired + Self.afterglow > now.realtime {
            // Keys for the other transport come a moment after the first: part of the pairing that just ended.
            if let least = known?.strength, let strength, !strength.isAtLeast(least) {
                judgeForeign(device, weakerThan: least, at: now)
            }
        } else {
            judgeForeign(device, weakerThan: known?.strength, at: now)
        }
    }

    /// How long after its result a pairing may still make keys, in microseconds.
    private static let afterglow: UInt64 = 30_000_000

    /// Is no pairing of ours on the air with it?
    func isNobodys(_ device: DeviceSnapshot) -> Bool {
        live.values.allSatisfy { $0.device != device.reference || $0.state.isPreparation }
    }

    /// Makes a pairing of it, with a result and a record, and undoes what may not stay.
    private mutating func judgeForeign(
        _ device: DeviceSnapshot, weakerThan least: BondRecord.Strength?, at now: Moment
    ) {
        var pairing = LivePairing(
            number: PairingNumber(nextNumber()), origin: .foreign, startedAt: now.realtime,
            address: device.facts.address, name: device.facts.name,
            state: .verifying(until: now.monotonic + timing.verification))
        pairing.evidence = evidence(of: device, hasEnded: true, at: now)
        pairing.leastStrength = least
        var unbonded = device
        (unbonded.isPaired, unbonded.isBonded) = (false, false)
        if case .matched(let rule) = decide(unbonded, isSettled: true, at: now) { pairing.rule = rule }
        live[pairing.number] = pairing
        emit(.publish(.pairingAdded(pairing.snapshot())))
        follow(device, for: pairing.number)
        openTrace(pairing.number, device, at: now)
        let what = device.isBonded ? "another program made the bond" : "another program paired, and no bond was made"
        if pairing.rule == nil, conduct.undoesForeignBonds {
            finish(pairing.number, .noRule("\(what), and no rule matches the device"), at: now)
        } else {
            finish(pairing.number, PairingOutcome(.paired, what), at: now)
        }
    }
}
