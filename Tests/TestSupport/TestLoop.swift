// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Foundation

/// The event loop of a test process, on a thread of its own; the tests hop onto it with `@LoopActor`.
public enum TestLoop {
    /// Starts the loop, once; call it in a suite's `init`.
    public static func start() { started }

    private static let started: Void = {
        let thread = Thread { _ = EventLoop.shared.run() }
        thread.stackSize = 8 << 20
        thread.start()
    }()
}

/// Waits until `condition` holds, looking again after each turn of the loop; `false` when `seconds` went by without.
@LoopActor
public func eventually(within seconds: Double = 5, _ condition: @LoopActor () -> Bool) async -> Bool {
    let deadline = Clock.monotonic + UInt64(seconds * 1_000_000)
    while !condition() {
        guard Clock.monotonic < deadline else { return false }
        await sleep(microseconds: 1000)
    }
    return true
}
