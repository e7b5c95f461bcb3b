// SPDX-License-Identifier: Apache-2.0

import Glibc

@testable import HCIMonitor

/// Capture files, octet by octet, as other programs write them.
enum CaptureFiles {
    /// 2026-01-02 03:04:05.678901 UTC, in microseconds since the epoch.
    static let time: UInt64 = 1_767_323_045_678_901

    static func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        (0..<value.bitWidth / 8).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    static func octets(_ value: some FixedWidthInteger, _ order: ByteOrder) -> [UInt8] {
        order == .bigEndian ? bigEndian(value) : bigEndian(value).reversed()
    }

    // MARK: btsnoop

    static func btsnoopHeader(_ datalink: UInt32, version: UInt32 = 1) -> [UInt8] {
        Array("btsnoop".utf8) + [0] + bigEndian(version) + bigEndian(datalink)
    }

    static func btsnoopRecord(
        flags: UInt32, _ packet: [UInt8], missing: Int = 0, time: UInt64 = time
    ) -> [UInt8] {
        bigEndian(UInt32(packet.count + missing)) + bigEndian(UInt32(packet.count)) + bigEndian(flags)
            + bigEndian(UInt32(0)) + bigEndian(time &+ 0x00DC_DDB3_0F2F_8000) + packet
    }

    /// Records of the monitor channel, with their headers, as a file of datalink 2001.
    static func btsnoop(_ records: [[UInt8]]) -> [UInt8] {
        records.reduce(btsnoopHeader(2001)) { $0 + monitorRecord($1) }
    }

    static func monitorRecord(_ record: [UInt8], missing: Int = 0, time: UInt64 = time) -> [UInt8] {
        let flags = UInt32(record[2]) << 16 | UInt32(record[3]) << 24 | UInt32(record[0]) | UInt32(record[1]) << 8
        return btsnoopRecord(flags: flags, Array(record.dropFirst(6)), missing: missing, time: time)
    }

    // MARK: pcap

    static func pcapHeader(
        _ linkType: UInt32, _ order: ByteOrder = .littleEndian, hasNanoseconds: Bool = false, version: UInt16 = 2
    ) -> [UInt8] {
        octets(UInt32(hasNanoseconds ? 0xA1B2_3C4D : 0xA1B2_C3D4), order) + octets(version, order)
            + octets(UInt16(4), order) + [UInt8](repeating: 0, count: 8) + octets(UInt32(65_535), order)
            + octets(linkType, order)
    }

    static func pcapRecord(
        _ packet: [UInt8], _ order: ByteOrder = .littleEndian, hasNanoseconds: Bool = false, missing: Int = 0
    ) -> [UInt8] {
        let fraction = UInt32(time % 1_000_000) * (hasNanoseconds ? 1000 : 1)
        return octets(UInt32(time / 1_000_000), order) + octets(fraction, order)
            + octets(UInt32(packet.count), order) + octets(UInt32(packet.count + missing), order) + packet
    }

    /// The pseudo header of link type 201.
    static func directed(isReceived: Bool, _ packet: [UInt8]) -> [UInt8] {
        bigEndian(UInt32(isReceived ? 1 : 0)) + packet
    }

    /// A record of the monitor channel, with its header, as a packet of link type 254.
    static func linuxMonitor(_ record: [UInt8]) -> [UInt8] {
        [record[3], record[2], record[1], record[0]] + record.dropFirst(6)
    }

    // MARK: pcapng

    static func block(_ type: UInt32, _ order: ByteOrder, _ content: [UInt8]) -> [UInt8] {
        let padded = content + [UInt8](repeating: 0, count: (4 - content.count % 4) % 4)
        let length = octets(UInt32(padded.count + 12), order)
        return octets(type, order) + length + padded + length
    }

    static func sectionHeader(_ order: ByteOrder = .littleEndian, version: UInt16 = 1) -> [UInt8] {
        let content = octets(UInt32(0x1A2B_3C4D), order) + octets(version, order) + octets(UInt16(0), order)
        return block(0x0A0D_0D0A, order, content + octets(Int64(-1), order))
    }

