// SPDX-License-Identifier: Apache-2.0

/// How a pcap file is written, and what its packets are.
///
/// Source: draft-ietf-opsawg-pcap.
struct PCAPHeader: Hashable, Sendable {
    /// Magic number, versions, two reserved fields, snapshot length, link type.
    static let length = 24
    /// Seconds, microseconds or nanoseconds, captured length, original length.
    static let recordHeaderLength = 16

    var byteOrder: ByteOrder
    var hasNanoseconds: Bool
    var linkType: CaptureLinkType
}

extension CaptureInput {
    /// Takes the header of a pcap file; nothing of others.
    mutating func takePCAPHeader() throws(CaptureError) -> PCAPHeader? {
        guard available >= 4 else { return nil }
        let byteOrder: ByteOrder
        let hasNanoseconds: Bool
        switch readUInt32(at: 0, .bigEndian) {
        case 0xA1B2_C3D4: (byteOrder, hasNanoseconds) = (.bigEndian, false)
        case 0xD4C3_B2A1: (byteOrder, hasNanoseconds) = (.littleEndian, false)
        case 0xA1B2_3C4D: (byteOrder, hasNanoseconds) = (.bigEndian, true)
        case 0x4D3C_B2A1: (byteOrder, hasNanoseconds) = (.littleEndian, true)
        default: return nil
        }
        try require(PCAPHeader.length, of: 0)
        let version = readUInt16(at: 4, byteOrder)
        guard version == 2 else { throw .unsupportedVersion(format: "pcap", UInt32(version)) }
        // The upper half of the field has other uses.
        let value = UInt16(truncatingIfNeeded: readUInt32(at: 20, byteOrder))
        guard let linkType = CaptureLinkType(pcap: value) else {
            throw .unsupportedLinkType(.pcap(value), offset: 20)
        }
        try skip(PCAPHeader.length, of: 0)
        return PCAPHeader(byteOrder: byteOrder, hasNanoseconds: hasNanoseconds, linkType: linkType)
    }

    mutating func nextPCAPRecord(_ header: PCAPHeader) throws(CaptureError) -> CaptureRecord? {
        while true {
            let origin = offset
            if available < PCAPHeader.recordHeaderLength { try fill(PCAPHeader.recordHeaderLength) }
            guard available > 0 else { return nil }
            try require(PCAPHeader.recordHeaderLength, of: origin)
            let seconds = UInt64(readUInt32(at: 0, header.byteOrder))
            let fraction = UInt64(readUInt32(at: 4, header.byteOrder))
            let captured = readUInt32(at: 8, header.byteOrder)
            let original = readUInt32(at: 12, header.byteOrder)
            guard captured <= CaptureFormat.maximumRecordLength else {
                throw .damaged(.length(captured), offset: origin)
            }
            try require(PCAPHeader.recordHeaderLength + Int(captured), of: origin)
            try skip(PCAPHeader.recordHeaderLength, of: origin)
            let record = try takePacket(
                header.linkType, captured: Int(captured), original: original, adapterIndex: 0, of: origin)
            guard let record else { continue }
            let time = seconds * 1_000_000 + (header.hasNanoseconds ? fraction / 1000 : fraction)
            return CaptureRecord(time: time, offset: origin, monitorRecord: record)
        }
    }

    /// Takes an available packet with its pseudo header; `nil` for what is not of HCI.
    mutating func takePacket(
        _ type: CaptureLinkType, captured: Int, original: UInt32, adapterIndex: UInt16, of origin: UInt64
    ) throws(CaptureError) -> MonitorRecord? {
        guard captured >= type.pseudoHeaderLength else {
            throw .damaged(.length(UInt32(truncatingIfNeeded: captured)), offset: origin)
        }
        let flags = type.pseudoHeaderLength == 4 ? readUInt32(at: 0, .bigEndian) : 0
        let packet = take(captured).dropFirst(type.pseudoHeaderLength)
        return MonitorRecord(
            type, flags: flags, adapterIndex: adapterIndex, packet, missing: max(0, Int(original) - captured))
    }
}
