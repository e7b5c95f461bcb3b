// SPDX-License-Identifier: Apache-2.0

/// A section of a pcapng file: its byte order, and the interfaces that were described so far.
///
/// Source: draft-ietf-opsawg-pcapng.
struct PCAPNGSection: Sendable {
    /// The type of a Section Header Block, the same in either byte order.
    static let identification: [UInt8] = [0x0A, 0x0D, 0x0D, 0x0A]
    static let maximumInterfaces = 256

    private static let byteOrderMagic: UInt32 = 0x1A2B_3C4D
    /// The block's type and total length; the length stands at the end once more.
    private static let blockHeaderLength = 8
    private static let blockTrailerLength = 4

    private struct Interface {
        /// `nil`: the packets are none of ours.
        var linkType: CaptureLinkType?
        var snapshotLength: UInt32
        var clock: PCAPNGClock
    }

    private var byteOrder: ByteOrder = .littleEndian
    private var interfaces: [Interface] = []
    /// The first interface whose packets cannot be read, as long as none was described whose packets can.
    private var unsupported: CaptureError?
    private var hasSupportedInterface = false
    /// Of the last packet: Simple Packet Blocks have none of their own.
    private var time: UInt64 = 0

    /// Takes blocks until one holds a packet that can be read.
    mutating func nextRecord(_ input: inout CaptureInput) throws(CaptureError) -> CaptureRecord? {
        while true {
            let origin = input.offset
            try input.fill(Self.blockHeaderLength)
            guard input.available > 0 else { break }
            // 4 more for the byte order, which a Section Header Block has there; other blocks have their end.
            try input.require(Self.blockHeaderLength + 4, of: origin)
            let type = BlockType(rawValue: input.readUInt32(at: 0, byteOrder))
            if type == .sectionHeader { try startSection(input, of: origin) }
            let length = input.readUInt32(at: 4, byteOrder)
            guard length % 4 == 0, length >= Self.blockHeaderLength + Self.blockTrailerLength else {
                throw .damaged(.length(length), offset: origin)
            }
            guard let type else {
                try skipBlock(&input, length: length, of: origin)
                continue
            }
            guard length <= CaptureFormat.maximumRecordLength else { throw .damaged(.length(length), offset: origin) }
            try input.require(Int(length), of: origin)
            guard input.readUInt32(at: Int(length) - Self.blockTrailerLength, byteOrder) == length else {
                throw .damaged(.frame, offset: origin)
            }
            if let record = try takeBlock(type, Int(length), &input, of: origin) { return record }
        }
        // A file of other networks altogether must not look like one in which nothing happened.
        if let unsupported, !hasSupportedInterface { throw unsupported }
        return nil
    }

    private enum BlockType: UInt32 {
        case sectionHeader = 0x0A0D_0D0A
        case interfaceDescription = 1
        /// Obsolete.
        case packet = 2
        case simplePacket = 3
        case enhancedPacket = 6

        /// The block's header and what stands before options or packet.
        var fixedLength: Int {
            switch self {
            case .sectionHeader: 24
            case .interfaceDescription: 16
            case .simplePacket: 12
            case .packet, .enhancedPacket: 28
            }
        }
    }

    private mutating func startSection(_ input: borrowing CaptureInput, of origin: UInt64) throws(CaptureError) {
        if input.readUInt32(at: 8, .bigEndian) == Self.byteOrderMagic {
            byteOrder = .bigEndian
        } else if input.readUInt32(at: 8, .littleEndian) == Self.byteOrderMagic {
            byteOrder = .littleEndian
        } else {
            throw .damaged(.frame, offset: origin)
        }
        interfaces.removeAll(keepingCapacity: true)
    }

    /// Blocks that say nothing of packets may have any length.
    private func skipBlock(_ input: inout CaptureInput, length: UInt32, of origin: UInt64) throws(CaptureError) {
        try input.skip(Int(length) - Self.blockTrailerLength, of: origin)
        try input.require(Self.blockTrailerLength, of: origin)
        guard input.readUInt32(at: 0, byteOrder) == length else { throw .damaged(.frame, offset: origin) }
        try input.skip(Self.blockTrailerLength, of: origin)
    }

    /// Takes a whole block that is available.
    private mutating func takeBlock(
        _ type: BlockType, _ length: Int, _ input: inout CaptureInput, of origin: UInt64
    ) throws(CaptureError) -> CaptureRecord? {
        let contentEnd = length - Self.blockTrailerLength
        guard contentEnd >= type.fixedLength else {
            throw .damaged(.length(UInt32(truncatingIfNeeded: length)), offset: origin)
        }
        let room = UInt32(truncatingIfNeeded: contentEnd - type.fixedLength)
        let packet: Packet
        switch type {
        case .sectionHeader:
            let version = input.readUInt16(at: 12, byteOrder)
            guard version == 1 else { throw .unsupportedVersion(format: "pcapng", UInt32(version)) }
            try input.skip(length, of: origin)
            return nil
        case .interfaceDescription:
            try describeInterface(input, optionsEnd: contentEnd, of: origin)
            try input.skip(length, of: origin)
            return nil
        case .simplePacket:
            // The first interface's packets are cut to its snapshot length, behind which are octets that fill up.
            let snapshotLength = interfaces.first?.snapshotLength ?? 0
            let original = input.readUInt32(at: 8, byteOrder)
            let captured = min(original, room, snapshotLength > 0 ? snapshotLength : .max)
            packet = Packet(interface: 0, ticks: nil, captured: captured, original: original)
        case .enhancedPacket, .packet:
            let interface =
                type == .packet ? UInt32(input.readUInt16(at: 8, byteOrder)) : input.readUInt32(at: 8, byteOrder)
            // The upper half of the time is first in either byte order.
            let ticks = UInt64(input.readUInt32(at: 12, byteOrder)) << 32 | UInt64(input.readUInt32(at: 16, byteOrder))
            packet = Packet(
                interface: interface, ticks: ticks, captured: input.readUInt32(at: 20, byteOrder),
                original: input.readUInt32(at: 24, byteOrder))
        }
        guard packet.captured <= room else { throw .damaged(.length(packet.captured), offset: origin) }
        try input.skip(type.fixedLength, of: origin)
        let record = try takePacket(packet, &input, of: origin)
        try input.skip(length - type.fixedLength - Int(packet.captured), of: origin)
        return record
    }

