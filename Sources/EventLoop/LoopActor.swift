// SPDX-License-Identifier: Apache-2.0

/// The one actor on which everything that does I/O runs: its executor is ``EventLoop/shared``.
@globalActor
public actor LoopActor {
    public static let shared = LoopActor()

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        EventLoop.shared.asUnownedSerialExecutor()
    }

    /// Runs `operation` at once, from a place that is known to be on the loop's thread (a C callback of libsystemd or
    /// libdbus). Stops the process when it is not.
    public static func assumeIsolated<Result>(
        _ operation: @LoopActor () throws -> Result
    ) rethrows -> Result {
        EventLoop.shared.checkIsolated()
        // The loop's thread is the actor's executor and was just checked, so dropping the isolation from the type is
        // right. The standard library's `MainActor.assumeIsolated` does the same; no such call exists for other global
        // actors.
        return try withoutActuallyEscaping(operation) { escapable in
            try unsafeBitCast(escapable, to: (() throws -> Result).self)()
        }
    }
}

/// Starts a task that stays on the loop's thread, also while it calls functions that belong to no actor.
///
/// Without the executor preference, the resumption of a continuation goes through the global pool, which starts three
/// threads.
@discardableResult
public func onLoop(_ operation: @escaping @LoopActor @Sendable () async -> Void) -> Task<Void, Never> {
    Task(executorPreference: EventLoop.shared) { await operation() }
}
