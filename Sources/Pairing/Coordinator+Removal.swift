// SPDX-License-Identifier: Apache-2.0

/// A device that is being removed from BlueZ.
struct Removal: Sendable {
    /// Who is told the end.
    struct Command: Sendable {
        let token: CommandToken
        let actor: Actor
    }

    var command: Command?
    /// `RemoveDevice` has returned; the object goes a moment later.
    var isAnswered = false
    var until: MonotonicTime
    let device: DeviceSnapshot?
}

extension Coordinator {
    mutating func remove(_ device: DeviceReference, for command: Removal.Command?, at now: Moment) {
        guard removals[device] == nil else {
            if let command { removals[device]?.command = command }
            return
        }
        // BlueZ disconnects the device first, and answers only then.
        let until = now.monotonic + timing.promptness + timing.promptness
        removals[device] = Removal(command: command, until: until, device: devices[device])
        emit(.remove(device))
    }

    mutating func removeFinished(_ device: DeviceReference, _ error: BlueZError?, at now: Moment) {
        guard let removal = removals[device] else { return }
        if let error, error.name != "org.bluez.Error.DoesNotExist", !error.isUnknownObject {
            finish(removal, of: device, error, at: now)
        } else if error != nil {
            deviceRemoved(device, at: now)
            finish(removal, of: device, nil, at: now)
        } else if devices[device] == nil {
            finish(removal, of: device, nil, at: now)
        } else {
            var answered = removal
            answered.isAnswered = true
            answered.until = now.monotonic + timing.promptness
            removals[device] = answered
        }
    }

    /// The object is gone.
    mutating func removalSeen(_ device: DeviceReference, at now: Moment) {
        guard let removal = removals[device], removal.isAnswered else { return }
        finish(removal, of: device, nil, at: now)
    }

    mutating func removalExpired(_ device: DeviceReference, at now: Moment) {
        guard let removal = removals[device] else { return }
        let error = BlueZError(name: "org.freedesktop.DBus.Error.NoReply", message: "BlueZ did not remove the device")
        finish(removal, of: device, error, at: now)
    }

    mutating func finish(_ removal: Removal, of device: DeviceReference, _ error: BlueZError?, at now: Moment) {
        guard removals.removeValue(forKey: device) != nil else { return }
        if error == nil, let removed = removal.device, record(of: removed) != nil {
            note(removed) { record in
                record.state = .none
                record.strength = nil
            }
        }
        if let command = removal.command { emit(.forgetFinished(command.token, error: error)) }
        emit(
            .record(
                Record(
                    subject: .removal, device: device, address: removal.device?.facts.address,
                    name: removal.device?.facts.name, adapter: device.adapter,
                    verdict: error == nil ? .finished : .failed,
                    decider: removal.command.map { .person($0.actor) } ?? .safeguard, reason: error?.text ?? "")))
        for pairing in live.values.sorted(by: { $0.number < $1.number }) where pairing.device == device {
            guard case .ending(let cause, .removal) = pairing.state else { continue }
            finishUndone(pairing.number, cause, isRemoved: error == nil, at: now)
        }
        if let active, case .awaitingRemoval = live[active]?.state { prepare(active, at: now) }
    }
}
