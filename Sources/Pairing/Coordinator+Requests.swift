// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Policy

/// Requests: opened, answered, taken back, and closed exactly once.
extension Coordinator {
    mutating func openRequest(
        for question: AgentQuestion, rule: Rule, pairing number: PairingNumber?, at now: Moment
    ) {
        let asked = OpenRequest.Question(question.kind)
        let isRequested = number != nil && number == active
        if let why = lackOfRoom(for: question.device, isRequested: isRequested) {
            if let token = question.token { emit(.reply(token, .rejected)) }
            record(question, .rejected, .safeguard, pairing: number, rule: rule.name, reason: why)
            if let number { conclude(number, .busy(why), cut: asked.token == nil, at: now) }
            return
        }
        if case .displayPINCode(_, let token) = question.kind { emit(.reply(token, .accept)) }
        let deadline = now + (asked.kind.isDisplay ? timing.display : timing.request)
        let facts = devices[question.device]?.facts
        let snapshot = RequestSnapshot(
            number: RequestNumber(nextNumber()), kind: asked.kind, pairing: number, device: question.device,
            address: facts?.address ?? Address(bits: 0), name: facts?.name, rule: rule.name, service: question.service,
            entered: question.entered, deadline: deadline)
        let request = OpenRequest(
            question: asked, role: question.role, isRequested: isRequested,
            isWindowed: rule.profile.pairing.when == .window, snapshot: snapshot)
        open(request, at: now)
        guard let number else { return }
        if asked.kind.isDisplay { answered(number, asked.kind, at: now) }
        // The request's own deadline comes first.
        if case .answering = live[number]?.state {
            enter(.answering(until: deadline.monotonic + timing.incoming), number)
        }
    }

    mutating func open(_ request: OpenRequest, at now: Moment) {
        open[request.snapshot.number] = request
        emit(.publish(.requestAdded(request.snapshot)))
        record(request, .requestOpened, .asked, .rule)
        if let number = request.snapshot.pairing { modify(number) { $0.openRequests += 1 } }
    }

    /// Why no further request can be opened; requests of our own pairings cannot be crowded out by strangers.
    func lackOfRoom(for device: DeviceReference, isRequested: Bool) -> String? {
        if open.values.lazy.filter({ $0.snapshot.device == device }).count >= bounds.openRequestsPerDevice {
            return "too many requests of this device are open"
        }
        if !isRequested, open.values.lazy.filter({ !$0.isRequested }).count >= bounds.openRequests {
            return "too many requests are open"
        }
        return nil
    }

    /// Is this the next digit of a passkey that is shown? Another passkey takes the place of the one shown.
    mutating func showsAlready(
        _ passkey: Passkey, entered: UInt16, in number: PairingNumber, at now: Moment
    ) -> Bool {
        for var request in openRequests(of: number) {
            guard case .passkeyDisplay(let shown) = request.question else { continue }
            guard shown == passkey else {
                close(request, .cancelled, .cancellation, at: now)
                continue
            }
            if request.snapshot.entered != entered {
                request.snapshot.entered = entered
                open[request.snapshot.number] = request
                emit(.publish(.requestChanged(request.snapshot)))
            }
            return true
        }
        return false
    }

    // MARK: Answers

    mutating func accept(
        _ request: OpenRequest, with reply: AgentReply, decider: Record.Decider, at now: Moment
    ) {
        if let token = request.question.token { emit(.reply(token, reply)) }
        close(request, .accepted, decider, at: now)
        guard let number = request.snapshot.pairing else { return }
        if case .person = decider { live[number]?.isApproved = true }
        answered(number, request.question.kind, at: now)
    }

    /// Says no; for digits that are shown, BlueZ waits for no answer, and the pairing itself is ended.
    mutating func reject(_ request: OpenRequest, decider: Record.Decider, cause: Cause, at now: Moment) {
        if let token = request.question.token { emit(.reply(token, .rejected)) }
        close(request, .rejected, decider, at: now)
        guard let number = request.snapshot.pairing else { return }
        conclude(number, cause, cut: request.question.token == nil, at: now)
    }

