// SPDX-License-Identifier: Apache-2.0

/// How pairings come to their results.
extension Coordinator {
    /// Our side has decided how a pairing ends.
    ///
    /// - Parameter cut: Nothing that was said to BlueZ ends the pairing: `Pair()` has to be cancelled, or the link cut.
    mutating func conclude(_ number: PairingNumber, _ cause: Cause, cut: Bool, at now: Moment) {
        guard let pairing = live[number] else { return }
        let until = now.monotonic + timing.promptness
        switch pairing.state {
        case .ending: return
        case .pairing(let call):
            enter(.ending(cause, .pairResult(cut ? .sent : .notNeeded, until: until)), number)
            for request in openRequests(of: number) { cancel(request, at: now) }
            if cut { emit(.cancelPairing(call.device)) }
        case .answering where cut:
            enter(.ending(cause, .disconnection(until: until)), number)
            for request in openRequests(of: number) { cancel(request, at: now) }
            if let device = pairing.device { emit(.disconnect(device)) }
        case .queued, .awaitingRemoval, .discovering, .disconnecting, .switchingPairable, .pausing, .answering,
            .verifying:
            finish(number, cause, at: now)
        }
    }

    mutating func pairFinished(_ number: PairingNumber, _ error: BlueZError?, at now: Moment) {
        guard let pairing = live[number] else { return }
        trace(.pairReturned(error: error?.name), of: number, at: now)
        if error == nil { modify(number) { $0.hasSucceeded = true } }
        switch pairing.state {
        case .pairing(let call):
            let hasBond = devices[call.device]?.hasBond == true
            modify(number) { $0.evidence.error = error }
            guard let error, !hasBond else {
                // An error after the bond came is about the services, which were read over it.
                if hasBond { return finish(number, PairingOutcome(.paired), at: now) }
                for request in openRequests(of: number) { cancel(request, as: .completed, at: now) }
                return enter(.verifying(until: now.monotonic + timing.verification), number)
            }
            if error.isUnknownObject, !pairing.hasLookedAgain {
                lookAgain(number, call.device, at: now)
            } else if error.name == "org.bluez.Error.AlreadyExists", !pairing.hasLookedAgain {
                doubtKey(number, call.device, at: now)
            } else {
                finish(number, at: now)
            }
        case .ending(let cause, .pairResult):
            // It came to a bond a moment before it was ended.
            if mayHaveBond(number), !cause.undoesBond, !pairing.state.mayHaveBrokenBond {
                finish(number, PairingOutcome(.paired), at: now)
            } else {
                finish(number, cause, at: now)
            }
        default: return
        }
    }

    /// BlueZ has dropped the device's object, of which the signal is still on its way.
    private mutating func lookAgain(_ number: PairingNumber, _ device: DeviceReference, at now: Moment) {
        for request in openRequests(of: number) { cancel(request, at: now) }
        devices[device] = nil
        modify(number) { pairing in
            pairing.hasLookedAgain = true
            pairing.evidence = Evidence()
            pairing.state = .queued
        }
        prepare(number, at: now)
    }

    /// The kernel has a key, and BlueZ shows no bond. Either that is news, which is on its way on another connection, or the
    /// adapter was off when a bond was to be removed: it is looked at before the key is dropped.
    private mutating func doubtKey(_ number: PairingNumber, _ device: DeviceReference, at now: Moment) {
        emit(.look(device))
        let until = now.monotonic + timing.linkSettling
        modify(number) { pairing in
            pairing.hasLookedAgain = true
            pairing.hasStaleKey = true
            pairing.evidence = Evidence()
            pairing.state = .pausing(until: until)
        }
    }

    // MARK: Deadlines

    /// Ends what has come to its deadline.
    mutating func expire(at now: Moment) {
        guard let next = nextDeadline, next <= now.monotonic else { return }
        expireWindow(at: now)
        expireControls(at: now)
        expireAutomatic(at: now)
        expireStaleKeys(at: now)
        while let first = closed.first, first.removal <= now.monotonic { removeOldestClosed() }
        for request in open.values.filter({ $0.snapshot.deadline.monotonic <= now.monotonic }).inOrder {
            // One before it may have ended the pairing, and it with it.
            if open[request.snapshot.number] != nil { requestExpired(request, at: now) }
        }
        let due = live.values.filter { pairing in pairing.nextDeadline.map { $0 <= now.monotonic } ?? false }
        for pairing in due.sorted(by: { $0.number < $1.number }) where live[pairing.number] != nil {
            pairingExpired(pairing, at: now)
        }
        for device in removals.filter({ $0.value.until <= now.monotonic }).keys.sorted() {
            removalExpired(device, at: now)
        }
    }

