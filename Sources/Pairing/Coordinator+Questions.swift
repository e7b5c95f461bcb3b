// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Policy

/// BlueZ asks: which pairing a question belongs to, and what the rule says to it.
extension Coordinator {
    mutating func asked(_ question: AgentQuestion, at now: Moment) {
        if case .service(let uuid, let token) = question.kind {
            // BlueZ asks the default agent only (`src/agent.c`, agent_authorize_service).
            guard question.role == .default else { return refuse(question, "this agent does not answer for services") }
            return askedForService(uuid, token, question, at: now)
        }
        guard let number = owner(of: question) else {
            if question.role == .default { return beginIncoming(question, at: now) }
            refuse(question, "no pairing of ours is under way with this device")
            // BlueZ does not wait for an answer to digits that it shows: only without a link do they lead to nothing.
            if question.token == nil { emit(.disconnect(question.device)) }
            return
        }
        if live[number]?.state.isEnding == true {
            // Digits that go on being shown are no new question.
            if question.token != nil { refuse(question, "the pairing is being ended") }
            return
        }
        pose(question, to: number, at: now)
    }

    /// The pairing that a question is part of.
    private func owner(of question: AgentQuestion) -> PairingNumber? {
        if let active, let pairing = live[active], pairing.device == question.device {
            switch (pairing.state, question.role) {
            case (.pairing(let call), .capability(let capability)) where call.capability == capability: return active
            // A second round, as when keys for the other transport are made, comes to the default agent. Before the
            // bond is there, it is the device that started something of its own.
            case (.pairing(let call), .default) where call.bondedUntil != nil: return active
            case (.verifying, .default), (.ending, _): return active
            default: break
            }
        }
        return question.role == .default ? incoming[question.device] : nil
    }

    /// No, whatever the rules say.
    private mutating func refuse(_ question: AgentQuestion, _ why: String) {
        if let token = question.token { emit(.reply(token, .rejected)) }
        record(question, .rejected, .safeguard, reason: why)
    }

    // MARK: Pairings that the other side starts

    private mutating func beginIncoming(_ question: AgentQuestion, at now: Moment) {
        guard let device = devices[question.device] else {
            refuse(question, "BlueZ has told nothing of this device")
            if question.token == nil { emit(.disconnect(question.device)) }
            return
        }
        guard incoming.count < bounds.incomingPairings else {
            refuse(question, "too many pairings are under way")
            if question.token == nil { emit(.disconnect(question.device)) }
            return
        }
        var pairing = LivePairing(
            number: PairingNumber(nextNumber()), origin: .incoming, startedAt: now.realtime,
            address: device.facts.address, name: device.facts.name,
            state: .answering(until: now.monotonic + timing.incoming))
        pairing.hadBond = device.hasBond
        pairing.evidence = evidence(of: device, at: now)
        // Those of the bond that is there are none of this pairing.
        if pairing.hadBond { pairing.evidence.keys = [] }
        pairing.ruledAddress = device.facts.address
        let (ruling, refusal) = incomingRule(for: device, at: now)
        pairing.rule = ruling?.rule
        pairing.mustAsk = ruling?.mustAsk == true
        live[pairing.number] = pairing
        incoming[device.reference] = pairing.number
        emit(.publish(.pairingAdded(pairing.snapshot())))
        follow(device, for: pairing.number)
        openTrace(pairing.number, device, at: now)
        guard let refusal else { return pose(question, to: pairing.number, at: now) }
        if let token = question.token { emit(.reply(token, .rejected)) }
        conclude(pairing.number, refusal, cut: question.token == nil, at: now)
    }

    /// The rule that lets this device start a pairing, or why none does; with the latter, the rule is for information.
    private func incomingRule(for device: DeviceSnapshot, at now: Moment) -> (ruling: Ruling?, refusal: Cause?) {
        var ruling: Ruling
        switch ruled(device, at: now) {
        case .success(let found): ruling = found
        case .failure(let problem): return (nil, .noRule(problem.why))
        }
        let rule = ruling.rule
        if refusedSecurity.contains(device.reference) {
            return (ruling, .refusedByRule("the rule \(rule.name) rejects security requests"))
        }
        if device.hasBond {
            // Anybody can pretend to be a device whose bond was lost.
            if rule.profile.repair.bondedDevice == .reject {
                return (ruling, .safeguard("the device is paired already: forget it first"))
            }
            if rule.profile.repair.bondedDevice == .ask { ruling.mustAsk = true }
        } else if !rule.profile.pairing.acceptIncoming {
            return (ruling, .refusedByRule("the rule \(rule.name) does not let the device start a pairing"))
        } else if rule.profile.pairingMode(of: facts(of: device, at: now)) == .notReady {
            return (ruling, .notInPairingMode)
        }
        return (ruling, lockOut(of: device, at: now) ?? floorRefusal(rule, for: device))
    }

    /// The rule for a device that waits for an answer.
    private struct Ruling {
        var rule: Rule
        /// A person has to answer, whatever the rule says yes to.
        var mustAsk = false
    }

    private struct Unruled: Error {
        let why: String
    }