    mutating func requestExpired(_ request: OpenRequest, at now: Moment) {
        if let token = request.question.token { emit(.reply(token, .canceled)) }
        close(request, .expired, .expiry, at: now)
        guard let number = request.snapshot.pairing else { return }
        conclude(number, .expired(request.question.kind), cut: request.question.token == nil, at: now)
    }

    mutating func questionCancelled(_ role: AgentRole, at now: Moment) {
        // BlueZ names no device, and takes back what it waits for: digits that are shown are none of it.
        for request in open.values.filter({ $0.role == role && $0.question.token != nil }).inOrder {
            cancel(request, at: now)
            guard let number = request.snapshot.pairing else { continue }
            modify(number) { $0.evidence.wasWithdrawn = true }
            if case .answering = live[number]?.state {
                enter(.answering(until: now.monotonic + timing.evidence), number)
            }
        }
    }

    /// The question is answered by the course of events. BlueZ may have dropped its call by now: it ignores the answer
    /// then, and the connection is rid of the call.
    mutating func cancel(_ request: OpenRequest, as outcome: RequestOutcome = .cancelled, at now: Moment) {
        if let token = request.question.token { emit(.reply(token, .canceled)) }
        close(request, outcome, .cancellation, at: now)
    }

    // MARK: Closing

    func openRequests(of number: PairingNumber) -> [OpenRequest] {
        open.isEmpty ? [] : open.values.filter { $0.snapshot.pairing == number }.inOrder
    }

    /// Services ask without a pairing, and as long as the device is connected.
    mutating func cancelServices(at now: Moment, where isMeant: (DeviceReference) -> Bool) {
        cancelRequests(at: now) { $0.kind == .service && isMeant($0.device) }
    }

    /// Ends requests that no pairing ends.
    mutating func cancelRequests(at now: Moment, where isMeant: (RequestSnapshot) -> Bool) {
        for request in open.values.filter({ $0.snapshot.pairing == nil && isMeant($0.snapshot) }).inOrder {
            cancel(request, at: now)
        }
    }

    mutating func close(
        _ request: OpenRequest, _ outcome: RequestOutcome, _ decider: Record.Decider, at now: Moment
    ) {
        guard open.removeValue(forKey: request.snapshot.number) != nil else { return }
        if let number = request.snapshot.pairing { modify(number) { $0.openRequests -= 1 } }
        var snapshot = request.snapshot
        snapshot.outcome = outcome
        if case .person(let actor) = decider { snapshot.actor = actor }
        closed.append(ClosedRequest(snapshot: snapshot, removal: now.monotonic + timing.finishedRequest))
        emit(.publish(.requestFinished(snapshot)))
        if closed.count > bounds.finishedRequests { removeOldestClosed() }
        let verdict: Record.Verdict =
            switch outcome {
            case .accepted: .accepted
            case .rejected: .rejected
            case .expired: .expired
            case .cancelled: .cancelled
            case .completed: .finished
            }
        record(request, .question, verdict, decider)
    }

    mutating func removeOldestClosed() {
        emit(.publish(.requestRemoved(closed.removeFirst().snapshot.number)))
    }

    private mutating func record(
        _ request: OpenRequest, _ subject: Record.Subject, _ verdict: Record.Verdict, _ decider: Record.Decider
    ) {
        let snapshot = request.snapshot
        emit(
            .record(
                Record(
                    subject: subject, device: snapshot.device, address: snapshot.address, name: snapshot.name,
                    adapter: snapshot.device.adapter, rule: snapshot.rule, pairing: snapshot.pairing,
                    request: snapshot.number, kind: snapshot.kind, verdict: verdict, decider: decider, reason: "",
                    attempt: snapshot.pairing.flatMap { live[$0]?.attempt })))
    }
}

extension Collection<OpenRequest> {
    /// By number: the order of a dictionary is another one each time.
    var inOrder: [OpenRequest] { sorted { $0.snapshot.number < $1.snapshot.number } }
}

extension AgentQuestion {
    fileprivate var service: BluetoothUUID? {
        if case .service(let uuid, _) = kind { uuid } else { nil }
    }

    fileprivate var entered: UInt16 {
        if case .displayPasskey(_, let entered) = kind { entered } else { 0 }
    }
}
