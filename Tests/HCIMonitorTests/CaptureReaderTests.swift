// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Glibc
import Testing

@testable import HCIMonitor

/// A Pairing Request and its refusal as HCI packets: LE Connection Complete, both frames, and the end of the link.
private let exchange: [[UInt8]] = [
    Records.leConnection(),
    Records.acl(opcode: .aclTransmitted, boundary: 0, Records.frame([0x01, 4, 0, 0x0D, 16, 0x0D, 0x0F])),
    Records.acl(Records.frame(Records.pairingFailed)), Records.disconnection(),
]

/// The events that a capture of it means, whatever its format.
private let exchangeEvents: [MonitorEvent] = {
    var decoder = MonitorDecoder()
    return decoder.decodeAll(exchange)
}()

/// One record of the exchange behind its H4 type, and whether it came from the controller.
private func h4(_ record: [UInt8]) -> (packet: [UInt8], isReceived: Bool) {
    let types: [UInt8: (UInt8, Bool)] = [2: (1, false), 3: (4, true), 4: (2, false), 5: (2, true)]
    let (type, isReceived) = types[record[0]] ?? (0, false)
    return ([type] + record.dropFirst(6), isReceived)
}

private func h4WithDirection(_ record: [UInt8]) -> [UInt8] {
    CaptureFiles.directed(isReceived: h4(record).isReceived, h4(record).packet)
}

private func btsnoopH4(_ records: [[UInt8]]) -> [UInt8] {
    records.reduce(CaptureFiles.btsnoopHeader(1002)) {
        let (packet, isReceived) = h4($1)
        return $0 + CaptureFiles.btsnoopRecord(flags: isReceived ? 1 : 0, packet)
    }
}

/// The exchange in each form that a file may have, by its name.
private let files: [(name: String, octets: [UInt8])] = {
    let h1 = exchange.reduce(CaptureFiles.btsnoopHeader(1001)) {
        let flags: [UInt8: UInt32] = [3: 3, 4: 0, 5: 1]
        return $0 + CaptureFiles.btsnoopRecord(flags: flags[$1[0]] ?? 0, Array($1.dropFirst(6)))
    }
    var files = [
        ("btsnoop 1001", h1), ("btsnoop 1002", btsnoopH4(exchange)), ("btsnoop 2001", CaptureFiles.btsnoop(exchange)),
    ]
    for order in [ByteOrder.bigEndian, .littleEndian] {
        for (type, packets) in [
            (201, exchange.map(h4WithDirection)), (254, exchange.map(CaptureFiles.linuxMonitor)),
        ] {
            for hasNanoseconds in [false, true] {
                let octets = packets.reduce(
                    CaptureFiles.pcapHeader(UInt32(type), order, hasNanoseconds: hasNanoseconds)
                ) { $0 + CaptureFiles.pcapRecord($1, order, hasNanoseconds: hasNanoseconds) }
                files.append(("pcap \(type), \(order), \(hasNanoseconds ? "nano" : "micro")seconds", octets))
            }
            let start = CaptureFiles.sectionHeader(order) + CaptureFiles.interface(UInt16(type), order)
            files += [
                ("pcapng \(type), \(order)", packets.reduce(start) { $0 + CaptureFiles.enhancedPacket($1, order) }),
                (
                    "pcapng \(type), \(order), obsolete packets",
                    packets.reduce(start) { $0 + CaptureFiles.obsoletePacket($1, order) }
                ),
            ]
        }
    }
    return files
}()

@Suite("Reading capture files")
struct CaptureReaderTests {
    @Test("Each format and byte order gives the same events, times and adapter", arguments: files.map(\.name))
    func formats(name: String) throws {
        let file = try #require(files.first { $0.name == name })
        let contents = CaptureContents(file.octets)
        #expect(contents.error == nil)
        #expect(contents.events == exchangeEvents && contents.events.count == exchange.count)
        #expect(contents.records.map(\.time) == exchange.map { _ in CaptureFiles.time })
        #expect(contents.monitorRecords.map(\.adapterIndex) == exchange.map { _ in 0 })
        let headerLength = name.hasPrefix("btsnoop") ? 16 : name.hasPrefix("pcap ") ? 24 : 28 + 36
        #expect(contents.records.first?.offset == UInt64(headerLength))
    }

