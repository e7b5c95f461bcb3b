// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Policy
import SecurityManager

/// How strong a pairing became, and whether that is enough for its rule.
///
/// BlueZ does not tell. On the monitor channel are the SMP request and response (Core Specification, Vol 3, Part H,
/// 2.3.5.1), before BlueZ asks its first question, and the kernel's word on each key that it makes.
extension Coordinator {
    // MARK: What the monitor channel shows

    mutating func agreed(
        _ adapter: AdapterReference, _ address: Address, _ agreement: PairingAgreement, _ local: IOCapability?,
        at now: Moment
    ) {
        see(LockOuts.Key(adapter: adapter, address: address)) { $0.agreement = agreement }
        for number in pairings(with: address, on: adapter) {
            modify(number) { pairing in
                pairing.evidence.agreement = agreement
                pairing.evidence.localCapability = local
            }
        }
    }

    mutating func keyMade(_ adapter: AdapterReference, _ address: Address, _ key: PairingKey, at now: Moment) {
        let concerned = pairings(with: address, on: adapter)
        // One that goes with its link says nothing of a bond.
        if key.isKept || !concerned.isEmpty {
            see(LockOuts.Key(adapter: adapter, address: address)) { $0.keys.insert(key) }
        }
        for number in concerned {
            modify(number) { $0.evidence.keys.insert(key) }
            // Of a device that was bonded before, BlueZ tells nothing more.
            guard let pairing = live[number], case .answering = pairing.state, pairing.hadBond, pairing.isAnswered
            else { continue }
            finish(number, PairingOutcome(.paired), at: now)
        }
        if concerned.isEmpty { keyMadeWithoutUs(adapter, address, key, at: now) }
    }

    /// What was said under a private address holds for the identity behind it.
    mutating func identified(_ adapter: AdapterReference, _ address: Address, as identity: Address) {
        for number in pairings(with: address, on: adapter) { live[number]?.identities.insert(identity) }
        let old = LockOuts.Key(adapter: adapter, address: address)
        if identities.count < bounds.links { identities[old] = identity }
        let seen = links[old]?.endedAt == nil ? links.removeValue(forKey: old) : nil
        guard let agreement = seen?.agreement else { return }
        see(LockOuts.Key(adapter: adapter, address: identity)) { $0.agreement = agreement }
    }

    /// Adds to what was seen of a link; the end of the one before made a new beginning.
    private mutating func see(_ key: LockOuts.Key, _ change: (inout LinkEvidence) -> Void) {
        if links[key]?.endedAt != nil { links[key] = nil }
        if links[key] == nil, links.count >= bounds.links {
            let oldest = links.compactMap { key, link in link.endedAt.map { (key, $0) } }.min { $0.1 < $1.1 }
            // More links than an adapter can have are none of ours.
            guard let oldest else { return }
            links[oldest.0] = nil
        }
        change(&links[key, default: LinkEvidence()])
    }

    mutating func closeLink(_ adapter: AdapterReference, _ address: Address, at now: Moment) {
        let key = LockOuts.Key(adapter: adapter, address: address)
        links[key]?.endedAt = now.monotonic
        guard let identity = identities.removeValue(forKey: key) else { return }
        links[LockOuts.Key(adapter: adapter, address: identity)]?.endedAt = now.monotonic
    }

    /// What was seen of the link that a device has now.
    ///
    /// - Parameter hasEnded: Or of the one that has just ended?
    func evidence(of device: DeviceSnapshot, hasEnded: Bool = false, at now: Moment) -> Evidence {
        var link = links[LockOuts.Key(adapter: device.reference.adapter, address: device.facts.address)]
        if let endedAt = link?.endedAt, !hasEnded || now.monotonic.elapsed(since: endedAt) > timing.evidence {
            link = nil
        }
        return Evidence(
            agreement: link?.agreement, keys: link?.keys ?? [], wasConnected: device.isConnected,
            isConnected: device.isConnected, lastStep: now.monotonic)
    }

    // MARK: Floors