    private mutating func pairingExpired(_ pairing: LivePairing, at now: Moment) {
        let number = pairing.number
        let isOver = pairing.deadline.map { $0 <= now.monotonic } ?? false
        switch pairing.state {
        case .discovering(_, let until) where !isOver && now.monotonic < until:
            // The device has said everything by now.
            modify(number) { $0.settledAt = nil }
            prepare(number, at: now)
        // Whichever of its deadlines is over, what was not seen on the air says more than how long it took.
        case .discovering: preparationExpired(pairing, at: now)
        case .pausing:
            if isOver { finish(number, .timedOut, at: now) } else { prepare(number, at: now) }
        case .queued, .awaitingRemoval, .disconnecting, .switchingPairable:
            if isOver { finish(number, .timedOut, at: now) } else { preparationExpired(pairing, at: now) }
        case .pairing(let call):
            if call.bondedUntil != nil {
                emit(.abandonPair(number))
                finish(number, PairingOutcome(.paired), at: now)
            } else {
                conclude(number, .timedOut, cut: true, at: now)
            }
        case .answering: finish(number, at: now)
        case .verifying:
            finish(number, PairingOutcome(.failed, "BlueZ reported success, and no bond"), at: now)
        case .ending(let cause, .pairResult(.notNeeded, _)):
            guard let device = pairing.device else { return finish(number, cause, at: now) }
            let until = now.monotonic + timing.promptness
            enter(.ending(cause, .pairResult(.sent, until: until)), number)
            emit(.cancelPairing(device))
        case .ending(let cause, .pairResult):
            emit(.abandonPair(number))
            live[number]?.isAbandoned = true
            finish(number, cause, at: now)
        case .ending(let cause, .disconnection): finish(number, cause, at: now)
        case .ending(let cause, .removal): finishUndone(number, cause, isRemoved: false, at: now)
        }
    }

    // MARK: The result

    mutating func finish(_ number: PairingNumber, _ cause: Cause, at now: Moment) {
        finish(number, Evidence(decision: cause).outcome, cause, at: now)
    }

    /// Ends a pairing with what the evidence says.
    mutating func finish(_ number: PairingNumber, at now: Moment) {
        guard var evidence = live[number]?.evidence else { return }
        evidence.hasMonitor = hasMonitor
        finish(number, evidence.outcome, at: now)
    }

    /// - Parameter canReply: BlueZ is still there to take answers.
    mutating func finish(
        _ number: PairingNumber, _ outcome: PairingOutcome, _ cause: Cause? = nil, canReply: Bool = true, at now: Moment
    ) {
        guard live[number] != nil else { return }
        if outcome.result == .paired, let weakness = objection(to: number, at: now) {
            return undo(number, weakness, at: now)
        }
        // Its identity may have led to another rule.
        guard let pairing = live[number] else { return }
        if canReply, cause == nil || pairing.state.isBeingUndone,
            let attempt = nextAttempt(pairing, after: outcome, at: now)
        {
            return tryAgain(number, attempt, after: outcome, at: now)
        }
        let outcome = remarked(outcome, pairing)
        let isUndone =
            !pairing.state.isBeingUndone && mayHaveBond(number)
            && (cause?.undoesBond == true || pairing.state.mayHaveBrokenBond)
        for request in openRequests(of: number) {
            let isDone = outcome.result == .paired && request.question.kind.isDisplay
            if canReply {
                cancel(request, as: isDone ? .completed : .cancelled, at: now)
            } else {
                close(request, .cancelled, .cancellation, at: now)
            }
        }
        live[number] = nil
        queue.removeAll { $0 == number }
        if active == number { active = nil }
        if let device = pairing.device {
            if incoming[device] == number { incoming[device] = nil }
            unwatch(device)
        }
        let snapshot = pairing.snapshot(outcome: outcome, finishedAt: now.realtime)
        emit(.publish(.pairingChanged(snapshot)))
        closeTrace(pairing, snapshot, cause)
        keep(snapshot, cause)
        count(snapshot, at: now)
        noteResult(pairing, outcome, at: now)
        countAutomatic(snapshot, at: now)
        if outcome.result == .paired { afterPairing(pairing, at: now) }
        let hasNoAnswer = [.bluezGone, .adapterOff, .interrupted].contains(outcome.result)
        let hasBond = outcome.result != .paired && pairing.device.flatMap { devices[$0] }?.hasBond == true
        settle(pairing, isCertain: !isUndone && !hasNoAnswer && !pairing.isAbandoned && !hasBond)
        if isUndone, canReply, let device = pairing.device { remove(device, for: nil, at: now) }
        // One of ours may have waited for what the device began.
        if !pairing.origin.isOurs, canReply, let active, live[active]?.device == pairing.device {
            prepare(active, at: now)
        }
    }

