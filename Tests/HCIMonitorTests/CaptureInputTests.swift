// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import HCIMonitor

@Suite("Reading from files and pipes")
struct CaptureInputTests {
    /// More than the buffer holds twice, in records of all sizes, so that they lie across every seam.
    private static let long: [UInt8] = {
        var random = SplitMix64(state: 7)
        var octets = CaptureFiles.btsnoopHeader(2001)
        while octets.count < 2 * CaptureInput.bufferSize + 1000 {
            let count = Int.random(in: 0...3000, using: &random)
            let payload = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            octets += CaptureFiles.monitorRecord(Records.record(.vendorDiagnostics, payload))
        }
        return octets
    }()

    @Test("A file that is longer than the buffer gives the same records as one in memory")
    func file() throws {
        let file = try TemporaryFile(Self.long)
        let (read, expected) = (CaptureContents(path: file.path), CaptureContents(Self.long))
        #expect(read.error == nil && expected.error == nil)
        #expect(read.monitorRecords == expected.monitorRecords && !read.records.isEmpty)
        #expect(read.records.map(\.offset) == expected.records.map(\.offset))
    }

    @Test("The descriptor of a file is closed with its reader, and a given one is not")
    func descriptors() throws {
        let file = try TemporaryFile(CaptureFiles.btsnoop([Records.newIndex()]))
        let before = openDescriptors()
        for _ in 0..<20 { #expect(CaptureContents(path: file.path).error == nil) }
        #expect(openDescriptors() == before)
        lseek(file.descriptor, 0, SEEK_SET)
        #expect(CaptureContents(descriptor: file.descriptor).records.count == 1)
        #expect(fcntl(file.descriptor, F_GETFD) >= 0)
    }

    @Test("A pipe that gives a few octets at a time is read like a file")
    func pipe() throws {
        var ends: [CInt] = [0, 0]
        try #require(Glibc.pipe(&ends) == 0)
        // The writer is a process of its own, because a pipe holds less than all of it.
        let file = try TemporaryFile(Self.long)
        var child: pid_t = 0
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_addclose(&actions, ends[0])
        let words = ["dd", "if=\(file.path)", "bs=777", "status=none"]
        var arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        let status = posix_spawnp(&child, "dd", &actions, nil, &arguments, environ)
        posix_spawn_file_actions_destroy(&actions)
        close(ends[1])
        try #require(status == 0)
        let contents = CaptureContents(descriptor: ends[0])
        close(ends[0])
        waitpid(child, nil, 0)
        #expect(contents.error == nil)
        #expect(contents.monitorRecords == CaptureContents(Self.long).monitorRecords)
    }

    @Test("A record is told as soon as a pipe has it, without waiting for more")
    func livePipe() throws {
        var ends: [CInt] = [0, 0]
        try #require(Glibc.pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        // What is not there yet makes an error rather than a wait.
        try #require(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0)
        let writer = try CaptureWriter(descriptor: ends[1])
        var reader = try CaptureReader(descriptor: ends[0])
        for index in 0..<3 as Range<UInt16> {
            try writer.write(MonitorRecord(opcode: .openIndex, adapterIndex: index, payload: []), at: 0)
            let record = try reader.next()
            #expect(record?.monitorRecord.adapterIndex == index)
        }
    }

    private func openDescriptors() -> Int { (0..<1024).count { fcntl($0, F_GETFD) >= 0 } }
}
