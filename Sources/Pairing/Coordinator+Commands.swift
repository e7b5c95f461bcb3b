// SPDX-License-Identifier: Apache-2.0

import Bluetooth

/// What people and programs ask for. A command that throws has changed nothing.
extension Coordinator {
    /// Queues a pairing.
    ///
    /// - Parameter timeout: For the whole pairing, from its turn on; `nil` for the rule's own, or ``Timing/pairing`` while
    ///   no rule has matched.
    /// - Parameter isForced: Is a bond that is there replaced? It is removed when the device is there, not before.
    /// - Parameter authorizedRule: The only rule that the actor may pair by; `nil` for any.
    /// - Throws: ``CommandError/bluezAbsent``, ``CommandError/unknownDevice``, ``CommandError/unknownAdapter``,
    ///   ``CommandError/busy(_:)`` while another pairing with this device is asked for, ``CommandError/tooMany``.
    public mutating func pair(
        _ target: Target, timeout: Duration? = nil, isForced: Bool = false, actor: Actor,
        authorizedRule: String? = nil, at now: Moment
    ) throws(CommandError) -> (number: PairingNumber, effects: [Effect]) {
        guard isBlueZRunning else { throw .bluezAbsent }
        var wish = try wish(for: target, timeout: timeout, actor: actor)
        if isForced { wish.replacement = .forced }
        wish.authorizedRule = authorizedRule
        if let other = requested(wish.address, on: wish.adapter) { throw .busy(other) }
        guard !hasFullQueue else { throw .tooMany }
        let number = enqueue(wish, at: now)
        return (number, drain(at: now))
    }

    /// Do as many commands wait as may? What rules started takes no room from people.
    private var hasFullQueue: Bool {
        queue.lazy.filter { live[$0]?.isAutomatic == false }.count >= bounds.queuedPairings
    }

    /// Lets a pairing wait for its turn.
    @discardableResult
    mutating func enqueue(
        _ wish: LivePairing.Wish, name: UntrustedText? = nil, heardSince: MonotonicTime? = nil, at now: Moment
    ) -> PairingNumber {
        var pairing = LivePairing(
            number: PairingNumber(nextNumber()), origin: .requested(wish), startedAt: now.realtime,
            address: wish.address, name: name, state: .queued)
        pairing.heardSince = heardSince
        live[pairing.number] = pairing
        // People wait; what a rule started can wait.
        let place = wish.actor == nil ? nil : queue.firstIndex { live[$0]?.isAutomatic == true }
        queue.insert(pairing.number, at: place ?? queue.endIndex)
        emit(.publish(.pairingAdded(pairing.snapshot())))
        return pairing.number
    }

    /// Ends a pairing in whatever state it is; one that is ending already is left alone.
    ///
    /// - Throws: ``CommandError/unknownPairing``, ``CommandError/alreadyFinished(_:)``.
    public mutating func cancelPairing(
        _ number: PairingNumber, actor: Actor, at now: Moment
    ) throws(CommandError) -> [Effect] {
        guard live[number] != nil else {
            guard let outcome = pairing(number)?.outcome else { throw .unknownPairing }
            throw .alreadyFinished(outcome.result)
        }
        // BlueZ reads an error to an open question as no; without one, the link has to be cut.
        let isAsking = open.values.contains { $0.snapshot.pairing == number && $0.question.token != nil }
        conclude(number, .cancelled(by: actor), cut: !isAsking, at: now)
        return drain(at: now)
    }

    /// Removes a device and its bond from BlueZ; the end comes as ``Effect/forgetFinished(_:error:)``.
    ///
    /// - Throws: ``CommandError/bluezAbsent``, ``CommandError/unknownDevice``, ``CommandError/beingRemoved``,
    ///   ``CommandError/busy(_:)`` while a pairing that somebody asked for is under way, ``CommandError/tooMany``.
    public mutating func forget(
        _ target: Target, token: CommandToken, actor: Actor, at now: Moment
    ) throws(CommandError) -> [Effect] {
        guard isBlueZRunning else { throw .bluezAbsent }
        guard let device = knownDevice(target) else { throw .unknownDevice }
        guard removals[device.reference] == nil else { throw .beingRemoved }
        if let active, live[active]?.device == device.reference { throw .busy(active) }
        guard removals.count < bounds.removals else { throw .tooMany }
        if let number = incoming[device.reference] {
            conclude(number, .cancelled(by: actor), cut: false, at: now)
        }
        // Ending the pairing may have begun the removal already: then this command waits for that one.
        remove(device.reference, for: Removal.Command(token: token, actor: actor), at: now)
        return drain(at: now)
    }

    /// Answers a request.
    ///
    /// - Throws: ``CommandError/unknownRequest``, ``CommandError/expired``, ``CommandError/alreadyAnswered(_:)``,
    ///   ``CommandError/wrongKind(_:)``.
    public mutating func answer(
        _ number: RequestNumber, with answer: RequestAnswer, actor: Actor, at now: Moment
    ) throws(CommandError) -> [Effect] {
        let request = try openRequest(number, at: now)
        if request.question.kind == .repair, answer == .accept, hasFullQueue { throw .tooMany }
        if answer == .reject {
            reject(request, decider: .person(actor), cause: .rejected(by: actor), at: now)
        } else {
            accept(request, with: try request.question.reply(for: answer), decider: .person(actor), at: now)
            if request.question.kind == .repair, let device = devices[request.snapshot.device] {
                replaceBond(of: device, because: .bondLost, actor: actor, at: now)
            }
        }
        return drain(at: now)
    }

    /// The digits to compare or to type on the device, while the request is open.
    ///
    /// - Throws: As ``answer(_:with:actor:at:)``; ``CommandError/wrongKind(_:)`` where there are no digits to show.
    public func digits(of number: RequestNumber, at now: Moment) throws(CommandError) -> RequestDigits {
        let question = try openRequest(number, at: now).question
        guard let digits = question.digits else { throw .wrongKind(question.kind) }
        return digits
    }

    private func openRequest(_ number: RequestNumber, at now: Moment) throws(CommandError) -> OpenRequest {
        guard let request = open[number] else {
            guard let outcome = self.request(number)?.outcome else { throw .unknownRequest }
            throw outcome == .expired ? .expired : .alreadyAnswered(outcome)
        }
        // The tick that closes it may be a moment late.
        guard now.monotonic < request.snapshot.deadline.monotonic else { throw .expired }
        return request
    }

    private func wish(
        for target: Target, timeout: Duration?, actor: Actor
    ) throws(CommandError) -> LivePairing.Wish {
        switch target {
        case .address(let address, let adapter):
            if let adapter, adapters[adapter] == nil { throw .unknownAdapter }
            return .init(actor: actor, address: address, adapter: adapter, device: nil, timeout: timeout)
        case .device(let reference):
            guard let device = devices[reference] else { throw .unknownDevice }
            return .init(
                actor: actor, address: device.facts.address, adapter: reference.adapter, device: reference,
                timeout: timeout)
        }
    }

    /// A requested pairing with this device that has no result yet.
    private func requested(_ address: Address, on adapter: AdapterReference?) -> PairingNumber? {
        (queue + [active].compactMap(\.self)).first { number in
            guard let pairing = live[number], case .requested(let wish) = pairing.origin else { return false }
            let other = pairing.device?.adapter ?? wish.adapter
            return (wish.address == address || pairing.address == address)
                && (adapter == nil || other == nil || adapter == other)
        }
    }
}