    @Test("What a file is cut to is read to its last whole record, and the cut is told at its offset")
    func cutFiles() {
        for (name, octets) in files {
            let whole = CaptureContents(octets)
            let offsets = whole.records.map { Int($0.offset) }
            for length in 1..<octets.count {
                let contents = CaptureContents(Array(octets[..<length]))
                let expected = zip(offsets, offsets.dropFirst() + [octets.count]).count { $0.1 <= length }
                #expect(contents.records.count == expected, "\(name), \(length) octets")
                // Between two records, and between a file's header and the first, a file may end.
                let isWhole = offsets.contains(length) || name.hasPrefix("pcapng") && length == 28
                if isWhole {
                    #expect(contents.error == nil, "\(name), \(length) octets")
                } else if length >= 8 {
                    let last = offsets.last { $0 <= length } ?? (name.hasPrefix("pcapng") && length > 28 ? 28 : 0)
                    guard case .truncated(UInt64(last), let missing) = contents.error else {
                        Issue.record("\(name), \(length) octets: \(contents.error.map { "\($0)" } ?? "no error")")
                        continue
                    }
                    #expect(missing > 0 && missing <= octets.count)
                } else {
                    #expect(contents.error != nil)
                }
            }
        }
    }

    @Test("Nothing comes after an error")
    func nothingAfterError() throws {
        let octets = CaptureFiles.btsnoop(exchange)
        var reader = try CaptureReader(octets: Array(octets.dropLast()))
        var count = 0
        var error: CaptureError?
        do throws(CaptureError) {
            while try reader.next() != nil { count += 1 }
        } catch let thrown {
            error = thrown
        }
        #expect(count == exchange.count - 1 && error != nil)
        let again = try reader.next() == nil
        #expect(again)
    }

    @Test("Times may go back, and are held between the epoch and the end of a signed number")
    func times() {
        let record = Records.record(.closeIndex)
        let epoch: UInt64 = 0x00DC_DDB3_0F2F_8000
        let raw: [UInt64] = [CaptureFiles.time + epoch, epoch + 5, epoch, epoch - 1, 0, .max]
        let file = raw.reduce(CaptureFiles.btsnoopHeader(2001)) {
            $0 + CaptureFiles.monitorRecord(record, time: $1 &- epoch)
        }
        let contents = CaptureContents(file)
        #expect(contents.records.map(\.time) == [CaptureFiles.time, 5, 0, 0, 0, UInt64(Int64.max)])
    }

    @Test("A record that is longer than any can be is damage at its offset")
    func tooLong() {
        let record = CaptureFiles.monitorRecord(Records.record(.closeIndex))
        var long = record
        long.replaceSubrange(4..<8, with: CaptureFiles.bigEndian(UInt32(80_000)))
        let octets = CaptureFiles.btsnoopHeader(2001) + record + long + [UInt8](repeating: 0, count: 100_000)
        let contents = CaptureContents(octets)
        #expect(contents.records.count == 1)
        #expect(contents.error == .damaged(.length(80_000), offset: 16 + 24))
        let pcap = CaptureFiles.pcapHeader(254) + CaptureFiles.pcapRecord([UInt8](repeating: 0, count: 80_000))
        #expect(CaptureContents(pcap).error == .damaged(.length(80_000), offset: 24))
    }

    @Test("The longest payload of the monitor channel can be read")
    func longest() {
        let payload = [UInt8](repeating: 7, count: 0xFFFF)
        let contents = CaptureContents(CaptureFiles.btsnoop([Records.record(.aclReceived, payload)]))
        #expect(contents.error == nil && contents.monitorRecords.first?.payload.count == 0xFFFF)
    }