    /// Why a rule's floor rules out every pairing with this device: it is better to have none than one that may be too
    /// weak.
    func floorRefusal(_ rule: Rule, for device: DeviceSnapshot) -> Cause? {
        guard rule.profile.pairing.needsVerification else { return nil }
        if !hasMonitor {
            return .cannotVerify(
                "the rule \(rule.name) demands strong keys, and without CAP_NET_RAW nobody sees how strong they are")
        }
        if device.facts.transports == [.bredr], rule.profile.pairing.minimumKeySize != nil {
            return .cannotVerify(
                "the rule \(rule.name) has a minimum-key-size, and over BR/EDR nobody tells the size of keys")
        }
        return nil
    }

    /// Why a pairing that BlueZ calls done is none, or may not stay.
    mutating func objection(to number: PairingNumber, at now: Moment) -> Cause? {
        if let refusal = refusalOfIdentity(number, at: now) { return refusal }
        guard let pairing = live[number] else { return nil }
        if case .incoming = pairing.origin, !pairing.isApproved, !pairing.hadBond,
            let device = pairing.device.flatMap({ devices[$0] }), device.facts.isInputDevice
        {
            return .safeguard("it is an input device, which only a person can let in")
        }
        return weakness(of: pairing)
    }

    /// A device that was paired under a private address may turn out to be another one than its rule took it for.
    private mutating func refusalOfIdentity(_ number: PairingNumber, at now: Moment) -> Cause? {
        guard let pairing = live[number], let rule = pairing.rule, let ruled = pairing.ruledAddress,
            var device = pairing.device.flatMap({ devices[$0] }), device.facts.address != ruled
        else { return nil }
        modify(number) { $0.ruledAddress = device.facts.address }
        let isTaken = isBonded(device.facts.address, beside: device)
        // As it was before this pairing.
        if !pairing.hadBond { (device.isPaired, device.isBonded) = (false, false) }
        let other: Rule
        switch decide(device, isSettled: true, at: now) {
        case .unmatched: return .noRule("no rule matches its identity address \(device.facts.address)")
        case .undetermined(let facts): return .noRule(Self.unknown(facts))
        case .matched(let found): other = found
        }
        if other.name != rule.name { modify(number) { $0.rule = other } }
        if isTaken, !pairing.origin.isOurs {
            let isAllowed =
                switch other.profile.repair.bondedDevice {
                case .accept: true
                case .ask: pairing.isApproved
                case .reject: false
                }
            guard isAllowed else {
                return .safeguard("it claims to be \(device.facts.address), which is paired already")
            }
            let strength = record(of: device)?.strength
            modify(number) { $0.leastStrength = strength }
        }
        guard other.name != rule.name else { return nil }
        if case .requested(let wish) = pairing.origin, let refusal = wish.refusal(by: other) { return refusal }
        let isAllowed =
            pairing.origin.isOurs
            ? other.profile.pairing.initiate != .never
            : other.profile.pairing.acceptIncoming
                && (pairing.isApproved || pairing.ruledKinds.allSatisfy(other.profile.answers.saysYes))
        return isAllowed
            ? nil
            : .refusedByRule("the rule \(other.name), which its identity address leads to, does not allow it")
    }

    /// Has another device, or one that this may pretend to be, a bond under this address?
    private func isBonded(_ address: Address, beside device: DeviceSnapshot) -> Bool {
        let isShown = devices.values.contains {
            $0.reference != device.reference && $0.reference.adapter == device.reference.adapter
                && $0.facts.address == address && $0.hasBond
        }
        return isShown || [.kept, .lost].contains(record(of: device)?.state)
    }

