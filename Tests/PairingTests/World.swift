// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing
import Policy
import SecurityManager
import Testing

/// A coordinator in virtual time, with BlueZ running, one adapter that is on, and the rules of a test.
///
/// Each step is held against what always has to be so (``Invariants``).
struct World {
    var coordinator: Coordinator
    var now = Moment(monotonic: MonotonicTime(microseconds: 1_000_000), realtime: 1_800_000_000_000_000)
    /// What the last step led to.
    private(set) var effects: [Effect] = []
    private(set) var history: [Effect] = []
    var invariants = Invariants()
    private var nextToken: UInt64 = 0

    /// - Parameter pairable: `Adapter1.Pairable` at the start; where it is not given, it is not ours to switch.
    init(
        rules: any RuleBook = Rules(), timing: Timing = Timing(), bounds: Bounds = Bounds(),
        conduct: Conduct? = nil, monitor: Bool = true, pairable: Bool? = nil,
        recalled: Recollection = Recollection(), adapterIsThere: Bool = true
    ) {
        var unmanaged = Conduct()
        unmanaged.managesPairable = pairable != nil
        let conduct = conduct ?? unmanaged
        coordinator = Coordinator(
            rules: rules, numbers: Numbers(), timing: timing, bounds: bounds, conduct: conduct, recalled: recalled)
        invariants.recall(recalled)
        guard adapterIsThere else { return }
        send(.bluezAppeared)
        send(.monitorAvailable(monitor))
        adapter(hci0, isPowered: true, isPairable: pairable ?? true)
    }

    // MARK: What happens

    mutating func send(_ event: Event) {
        take(coordinator.handle(event, at: now), event)
    }

    mutating func adapter(
        _ reference: AdapterReference, isPowered: Bool, isPairable: Bool = true,
        isDiscoverable: Bool = false
    ) {
        send(
            .adapterChanged(
                AdapterSnapshot(
                    reference: reference, address: Address(bits: reference == hci0 ? 0xA0 : 0xA1), isPowered: isPowered,
                    isPairable: isPairable, isDiscoverable: isDiscoverable)))
    }

    /// BlueZ tells of a device, or of a change of it.
    mutating func device(
        _ reference: DeviceReference = cuff, name: UntrustedText? = "Cuff", paired: Bool = false,
        connected: Bool = false
    ) {
        send(
            .deviceChanged(
                DeviceSnapshot(
                    reference: reference, facts: DeviceFacts(address: reference.address, name: name), isPaired: paired,
                    isBonded: paired, isConnected: connected)))
    }

    mutating func gone(_ reference: DeviceReference = cuff) { send(.deviceRemoved(reference)) }

    /// BlueZ asks, and waits for an answer to the token.
    @discardableResult
    mutating func ask(
        _ kind: (AgentToken) -> AgentQuestion.Kind, about device: DeviceReference = cuff, on role: AgentRole = .default
    ) -> AgentToken {
        nextToken += 1
        let token = AgentToken(nextToken)
        send(.question(AgentQuestion(role: role, device: device, kind: kind(token))))
        return token
    }

    mutating func show(
        _ passkey: Passkey, entered: UInt16 = 0, about device: DeviceReference = cuff, on role: AgentRole = .default
    ) {
        send(.question(AgentQuestion(role: role, device: device, kind: .displayPasskey(passkey, entered: entered))))
    }

    mutating func pairReturns(_ number: PairingNumber, _ error: String? = nil, _ message: UntrustedText = "") {
        send(.pairFinished(number, error: error.map { BlueZError(name: $0, message: message) }))
    }

    mutating func smpFailure(
        _ direction: SMPFailure.Direction, _ reason: PairingFailureReason, with device: DeviceReference = cuff
    ) {
        send(.smpFailure(device.adapter, device.address, SMPFailure(direction, reason)))
    }

    mutating func linkEnds(_ reason: UInt8, with device: DeviceReference = cuff) {
        send(.linkDisconnected(device.adapter, device.address, reason: reason))
    }

    /// Lets time go by, stopping at each deadline on the way; the effects of all stops are put together.
    mutating func wait(_ span: Duration) {
        let end = now + span
        var collected: [Effect] = []
        while let next = coordinator.nextDeadline, next <= end.monotonic {
            let ahead = next.microseconds - min(next.microseconds, now.monotonic.microseconds)
            now = now + .microseconds(Int64(ahead))
            send(.tick)
            collected += effects
        }
        now = end
        send(.tick)
        effects = collected + effects
    }

    // MARK: Commands

