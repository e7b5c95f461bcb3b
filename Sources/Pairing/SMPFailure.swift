// SPDX-License-Identifier: Apache-2.0

public import SecurityManager

/// An SMP Pairing Failed packet that was seen on the air.
public struct SMPFailure: Hashable, Sendable {
    public enum Direction: Hashable, Sendable {
        /// By us: the kernel, or whoever told it to.
        case sent
        /// By the device.
        case received
    }

    public let direction: Direction
    public let reason: PairingFailureReason

    public init(_ direction: Direction, _ reason: PairingFailureReason) {
        self.direction = direction
        self.reason = reason
    }
}
