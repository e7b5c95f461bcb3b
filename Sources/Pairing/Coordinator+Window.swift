// SPDX-License-Identifier: Apache-2.0

public import Bluetooth

/// Windows: opened and closed by people, and closed by themselves.
extension Coordinator {
    /// Opens a window, in the place of one that is open.
    ///
    /// - Parameters:
    ///   - duration: Above zero.
    ///   - devices: Those that it is for; none for every device.
    public mutating func openWindow(
        for duration: Duration, devices: Set<Address> = [], actor: Actor, at now: Moment
    ) -> (window: Window, effects: [Effect]) {
        let opened = Window(until: now + duration, devices: devices, opener: actor)
        window = opened
        // Whoever opens a window wants those in who were shut out.
        lockOuts.lift(for: devices)
        renewVisibility()
        let whom = devices.isEmpty ? "every device" : devices.sorted().map(\.description).joined(separator: ", ")
        recordWindow(.windowOpened, .person(actor), "for \(duration.components.seconds) s and \(whom)")
        windowChanged(at: now)
        return (opened, drain(at: now))
    }

    /// Closes the window; nothing happens where none is open.
    public mutating func closeWindow(actor: Actor, at now: Moment) -> [Effect] {
        if window != nil { shutWindow(.person(actor), at: now) }
        return drain(at: now)
    }

    /// Closes the window when its time is over.
    mutating func expireWindow(at now: Moment) {
        if let window, window.until.monotonic <= now.monotonic { shutWindow(.expiry, at: now) }
    }

    private mutating func shutWindow(_ decider: Record.Decider, at now: Moment) {
        window = nil
        recordWindow(.windowClosed, decider, "")
        windowChanged(at: now)
    }

    /// What a window alone allowed ends with it, unless the answer was given: BlueZ has it then.
    private mutating func windowChanged(at now: Moment) {
        for request in open.values.inOrder where request.isWindowed && open[request.snapshot.number] != nil {
            if window?.covers(request.snapshot.address, at: now) != true { requestExpired(request, at: now) }
        }
        if let active { prepare(active, at: now) }
        considerAll(at: now)
    }

    private mutating func recordWindow(_ subject: Record.Subject, _ decider: Record.Decider, _ reason: String) {
        emit(.record(Record(subject: subject, verdict: .finished, decider: decider, reason: reason)))
    }
}
