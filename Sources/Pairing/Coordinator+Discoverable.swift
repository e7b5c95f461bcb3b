// SPDX-License-Identifier: Apache-2.0

import Bluetooth

/// Whether others can find an adapter, as far as we have to do with it.
enum Visibility: Hashable, Sendable {
    /// Nobody has looked yet, or it is not ours to switch.
    case untouched
    /// The call has not returned.
    case switching(to: Bool)
    case switched(to: Bool, at: MonotonicTime)
    /// BlueZ refused.
    case left(until: MonotonicTime)

    var deadline: MonotonicTime? {
        guard case .left(let until) = self else { return nil }
        return until
    }
}

/// Phones find the gateway while a window is open, if the settings say so, and only then.
extension Coordinator {
    /// `Discoverable` ends with the window. After a crash nothing is remembered and nothing has to be: an adapter that is
    /// discoverable when it is first seen is switched back, unless a window is open.
    mutating func settleDiscoverable() {
        // Behind a Pair() the call would have to wait (`src/shared/mgmt.c`, can_write_data).
        guard isBlueZRunning, active.flatMap({ live[$0] })?.state.isPairOutstanding != true else { return }
        let wanted = conduct.isDiscoverableInWindow && window != nil
        for adapter in adapters.values.sorted(by: { $0.reference < $1.reference }) where adapter.isPowered {
            guard let visibility = controls[adapter.reference]?.visibility else { continue }
            switch visibility {
            case .switching, .left, .switched(to: wanted, at: _): continue
            case .untouched where !conduct.isDiscoverableInWindow || !wanted && !adapter.isDiscoverable: continue
            case .untouched, .switched: break
            }
            controls[adapter.reference]?.visibility = .switching(to: wanted)
            emit(.setDiscoverable(adapter.reference, wanted))
        }
    }

    mutating func discoverableSet(_ adapter: AdapterReference, _ error: BlueZError?, at now: Moment) {
        guard case .switching(let value) = controls[adapter]?.visibility else { return }
        guard let error else {
            controls[adapter]?.visibility = .switched(to: value, at: now.monotonic)
            return
        }
        controls[adapter]?.visibility = .left(until: now.monotonic + .seconds(60))
        let what = value ? "make the adapter discoverable" : "hide the adapter again"
        recordAdapter(adapter, .failed, .events, "BlueZ did not \(what): \(error.text)")
    }

    /// BlueZ ends it after its own `DiscoverableTimeout` (180 s unless main.conf says otherwise), which a longer window
    /// outlives. Whoever switches it off sooner is let have their way.
    mutating func discoverableEnded(_ adapter: AdapterReference, at now: Moment) {
        guard case .switched(to: true, let since) = controls[adapter]?.visibility,
            now.monotonic.elapsed(since: since) >= .seconds(60)
        else { return }
        controls[adapter]?.visibility = .untouched
    }

    /// Whoever opens a window wants to be found, whatever became of the last time.
    mutating func renewVisibility() {
        for (adapter, control) in controls {
            guard case .switched(to: true, at: _) = control.visibility, adapters[adapter]?.isDiscoverable == false
            else {
                continue
            }
            controls[adapter]?.visibility = .untouched
        }
    }

    mutating func expireVisibility(of adapter: AdapterReference, at now: Moment) {
        guard case .left(let until) = controls[adapter]?.visibility, until <= now.monotonic else { return }
        controls[adapter]?.visibility = .untouched
    }
}