    /// The rule for a device that asks now. What it has not told by now it will not tell in time, as a phone never
    /// advertises: what the rules say without that is no yes of theirs, but a person may be asked.
    private func ruled(_ device: DeviceSnapshot, at now: Moment) -> Result<Ruling, Unruled> {
        switch decide(device, at: now) {
        case .matched(let rule): return .success(Ruling(rule: rule))
        case .unmatched: return .failure(Unruled(why: "no rule matches the device"))
        case .undetermined(let facts):
            guard case .matched(let rule) = decide(device, isSettled: true, at: now) else {
                return .failure(Unruled(why: Self.unknown(facts)))
            }
            return .success(Ruling(rule: rule, mustAsk: true))
        }
    }

    // MARK: The rule's answer

    private mutating func pose(_ question: AgentQuestion, to number: PairingNumber, at now: Moment) {
        if case .displayPasskey(let passkey, let entered) = question.kind,
            showsAlready(passkey, entered: entered, in: number, at: now)
        {
            return
        }
        let kind = OpenRequest.Question(question.kind).kind
        guard let rule = live[number]?.rule else {
            if let token = question.token { emit(.reply(token, .rejected)) }
            record(question, .rejected, .noRule, pairing: number)
            return conclude(number, .noRule("no rule matches the device any more"), cut: kind.isDisplay, at: now)
        }
        switch answer(to: question, kind, by: rule, mustAsk: live[number]?.mustAsk == true, at: now) {
        case .ask:
            openRequest(for: question, rule: rule, pairing: number, at: now)
        case .reply(let reply):
            if let token = question.token { emit(.reply(token, reply)) }
            live[number]?.ruledKinds.insert(kind)
            answered(number, kind, at: now)
            record(question, .accepted, .rule, pairing: number, rule: rule.name)
        case .reject:
            if let token = question.token { emit(.reply(token, .rejected)) }
            record(question, .rejected, .rule, pairing: number, rule: rule.name)
            conclude(number, .refused(by: rule, kind), cut: false, at: now)
        }
    }

    /// What the rule says to a question.
    ///
    /// Whoever pairs as a keyboard types what it likes, and pretending to be one takes nothing (CVE-2023-45866): no rule
    /// can say yes to an input device, a person has to.
    private func answer(
        to question: AgentQuestion, _ kind: RequestKind, by rule: Rule, mustAsk: Bool = false, at now: Moment
    ) -> RuleAnswer {
        let known = devices[question.device].map { facts(of: $0, at: now) }
        let answer = rule.profile.answers.answer(to: question.kind, of: known)
        guard case .reply = answer else { return answer }
        let isInput =
            if case .service(let uuid, _) = question.kind { uuid.isInputService } else { known?.isInputDevice == true }
        return mustAsk || isInput ? .ask : answer
    }

    /// Our side did its part: the device has the radio protocol's time for its own.
    mutating func answered(_ number: PairingNumber, _ kind: RequestKind, at now: Moment) {
        let until = now.monotonic + timing.incoming
        markUnsettled(number)
        modify(number) { pairing in
            pairing.evidence.lastStep = now.monotonic
            switch kind {
            case .passkeyEntry, .passkeyDisplay: pairing.evidence.usedDigits = true
            case .pinEntry, .pinDisplay:
                pairing.evidence.usedDigits = true
                pairing.evidence.usedPIN = true
            case .authorization, .confirmation, .service, .repair: break
            }
            if case .answering = pairing.state { pairing.state = .answering(until: until) }
        }
    }

    // MARK: Services

    private mutating func askedForService(
        _ uuid: BluetoothUUID, _ token: AgentToken, _ question: AgentQuestion, at now: Moment
    ) {
        guard let device = devices[question.device] else {
            return refuse(question, "BlueZ has told nothing of this device")
        }
        guard device.hasBond else { return refuse(question, "the device is not paired") }
        let ruling: Ruling
        switch ruled(device, at: now) {
        case .success(let found): ruling = found
        case .failure(let problem):
            emit(.reply(token, .rejected))
            return record(question, .rejected, .noRule, reason: problem.why)
        }
        let rule = ruling.rule
        switch answer(to: question, .service, by: rule, mustAsk: ruling.mustAsk, at: now) {
        case .ask:
            openRequest(for: question, rule: rule, pairing: nil, at: now)
        case .reply(let reply):
            emit(.reply(token, reply))
            record(question, .accepted, .rule, rule: rule.name)
        case .reject:
            emit(.reply(token, .rejected))
            record(question, .rejected, .rule, rule: rule.name)
        }
    }

    mutating func record(
        _ question: AgentQuestion, _ verdict: Record.Verdict, _ decider: Record.Decider,
        pairing: PairingNumber? = nil, rule: String? = nil, reason: String = ""
    ) {
        let facts = devices[question.device]?.facts
        emit(
            .record(
                Record(
                    subject: .question, device: question.device, address: facts?.address, name: facts?.name,
                    adapter: question.device.adapter, rule: rule, pairing: pairing,
                    kind: OpenRequest.Question(question.kind).kind, verdict: verdict, decider: decider, reason: reason,
                    attempt: pairing.flatMap { live[$0]?.attempt })))
    }
}
