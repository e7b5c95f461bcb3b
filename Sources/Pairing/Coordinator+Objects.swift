// SPDX-License-Identifier: Apache-2.0

import Bluetooth

/// BlueZ and its objects come, change and go.
extension Coordinator {
    // MARK: BlueZ

    /// Its questions died with it, so their tokens are dropped without a reply; so are our calls.
    mutating func bluezVanished(at now: Moment) {
        isBlueZRunning = false
        watchers = [:]
        discovering = []
        endEverything(canReply: false, at: now)
        let gone = removals
        for device in gone.keys.sorted() {
            guard let removal = gone[device] else { continue }
            let error = BlueZError(name: "org.freedesktop.DBus.Error.ServiceUnknown", message: "BlueZ is gone")
            finish(removal, of: device, error, at: now)
        }
        adapters = [:]
        controls = [:]
        devices = [:]
        sessionBonds = []
        links = [:]
        identities = [:]
        candidates = [:]
        staleKeys = [:]
        refusedSecurity = []
    }

    /// bluetoothd releases its agents as it ends; it still takes answers.
    mutating func bluezIsEnding(at now: Moment) {
        isBlueZRunning = false
        endEverything(canReply: true, at: now)
    }

    /// When our agents leave the bus, BlueZ ends what they were asked and what they asked for (`src/device.c`,
    /// create_bond_req_exit).
    mutating func stopping(at now: Moment) {
        isBlueZRunning = false
        endEverything(.stopping, canReply: true, at: now)
    }

    private mutating func endEverything(_ cause: Cause = .bluezGone, canReply: Bool, at now: Moment) {
        for number in live.keys.sorted() {
            finish(number, Evidence(decision: cause).outcome, cause, canReply: canReply, at: now)
        }
        for request in open.values.inOrder {
            if canReply { cancel(request, at: now) } else { close(request, .cancelled, .cancellation, at: now) }
        }
    }

    // MARK: Adapters

    mutating func adapterChanged(_ adapter: AdapterSnapshot, at now: Moment) {
        let reference = adapter.reference
        let old = adapters[reference]
        let wasDiscovering = old?.isDiscovering == true
        adapters[reference] = adapter
        if old?.isPowered != adapter.isPowered || controls[reference] == nil {
            controls[reference] = AdapterControl(since: now.monotonic)
            let isSettledAt = now.monotonic + timing.promptness
            if adapter.isPowered, !unsettled.isEmpty { controls[reference]?.isSettledAt = isSettledAt }
        }
        if let old, old.isPairable != adapter.isPairable {
            pairableChanged(reference, to: adapter.isPairable, at: now)
            if let active, case .switchingPairable = live[active]?.state { prepare(active, at: now) }
        }
        if old?.isDiscoverable == true, !adapter.isDiscoverable { discoverableEnded(reference, at: now) }
        if !adapter.isPowered { adapterWent(reference, at: now) }
        // What BlueZ knows already is heard again now.
        if adapter.isDiscovering != wasDiscovering { considerAll(at: now) }
    }

    mutating func adapterRemoved(_ adapter: AdapterReference, at now: Moment) {
        adapters[adapter] = nil
        controls[adapter] = nil
        adapterWent(adapter, at: now)
        for device in devices.keys.filter({ $0.adapter == adapter }).sorted() { deviceRemoved(device, at: now) }
    }

    private mutating func adapterWent(_ adapter: AdapterReference, at now: Moment) {
        cancelRequests(at: now) { $0.device.adapter == adapter }
        links = links.filter { $0.key.adapter != adapter }
        staleKeys = staleKeys.filter { $0.key.adapter != adapter }
        identities = identities.filter { $0.key.adapter != adapter }
        // There discovery has ended by itself.
        discovering.remove(adapter)
        for pairing in live.values.sorted(by: { $0.number < $1.number }) {
            let number = pairing.number
            if case .discovering(var adapters, let until) = pairing.state, adapters.remove(adapter) != nil {
                live[number]?.state = .discovering(adapters: adapters, until: until)
                if adapters.isEmpty { finish(number, .adapterOff, at: now) }
            }
            guard live[number] != nil, pairing.device?.adapter == adapter else { continue }
            switch pairing.state {
            case .pairing:
                // BlueZ gives Pair() back by itself; there is nothing left to cancel.
                let until = now.monotonic + timing.promptness
                enter(.ending(.adapterOff, .pairResult(.impossible, until: until)), number)
                for request in openRequests(of: number) { cancel(request, at: now) }
            case .ending: break
            default: finish(number, .adapterOff, at: now)
            }
        }
    }

    // MARK: Devices

    mutating func deviceChanged(_ device: DeviceSnapshot, at now: Moment) {
        let reference = device.reference
        let old = devices[reference]
        let wasConnected = old?.isConnected == true
        devices[reference] = device
        if old == nil {
            recall(device, at: now)
            if isBlueZRunning { settle(seen: device, at: now) }
        }
        if let old, !old.isBonded, device.isBonded, !sessionBonds.contains(reference) {
            note(device) { if $0.state == .session { $0.state = .kept } }
        }
        let isForeign = old?.hasBond == false && device.hasBond && isNobodys(device)
        defer { if isForeign { bondAppeared(device, at: now) } }
        if wasConnected, !device.isConnected { cancelServices(at: now) { $0 == reference } }
        defer { if wasConnected { linkMayBeGone(reference, at: now) } }
        if let number = incoming[reference] { changed(device, of: number, at: now) }
        defer { considerStarting(device, at: now) }
        guard let active, let pairing = live[active] else { return }
        if pairing.device == reference || pairing.isLookingFor(device) { changed(device, of: active, at: now) }
    }

