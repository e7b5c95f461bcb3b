// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Reads of the kernel's clocks, in microseconds.
public enum Clock {
    /// `CLOCK_MONOTONIC`: for deadlines.
    public static var monotonic: UInt64 { read(CLOCK_MONOTONIC) }

    /// `CLOCK_REALTIME`: microseconds since the epoch, for people and records.
    public static var realtime: UInt64 { read(CLOCK_REALTIME) }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
    }
}

/// Waits on the loop, without a thread: `Task.sleep` would use the global pool. Returns early when the task is cancelled.
@LoopActor
public func sleep(microseconds: UInt64) async {
    final class Wait {
        var source: EventSource?
        var continuation: CheckedContinuation<Void, Never>?

        @LoopActor func finish() {
            source?.cancel()
            continuation?.resume()
            continuation = nil
        }
    }
    nonisolated(unsafe) let wait = Wait()  // Touched on the loop only: the cancellation handler hops there first.
    await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
            wait.continuation = continuation
            wait.source = try? EventSource.timer(at: Clock.monotonic + microseconds) { wait.finish() }
            if wait.source == nil || Task.isCancelled { wait.finish() }
        }
    } onCancel: {
        onLoop { wait.finish() }
    }
}
