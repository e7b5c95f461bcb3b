// SPDX-License-Identifier: Apache-2.0

import Bluetooth

/// One record of a capture file, as the monitor channel would have told it.
public struct CaptureRecord: Sendable {
    /// Microseconds since the epoch; later records may have earlier times. What a file says beyond the year 294,000 is
    /// held there.
    public var time: UInt64
    /// Where the record begins in the file, its own header included, in octets.
    public var offset: UInt64
    /// What was captured. The payload is a part of the reader's buffer: to keep many of them, copy them.
    public var monitorRecord: MonitorRecord

    public init(time: UInt64, offset: UInt64, monitorRecord: MonitorRecord) {
        self.time = time
        self.offset = offset
        self.monitorRecord = monitorRecord
    }
}

/// How the packets of a capture file begin, and what they are.
enum CaptureLinkType: Hashable, Sendable {
    /// btsnoop 1001: HCI packets; flags tell what they are.
    case h1
    /// btsnoop 1002: HCI packets behind their H4 type; flags tell the direction.
    case h4
    /// btsnoop 2001: monitor records; flags have the adapter and the opcode.
    case monitor
    /// LINKTYPE_BLUETOOTH_HCI_H4_WITH_PHDR, 201: a direction of 4 octets (1: received), then as H4.
    case h4WithDirection
    /// LINKTYPE_BLUETOOTH_LINUX_MONITOR, 254: adapter and opcode, of 2 octets each, then a monitor record's payload.
    case linuxMonitor

    /// Source: BlueZ, src/shared/btsnoop.h.
    init?(btsnoop value: UInt32) {
        switch value {
        case 1001: self = .h1
        case 1002: self = .h4
        case 2001: self = .monitor
        default: return nil
        }
    }

    /// Source: https://www.tcpdump.org/linktypes.html.
    init?(pcap value: UInt16) {
        switch value {
        case 201: self = .h4WithDirection
        case 254: self = .linuxMonitor
        default: return nil
        }
    }

    /// How many octets of a packet stand before the HCI packet or the monitor record's payload, apart from the H4 type.
    var pseudoHeaderLength: Int {
        switch self {
        case .h1, .h4, .monitor: 0
        case .h4WithDirection, .linuxMonitor: 4
        }
    }
}

extension MonitorRecord {
    /// A captured packet without its pseudo header, as a monitor record; `nil` for H4 types that are not of HCI.
    ///
    /// `flags` are those of btsnoop, or the pseudo header of pcap. Source: btsnoop as BlueZ reads it
    /// (src/shared/btsnoop.c).
    init?(_ type: CaptureLinkType, flags: UInt32, adapterIndex: UInt16, _ packet: ArraySlice<UInt8>, missing: Int) {
        let isReceived = flags & 1 != 0
        switch type {
        case .monitor, .linuxMonitor:
            self.init(
                opcode: MonitorOpcode(rawValue: UInt16(truncatingIfNeeded: flags)),
                adapterIndex: UInt16(truncatingIfNeeded: flags >> 16), payload: packet, missing: missing)
        case .h1:
            let opcode: MonitorOpcode =
                flags & 2 != 0 ? isReceived ? .event : .command : isReceived ? .aclReceived : .aclTransmitted
            self.init(opcode: opcode, adapterIndex: adapterIndex, payload: packet, missing: missing)
        case .h4, .h4WithDirection:
            guard let opcode = MonitorOpcode(h4Type: packet.first, isReceived: isReceived) else { return nil }
            self.init(opcode: opcode, adapterIndex: adapterIndex, payload: packet.dropFirst(), missing: missing)
        }
    }

    /// The adapter's address, where the host asks for it: captures of other systems tell it in no other way.
    ///
    /// Source: Core Specification, Vol 4, Part E, 7.7.14 (Command Complete) and 7.4.6 (Read BD_ADDR).
    var ownAddress: Address? {
        // The event's code and length, the number of commands that may follow, the command's opcode, and success.
        guard opcode == .event, payload.first == 0x0E, payload.count >= 12,
            payload.dropFirst(3).starts(with: [0x09, 0x10, 0x00])
        else { return nil }
        return Address(littleEndian: payload.dropFirst(6).prefix(6))
    }

    /// The payload with a length that agrees with it, where its end was not captured: what is there can be decoded.
    var readablePayload: ArraySlice<UInt8> {
        let lengthOffset: Int
        switch opcode {
        case .command: lengthOffset = 2
        case .event: lengthOffset = 1
        default: return payload
        }
        let parameters = payload.count - lengthOffset - 1
        guard missing > 0, parameters >= 0 else { return payload }
        let position = payload.startIndex + lengthOffset
        guard Int(payload[position]) == parameters + missing else { return payload }
        var copy = payload
        copy[position] = UInt8(truncatingIfNeeded: parameters)
        return copy
    }
}

extension MonitorOpcode {
    /// Source: Core Specification, Vol 4, Part A, 2.
    fileprivate init?(h4Type: UInt8?, isReceived: Bool) {
        switch h4Type {
        case 1: self = .command
        case 2: self = isReceived ? .aclReceived : .aclTransmitted
        case 3: self = isReceived ? .scoReceived : .scoTransmitted
        case 4: self = .event
        case 5: self = isReceived ? .isoReceived : .isoTransmitted
        default: return nil
        }
    }
}
