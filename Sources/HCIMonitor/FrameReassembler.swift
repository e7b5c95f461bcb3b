// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import SecurityManager

/// Puts the L2CAP frames of a link's SMP channel together from ACL data packets, in bounded memory.
///
/// Frames of other channels are left out as soon as their header shows it. Source: Core Specification, Vol 3, Part A,
/// 2.1 (channel 0x0006 for LE, 0x0007 for BR/EDR), 3.1 (frame) and 7.2.1 (fragments).
struct FrameReassembler {
    /// Whose fragments belong together: both directions of a link run at the same time.
    struct Key: Hashable {
        var adapterIndex: UInt16
        var handle: UInt16
        var direction: MonitorDirection
    }

    /// L2CAP length and channel identifier.
    static let headerLength = 4
    static let securityManagerChannels: [UInt16] = [0x0006, 0x0007]
    /// How many frames may be incomplete at once. A link has at most two, and only while it pairs.
    static let maximumIncompleteFrames = 64

    private struct Incomplete {
        var octets: [UInt8]
        var age: UInt64
    }

    private var incomplete: [Key: Incomplete] = [:]
    private var started: UInt64 = 0

    /// Forgets an incomplete frame; tells how many octets of it there were.
    mutating func discard(_ key: Key) -> Int? {
        // As good as always, and asked for each packet.
        if incomplete.isEmpty { return nil }
        return incomplete.removeValue(forKey: key)?.octets.count
    }

    mutating func discardAll(ofAdapter index: UInt16) {
        incomplete = incomplete.filter { $0.key.adapterIndex != index }
    }

    /// Drops the oldest incomplete frame when there are too many; tells whose it was.
    mutating func trim() -> Key? {
        guard incomplete.count > Self.maximumIncompleteFrames else { return nil }
        let oldest = incomplete.min { $0.value.age < $1.value.age }?.key
        if let oldest { incomplete[oldest] = nil }
        return oldest
    }

    /// Takes the first fragment of a frame. Returns the SMP packet if the frame is complete, keeps it if it is not.
    mutating func start(
        _ fragment: ArraySlice<UInt8>, _ key: Key, on transport: Transport?
    ) throws(MalformedRecord.Fault) -> ArraySlice<UInt8>? {
        switch try Self.state(of: fragment, on: transport) {
        case .otherChannel: return nil
        case .complete(let packet): return packet
        case .incomplete:
            incomplete[key] = Incomplete(octets: Array(fragment), age: started)
            started += 1
            return nil
        }
    }

    /// Takes a further fragment. Returns the SMP packet if that completes the frame; nothing for other channels.
    mutating func resume(
        _ fragment: ArraySlice<UInt8>, _ key: Key, on transport: Transport?
    ) throws(MalformedRecord.Fault) -> ArraySlice<UInt8>? {
        guard var frame = incomplete.removeValue(forKey: key) else { return nil }
        frame.octets += fragment
        switch try Self.state(of: frame.octets[...], on: transport) {
        case .otherChannel: return nil
        case .incomplete:
            incomplete[key] = frame
            return nil
        case .complete(let packet):
            // Only Pairing Public Key is longer than what every controller takes in one piece (27 octets). Its frame
            // has no room for another packet, so strict decoding tells it apart.
            guard packet.count == SMPPacket.maximumLength else { throw .needlessFragments }
            return packet
        }
    }

    /// Linux listens on the one channel of the link's transport (`src_type` in `net/bluetooth/smp.c:smp_add_cid`): what
    /// comes on the other is no part of a pairing. Either may be right on a link whose beginning was not seen.
    private static func isSecurityManagerChannel(_ channel: UInt16, on transport: Transport?) -> Bool {
        switch transport {
        case .le: channel == 0x0006
        case .bredr: channel == 0x0007
        case nil: securityManagerChannels.contains(channel)
        }
    }

    private enum State {
        case otherChannel
        case incomplete
        case complete(ArraySlice<UInt8>)
    }

    private static func state(
        of frame: ArraySlice<UInt8>, on transport: Transport?
    ) throws(MalformedRecord.Fault) -> State {
        var reader = OctetReader(frame)
        let length: Int
        let channel: UInt16
        do throws(OctetReader.EndReached) {
            length = Int(try reader.readUInt16())
            channel = try reader.readUInt16()
        } catch {
            return .incomplete
        }
        guard isSecurityManagerChannel(channel, on: transport) else { return .otherChannel }
        guard length <= SMPPacket.maximumLength else {
            throw .frameTooLong(declared: length, maximum: SMPPacket.maximumLength)
        }
        let actual = reader.rest.count
        guard actual <= length else { throw .frameOverrun(declared: length, actual: actual) }
        return actual == length ? .complete(reader.rest) : .incomplete
    }
}
