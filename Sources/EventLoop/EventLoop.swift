// SPDX-License-Identifier: Apache-2.0

import CSystemd
import Glibc
import Synchronization

/// `sd_event` as the one executor of the process: jobs, timers, descriptors and signals on one thread.
///
/// `@unchecked Sendable`: `event`, `jobSource` and `wakeSource` are used on the loop's thread only, or before it runs;
/// everything that other threads touch is in `jobs` (a lock), `thread` (an atomic) and the wake descriptor.
public final class EventLoop: SerialExecutor, TaskExecutor, @unchecked Sendable {
    /// The loop of this process.
    public static let shared = EventLoop()

    let event: OpaquePointer
    private let jobs = Mutex<[UnownedJob]>([])
    /// The thread in ``run()``, as `pthread_self` gives it; 0 while the loop does not run.
    private let thread = Atomic<UInt>(0)
    private let wakeDescriptor: Int32
    private var jobSource: OpaquePointer?
    private var wakeSource: OpaquePointer?

    private init() {
        var event: OpaquePointer?
        let descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard sd_event_new(&event) >= 0, let event, descriptor >= 0 else {
            // No memory or no descriptors before anything has begun: there is nobody to report to and nothing to undo.
            fatalError("cannot create the event loop: \(String(cString: strerror(errno)))")
        }
        self.event = event
        wakeDescriptor = descriptor

        let itself = Unmanaged.passUnretained(self).toOpaque()
        sd_event_add_defer(event, &jobSource, { _, itself in EventLoop.from(itself).runJobs() }, itself)
        sd_event_source_set_enabled(jobSource, Int32(SD_EVENT_OFF))
        sd_event_add_io(
            event, &wakeSource, descriptor, UInt32(EPOLLIN.rawValue),
            { _, descriptor, _, itself in
                var count: UInt64 = 0
                _ = read(descriptor, &count, MemoryLayout.size(ofValue: count))
                return EventLoop.from(itself).runJobs()
            }, itself)
    }

    /// Runs until ``stop(code:)`` and returns its code. Call it once, on the thread that is to be the loop's.
    public func run() -> Int32 {
        thread.store(UInt(pthread_self()), ordering: .releasing)
        wake()
        let result = sd_event_loop(event)
        thread.store(0, ordering: .releasing)
        return result
    }

    /// Ends ``run()`` after the sources that are ready now.
    @LoopActor
    public func stop(code: Int32) {
        sd_event_exit(event, code)
    }

    /// Keeps systemd's watchdog content (`WATCHDOG_USEC`); without one nothing happens and nothing wakes up.
    @LoopActor
    public func keepWatchdogContent() {
        sd_event_set_watchdog(event, 1)
    }

    // MARK: Executor

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let wasEmpty = jobs.withLock { queue in
            queue.append(job)
            return queue.count == 1
        }
        guard wasEmpty else { return }
        if isOnLoopThread {
            sd_event_source_set_enabled(jobSource, Int32(SD_EVENT_ONESHOT))
        } else {
            wake()
        }
    }

    public func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
    public func asUnownedTaskExecutor() -> UnownedTaskExecutor { UnownedTaskExecutor(ordinary: self) }

    public func checkIsolated() {
        precondition(isOnLoopThread, "this belongs on the event loop's thread")
    }

    private var isOnLoopThread: Bool { thread.load(ordering: .acquiring) == UInt(pthread_self()) }

    private func wake() {
        // It can fail only when the counter is full, and then a wake-up is there already.
        var one: UInt64 = 1
        _ = write(wakeDescriptor, &one, MemoryLayout.size(ofValue: one))
    }

    /// Runs what was queued when it began; what those jobs queue comes after the sources that are ready by then.
    private func runJobs() -> Int32 {
        let batch = jobs.withLock { queue in
            defer { queue = [] }
            return queue
        }
        for job in batch {
            job.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
        }
        return 0
    }

    private static func from(_ pointer: UnsafeMutableRawPointer?) -> EventLoop {
        guard let pointer else { preconditionFailure("sd_event gave back no userdata") }
        return Unmanaged<EventLoop>.fromOpaque(pointer).takeUnretainedValue()
    }
}
