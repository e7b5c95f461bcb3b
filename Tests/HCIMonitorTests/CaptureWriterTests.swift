// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import HCIMonitor

@Suite("Writing capture files")
struct CaptureWriterTests {
    @Test("The file has the octets that other programs expect")
    func octets() throws {
        let file = try TemporaryFile()
        let writer = try CaptureWriter(descriptor: file.descriptor)
        try writer.write(
            MonitorRecord(opcode: .event, adapterIndex: 0x0102, payload: [0x05, 0x01, 0xAA]), at: 1_000_000)
        let expected: [UInt8] =
            [0x62, 0x74, 0x73, 0x6E, 0x6F, 0x6F, 0x70, 0x00, 0, 0, 0, 1, 0, 0, 0x07, 0xD1]
            + [0, 0, 0, 3, 0, 0, 0, 3, 0x01, 0x02, 0x00, 0x03, 0, 0, 0, 0]
            + [0x00, 0xDC, 0xDD, 0xB3, 0x0F, 0x3E, 0xC2, 0x40, 0x05, 0x01, 0xAA]
        #expect(try file.octets() == expected)
    }

    @Test("What is written is read again, cut records too")
    func roundTrip() throws {
        let records =
            [Records.newIndex(7), Records.leConnection(index: 7), Records.record(.closeIndex, index: 0xFFFF)]
            + Records.publicKeyFragments()
        let file = try TemporaryFile()
        let writer = try CaptureWriter(descriptor: file.descriptor)
        var expected: [MonitorRecord] = []
        for (number, octets) in records.enumerated() {
            var record = try MonitorRecord(parsing: octets[...])
            record.missing = number
            expected.append(record)
            try writer.write(record, at: CaptureFiles.time + UInt64(number))
        }
        let contents = CaptureContents(path: file.path)
        #expect(contents.error == nil)
        #expect(contents.monitorRecords == expected)
        #expect(contents.records.map(\.time) == records.indices.map { CaptureFiles.time + UInt64($0) })
    }

    @Test("A time that no file can hold is held at the latest")
    func latestTime() throws {
        let file = try TemporaryFile()
        let writer = try CaptureWriter(descriptor: file.descriptor)
        try writer.write(MonitorRecord(opcode: .closeIndex, adapterIndex: 0, payload: []), at: .max)
        #expect(CaptureContents(path: file.path).records.map(\.time) == [UInt64(Int64.max)])
    }

    @Test("A full disk and a closed descriptor are errors that say so")
    func errors() {
        #expect(throws: CaptureError.system(errno: EBADF)) { _ = try CaptureWriter(descriptor: -1) }
        let full = open("/dev/full", O_WRONLY)
        defer { close(full) }
        #expect(throws: CaptureError.system(errno: ENOSPC)) { _ = try CaptureWriter(descriptor: full) }
    }
}
