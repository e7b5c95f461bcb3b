// SPDX-License-Identifier: Apache-2.0

import EventLoop

extension SimulatedBlueZ {
    /// What a test chooses of the simulated BlueZ itself.
    public struct Configuration: Sendable {
        public var version = Version.debian13
        /// `AlwaysPairable` of `main.conf`: a change of the default agent leaves `Pairable` alone.
        public var alwaysPairable = false
        public var justWorksRepairing = JustWorksRepairing.never
        /// Does our own controller do Secure Connections?
        public var secureConnections = true
        public var durations = Durations()

        public init() {}
    }

    /// The releases whose habits differ.
    public enum Version: Int, Sendable, Comparable {
        /// 5.66: `Pair()` on a bonded LE device is never answered.
        case debian12
        /// 5.82: `Pair()` on a connected LE device uses the capability that the link was made with; `Connect` and
        /// `Pair` exclude each other.
        case debian13
        /// 5.83: `Disconnected` tells why a link ended.
        case later

        public static func < (left: Version, right: Version) -> Bool { left.rawValue < right.rawValue }
    }

    /// What happens when a paired device asks for Just Works again (`main.conf`).
    public enum JustWorksRepairing: Sendable { case never, confirm, always }

    /// How long everything takes; the limits are the real ones until a test shortens them.
    public struct Durations: Sendable {
        /// `REQUEST_TIMEOUT` of `src/agent.c`.
        public var request = Duration.seconds(60)
        /// `SMP_TIMEOUT` of the kernel's `smp.c`.
        public var smp = Duration.seconds(30)
        /// `BONDING_TIMEOUT` of `src/adapter.c`.
        public var bonding = Duration.seconds(120)
        /// The kernel gives up looking for an LE device that does not advertise.
        public var leConnect = Duration.seconds(20)
        /// The controller's page timeout (BR/EDR).
        public var page = Duration.milliseconds(5120)
        /// Until the next attempt after a PIN code that BlueZ made up (`src/device.c:device_bonding_attempt_retry`).
        public var pinRetry = Duration.seconds(3)
        /// `TemporaryTimeout` of `main.conf`.
        public var temporary = Duration.seconds(30)

        /// Until a reachable device is connected.
        public var connect = Duration.milliseconds(1)
        /// Until the other side, or its person, has done its part.
        public var peer = Duration.milliseconds(1)
        public var serviceDiscovery = Duration.milliseconds(1)
        /// From the start of a discovery until a device is seen.
        public var appearance = Duration.milliseconds(1)

        public init() {}
    }
}

/// A timer that ends with what is returned; `nil` never fires, and only a full process can cause it.
@LoopActor
func timer(after duration: Duration, _ handler: @escaping @LoopActor () -> Void) -> EventSource? {
    let (seconds, attoseconds) = duration.components
    let microseconds = UInt64(max(0, seconds)) * 1_000_000 + UInt64(max(0, attoseconds)) / 1_000_000_000_000
    return try? EventSource.timer(at: Clock.monotonic + microseconds, handler)
}