    /// A pairing that BlueZ keeps no bond of is one until the link ends; whoever wanted a bond has to know.
    private func remarked(_ outcome: PairingOutcome, _ pairing: LivePairing) -> PairingOutcome {
        guard outcome.result == .paired, outcome.reason.isEmpty, pairing.rule?.profile.pairing.bond == .keep,
            let device = pairing.device.flatMap({ devices[$0] }), device.isPaired, !device.isBonded
        else { return outcome }
        let isPairable = adapters[device.reference.adapter]?.isPairable == true
        return PairingOutcome(
            .paired,
            isPairable
                ? "no bond was made: it is lost with the connection"
                : "no bond was made, because the adapter is not pairable (bluetoothctl pairable on): it is lost with the connection"
        )
    }

    /// What the rule wants done with a device that is paired now.
    private mutating func afterPairing(_ pairing: LivePairing, at now: Moment) {
        guard let device = pairing.device, let profile = pairing.rule?.profile else { return }
        if profile.pairing.bond != .keep { sessionBonds.insert(device) }
        endRepairs(of: device, at: now)
        if case .foreign = pairing.origin { return linkMayBeGone(device, at: now) }
        if profile.after.trust { emit(.trust(device)) }
        if profile.after.disconnect { emit(.disconnect(device)) }
        linkMayBeGone(device, at: now)
    }

    /// A bond for one connection goes with it.
    mutating func linkMayBeGone(_ device: DeviceReference, at now: Moment) {
        guard devices[device]?.isConnected != true else { return }
        refusedSecurity.remove(device)
        guard sessionBonds.contains(device), live.values.allSatisfy({ $0.device != device }),
            removals[device] == nil, devices[device] != nil
        else { return }
        remove(device, for: nil, at: now)
    }

    /// Has this pairing, as far as it went, made a bond?
    private func mayHaveBond(_ number: PairingNumber) -> Bool {
        guard let pairing = live[number], !pairing.hadBond, !pairing.state.isPreparation,
            let device = pairing.device
        else {
            return false
        }
        return pairing.hasSucceeded || devices[device]?.hasBond == true
    }

    /// Keeps the result; what strangers were refused makes room first, so that it hides nothing.
    mutating func keep(_ snapshot: PairingSnapshot, _ cause: Cause?) {
        finished.append(snapshot)
        if finished.count > bounds.finishedPairings {
            let refusals = finished.indices.filter { index in
                let old = finished[index]
                return old.origin == .incoming && [.rejectedByPolicy, .lockedOut].contains(old.outcome?.result)
            }
            let hasTooMany = refusals.count > bounds.finishedPairings / 4
            let oldest = hasTooMany ? refusals[0] : finished.startIndex
            let removed = finished.remove(at: oldest).number
            traces.remove(removed)
            emit(.publish(.pairingRemoved(removed)))
        }
        let isSuccess = snapshot.outcome?.result.isSuccess == true
        emit(
            .record(
                Record(
                    subject: .pairing, device: snapshot.device, address: snapshot.address, name: snapshot.name,
                    adapter: snapshot.adapter, rule: snapshot.rule, pairing: snapshot.number,
                    verdict: cause?.verdict ?? (isSuccess ? .finished : .failed), decider: cause?.decider ?? .events,
                    result: snapshot.outcome?.result, reason: snapshot.outcome?.reason ?? "",
                    attempt: snapshot.attempt, strength: isSuccess ? snapshot.strength : nil)))
    }
}