    @Test("H4 packets that are not of HCI are passed over, and those of audio keep their direction")
    func h4Types() {
        let packets: [([UInt8], UInt32)] = [
            ([], 0), ([0], 0), ([7, 1], 1), ([3, 1, 0, 0], 0), ([3, 1, 0, 0], 1), ([5, 1, 0, 0, 0], 0),
            ([5, 1, 0, 0, 0], 1), ([1, 3, 0x0C, 0], 0),
        ]
        let file = packets.reduce(CaptureFiles.btsnoopHeader(1002)) {
            $0 + CaptureFiles.btsnoopRecord(flags: $1.1, $1.0)
        }
        let expected: [MonitorOpcode] = [
            .scoTransmitted, .scoReceived, .isoTransmitted, .isoReceived, .command,
        ]
        #expect(CaptureContents(file).monitorRecords.map(\.opcode) == expected)
    }

    @Test("The adapter's address is learnt where the host asks for it")
    func ownAddress() {
        let answer = Records.event(0x0E, [1, 0x09, 0x10, 0] + Records.octets(Records.adapterAddress))
        let events = CaptureContents(btsnoopH4([answer] + exchange)).events
        guard case .connected(let link)? = events.first else {
            Issue.record("no connection: \(events)")
            return
        }
        #expect(link.adapter == MonitorAdapter(index: 0, address: Records.adapterAddress))
    }
}

@Suite("Files that are no captures")
struct CaptureRefusalTests {
    private func error(_ octets: [UInt8]) -> CaptureError? { CaptureContents(octets).error }

    @Test("An empty file, a directory, a file that is not there and one that may not be read")
    func noFile() throws {
        #expect(error([]) == .empty)
        #expect(CaptureContents(path: "/tmp").error == .directory)
        #expect(CaptureContents(path: "/nowhere/capture").error == .system(errno: ENOENT))
        #expect(CaptureContents(descriptor: -1).error == .system(errno: EBADF))
    }

    @Test("Texts and archives are told apart from what is nothing known")
    func others() {
        #expect(error(Array("> ACL Data RX: Handle 64\n\tSMP: Pairing Failed\n".utf8)) == .notACapture(.text))
        #expect(error(Array("Gerät gekoppelt…\r\n".utf8)) == .notACapture(.text))
        #expect(error([0x50, 0x4B, 3, 4, 20, 0]) == .notACapture(.archive))
        #expect(error([0x1F, 0x8B, 8]) == .notACapture(.archive))
        #expect(error([0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0]) == .notACapture(.unknown))
        #expect(error([0]) == .notACapture(.unknown))
        #expect(error(Array("btsnooz\0".utf8)) == .notACapture(.unknown))
    }

    @Test("A link type that cannot be used is refused with its number", arguments: [0, 1, 187, 200, 202, 253, 65_535])
    func linkTypes(value: UInt16) {
        let pcap = error(CaptureFiles.pcapHeader(UInt32(value)) + CaptureFiles.pcapRecord([1, 2, 3]))
        #expect(pcap == .unsupportedLinkType(.pcap(value), offset: 20))
        let packets = CaptureFiles.interface(value) + CaptureFiles.enhancedPacket([1, 2, 3])
        #expect(error(CaptureFiles.sectionHeader() + packets) == .unsupportedLinkType(.pcap(value), offset: 28))
        #expect("\(CaptureError.LinkType.pcap(value))".contains("\(value)"))
    }

    @Test("The type that tells no direction is refused with the reason")
    func noDirection() {
        #expect("\(CaptureError.LinkType.pcap(187))".contains("does not tell who sent a packet"))
    }

