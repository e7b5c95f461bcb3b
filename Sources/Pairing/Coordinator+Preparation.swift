// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Policy

/// From a wish to `Pair()`: what has to be so before, and what is done about it where it is not.
extension Coordinator {
    mutating func startNext(at now: Moment) {
        while active == nil, !queue.isEmpty {
            let number = queue.removeFirst()
            guard let pairing = live[number], case .requested(let wish) = pairing.origin else { continue }
            active = number
            let deadline = now.monotonic + (wish.timeout ?? timing.pairing)
            modify(number) { pairing in
                pairing.begun = now.monotonic
                pairing.deadline = deadline
            }
            prepare(number, at: now)
        }
    }

    /// Does the next step that is missing; comes back whenever something that it looks at has changed.
    mutating func prepare(_ number: PairingNumber, at now: Moment) {
        guard let pairing = live[number], pairing.state.isPreparation, case .requested(let wish) = pairing.origin
        else { return }
        if case .pausing(let until) = pairing.state, now.monotonic < until { return }
        guard let device = knownDevice(for: pairing, wish) else {
            follow(nil, for: number)
            return search(number, on: wish.adapter, at: now)
        }
        let reference = device.reference
        guard adapters[reference.adapter]?.isPowered == true else { return finish(number, .adapterOff, at: now) }
        if case .disconnecting = pairing.state {
            if device.isConnected { return }
            return enter(.pausing(until: now.monotonic + timing.linkSettling), number)
        }
        guard removals[reference] == nil else {
            if case .awaitingRemoval = pairing.state { return }
            return enter(.awaitingRemoval(until: now.monotonic + timing.promptness), number)
        }
        follow(device, for: number)
        listen(number, to: device, at: now)
        let isSettled = hasSettled(number, at: now)
        switch decide(device, isSettled: isSettled, at: now) {
        case .unmatched: finish(number, .noRule("no rule matches the device"), at: now)
        case .undetermined: listen(number, for: device, at: now)
        case .matched(let rule):
            modify(number) { pairing in
                pairing.rule = rule
                pairing.ruledAddress = device.facts.address
                if let begun = pairing.begun, wish.timeout == nil {
                    pairing.deadline = begun + rule.profile.pairing.timeout
                }
            }
            if let refusal = wish.refusal(by: rule) ?? refusal(by: rule, for: device) {
                return finish(number, refusal, at: now)
            }
            // BlueZ 5.66 never answers Pair() for a bonded device.
            if device.hasBond, case .none = pairing.replacement { return makeRoom(number, device, rule, at: now) }
            switch rule.profile.pairingMode(of: facts(of: device, isSettled: isSettled, at: now)) {
            case .ready where device.hasBond: makeRoom(number, device, rule, at: now)
            case .ready:
                // Other rules may have come between two attempts, with fewer of them.
                let pairing = live[number] ?? pairing
                let plan = plan(pairing, rule)
                approach(number, device, plan[min(pairing.attempt, plan.count) - 1], at: now)
            case .notReady where isSettled: finish(number, .notInPairingMode, at: now)
            // What BlueZ heard last may be from before the button was pressed.
            case .notReady, .unknown: listen(number, for: device, at: now)
            }
        }
    }

    /// Looks for a device that BlueZ knows; in a connection it says nothing, so one without a bond is closed.
    private mutating func listen(_ number: PairingNumber, for device: DeviceSnapshot, at now: Moment) {
        guard device.isConnected, !device.hasBond, live[number]?.isAutomatic == false, incoming[device.reference] == nil
        else { return search(number, on: device.reference.adapter, at: now) }
        enter(.disconnecting(until: now.monotonic + timing.promptness), number)
        emit(.disconnect(device.reference))
    }

    /// Why a rule lets us start no pairing.
    private func refusal(by rule: Rule, for device: DeviceSnapshot) -> Cause? {
        if rule.profile.pairing.initiate == .never {
            return .refusedByRule("the rule \(rule.name) lets us start no pairing")
        }
        return floorRefusal(rule, for: device)
    }

    /// Notes when the device is first heard in a discovery of this pairing: soon it will have said everything.
    private mutating func listen(_ number: PairingNumber, to device: DeviceSnapshot, at now: Moment) {
        guard let pairing = live[number], case .discovering(_, let until) = pairing.state, pairing.heardSince == nil,
            let began = pairing.searchBegan, device.isInRange || device.heardAt.map({ $0 >= began }) == true
        else { return }
        let settledAt = min(now.monotonic + timing.settling, until)
        modify(number) { pairing in
            pairing.heardSince = now.monotonic
            pairing.settledAt = settledAt
        }
    }

    private func hasSettled(_ number: PairingNumber, at now: Moment) -> Bool {
        guard let pairing = live[number], let since = pairing.heardSince else { return false }
        return now.monotonic >= since + timing.settling
    }

