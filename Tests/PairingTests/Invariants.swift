// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Journal
import Pairing
import TestSupport
import Testing

/// What has to hold at every moment, whatever happens.
struct Invariants {
    private var unanswered: [AgentToken: UInt64] = [:]
    private var answered: Set<AgentToken> = []
    private(set) var pairCall: (number: PairingNumber, device: DeviceReference)?
    private var done: Set<PairingNumber> = []
    private var watched: Set<DeviceReference> = []
    private var discovering: Set<AdapterReference> = []
    private var open: Set<RequestNumber> = []
    /// What is written down for the case of a crash.
    private var unsettled: [PairingNumber: UnsettledPairing] = [:]
    /// Of a device with a private address there is nothing to write down before it tells who it is.
    var hasPrivateAddresses = false

    var isQuiet: Bool { unanswered.isEmpty && pairCall == nil && watched.isEmpty && discovering.isEmpty }
    var isSettled: Bool { unsettled.isEmpty }

    mutating func recall(_ recollection: Recollection) {
        unsettled = Dictionary(recollection.unsettled.map { ($0.number, $0) }) { $1 }
    }

    mutating func check(_ effects: [Effect], after event: Event?, _ coordinator: Coordinator, at now: Moment) {
        if let event { note(event) }
        for effect in effects { note(effect) }
        let openNow = coordinator.requests.filter { $0.outcome == nil }
        #expect(Set(openNow.map(\.number)) == open, "what is published is what is open")
        // Nothing but an open request keeps BlueZ waiting.
        #expect(unanswered.count == openNow.filter { !$0.kind.isDisplay && $0.kind != .repair }.count)
        for request in openNow { #expect(request.deadline.realtime > 0) }
        if let deadline = coordinator.nextDeadline {
            #expect(deadline > now.monotonic, "a deadline that has passed wakes us again and again")
        }
    }

    private mutating func note(_ event: Event) {
        switch event {
        case .question(let question):
            if let token = question.kind.token { unanswered[token] = token.value }
        case .pairFinished(let number, _): if pairCall?.number == number { pairCall = nil }
        case .bluezVanished:
            unanswered = [:]
            pairCall = nil
            watched = []
            discovering = []
        case .agentReleased, .stopping: pairCall = nil
        case .discoveryStarted(let adapter, let error):
            if let error, error.name != "org.bluez.Error.InProgress" { discovering.remove(adapter) }
        case .adapterChanged(let adapter): if !adapter.isPowered { discovering.remove(adapter.reference) }
        case .adapterRemoved(let adapter): discovering.remove(adapter)
        default: break
        }
    }

    private mutating func note(_ effect: Effect) {
        switch effect {
        case .reply(let token, _):
            #expect(unanswered.removeValue(forKey: token) != nil, "an answer that nobody waits for")
            #expect(answered.insert(token).inserted, "a second answer")
        case .pair(let number, let device, _):
            #expect(pairCall == nil, "a second Pair()")
            #expect(!done.contains(number), "Pair() after the result")
            #expect(
                unsettled[number] != nil || hasPrivateAddresses,
                "a crash now would leave nobody who knows of this pairing")
            pairCall = (number, device)
        case .cancelPairing(let device):
            #expect(pairCall?.device == device, "CancelPairing() without a Pair()")
        case .abandonPair(let number):
            #expect(pairCall?.number == number)
            pairCall = nil
        case .watch(let device): #expect(watched.insert(device).inserted)
        case .unwatch(let device): #expect(watched.remove(device) != nil)
        case .startDiscovery(let adapter): #expect(discovering.insert(adapter).inserted)
        case .stopDiscovery(let adapter): #expect(discovering.remove(adapter) != nil)
        case .publish(let publication): note(publication)
        case .record(let record):
            expectNoSecret(in: record)
            expectExplained(record)
        case .disconnect, .remove, .trust, .forgetFinished, .setPairable, .setDiscoverable, .keepRecord, .dropRecord,
            .look:
            break
        case .unpair(let device):
            #expect(pairCall?.device != device, "BlueZ would cancel the Pair() that is outstanding")
        case .keepUnsettled(let pairing):
            let old = unsettled.updateValue(pairing, forKey: pairing.number)
            #expect(old != pairing, "written down twice")
        case .dropUnsettled(let number): #expect(unsettled.removeValue(forKey: number) != nil, "nothing to cross out")
        }
    }

    private mutating func note(_ publication: Publication) {
        expectNoSecret(in: publication)
        switch publication {
        case .pairingAdded(let pairing), .pairingChanged(let pairing):
            #expect(!done.contains(pairing.number), "a change after the result")
            if pairing.outcome != nil { done.insert(pairing.number) }
        case .requestAdded(let request): #expect(open.insert(request.number).inserted)
        case .requestFinished(let request): #expect(open.remove(request.number) != nil, "a second outcome")
        case .requestChanged(let request): #expect(open.contains(request.number))
        case .pairingRemoved(let number): #expect(done.contains(number))
        case .requestRemoved(let number): #expect(!open.contains(number))
        }
    }

    /// journalctl -x would show the name of a field that is missing.
    private func expectExplained(_ record: Record) {
        let entry = Entry(record)
        let missing = Self.catalog[entry.kind?.id ?? ""]?.subtracting(entry.fields.map(\.name.rawValue))
        #expect(missing == [], "what the catalog shows of \(record)")
    }

    /// By message, the fields that its catalog entry shows.
    private static let catalog = Dictionary(uniqueKeysWithValues: Catalog.ofProject.entries.map { ($0.id, $0.fields) })

    private func expectNoSecret(in value: some Any) {
        #expect(!"\(value)".contains(String(secretDigits)))
        #expect(!String(reflecting: value).contains(String(secretDigits)))
    }
}

extension AgentQuestion.Kind {
    var token: AgentToken? {
        switch self {
        case .displayPasskey: nil
        case .pinCode(let token), .displayPINCode(_, let token), .passkey(let token), .confirmation(_, let token),
            .authorization(let token), .service(_, let token):
            token
        }
    }
}