    mutating func pair(
        _ target: Target = .address(cuff.address, adapter: nil), timeout: Duration? = nil, isForced: Bool = false,
        by actor: Actor = anna
    ) throws -> PairingNumber {
        let (number, effects) = try coordinator.pair(
            target, timeout: timeout, isForced: isForced, actor: actor, at: now)
        take(effects)
        return number
    }

    /// A pairing with the cuff whose `Pair()` is outstanding.
    mutating func pairUntilCalled() throws -> PairingNumber {
        device()
        let number = try pair()
        #expect(calls.contains(.pair(number, cuff, .keyboardDisplay)))
        return number
    }

    mutating func cancel(_ number: PairingNumber, by actor: Actor = anna) throws {
        take(try coordinator.cancelPairing(number, actor: actor, at: now))
    }

    mutating func answer(_ answer: RequestAnswer, to number: RequestNumber? = nil, by actor: Actor = anna) throws {
        let number = try number ?? #require(openRequests.first?.number)
        take(try coordinator.answer(number, with: answer, actor: actor, at: now))
    }

    mutating func forget(_ target: Target = .device(cuff), token: UInt64 = 1) throws {
        take(try coordinator.forget(target, token: CommandToken(token), actor: anna, at: now))
    }

    // MARK: What came of it

    /// What the last step says to BlueZ, but for watching.
    var calls: [Effect] {
        effects.filter { effect in
            switch effect {
            case .record, .publish, .watch, .unwatch, .forgetFinished, .keepRecord, .dropRecord, .keepUnsettled,
                .dropUnsettled, .look:
                false
            default: true
            }
        }
    }

    var records: [Record] {
        effects.compactMap { if case .record(let record) = $0 { record } else { nil } }
    }

    var openRequests: [RequestSnapshot] { coordinator.requests.filter { $0.outcome == nil } }

    func result(of number: PairingNumber) -> PairingResult? { coordinator.pairing(number)?.outcome?.result }
    func phase(of number: PairingNumber) -> PairingPhase? { coordinator.pairing(number)?.phase }
    func reason(of number: PairingNumber) -> String { coordinator.pairing(number)?.outcome?.reason ?? "" }
    var lastPairing: PairingSnapshot? { coordinator.pairings.last }

    /// The pairing whose `Pair()` has not returned.
    var pairCall: PairingNumber? { invariants.pairCall?.number }
    /// Is nothing left running at BlueZ: no `Pair()`, no discovery, nothing watched?
    var isQuiet: Bool { invariants.isQuiet }
    /// Is nothing left written down that a crash could have interrupted?
    var isSettled: Bool { invariants.isSettled }

    mutating func take(_ effects: [Effect], _ event: Event? = nil) {
        self.effects = effects
        history += effects
        invariants.check(effects, after: event, coordinator, at: now)
    }

    /// For long walks, which would keep too much.
    mutating func forgetHistory() { history = [] }
}

// MARK: Who and what is there

let hci0 = AdapterReference(path: "/org/bluez/hci0")
let hci1 = AdapterReference(path: "/org/bluez/hci1")
let cuff = device(1)
let scale = device(2)
let anna = Actor(uid: 1000)
let bert = Actor(uid: 1001)

/// Digits that are looked for in everything that others can see.
let secretDigits: UInt32 = 918_273

func device(_ number: UInt64, on adapter: AdapterReference = hci0) -> DeviceReference {
    DeviceReference(path: "\(adapter.path)/dev_\(Address(bits: number).pathComponent)", adapter: adapter)
}

extension DeviceReference {
    var address: Address { Address(pathComponent: path.suffix(17)) ?? Address(bits: 0) }
}

extension Passkey {
    static var secret: Passkey { get throws { try #require(Passkey(secretDigits)) } }
}

struct Numbers: NumberSource {
    private var last: UInt64 = 0
    mutating func next() -> UInt64 {
        last += 1
        return last
    }
}

/// One rule for every device whose name begins with `Cuff` or `Scale`; a name that is not known yet is waited for.
struct Rules: RuleBook {
    var name = "cuffs"
    var profile = Profile(pairing: PairingSettings(ioCapability: .keyboardDisplay, acceptIncoming: true))

    init(_ name: String = "cuffs", _ change: (inout Profile) -> Void = { _ in }) {
        self.name = name
        change(&profile)
    }

    func decide(_ facts: DeviceFacts, inWindow: Bool) -> Decision {
        guard let name = facts.name else { return .undetermined(waitingFor: [.name]) }
        let isMatch = name.raw.hasPrefix("Cuff") || name.raw.hasPrefix("Scale")
        return isMatch ? .matched(Rule(name: self.name, profile: profile)) : .unmatched
    }
}

/// Rules that match nothing.
struct NoRules: RuleBook {
    func decide(_ facts: DeviceFacts, inWindow: Bool) -> Decision { .unmatched }
}