    /// The rule is clear: begins with the device as soon as nothing stands in the way.
    private mutating func approach(
        _ number: PairingNumber, _ device: DeviceSnapshot, _ capability: IOCapability, at now: Moment
    ) {
        let reference = device.reference
        let bond = live[number]?.rule?.profile.pairing.bond ?? .keep
        if incoming[reference] != nil {
            finish(number, .busy("the device is pairing with us at this moment"), at: now)
        } else if device.isConnected, let pairing = live[number], pairing.isAutomatic, pairing.attempt == 1,
            !pairing.hasReplaced
        {
            finish(number, .busy("another program has a connection to the device"), at: now)
        } else if device.isConnected {
            enter(.disconnecting(until: now.monotonic + timing.promptness), number)
            emit(.disconnect(reference))
        } else if live[number]?.hasStaleKey == true {
            live[number]?.hasStaleKey = false
            emit(.unpair(reference))
            enter(.pausing(until: now.monotonic + timing.linkSettling), number)
        } else if !isPairableRight(for: bond, on: reference.adapter) {
            if case .switchingPairable = live[number]?.state { return }
            enter(.switchingPairable(until: now.monotonic + timing.promptness), number)
        } else {
            markUnsettled(number)
            modify(number) { pairing in
                pairing.capability = capability
                pairing.state = .pairing(PairCall(device: reference, capability: capability))
                pairing.evidence = Evidence(lastStep: now.monotonic)
            }
            settleDiscovery()
            emit(.pair(number, reference, capability))
        }
    }

    mutating func search(_ number: PairingNumber, on adapter: AdapterReference?, at now: Moment) {
        if case .discovering = live[number]?.state { return }
        // It is not there any more, or not ready: when it is again, it is seen again.
        if let pairing = live[number], pairing.isAutomatic, case .none = pairing.replacement {
            return finish(number, PairingOutcome(.notFound), at: now)
        }
        let usable = adapters.values.filter { $0.isPowered && (adapter == nil || $0.reference == adapter) }
        guard !usable.isEmpty else { return finish(number, .adapterOff, at: now) }
        let references = Set(usable.map(\.reference))
        let until = now.monotonic + timing.discovery
        modify(number) { pairing in
            pairing.state = .discovering(adapters: references, until: until)
            pairing.searchBegan = now.monotonic
            pairing.heardSince = nil
            pairing.settledAt = nil
        }
    }

    mutating func disconnectFinished(_ device: DeviceReference, _ error: BlueZError?, at now: Moment) {
        guard let error, let number = active, live[number]?.device == device,
            case .disconnecting = live[number]?.state
        else { return }
        if error.isUnknownObject {
            deviceRemoved(device, at: now)
        } else if error.name == "org.bluez.Error.NotConnected" {
            devices[device]?.isConnected = false
            prepare(number, at: now)
        } else {
            finish(number, PairingOutcome(.failed, "the open connection was not closed: \(error.text)"), at: now)
        }
    }

    /// What became of nothing until its deadline.
    mutating func preparationExpired(_ pairing: LivePairing, at now: Moment) {
        switch pairing.state {
        case .discovering:
            // A device that was heard has said all it says; one that BlueZ only remembers has said nothing.
            guard let device = pairing.device.flatMap({ devices[$0] }) else {
                return finish(pairing.number, PairingOutcome(.notFound), at: now)
            }
            switch decide(device, at: now) {
            case .undetermined(let facts): finish(pairing.number, .noRule(Self.unknown(facts)), at: now)
            case .matched, .unmatched: finish(pairing.number, PairingOutcome(.notFound), at: now)
            }
        case .awaitingRemoval:
            finish(pairing.number, PairingOutcome(.failed, "BlueZ did not remove the device"), at: now)
        case .switchingPairable:
            finish(pairing.number, PairingOutcome(.failed, "BlueZ did not switch Pairable"), at: now)
        default:
            finish(pairing.number, PairingOutcome(.failed, "the open connection was not closed"), at: now)
        }
    }

    /// Says what the rules wait for.
    static func unknown(_ facts: Set<Decision.Fact>) -> String {
        let words = facts.map(\.rawValue).sorted().joined(separator: ", ")
        return "no rule matches as long as the device does not tell its \(words)"
    }

    // MARK: Which device is meant

    private func knownDevice(for pairing: LivePairing, _ wish: LivePairing.Wish) -> DeviceSnapshot? {
        for reference in [pairing.device, wish.device] {
            if let reference, let device = devices[reference] { return device }
        }
        return knownDevice(.address(wish.address, adapter: wish.adapter))
    }

    /// The device that is meant; where several adapters know it, one that is on goes first, then one with a bond.
    func knownDevice(_ target: Target) -> DeviceSnapshot? {
        switch target {
        case .device(let reference): return devices[reference]
        case .address(let address, let adapter):
            func rank(_ device: DeviceSnapshot) -> Int {
                (adapters[device.reference.adapter]?.isPowered == true ? 0 : 2) + (device.hasBond ? 0 : 1)
            }
            return devices.values
                .filter { $0.facts.address == address && (adapter == nil || $0.reference.adapter == adapter) }
                .min { (rank($0), $0.reference) < (rank($1), $1.reference) }
        }
    }
}
