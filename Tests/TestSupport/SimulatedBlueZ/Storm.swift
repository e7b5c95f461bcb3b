// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import EventLoop

extension SimulatedBlueZ {
    /// Lets strangers on the air be heard with changing strength, whether a discovery runs or not.
    public func startStorm(strangers count: Int = 50, changesPerSecond: Int = 1000) {
        let strangers = (0..<count).map { _ in
            addDevice(Address(bits: 0xF0_0000_0000_00 + UInt64(devices.count)), .random)
        }
        var next = 0
        let batch = max(1, changesPerSecond / 100)
        storm = try? EventSource.timer(at: Clock.monotonic) { [weak self] in
            guard let self, let storm else { return }
            for _ in 0..<batch where !strangers.isEmpty {
                let stranger = strangers[next % strangers.count]
                stranger.rssi = Int16.random(in: -90 ... -40)
                stranger.changed("RSSI")
                // Each is a signal of its own.
                if next % strangers.count == strangers.count - 1 { flush() }
                next += 1
            }
            flush()
            storm.rearm(at: Clock.monotonic + UInt64(1_000_000 * batch / max(1, changesPerSecond)))
        }
    }

    /// The strangers fall silent; their objects stay.
    public func stopStorm() { storm = nil }
}