    /// What the three kinds of packets say.
    private struct Packet {
        var interface: UInt32
        var ticks: UInt64?
        var captured: UInt32
        var original: UInt32
    }

    private mutating func takePacket(
        _ packet: Packet, _ input: inout CaptureInput, of origin: UInt64
    ) throws(CaptureError) -> CaptureRecord? {
        guard interfaces.indices.contains(Int(packet.interface)) else {
            throw .damaged(.interface(packet.interface), offset: origin)
        }
        let interface = interfaces[Int(packet.interface)]
        if let ticks = packet.ticks { time = interface.clock.time(of: ticks) }
        guard let linkType = interface.linkType else {
            try input.skip(Int(packet.captured), of: origin)
            return nil
        }
        // The interfaces of a file are adapters of their own, and have no other number.
        let record = try input.takePacket(
            linkType, captured: Int(packet.captured), original: packet.original,
            adapterIndex: UInt16(truncatingIfNeeded: packet.interface), of: origin)
        return record.map { CaptureRecord(time: time, offset: origin, monitorRecord: $0) }
    }

    private mutating func describeInterface(
        _ input: borrowing CaptureInput, optionsEnd: Int, of origin: UInt64
    ) throws(CaptureError) {
        guard interfaces.count < Self.maximumInterfaces else { throw .damaged(.tooManyInterfaces, offset: origin) }
        let value = input.readUInt16(at: 8, byteOrder)
        let linkType = CaptureLinkType(pcap: value)
        if linkType != nil {
            hasSupportedInterface = true
        } else if unsupported == nil {
            unsupported = .unsupportedLinkType(.pcap(value), offset: origin)
        }
        var clock = PCAPNGClock()
        var position = BlockType.interfaceDescription.fixedLength
        // Each option has a code, a length, and a value that is filled up to 4 octets.
        while position + 4 <= optionsEnd {
            let code = input.readUInt16(at: position, byteOrder)
            let length = Int(input.readUInt16(at: position + 2, byteOrder))
            position += 4
            guard position + length <= optionsEnd else {
                throw .damaged(.length(UInt32(truncatingIfNeeded: length)), offset: origin)
            }
            switch (code, length) {
            case (0, _): position = optionsEnd
            case (9, 1): clock.resolution = input.octet(at: position)
            case (14, 8): clock.offset = Int64(bitPattern: input.readUInt64(at: position, byteOrder))
            default: break
            }
            position += (length + 3) / 4 * 4
        }
        interfaces.append(
            Interface(linkType: linkType, snapshotLength: input.readUInt32(at: 12, byteOrder), clock: clock))
    }
}

/// What an interface's times count.
struct PCAPNGClock: Hashable, Sendable {
    /// The option `if_tsresol`: ticks have 10^-n seconds, or with the highest bit 2^-n.
    var resolution: UInt8 = 6
    /// The option `if_tsoffset`, in seconds.
    var offset: Int64 = 0

    /// Microseconds since the epoch, held at the epoch and at ``CaptureFormat/latestTime``.
    func time(of ticks: UInt64) -> UInt64 {
        let latest = Int64(CaptureFormat.latestTime)
        let ticks = Int64(clamping: microseconds(ticks))
        let (shift, isTooFar) = offset.multipliedReportingOverflow(by: 1_000_000)
        guard !isTooFar else { return offset < 0 ? 0 : CaptureFormat.latestTime }
        let (sum, isOver) = ticks.addingReportingOverflow(shift)
        return UInt64(isOver ? latest : min(max(0, sum), latest))
    }

    private func microseconds(_ ticks: UInt64) -> UInt64 {
        let exponent = Int(resolution & 0x7F)
        if resolution & 0x80 != 0 {
            // A product of 128 bits, shifted; 2^-63 s and less need its upper half only.
            let product = ticks.multipliedFullWidth(by: 1_000_000)
            guard product.high >> exponent == 0 else { return .max }
            return product.high << (64 - exponent) | product.low >> exponent
        }
        var result = ticks
        if exponent > 6 {
            for _ in 6..<exponent { result /= 10 }
            return result
        }
        for _ in exponent..<6 {
            let (product, isOver) = result.multipliedReportingOverflow(by: 10)
            guard !isOver else { return .max }
            result = product
        }
        return result
    }
}
