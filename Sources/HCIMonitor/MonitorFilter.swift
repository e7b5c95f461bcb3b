// SPDX-License-Identifier: Apache-2.0

import SecurityManager

extension PacketFilter {
    /// Passes what ``MonitorDecoder`` makes events of, and nothing else: above all no advertising reports, of which
    /// there are hundreds a second, nor the management events that the kernel makes of them.
    ///
    /// Offsets count from the monitor header: the kernel puts it before the packet (`skb_push` in hci_send_to_monitor
    /// and create_monitor_event) before sock_queue_rcv_skb runs the filter. Source: Linux, net/bluetooth/hci_sock.c and
    /// net/core/sock.c.
    ///
    /// A filter has no memory, so fragments that continue a frame pass whatever the frame's channel is.
    static let monitor = PacketFilter(monitorProgram)

    private static let monitorProgram: [Line] = {
        let adapterRecords: [MonitorOpcode] = [.newIndex, .deleteIndex, .openIndex, .closeIndex, .indexInformation]
        var lines: [Line] = [.half(at: 0)]
        lines += adapterRecords.map { .ifEqual(littleEndian($0.rawValue), to: .keep) }
        lines += [
            .ifEqual(littleEndian(MonitorOpcode.event.rawValue), to: .event),
            .ifEqual(littleEndian(MonitorOpcode.aclTransmitted.rawValue), to: .aclData),
            .ifEqual(littleEndian(MonitorOpcode.aclReceived.rawValue), to: .aclData),
            .ifEqual(littleEndian(MonitorOpcode.controlEvent.rawValue), to: .management),
            .drop,
        ]

        // The event code follows the header, then the parameters' length, then LE Meta's subevent code.
        let codeOffset = UInt32(MonitorRecord.headerLength)
        lines += [.label(.event), .octet(at: codeOffset)]
        lines += HCIEventCode.allCases.map { .ifEqual(UInt32($0.rawValue), to: $0 == .leMeta ? .leMeta : .keep) }
        lines += [.drop, .label(.leMeta), .octet(at: codeOffset + 2)]
        lines += LEMetaSubevent.allCases.map { .ifEqual(UInt32($0.rawValue), to: .keep) }
        lines += [.drop]

        let managementCodeOffset = UInt32(MonitorRecord.headerLength + ManagementEvent.codeOffset)
        lines += [.label(.management), .half(at: managementCodeOffset)]
        lines += ManagementEventCode.allCases.map { .ifEqual(littleEndian($0.rawValue), to: .keep) }
        lines += [.drop]

        // ACL header (handle with the packet boundary flag in bits 12 and 13, length), L2CAP length, L2CAP channel.
        let aclOffset = UInt32(MonitorRecord.headerLength)
        lines += [
            .label(.aclData),
            .octet(at: aclOffset + 1),
            .and(0x30),
            .ifEqual(0x10, to: .keep),
            // A first fragment may end before the channel, which the kernel allows: then it passes unseen.
            .packetLength,
            .ifAtLeast(aclOffset + 8, to: .frame),
            .keep,
            .label(.frame),
            .half(at: aclOffset + 6),
        ]
        lines += FrameReassembler.securityManagerChannels.map { .ifEqual(littleEndian($0), to: .keep) }
        lines += [.drop, .label(.keep), .keep]
        return lines
    }()
}