    /// The device of a pairing has changed.
    private mutating func changed(_ device: DeviceSnapshot, of number: PairingNumber, at now: Moment) {
        guard let pairing = live[number] else { return }
        if pairing.state.isPreparation { return prepare(number, at: now) }
        follow(device, for: number)
        // A device with a private address tells only now who it is.
        if live[number]?.isOnAir == true { markUnsettled(number) }
        modify(number) { pairing in
            pairing.evidence.isConnected = device.isConnected
            if device.isConnected { pairing.evidence.wasConnected = true }
        }
        let hasHungUp = pairing.evidence.wasConnected && !device.isConnected
        switch pairing.state {
        case .pairing(var call):
            guard device.hasBond, call.bondedUntil == nil else { return }
            call.bondedUntil = now.monotonic + timing.serviceDiscovery
            enter(.pairing(call), number)
        case .verifying:
            if device.hasBond { finish(number, PairingOutcome(.paired), at: now) }
        case .answering:
            // A bond from before is no answer; a new key is, or what BlueZ says after our answer where keys are not seen.
            let isNew = !pairing.hadBond || !pairing.evidence.keys.isEmpty || !hasMonitor && pairing.isAnswered
            if device.hasBond, isNew {
                finish(number, PairingOutcome(.paired), at: now)
            } else if hasHungUp {
                finish(number, at: now)
            }
        case .ending(let cause, .disconnection):
            if !device.isConnected { finish(number, cause, at: now) }
        default: break
        }
    }

    mutating func deviceRemoved(_ reference: DeviceReference, at now: Moment) {
        guard let device = devices.removeValue(forKey: reference) else { return }
        settle(removed: device)
        // Another program removed it, unless BlueZ goes with all its objects.
        if isBlueZRunning, device.hasBond, record(of: device) != nil, !sessionBonds.contains(reference) {
            note(device) { $0.state = .none }
        }
        dropCandidate(reference)
        staleKeys[reference] = nil
        sessionBonds.remove(reference)
        refusedSecurity.remove(reference)
        removalSeen(reference, at: now)
        cancelRequests(at: now) { $0.device == reference }
        for number in [incoming[reference], active].compactMap(\.self) {
            guard let pairing = live[number], pairing.device == reference else { continue }
            modify(number) { $0.evidence.isConnected = false }
            switch pairing.state {
            case .queued, .awaitingRemoval, .discovering, .disconnecting, .switchingPairable, .pausing:
                prepare(number, at: now)
            case .answering: finish(number, at: now)
            case .verifying: finish(number, PairingOutcome(.failed, "BlueZ removed the device"), at: now)
            case .ending(let cause, .disconnection), .ending(let cause, .removal): finish(number, cause, at: now)
            case .pairing, .ending: break
            }
        }
        if let active, case .awaitingRemoval = live[active]?.state { prepare(active, at: now) }
    }

    // MARK: What the monitor channel shows

    mutating func smpFailed(_ adapter: AdapterReference, _ address: Address, _ failure: SMPFailure, at now: Moment) {
        let concerned = pairings(with: address, on: adapter)
        if concerned.isEmpty { failedWithoutUs(adapter, address, failure, at: now) }
        for number in concerned {
            modify(number) { $0.evidence.smpFailure = $0.evidence.smpFailure ?? failure }
            if case .answering = live[number]?.state { finish(number, at: now) }
        }
    }

    mutating func linkEnded(_ adapter: AdapterReference, _ address: Address, _ reason: UInt8, at now: Moment) {
        closeLink(adapter, address, at: now)
        if let device = knownDevice(.address(address, adapter: adapter)) { refusedSecurity.remove(device.reference) }
        let end = now.monotonic + timing.evidence
        for number in pairings(with: address, on: adapter) {
            modify(number) { pairing in
                let silence = pairing.evidence.lastStep.map { now.monotonic.elapsed(since: $0) } ?? .zero
                pairing.evidence.disconnection =
                    pairing.evidence.disconnection ?? .init(reason: reason, silence: silence)
                // A bond made just before may still be told.
                guard case .answering(let until) = pairing.state else { return }
                pairing.state = .answering(until: min(until, end))
            }
        }
    }

    /// Pairings on the air with the device that has this address.
    func pairings(with address: Address, on adapter: AdapterReference) -> [PairingNumber] {
        live.values
            .filter { !$0.state.isPreparation && $0.device?.adapter == adapter && $0.isKnown(by: address) }
            .map(\.number).sorted()
    }

    // MARK: Rules

    /// What is not settled yet follows the new rules; pairings and requests under way keep what they began with.
    mutating func rulesChanged(_ rules: any RuleBook, at now: Moment) {
        self.rules = rules
        refusedSecurity = []
        if let active { prepare(active, at: now) }
        if !rules.startsPairings(inWindow: window != nil) {
            for device in candidates.keys.sorted() { dropCandidate(device) }
        }
        considerAll(at: now)
    }
}
