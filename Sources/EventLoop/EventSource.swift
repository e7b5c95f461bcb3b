// SPDX-License-Identifier: Apache-2.0

import CSystemd
import Glibc

/// Something that the loop waits for. It ends when it is cancelled or nobody holds it any longer.
@LoopActor
public final class EventSource {
    /// What a descriptor is watched for.
    public struct Readiness: OptionSet, Sendable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        public static let readable = Readiness(rawValue: UInt32(EPOLLIN.rawValue))
        public static let writable = Readiness(rawValue: UInt32(EPOLLOUT.rawValue))
        public static let hungUp = Readiness(rawValue: UInt32(EPOLLHUP.rawValue))
        public static let failed = Readiness(rawValue: UInt32(EPOLLERR.rawValue))
    }

    /// The order among sources that are ready together.
    public enum Priority: Int64, Sendable {
        /// Facts that explain what follows, such as packets seen before the D-Bus message that they caused.
        case early = -10
        case normal = 0
    }

    /// `nonisolated(unsafe)`: written on the loop only; `deinit` reads it when nobody else can.
    nonisolated(unsafe) private var source: OpaquePointer?
    private let handler: @LoopActor (Readiness) -> Void

    private init(_ handler: @escaping @LoopActor (Readiness) -> Void) {
        self.handler = handler
    }

    /// Calls `handler` once, at `deadline` in microseconds of `CLOCK_MONOTONIC` or shortly after.
    public static func timer(
        at deadline: UInt64, _ handler: @escaping @LoopActor () -> Void
    ) throws(EventLoopError) -> EventSource {
        let result = EventSource { _ in handler() }
        try check("timer") {
            sd_event_add_time(
                EventLoop.shared.event, &result.source, CLOCK_MONOTONIC, deadline, 1000,
                { _, _, itself in EventSource.fire(itself, []) }, Unmanaged.passUnretained(result).toOpaque())
        }
        return result
    }

    /// Calls `handler` whenever `descriptor` is ready for `readiness`. The descriptor stays the caller's.
    public static func descriptor(
        _ descriptor: Int32, _ readiness: Readiness, priority: Priority = .normal,
        _ handler: @escaping @LoopActor (Readiness) -> Void
    ) throws(EventLoopError) -> EventSource {
        let result = EventSource(handler)
        try check("descriptor \(descriptor)") {
            sd_event_add_io(
                EventLoop.shared.event, &result.source, descriptor, readiness.rawValue,
                { _, _, events, itself in EventSource.fire(itself, Readiness(rawValue: events)) },
                Unmanaged.passUnretained(result).toOpaque())
        }
        sd_event_source_set_priority(result.source, priority.rawValue)
        return result
    }

    /// Calls `handler` at each `signal`, which is blocked for the calling thread first: make it before other threads.
    public static func signal(
        _ signal: Int32, _ handler: @escaping @LoopActor () -> Void
    ) throws(EventLoopError) -> EventSource {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, signal)
        pthread_sigmask(SIG_BLOCK, &set, nil)
        let result = EventSource { _ in handler() }
        try check("signal \(signal)") {
            sd_event_add_signal(
                EventLoop.shared.event, &result.source, signal,
                { _, _, itself in EventSource.fire(itself, []) }, Unmanaged.passUnretained(result).toOpaque())
        }
        return result
    }

    /// Calls `handler` once, in this turn of the loop, after what is being handled now.
    public static func soon(_ handler: @escaping @LoopActor () -> Void) throws(EventLoopError) -> EventSource {
        let result = EventSource { _ in handler() }
        try check("deferred call") {
            sd_event_add_defer(
                EventLoop.shared.event, &result.source,
                { _, itself in EventSource.fire(itself, []) }, Unmanaged.passUnretained(result).toOpaque())
        }
        return result
    }

    /// Changes what a descriptor is watched for; an empty set pauses it.
    public func watch(for readiness: Readiness) {
        guard let source else { return }
        sd_event_source_set_io_events(source, readiness.rawValue)
        sd_event_source_set_enabled(source, Int32(readiness.isEmpty ? SD_EVENT_OFF : SD_EVENT_ON))
    }

    /// Lets a timer or deferred call fire once more; a timer at the new `deadline`.
    public func rearm(at deadline: UInt64? = nil) {
        guard let source else { return }
        if let deadline { sd_event_source_set_time(source, deadline) }
        sd_event_source_set_enabled(source, Int32(SD_EVENT_ONESHOT))
    }

    /// Stops a timer or deferred call until ``rearm(at:)``.
    public func pause() {
        guard let source else { return }
        sd_event_source_set_enabled(source, Int32(SD_EVENT_OFF))
    }

    /// The handler is not called again.
    public func cancel() {
        source = sd_event_source_disable_unref(source)
    }

    deinit {
        sd_event_source_disable_unref(source)
    }

    private nonisolated static func fire(_ pointer: UnsafeMutableRawPointer?, _ readiness: Readiness) -> Int32 {
        guard let pointer else { preconditionFailure("sd_event gave back no userdata") }
        // Held for the length of the call, so that the handler may drop the source.
        let source = Unmanaged<EventSource>.fromOpaque(pointer).takeUnretainedValue()
        LoopActor.assumeIsolated { source.handler(readiness) }
        return 0
    }

    private static func check(_ what: String, _ result: () -> Int32) throws(EventLoopError) {
        let code = result()
        guard code >= 0 else { throw EventLoopError(source: what, code: -code) }
    }
}

/// The kernel or libsystemd refused a source.
public struct EventLoopError: Error, CustomStringConvertible {
    /// What was to be watched.
    public let source: String
    /// The `errno`.
    public let code: Int32

    public var description: String { "cannot watch \(source): \(String(cString: strerror(code)))" }
}
