// SPDX-License-Identifier: Apache-2.0

public import Bluetooth

/// A span in which rules with `when = "window"` hold, because a person said so.
public struct Window: Hashable, Sendable {
    public let until: Moment
    /// The devices it is for; empty for every device.
    public let devices: Set<Address>
    public let opener: Actor

    /// Does it hold for this device at this time?
    func covers(_ address: Address, at now: Moment) -> Bool {
        now.monotonic < until.monotonic && (devices.isEmpty || devices.contains(address))
    }
}
