// SPDX-License-Identifier: Apache-2.0

/// A point of the monotonic clock (`CLOCK_MONOTONIC`), in microseconds; only differences mean something.
public struct MonotonicTime: Hashable, Comparable, Sendable {
    public let microseconds: UInt64

    public init(microseconds: UInt64) { self.microseconds = microseconds }

    public static func < (left: Self, right: Self) -> Bool { left.microseconds < right.microseconds }

    /// Later by `span`; a span below zero counts as zero, and the far end of the clock is never passed.
    public static func + (left: Self, span: Duration) -> Self {
        Self(microseconds: left.microseconds.adding(span))
    }

    /// What has gone by since `earlier`; zero when that is later.
    func elapsed(since earlier: Self) -> Duration {
        .microseconds(microseconds > earlier.microseconds ? Int64(clamping: microseconds - earlier.microseconds) : 0)
    }
}

/// Now, by both clocks: deadlines use the one, people and records the other.
public struct Moment: Hashable, Sendable {
    public let monotonic: MonotonicTime
    /// Microseconds since the epoch (`CLOCK_REALTIME`).
    public let realtime: UInt64

    public init(monotonic: MonotonicTime, realtime: UInt64) {
        self.monotonic = monotonic
        self.realtime = realtime
    }

    public static func + (left: Self, span: Duration) -> Self {
        Self(monotonic: left.monotonic + span, realtime: left.realtime.adding(span))
    }
}

extension UInt64 {
    fileprivate func adding(_ span: Duration) -> UInt64 {
        let (seconds, attoseconds) = span.components
        guard seconds >= 0, attoseconds >= 0 else { return self }
        let (product, isTooLong) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000)
        let (sum, isTooLate) = addingReportingOverflow(isTooLong ? .max : product)
        let (total, isPast) = sum.addingReportingOverflow(UInt64(attoseconds / 1_000_000_000_000))
        return isTooLate || isPast ? .max : total
    }
}
