// SPDX-License-Identifier: Apache-2.0

import Bluetooth
public import Policy

/// What the rules say of a device now.
extension Coordinator {
    /// What is known of a device at this time.
    ///
    /// - Parameter isSettled: Has it been listened to for as long as it takes to hear everything?
    public func facts(of device: DeviceSnapshot, isSettled: Bool = false, at now: Moment) -> DeviceFacts {
        var facts = device.facts
        facts.adapter = device.reference.adapter.name
        facts.adapterAddress = adapters[device.reference.adapter]?.address
        facts.isBonded = device.hasBond
        facts.advertisingAge =
            device.isInRange ? .zero : device.heardAt.map { now.monotonic.elapsed(since: $0) }
        facts.isSettled = isSettled
        return facts
    }

    /// Is a window open for this device?
    public func isInWindow(_ address: Address, at now: Moment) -> Bool { window?.covers(address, at: now) == true }

    /// What the rules say of a device.
    public func decision(for device: DeviceSnapshot, at now: Moment) -> Decision {
        decide(device, at: now)
    }

    func decide(_ device: DeviceSnapshot, isSettled: Bool = false, at now: Moment) -> Decision {
        let facts = facts(of: device, isSettled: isSettled, at: now)
        let decision = rules.decide(facts, inWindow: isInWindow(facts.address, at: now))
        if case .unmatched = decision, let rule = rules.unknownDevices { return .matched(rule) }
        return decision
    }
}
