// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HCIMonitor

/// Writes what the monitor channel tells into a file, until a pairing is over.
@LoopActor
final class CaptureRecording {
    enum End: Sendable {
        case pairingOver
        /// No pairing began in time.
        case timedOut
        /// By a person.
        case stopped
        case failed(CaptureError)
    }

    private let channel: MonitorChannel
    private let writer: CaptureWriter
    /// `nil` where secrets are kept.
    private var redaction: CaptureRedaction?
    private var decoder = MonitorDecoder()
    private(set) var watch = PairingWatch()
    private(set) var recordCount = 0
    private var input: EventSource?
    private var timer: EventSource?
    private var continuation: CheckedContinuation<End, Never>?
    /// What ended it before anybody waited.
    private var end: End?

    /// - Parameters:
    ///   - descriptor: Of the file; stays its owner's.
    ///   - timeout: How long to wait for a pairing, in microseconds.
    init(_ channel: MonitorChannel, descriptor: Int32, keepsSecrets: Bool, timeout: UInt64?) throws(Failure) {
        self.channel = channel
        redaction = keepsSecrets ? nil : CaptureRedaction()
        do throws(CaptureError) {
            writer = try CaptureWriter(descriptor: descriptor)
        } catch {
            throw Failure(.failed, error.description)
        }
        do throws(EventLoopError) {
            input = try EventSource.descriptor(channel.descriptor, .readable) { [weak self] _ in self?.read() }
            timer = try EventSource.timer(at: Clock.monotonic + (timeout ?? 0)) { [weak self] in
                guard let self else { return }
                finish(watch.hasPairing ? .pairingOver : .timedOut)
            }
            if timeout == nil { timer?.pause() }
        } catch {
            throw Failure(.failed, error.description)
        }
    }

    func untilEnd() async -> End {
        if let end { return end }
        return await withCheckedContinuation { continuation = $0 }
    }

    func stop() { finish(.stopped) }

    private func read() {
        let (time, now) = (Clock.realtime, Clock.monotonic)
        channel.readRecords { record in
            guard end == nil else { return }
            do throws(CaptureError) {
                try writer.write(redaction?.redact(record) ?? record, at: time)
            } catch {
                return finish(.failed(error))
            }
            recordCount += 1
            for event in decoder.decode(CaptureRecord(time: time, offset: 0, monitorRecord: record)) {
                watch.take(event, at: now)
            }
        }
        if let deadline = watch.deadline { timer?.rearm(at: deadline) }
    }

    private func finish(_ end: End) {
        guard self.end == nil else { return }
        self.end = end
        input = nil
        timer = nil
        continuation?.resume(returning: end)
        continuation = nil
    }
}
