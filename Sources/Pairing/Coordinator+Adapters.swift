// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Policy

/// What is under way on an adapter because of us, and what others do to it.
struct AdapterControl: Sendable {
    /// From when on it is known. For a moment, what changes is BlueZ's own doing: a default agent makes adapters pairable
    /// (`src/adapter.c`, adapter_set_io_capability).
    let since: MonotonicTime
    /// What `Pairable` was set to, as long as the call has not returned.
    var pairableCall: Bool?
    /// How often others changed `Pairable` since a moment.
    var corrections = (since: MonotonicTime(microseconds: 0), count: 0)
    /// Others insist on their value of `Pairable`, or BlueZ refuses ours: it is left alone until then.
    var isLeftUntil: MonotonicTime?
    /// Can others find it because of us?
    var visibility = Visibility.untouched
    /// Discovery did not start: it is tried again then.
    var discoveryRetry: MonotonicTime?
    /// BlueZ has told all devices of the adapter by then.
    var isSettledAt: MonotonicTime?

    var nextDeadline: MonotonicTime? {
        [isLeftUntil, visibility.deadline, discoveryRetry, isSettledAt].compactMap(\.self).min()
    }
}

/// What adapters are switched to, and back.
extension Coordinator {
    // MARK: Discovery

    /// Discovery runs where a pairing looks for its device and, between pairings, where the settings say so. It slows
    /// everything else down, so it ends as soon as nothing needs it.
    mutating func settleDiscovery() {
        var wanted: Set<AdapterReference> = []
        if let active {
            wanted = live[active]?.discoveringAdapters ?? []
        } else if discoversByItself {
            wanted = Set(adapters.values.lazy.filter(\.isPowered).map(\.reference))
                .filter { controls[$0]?.discoveryRetry == nil || discovering.contains($0) }
        }
        guard wanted != discovering else { return }
        for adapter in discovering.subtracting(wanted).sorted() { emit(.stopDiscovery(adapter)) }
        for adapter in wanted.subtracting(discovering).sorted() { emit(.startDiscovery(adapter)) }
        discovering = wanted
    }

    /// Do we look for devices that a rule starts a pairing with?
    private var discoversByItself: Bool {
        isBlueZRunning && rules.startsPairings(inWindow: window != nil)
            && (conduct.discovers || conduct.discoversInWindow && window != nil)
    }

    mutating func discoveryStarted(_ adapter: AdapterReference, _ error: BlueZError?, at now: Moment) {
        guard let error, discovering.contains(adapter) else { return }
        if error.name == "org.bluez.Error.InProgress" {
            // This connection of ours discovers already, which is as good; or the kernel still does what a bluetoothd that
            // was killed began, and stops when it is asked to.
            guard adapters[adapter]?.isDiscovering == false else { return }
            controls[adapter]?.discoveryRetry = now.monotonic + .seconds(5)
            return
        }
        discovering.remove(adapter)
        guard let number = active, case .discovering(var adapters, let until) = live[number]?.state,
            adapters.remove(adapter) != nil
        else {
            let retry = now.monotonic + timing.promptness
            controls[adapter]?.discoveryRetry = retry
            return
        }
        live[number]?.state = .discovering(adapters: adapters, until: until)
        guard adapters.isEmpty else { return }
        let isOff = error.name == "org.bluez.Error.NotReady"
        let why = "discovery did not start: \(error.text)"
        finish(number, isOff ? PairingOutcome(.adapterOff) : PairingOutcome(.failed, why), at: now)
    }

    // MARK: Pairable

    /// `Pairable` is the kernel's bondable mode: without it no bond is made, and whoever asks for one is refused
    /// (`net/bluetooth/smp.c`, build_pairing_cmd and smp_cmd_pairing_req). So it is on while something needs it.
    mutating func settlePairable(at now: Moment) {
        // Behind a Pair() the call would have to wait (`src/shared/mgmt.c`, can_write_data), and come too late.
        guard conduct.managesPairable, isBlueZRunning, active.flatMap({ live[$0] })?.state.isPairOutstanding != true
        else { return }
        for adapter in adapters.values.sorted(by: { $0.reference < $1.reference }) where adapter.isPowered {
            let reference = adapter.reference
            guard let control = controls[reference], control.pairableCall == nil,
                control.isLeftUntil == nil || isSwitchingPairable(reference)
            else { continue }
            let wanted = shouldBePairable(reference)
            guard adapter.isPairable != wanted else { continue }
            controls[reference]?.pairableCall = wanted
            emit(.setPairable(reference, wanted))
        }
    }