    private func weakness(of pairing: LivePairing) -> Cause? {
        if pairing.evidence.keys.contains(where: \.isDebugKey) {
            return .tooWeak("the key was made with the debug key of the specification, which everybody has")
        }
        if pairing.origin.isOurs, let capability = pairing.capability, let shown = pairing.evidence.localCapability,
            shown != capability
        {
            return .wrongCapability("BlueZ showed \(shown.rawValue) in place of \(capability.rawValue)")
        }
        let strength = pairing.evidence.strength
        if let least = pairing.leastStrength {
            guard let strength else { return .cannotVerify("nothing was seen of how strong the new keys are") }
            if !strength.isAtLeast(least) {
                return .tooWeak("it reached \(strength.words), and the bond before had \(least.words)")
            }
        }
        guard let rule = pairing.rule, rule.profile.pairing.needsVerification else { return nil }
        let floor = rule.profile.pairing
        guard let strength else {
            return .cannotVerify("nothing was seen on the air of how strong the keys are")
        }
        if strength.level < floor.security || floor.secureConnections && !strength.isSecureConnections {
            let wanted = floor.security.rawValue + (floor.secureConnections ? " with Secure Connections" : "")
            return .tooWeak(
                "it reached \(pairing.evidence.agreement?.words ?? strength.words), and the rule \(rule.name) asks for"
                    + " \(wanted)")
        }
        if let least = floor.minimumKeySize {
            guard let size = strength.keySize else {
                return .cannotVerify("nobody tells the size of a BR/EDR key, and the rule \(rule.name) asks for it")
            }
            if size < least {
                return .keyTooShort("the key has \(size) octets, and the rule \(rule.name) asks for \(least)")
            }
        }
        return nil
    }

    /// Undoes a pairing before its result is told.
    mutating func undo(_ number: PairingNumber, _ cause: Cause, at now: Moment) {
        guard let device = live[number]?.device else { return finish(number, cause, at: now) }
        let until = now.monotonic + timing.promptness + timing.promptness
        enter(.ending(cause, .removal(until: until)), number)
        for request in openRequests(of: number) { cancel(request, at: now) }
        remove(device, for: nil, at: now)
    }

    /// Tells the result of a pairing that was to be undone, and whether it is.
    mutating func finishUndone(_ number: PairingNumber, _ cause: Cause, isRemoved: Bool, at now: Moment) {
        let outcome = Evidence(decision: cause).outcome
        let rest = isRemoved ? "" : "; BlueZ did not remove the bond"
        finish(number, PairingOutcome(outcome.result, outcome.reason + rest), cause, at: now)
    }
}

extension PairingAgreement {
    /// The level of the key that comes of it.
    public var securityLevel: SecurityLevel { model.isAuthenticated ? .authenticated : .encrypted }

    fileprivate var words: String {
        let model =
            switch model {
            case .justWorks: "Just Works"
            case .numericComparison: "numeric comparison"
            case .passkeyEntry: "passkey entry"
            case .outOfBand: "out-of-band data"
            }
        return "\(securityLevel.rawValue) (\(model), \(isSecureConnections ? "Secure Connections" : "legacy pairing"))"
    }
}

extension Evidence {
    /// The weakest of all that was seen: what was agreed on, and what keys came of it.
    var strength: BondRecord.Strength? {
        var seen = keys.compactMap { key in
            key.level.map {
                BondRecord.Strength(level: $0, isSecureConnections: key.isSecureConnections, keySize: key.size)
            }
        }
        if let agreement {
            seen.append(
                BondRecord.Strength(
                    level: agreement.securityLevel, isSecureConnections: agreement.isSecureConnections,
                    keySize: agreement.encryptionKeySize))
        }
        guard let level = seen.map(\.level).min() else { return nil }
        return BondRecord.Strength(
            level: level, isSecureConnections: seen.allSatisfy(\.isSecureConnections),
            keySize: seen.compactMap(\.keySize).min())
    }
}

extension BondRecord.Strength {
    /// Where nobody tells a size, as over BR/EDR, it is not compared.
    func isAtLeast(_ other: Self) -> Bool {
        level >= other.level && (isSecureConnections || !other.isSecureConnections)
            && (keySize ?? .max) >= (other.keySize ?? 0)
    }

    fileprivate var words: String {
        let size = keySize.map { ", \($0) octets" } ?? ""
        return level.rawValue + (isSecureConnections ? " with Secure Connections" : "") + size
    }
}