    @Test("Other datalinks and versions are refused with their number")
    func versions() {
        #expect(error(CaptureFiles.btsnoopHeader(1003)) == .unsupportedLinkType(.btsnoop(1003), offset: 12))
        #expect(
            error(CaptureFiles.btsnoopHeader(2001, version: 2)) == .unsupportedVersion(format: "btsnoop", 2))
        #expect(error(CaptureFiles.pcapHeader(254, version: 3)) == .unsupportedVersion(format: "pcap", 3))
        #expect(error(CaptureFiles.sectionHeader(version: 2)) == .unsupportedVersion(format: "pcapng", 2))
    }

    @Test("Every error is a sentence of its own, with its offset where it has one")
    func sentences() {
        let errors: [CaptureError] = [
            .system(errno: ENOENT), .directory, .empty, .notACapture(.text), .notACapture(.archive),
            .notACapture(.unknown), .unsupportedVersion(format: "pcap", 9),
            .unsupportedLinkType(.pcap(187), offset: 77),
            .unsupportedLinkType(.btsnoop(9), offset: 77), .truncated(offset: 77, missing: 3),
            .damaged(.frame, offset: 77), .damaged(.length(9), offset: 77), .damaged(.interface(9), offset: 77),
            .damaged(.tooManyInterfaces, offset: 77),
        ]
        let texts = errors.map(\.description)
        #expect(Set(texts).count == errors.count)
        #expect(texts.allSatisfy { $0.hasSuffix(".") })
        #expect(errors.compactMap(\.offset) == [UInt64](repeating: 77, count: 7))
    }
}

@Suite("Records whose end was not captured")
struct CutCaptureTests {
    /// The events of a record of which only the first `length` octets of the payload are in the file.
    private func events(_ record: [UInt8], length: Int) -> [MonitorEvent] {
        let cut = CaptureFiles.monitorRecord(
            Array(record[..<(6 + length)]), missing: record.count - 6 - length)
        return CaptureContents(CaptureFiles.btsnoopHeader(2001) + cut).events
    }

    @Test("An application's packet may be cut anywhere behind its channel")
    func otherChannel() {
        let record = Records.acl(Records.frame(channel: 4, Array(0..<40)))
        for length in 8...48 { #expect(events(record, length: length) == [], "\(length)") }
        for length in 0..<8 { #expect(events(record, length: length).count == 1, "\(length)") }
    }

    @Test("A cut SMP packet is malformed, with what is missing and without an event")
    func securityManager() {
        let record = Records.acl(Records.frame([0x03] + Array(0..<16)))
        let payload = record.count - 6
        for length in 8..<payload {
            guard case .malformed(let malformed)? = events(record, length: length).first else {
                Issue.record("\(length) octets are not reported")
                continue
            }
            #expect(malformed.fault == .truncated(offset: 6 + length, missing: payload - length))
            #expect(malformed.link?.handle == 0x40 && malformed.direction == .received)
        }
        #expect(events(record, length: payload).count == 1)
    }

    @Test("A cut fragment ends its frame, so that the rest is not taken for one")
    func fragments() {
        let fragments = Records.publicKeyFragments()
        var file = CaptureFiles.btsnoopHeader(2001) + CaptureFiles.monitorRecord(fragments[0])
        file += CaptureFiles.monitorRecord(Array(fragments[1].dropLast(5)), missing: 5)
        file += CaptureFiles.monitorRecord(fragments[2])
        let events = CaptureContents(file).events
        guard events.count == 1, case .malformed(let malformed)? = events.first else {
            Issue.record("\(events)")
            return
        }
        #expect(malformed.fault == .truncated(offset: fragments[1].count - 5, missing: 5))
    }

    @Test("A cut event is read as far as it is there")
    func events() {
        let record = Records.leConnection()
        let whole = events(record, length: record.count - 6)
        // Behind the address come intervals, which nobody needs.
        let needed = 2 + 12
        for length in 2..<record.count - 6 {
            let events = events(record, length: length)
            if length >= needed {
                #expect(events == whole, "\(length)")
            } else {
                guard case .malformed? = events.first else {
                    Issue.record("\(length): \(events)")
                    continue
                }
            }
        }
        #expect(events(Records.event(0x0F, [0, 1, 3, 0x0C]), length: 3) == [])
    }
}
