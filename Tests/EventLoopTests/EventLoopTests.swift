// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Foundation
import TestSupport
import Testing

@Suite("The event loop")
struct EventLoopTests {
    init() { TestLoop.start() }

    @Test("Tasks started on the loop stay on its thread across suspensions and calls of functions without an actor")
    @LoopActor func staysOnOneThread() async {
        let thread = pthread_self()
        await withCheckedContinuation { continuation in
            onLoop {
                #expect(pthread_equal(pthread_self(), thread) != 0)
                await sleep(microseconds: 500)
                #expect(pthread_equal(pthread_self(), thread) != 0)
                #expect(await currentThread() == thread)
                continuation.resume()
            }
        }
    }

    @Test("A timer fires once, not before its deadline")
    @LoopActor func timer() async throws {
        let deadline = Clock.monotonic + 3000
        var fired: [UInt64] = []
        let timer = try EventSource.timer(at: deadline) { fired.append(Clock.monotonic) }
        #expect(await eventually { !fired.isEmpty })
        let first = try #require(fired.first)
        #expect(first >= deadline)
        await sleep(microseconds: 3000)
        #expect(fired.count == 1)
        timer.cancel()
    }

    @Test("A cancelled timer never fires")
    @LoopActor func cancelledTimer() async throws {
        var fired = false
        let timer = try EventSource.timer(at: Clock.monotonic + 1000) { fired = true }
        timer.cancel()
        await sleep(microseconds: 4000)
        #expect(!fired)
    }

    @Test("A descriptor's handler sees that it is readable, and that the other side hung up")
    @LoopActor func descriptor() async throws {
        let pipe = Pipe()
        var seen: EventSource.Readiness = []
        let source = try EventSource.descriptor(pipe.fileHandleForReading.fileDescriptor, .readable) {
            seen.formUnion($0)
            if $0.contains(.readable) { _ = pipe.fileHandleForReading.availableData }
        }
        pipe.fileHandleForWriting.write(Data([1]))
        #expect(await eventually { seen.contains(.readable) })
        try pipe.fileHandleForWriting.close()
        #expect(await eventually { seen.contains(.hungUp) })
        source.cancel()
    }

    @Test("A sleep ends early when its task is cancelled")
    @LoopActor func cancelledSleep() async {
        let begin = Clock.monotonic
        let task = onLoop { await sleep(microseconds: 60_000_000) }
        await sleep(microseconds: 1000)
        task.cancel()
        await task.value
        #expect(Clock.monotonic - begin < 30_000_000)
    }

    @Test("Jobs from other threads are run on the loop, all of them")
    func jobsFromOtherThreads() async {
        let counter = Counter()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<1000 { group.addTask { await counter.increment() } }
        }
        #expect(await counter.value == 1000)
    }

    private func currentThread() async -> pthread_t { pthread_self() }
}

@LoopActor
private final class Counter {
    private(set) var value = 0
    nonisolated init() {}
    func increment() { value += 1 }
}
