// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import HCIMonitor

@Suite("Malformed records")
struct MalformedRecordTests {
    static let samples: [[UInt8]] =
        [
            Records.newIndex(), Records.indexInformation(), Records.leConnection(),
            Records.leConnection(subevent: 0x0A), Records.leConnection(subevent: 0x29), Records.classicConnection(),
            Records.event(0x08, [0, 0x40, 0, 1]), Records.event(0x59, [0, 0x40, 0, 1, 16]),
            Records.event(0x30, [0, 0x40, 0]), Records.event(0x06, [6, 0x40, 0]),
            Records.acl(Records.frame([0x01, 4, 0, 0x0D, 16, 0x0D, 0x0F])),
            Records.acl(opcode: .aclTransmitted, Records.frame([0x03] + Array(0..<16))), Records.disconnection(),
            Records.record(.closeIndex),
            Records.newSettings([0x10, 0, 0, 0]), Records.commandStatus(), Records.controlCommand(0x0009, [1]),
            Records.controlCommand(0x0018, [3]),
        ] + Records.publicKeyFragments() + Records.managementEvents() + Records.managementCommands()
        + Records.hciCommands() + Records.pairingEvents()

    private func fault(_ record: [UInt8]) -> MalformedRecord.Fault? {
        var decoder = MonitorDecoder()
        guard case .malformed(let malformed)? = decoder.decode(record[...]).first else { return nil }
        return malformed.fault
    }

    @Test("A record that is cut anywhere is reported", arguments: samples)
    func truncation(record: [UInt8]) {
        for length in 0..<record.count { #expect(fault(Array(record[..<length])) != nil) }
        #expect(fault(record) == nil)
    }

    @Test("A cut header tells where and how much is missing")
    func truncatedHeader() {
        #expect(fault([3, 0, 0]) == .truncated(offset: 2, missing: 1))
        #expect(fault([]) == .truncated(offset: 0, missing: 2))
    }

    @Test("A length that disagrees with what follows is reported at its field")
    func lengthMismatch() {
        #expect(fault(Records.newIndex() + [0]) == .lengthMismatch(offset: 4, declared: 16, actual: 17))
        #expect(fault(Records.record(.event, [0x05, 4, 0])) == .lengthMismatch(offset: 7, declared: 4, actual: 1))
        let data = Records.record(.aclReceived, [0x40, 0x20, 9, 0, 1])
        #expect(fault(data) == .lengthMismatch(offset: 8, declared: 9, actual: 1))
    }

    @Test("An event whose parameters end too early is reported where they do")
    func shortParameters() {
        #expect(fault(Records.event(0x05, [0, 0x40])) == .truncated(offset: 9, missing: 1))
        #expect(fault(Records.event(0x3E, [])) == .truncated(offset: 8, missing: 1))
        #expect(fault(Records.event(0x3E, [0x0A, 0, 0x40, 0, 0, 1, 9])) == .truncated(offset: 14, missing: 5))
    }

    @Test("Records and events of other kinds are passed over in silence")
    func unknownRecords() {
        #expect(fault(Records.record(MonitorOpcode(rawValue: 0xFFFF), [1, 2, 3])) == nil)
        #expect(fault(Records.event(0xFF, [1, 2, 3])) == nil)
        #expect(fault(Records.event(0x3E, [0x02, 1])) == nil)
    }

    @Test("Mutated, cut and shuffled records never stop the decoder")
    func fuzz() {
        var random = SplitMix64(state: 0x0123_4567_89AB_CDEF)
        var decoder = MonitorDecoder()
        var malformed = 0
        var packets = 0
        for _ in 0..<20_000 {
            var record = Self.samples[Int.random(in: 0..<Self.samples.count, using: &random)]
            for _ in 0..<Int.random(in: 0...3, using: &random) where !record.isEmpty {
                let position = Int.random(in: 0..<record.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: record[position] = UInt8.random(in: 0...255, using: &random)
                case 1: record[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 2: record.removeSubrange(position...)
                default: record.insert(UInt8.random(in: 0...255, using: &random), at: position)
                }
            }
            for event in decoder.decode(record[...]) {
                switch event {
                case .malformed(let record):
                    malformed += 1
                    #expect((record.fault.offset ?? 0) >= 0)
                case .smp: packets += 1
                default: break
                }
            }
        }
        #expect(malformed > 1000 && packets > 100)
    }
}

/// A small generator with a seed, so that a failure can be repeated.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
