// SPDX-License-Identifier: Apache-2.0

import SecurityManager

extension PacketFilter {
    /// Passes what ``MonitorDecoder`` makes events of, and nothing else: above all no advertising reports, of which
    /// there are hundreds a second, nor the management events that the kernel makes of them, nor the commands of
    /// ordinary traffic.
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
            .ifEqual(littleEndian(MonitorOpcode.command.rawValue), to: .command),
            .ifEqual(littleEndian(MonitorOpcode.event.rawValue), to: .event),
            .ifEqual(littleEndian(MonitorOpcode.aclTransmitted.rawValue), to: .aclData),
            .ifEqual(littleEndian(MonitorOpcode.aclReceived.rawValue), to: .aclData),
            .ifEqual(littleEndian(MonitorOpcode.controlCommand.rawValue), to: .controlCommand),
            .ifEqual(littleEndian(MonitorOpcode.controlEvent.rawValue), to: .controlEvent),
            .drop,
        ]

        // A command's opcode or an event's code follows the header; behind the latter the parameters' length, then LE
        // Meta's subevent code.
        let codeOffset = UInt32(MonitorRecord.headerLength)
        lines += [.label(.command), .half(at: codeOffset)]
        lines += HCICommandCode.allCases.map { .ifEqual(littleEndian($0.rawValue), to: .keep) }
        lines += [.drop, .label(.event), .octet(at: codeOffset)]
        lines += HCIEventCode.allCases.map { .ifEqual(UInt32($0.rawValue), to: $0 == .leMeta ? .leMeta : .keep) }
        lines += [.drop, .label(.leMeta), .octet(at: codeOffset + 2)]
        lines += LEMetaSubevent.allCases.map { .ifEqual(UInt32($0.rawValue), to: .keep) }
        lines += [.drop]

        let commandCodeOffset = UInt32(MonitorRecord.headerLength + ManagementCommand.codeOffset)
        lines += [.label(.controlCommand), .half(at: commandCodeOffset)]
        lines += ManagementCommandCode.allCases.map { .ifEqual(littleEndian($0.rawValue), to: .keep) }
        // Every command has a result: only that of Pair Device, whose opcode follows the event code, says something.
        let eventCodeOffset = UInt32(MonitorRecord.headerLength + ManagementEvent.codeOffset)
        lines += [.drop, .label(.controlEvent), .half(at: eventCodeOffset)]
        lines += ManagementEventCode.allCases.map {
            .ifEqual(littleEndian($0.rawValue), to: $0.isCommandResult ? .commandResult : .keep)
        }
        lines += [
            .drop, .label(.commandResult), .half(at: eventCodeOffset + 2),
            .ifEqual(littleEndian(ManagementCommandCode.pairDevice.rawValue), to: .keep),
            .drop,
        ]

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
