// SPDX-License-Identifier: Apache-2.0

/// Lets a bounded number of tasks through at a time; the others wait in the order in which they came.
@LoopActor
public final class Gate {
    private var free: Int
    private var waiting: ArraySlice<CheckedContinuation<Void, Never>> = []

    /// - Parameter width: How many may be inside at once; above zero.
    public nonisolated init(width: Int) { free = width }

    /// Waits until there is room. Each call is followed by ``leave()``.
    public func enter() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    public func leave() {
        if let next = waiting.popFirst() { next.resume() } else { free += 1 }
    }
}
