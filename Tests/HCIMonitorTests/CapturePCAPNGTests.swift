// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import HCIMonitor

@Suite("pcapng files")
struct CapturePCAPNGTests {
    private static let packet = CaptureFiles.linuxMonitor(Records.newIndex())
    private static let start = CaptureFiles.sectionHeader() + CaptureFiles.interface(254)

    @Test("Blocks of other types are passed over, whatever their length")
    func unknownBlocks() {
        let sizes = [0, 1, 5000, 300_000]
        let others = sizes.map { CaptureFiles.block(0x0BAD, .littleEndian, [UInt8](repeating: 1, count: $0)) }
        let file = others.reduce(Self.start) { $0 + $1 + CaptureFiles.enhancedPacket(Self.packet) }
        let contents = CaptureContents(file)
        #expect(contents.error == nil)
        #expect(contents.records.count == sizes.count)
    }

    @Test("A section has its own byte order and its own interfaces")
    func sections() {
        let file =
            CaptureFiles.sectionHeader(.bigEndian) + CaptureFiles.interface(1, .bigEndian)
            + CaptureFiles.interface(254, .bigEndian)
            + CaptureFiles.enhancedPacket([1, 2, 3], .bigEndian, interface: 0)
            + CaptureFiles.enhancedPacket(Self.packet, .bigEndian, interface: 1)
            + Self.start + CaptureFiles.enhancedPacket(Self.packet)
        let contents = CaptureContents(file)
        #expect(contents.error == nil)
        #expect(contents.events == [.adapterReset(adapterIndex: 0), .adapterReset(adapterIndex: 0)])
        let stranger = file + CaptureFiles.enhancedPacket(Self.packet, interface: 1)
        #expect(CaptureContents(stranger).error == .damaged(.interface(1), offset: UInt64(file.count)))
    }

    @Test("Interfaces with H4 packets are adapters of their own")
    func adapters() {
        let event = CaptureFiles.directed(isReceived: true, [4] + Records.disconnection().dropFirst(6))
        let file =
            CaptureFiles.sectionHeader() + CaptureFiles.interface(201) + CaptureFiles.interface(201)
            + CaptureFiles.enhancedPacket(event, interface: 1) + CaptureFiles.enhancedPacket(event)
        #expect(CaptureContents(file).monitorRecords.map(\.adapterIndex) == [1, 0])
    }

    @Test("A packet without a time has that of the one before, and ends where the file says")
    func simplePackets() {
        let odd = Self.packet + [1]
        let file =
            CaptureFiles.sectionHeader() + CaptureFiles.interface(254, snapshotLength: UInt32(odd.count))
            + CaptureFiles.simplePacket(Self.packet) + CaptureFiles.enhancedPacket(Self.packet, ticks: 17)
            + CaptureFiles.simplePacket(odd, missing: 3)
        let contents = CaptureContents(file)
        #expect(contents.error == nil)
        #expect(contents.records.map(\.time) == [0, 17, 17])
        #expect(contents.monitorRecords.map(\.missing) == [0, 0, 3])
        #expect(contents.monitorRecords.last?.payload.last == 1)
    }

    @Test("A block whose lengths cannot be true is damage at its offset")
    func damage() {
        let block = CaptureFiles.enhancedPacket(Self.packet)
        let offset = UInt64(Self.start.count)
        func error(_ change: (inout [UInt8]) -> Void) -> CaptureError? {
            var copy = block
            change(&copy)
            return CaptureContents(Self.start + copy).error
        }
        #expect(error { $0[4] += 1 } == .damaged(.length(UInt32(block.count) + 1), offset: offset))
        #expect(error { $0.replaceSubrange(4..<8, with: [8, 0, 0, 0]) } == .damaged(.length(8), offset: offset))
        #expect(error { $0.replaceSubrange(4..<8, with: [0, 0, 2, 0]) } == .damaged(.length(131_072), offset: offset))
        #expect(error { $0[block.count - 4] += 4 } == .damaged(.frame, offset: offset))
        #expect(error { $0[20] = 0xFF } == .damaged(.length(0xFF), offset: offset))
        #expect(error { $0[20] = 3 } == .damaged(.length(3), offset: offset))
        let magic = CaptureFiles.block(0x0A0D_0D0A, .littleEndian, [UInt8](repeating: 0, count: 16))
        #expect(CaptureContents(Self.start + magic).error == .damaged(.frame, offset: offset))
        let interface = CaptureFiles.block(1, .littleEndian, [254, 0, 0, 0, 0, 0, 0, 0, 9, 0, 200, 0])
        #expect(CaptureContents(Self.start + interface).error == .damaged(.length(200), offset: offset))
    }

    @Test("More interfaces than any machine has are damage")
    func interfaces() {
        let file = (0..<257).reduce(CaptureFiles.sectionHeader()) { file, _ in file + CaptureFiles.interface(254) }
        #expect(CaptureContents(file).error?.description.contains("256 interfaces") == true)
    }

    @Test("Resolutions and offsets of a clock are heeded, and nothing overflows")
    func clocks() {
        func time(_ resolution: UInt8?, _ offset: Int64?, _ ticks: UInt64) -> UInt64? {
            let interface = CaptureFiles.interface(254, resolution: resolution, offset: offset)
            let packet = CaptureFiles.enhancedPacket(Self.packet, ticks: ticks)
            return CaptureContents(CaptureFiles.sectionHeader() + interface + packet).records.first?.time
        }
        let latest = UInt64(Int64.max)
        #expect(time(nil, nil, 1_500_000) == 1_500_000)
        #expect(time(9, nil, 1_500_000_999) == 1_500_000)
        #expect(time(3, nil, 1500) == 1_500_000)
        #expect(time(0, nil, 2) == 2_000_000)
        #expect(time(0x80 | 10, nil, 1024 + 512) == 1_500_000)
        #expect(time(0x80 | 40, nil, 3 << 39) == 1_500_000)
        #expect(time(0x80 | 64, nil, 1 << 63) == 500_000)
        #expect(time(0x80 | 70, nil, .max) == 15_624)
        #expect(time(6, 10, 5) == 10_000_005)
        #expect(time(6, -10, 10_000_005) == 5)
        #expect(time(6, -10, 5) == 0)
        for resolution in UInt8.min...UInt8.max {
            for offset in [Int64.min, -1, 0, 1, .max] {
                let result = time(resolution, offset, .max)
                #expect(result.map { $0 <= latest } == true)
            }
        }
        #expect(time(0, nil, .max) == latest)
        #expect(time(0x80, nil, .max) == latest)
        #expect(time(6, .max, 0) == latest)
        #expect(time(6, .min, .max) == 0)
    }
}