    static func interface(
        _ linkType: UInt16, _ order: ByteOrder = .littleEndian, snapshotLength: UInt32 = 0, resolution: UInt8? = nil,
        offset: Int64? = nil
    ) -> [UInt8] {
        // Another option before, whose value has to be filled up.
        var options = option(2, order, Array("hci0!".utf8))
        if let resolution { options += option(9, order, [resolution]) }
        if let offset { options += option(14, order, octets(offset, order)) }
        let content = octets(linkType, order) + [0, 0] + octets(snapshotLength, order) + options
        return block(1, order, content + octets(UInt32(0), order))
    }

    static func option(_ code: UInt16, _ order: ByteOrder, _ value: [UInt8]) -> [UInt8] {
        let padding = [UInt8](repeating: 0, count: (4 - value.count % 4) % 4)
        return octets(code, order) + octets(UInt16(value.count), order) + value + padding
    }

    static func enhancedPacket(
        _ packet: [UInt8], _ order: ByteOrder = .littleEndian, interface: UInt32 = 0, ticks: UInt64 = time,
        missing: Int = 0
    ) -> [UInt8] {
        let padding = [UInt8](repeating: 0, count: (4 - packet.count % 4) % 4)
        // With an option behind the packet: a comment.
        let rest = packet + padding + option(1, order, Array("seen".utf8)) + octets(UInt32(0), order)
        return block(6, order, octets(interface, order) + packetFields(packet, order, ticks, missing) + rest)
    }

    static func obsoletePacket(_ packet: [UInt8], _ order: ByteOrder = .littleEndian, interface: UInt16 = 0) -> [UInt8]
    {
        let start = octets(interface, order) + octets(UInt16(0), order)
        return block(2, order, start + packetFields(packet, order, time, 0) + packet)
    }

    static func simplePacket(_ packet: [UInt8], _ order: ByteOrder = .littleEndian, missing: Int = 0) -> [UInt8] {
        block(3, order, octets(UInt32(packet.count + missing), order) + packet)
    }

    private static func packetFields(
        _ packet: [UInt8], _ order: ByteOrder, _ ticks: UInt64, _ missing: Int
    ) -> [UInt8] {
        octets(UInt32(ticks >> 32), order) + octets(UInt32(truncatingIfNeeded: ticks), order)
            + octets(UInt32(packet.count), order) + octets(UInt32(packet.count + missing), order)
    }
}

/// What a reader gives until its end, and how it ends.
struct CaptureContents {
    var records: [CaptureRecord] = []
    var events: [MonitorEvent] = []
    var error: CaptureError?

    init(_ octets: [UInt8]) {
        do throws(CaptureError) {
            var reader = try CaptureReader(octets: octets)
            try read(&reader)
        } catch {
            self.error = error
        }
    }

    init(path: String) {
        do throws(CaptureError) {
            var reader = try CaptureReader(path: path)
            try read(&reader)
        } catch {
            self.error = error
        }
    }

    init(descriptor: CInt) {
        do throws(CaptureError) {
            var reader = try CaptureReader(descriptor: descriptor)
            try read(&reader)
        } catch {
            self.error = error
        }
    }

    private mutating func read(_ reader: inout CaptureReader) throws(CaptureError) {
        var decoder = MonitorDecoder()
        while let record = try reader.next() {
            records.append(record)
            events += decoder.decode(record)
        }
    }

    var monitorRecords: [MonitorRecord] { records.map(\.monitorRecord) }
}

/// A file that goes with its value.
final class TemporaryFile {
    let path: String
    let descriptor: CInt

    init(_ octets: [UInt8] = []) throws {
        var template = Array("/tmp/capture-XXXXXX".utf8CString)
        descriptor = mkstemp(&template)
        path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        guard descriptor >= 0,
            octets.withUnsafeBytes({ Glibc.write(descriptor, $0.baseAddress, $0.count) }) == octets.count
        else { throw CaptureError.system(errno: errno) }
    }

    deinit {
        unlink(path)
        close(descriptor)
    }

    /// What is in it now.
    func octets() throws -> [UInt8] {
        let size = lseek(descriptor, 0, SEEK_END)
        var octets = [UInt8](repeating: 0, count: max(0, size))
        let count = octets.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        guard count == octets.count else { throw CaptureError.system(errno: errno) }
        return octets
    }
}