    private func shouldBePairable(_ adapter: AdapterReference) -> Bool {
        if let pairing = active.flatMap({ live[$0] }), pairing.device?.adapter == adapter, let rule = pairing.rule {
            return rule.profile.pairing.bond != .none
        }
        return window != nil || rules.acceptsIncoming
            || incoming.contains { $0.key.adapter == adapter && live[$0.value]?.state.isEnding == false }
    }

    /// Does a pairing wait for it?
    private func isSwitchingPairable(_ adapter: AdapterReference) -> Bool {
        guard let pairing = active.flatMap({ live[$0] }), case .switchingPairable = pairing.state else { return false }
        return pairing.device?.adapter == adapter
    }

    /// Can a pairing of this rule begin, as far as `Pairable` goes?
    func isPairableRight(for bond: BondPolicy, on adapter: AdapterReference) -> Bool {
        guard conduct.managesPairable else { return true }
        let wanted = bond != .none
        return adapters[adapter]?.isPairable == wanted && (controls[adapter]?.pairableCall ?? wanted) == wanted
    }

    mutating func pairableSet(_ adapter: AdapterReference, _ error: BlueZError?, at now: Moment) {
        guard let value = controls[adapter]?.pairableCall else { return }
        controls[adapter]?.pairableCall = nil
        if let error {
            controls[adapter]?.isLeftUntil = now.monotonic + .seconds(60)
            recordAdapter(adapter, .failed, .events, "BlueZ did not switch Pairable \(Self.word(value)): \(error.text)")
        } else {
            adapters[adapter]?.isPairable = value
        }
        guard let number = active, isSwitchingPairable(adapter) else { return }
        guard let error, shouldBePairable(adapter) == value else { return prepare(number, at: now) }
        finish(number, PairingOutcome(.failed, "Pairable could not be switched: \(error.text)"), at: now)
    }

    /// Somebody else has changed `Pairable`: it is named, and changed back as often as that leads to something.
    mutating func pairableChanged(_ adapter: AdapterReference, to value: Bool, at now: Moment) {
        guard conduct.managesPairable, isBlueZRunning, let control = controls[adapter], control.pairableCall != value,
            control.isLeftUntil == nil, shouldBePairable(adapter) != value,
            now.monotonic.elapsed(since: control.since) > timing.promptness
        else { return }
        var corrections = control.corrections
        if now.monotonic.elapsed(since: corrections.since) >= .seconds(60) { corrections = (now.monotonic, 0) }
        corrections.count += 1
        controls[adapter]?.corrections = corrections
        let what = "another program switched Pairable \(Self.word(value))"
        if corrections.count > bounds.pairableCorrections {
            controls[adapter]?.isLeftUntil = now.monotonic + .seconds(60)
            recordAdapter(
                adapter, .failed, .events,
                "\(what) again and again; it is left so for a minute (manage-pairable in pairingd.toml)")
        } else {
            let why = value ? "nothing needs it on" : "it is needed"
            recordAdapter(adapter, .rejected, .safeguard, "\(what), and \(why): it is switched back")
        }
    }

    mutating func recordAdapter(
        _ adapter: AdapterReference, _ verdict: Record.Verdict, _ decider: Record.Decider, _ reason: String
    ) {
        emit(.record(Record(subject: .adapter, adapter: adapter, verdict: verdict, decider: decider, reason: reason)))
    }

    private static func word(_ value: Bool) -> String { value ? "on" : "off" }

    // MARK: Deadlines

    mutating func expireControls(at now: Moment) {
        var isSettled = false
        for (adapter, control) in controls.sorted(by: { $0.key < $1.key }) {
            if let until = control.isSettledAt, until <= now.monotonic {
                controls[adapter]?.isSettledAt = nil
                isSettled = true
            }
            if let until = control.isLeftUntil, until <= now.monotonic { controls[adapter]?.isLeftUntil = nil }
            expireVisibility(of: adapter, at: now)
            if let until = control.discoveryRetry, until <= now.monotonic {
                controls[adapter]?.discoveryRetry = nil
                guard discovering.contains(adapter), adapters[adapter]?.isDiscovering == false else { continue }
                emit(.stopDiscovery(adapter))
                emit(.startDiscovery(adapter))
            }
        }
        if isSettled { settleAll(at: now) }
    }
}
