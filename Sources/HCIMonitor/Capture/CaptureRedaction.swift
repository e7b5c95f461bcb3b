// SPDX-License-Identifier: Apache-2.0

import SecurityManager

/// Overwrites what nobody else may have with zeros: keys, what keys are made of, digits, and what applications send.
///
/// Lengths, and all that says how a pairing went, stay. It remembers which frame the fragments of a link belong to, so
/// one value takes all records of a capture, in order.
public struct CaptureRedaction: Sendable {
    /// How many frames may be incomplete at once; the fragments of further ones become zeros altogether.
    private static let maximumFrames = 1024

    private var frames: [FrameReassembler.Key: Frame] = [:]

    public init() {}

    public mutating func redact(_ record: MonitorRecord) -> MonitorRecord {
        let payload = record.payload
        return switch record.opcode {
        case .newIndex, .deleteIndex, .openIndex, .closeIndex, .indexInformation, .systemNote, .userLogging,
            .controlOpen, .controlClose:
            record
        case .command: record.zeroing(SecretFields.ofCommand(payload))
        case .event: record.zeroing(SecretFields.ofEvent(payload))
        case .controlCommand: record.zeroing(SecretFields.ofManagementCommand(payload))
        case .controlEvent: record.zeroing(SecretFields.ofManagementEvent(payload))
        case .aclTransmitted: redactACLData(record, .sent)
        case .aclReceived: redactACLData(record, .received)
        case .scoTransmitted, .scoReceived: record.zeroing([3..<Int.max])
        case .isoTransmitted, .isoReceived: record.zeroing([4..<Int.max])
        // What a maker's form hides, and what the kernel may add.
        default: record.zeroing([0..<Int.max])
        }
    }

    // MARK: Frames

    /// A frame of which not all fragments were seen.
    private struct Frame {
        /// L2CAP header and SMP Code, as far as they were there.
        var start: [UInt8] = []
        /// How many octets of the frame were there.
        var length = 0

        static let startLength = FrameReassembler.headerLength + 1

        mutating func add(_ fragment: ArraySlice<UInt8>) {
            start += fragment.prefix(Self.startLength - start.count)
            length += fragment.count
        }

        /// How many octets of the frame say nothing secret.
        var openLength: Int {
            guard start.count == Self.startLength, let code = start.last,
                FrameReassembler.securityManagerChannels.contains(half(2))
            else { return FrameReassembler.headerLength }
            return FrameReassembler.headerLength + min(Int(half(0)), SecretFields.openLength(ofPacket: code))
        }

        var isComplete: Bool {
            start.count >= FrameReassembler.headerLength && length >= FrameReassembler.headerLength + Int(half(0))
        }

        private func half(_ position: Int) -> UInt16 { UInt16(start[position]) | UInt16(start[position + 1]) << 8 }
    }

    private mutating func redactACLData(_ record: MonitorRecord, _ direction: MonitorDirection) -> MonitorRecord {
        // Handle with flags, length.
        let headerLength = 4
        guard record.payload.count > headerLength else { return record }
        let first = record.payload[record.payload.startIndex]
        let second = record.payload[record.payload.startIndex + 1]
        let key = FrameReassembler.Key(
            adapterIndex: record.adapterIndex, handle: UInt16(first) | UInt16(second & 0x0F) << 8,
            direction: direction)
        let known = frames.removeValue(forKey: key)
        let isContinuation = second >> 4 & 0x3 == 0x1
        guard var frame = isContinuation ? known : Frame() else { return record.zeroing([headerLength..<Int.max]) }

        let before = frame.length
        frame.add(record.payload.dropFirst(headerLength))
        if !frame.isComplete, record.missing == 0 {
            if frames.count >= Self.maximumFrames { frames.removeAll() }
            frames[key] = frame
        }
        return record.zeroing([headerLength + max(0, frame.openLength - before)..<Int.max])
    }
}

extension MonitorRecord {
    /// The record with zeros in parts of its payload, as far as it has them.
    fileprivate func zeroing(_ fields: [Range<Int>]) -> MonitorRecord {
        var result = self
        for field in fields {
            for position in field.clamped(to: 0..<payload.count) {
                result.payload[result.payload.startIndex + position] = 0
            }
        }
        return result
    }
}
