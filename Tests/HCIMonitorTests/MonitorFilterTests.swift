// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import HCIMonitor

@Suite("The filter of the monitor channel")
struct MonitorFilterTests {
    static let advertisingReport = Records.event(0x3E, [0x02, 1, 0, 0] + Array(repeating: 7, count: 30))

    static let unwanted: [[UInt8]] = [
        advertisingReport,
        Records.event(0x3E, [0x0D, 1] + Array(repeating: 7, count: 40)),
        Records.event(0x3E, [0x03, 0, 0x40, 0, 24, 0, 0, 0, 42, 0]),
        Records.event(0x0E, [1, 3, 12, 0]),
        Records.event(0x13, [1, 0x40, 0, 1, 0]),
        // Commands: Reset, LE Set Scan Enable, Link Key Request Reply with its octets swapped, LE Start Encryption.
        Records.command(0x0C03, []),
        Records.command(0x200C, [1, 0]),
        Records.command(0x0B04, Array(repeating: 7, count: 22)),
        Records.command(0x2019, [0x40, 0] + Array(repeating: 7, count: 26)),
        Records.record(MonitorOpcode(rawValue: 6), Array(repeating: 6, count: 20)),
        Records.record(MonitorOpcode(rawValue: 7), Array(repeating: 6, count: 20)),
        Records.record(MonitorOpcode(rawValue: 12), Array("Linux version 6.1".utf8)),
        // Load Long Term Keys, Start Discovery, and commands with the numbers of New Long Term Key and Passkey Request.
        Records.controlCommand(0x0013, Array(repeating: 0, count: 38)),
        Records.controlCommand(0x0023, [7]),
        Records.controlCommand(0x000A, [1]),
        Records.controlCommand(0x0010, Array(repeating: 1, count: 16)),
        // Device Found, results of other commands than Pair Device, Device Connected, New Signature Resolving Key.
        Records.controlEvent(0x0012, Records.octets(Records.peerAddress) + Array(repeating: 7, count: 40)),
        Records.controlEvent(0x0001, [0x0A, 0, 0]),
        Records.commandComplete(0x001B),
        Records.commandComplete(0x1900),
        Records.commandStatus(0x0023),
        Records.controlEvent(0x0001, [0x19]),
        Records.controlEvent(0x000B, Records.octets(Records.peerAddress) + [2, 0, 0, 0, 0, 0, 0]),
        Records.controlEvent(0x0019, Array(repeating: 7, count: 25)),
        // The number of an event in the wrong order, and as a cookie.
        Records.controlEvent(0x0900, Array(repeating: 7, count: 40)),
        Records.controlEvent(0x0012, cookie: 0x0009_0009, Array(repeating: 9, count: 40)),
        Records.record(MonitorOpcode(rawValue: 18), Array(repeating: 6, count: 20)),
        Records.record(MonitorOpcode(rawValue: 0x0300), [0x05, 4, 0, 0x40, 0, 0x13]),
        Records.acl(Records.frame(channel: 4, [0x0A, 3, 0])),
        Records.acl(opcode: .aclTransmitted, boundary: 0, Records.frame(channel: 5, [0x12, 1, 0, 0])),
        Records.acl(Records.frame(channel: 0x0106, [1, 2, 3])),
        Records.acl(Records.frame(channel: 0x0600, [1, 2, 3])),
        [3, 0],
        [],
    ]

    @Test("Everything that the decoder makes events of passes", arguments: MalformedRecordTests.samples)
    func wanted(record: [UInt8]) throws {
        #expect(try PacketFilter.monitor.keeps(record))
    }

    @Test("Adapters that come, go and change pass", arguments: [0, 1, 8, 9, 10] as [UInt16])
    func adapters(opcode: UInt16) throws {
        #expect(try PacketFilter.monitor.keeps(Records.record(MonitorOpcode(rawValue: opcode), index: 5)))
    }

    @Test("SMP passes on both channels, in both directions and with every start flag", arguments: [6, 7], [0, 2, 3])
    func securityManager(channel: Int, boundary: Int) throws {
        let frame = Records.frame(channel: channel, Records.pairingFailed)
        for opcode in [MonitorOpcode.aclTransmitted, .aclReceived] {
            #expect(try PacketFilter.monitor.keeps(Records.acl(opcode: opcode, boundary: boundary, frame)))
        }
    }

    @Test("A first fragment too short for its channel passes, so that SMP cannot hide in it", arguments: 0..<4)
    func shortStart(length: Int) throws {
        let frame = Records.frame(channel: 4, [1, 2, 3])
        #expect(try PacketFilter.monitor.keeps(Records.acl(Array(frame[..<length]))))
    }

    @Test("Of all management events exactly those that are decoded pass, whatever the cookie")
    func managementEvents() throws {
        for cookie in [0, 0x0009_0009, UInt32.max] {
            let kept = try (UInt16.min...UInt16.max).filter {
                try PacketFilter.monitor.keeps(Records.controlEvent($0, cookie: cookie, []))
            }
            let expected = ManagementEventCode.allCases.filter { !$0.isCommandResult }.map(\.rawValue)
            #expect(kept == expected, "cookie \(cookie)")
        }
    }

    @Test("Of the results of all management commands exactly those of Pair Device pass", arguments: [1, 2] as [UInt16])
    func commandResults(code: UInt16) throws {
        let kept = try (UInt16.min...UInt16.max).filter {
            try PacketFilter.monitor.keeps(Records.controlEvent(code, Records.half(Int($0)) + [0]))
        }
        #expect(kept == [0x0019])
    }

    @Test("Of all management commands exactly those that are decoded pass, whatever the cookie")
    func managementCommands() throws {
        for cookie in [0, 0x0019_0019, UInt32.max] {
            let kept = try (UInt16.min...UInt16.max).filter {
                try PacketFilter.monitor.keeps(Records.controlCommand($0, cookie: cookie, []))
            }
            #expect(kept == ManagementCommandCode.allCases.map(\.rawValue), "cookie \(cookie)")
        }
    }

    @Test("Of all HCI commands exactly those that are decoded pass")
    func hciCommands() throws {
        let kept = try (UInt16.min...UInt16.max).filter { try PacketFilter.monitor.keeps(Records.command($0, [])) }
        #expect(kept == HCICommandCode.allCases.map(\.rawValue))
    }

    @Test("Of all HCI events and LE subevents exactly those that are decoded pass")
    func hciEvents() throws {
        let kept = try (UInt8.min...UInt8.max).filter { try PacketFilter.monitor.keeps(Records.event($0, [1, 2, 3])) }
        #expect(kept == HCIEventCode.allCases.map(\.rawValue))
        let subevents = try (UInt8.min...UInt8.max).filter {
            try PacketFilter.monitor.keeps(Records.event(0x3E, [$0]))
        }
        #expect(subevents == LEMetaSubevent.allCases.map(\.rawValue))
    }

    @Test("Advertising, other channels, commands, audio and notes are dropped", arguments: unwanted)
    func dropped(record: [UInt8]) throws {
        #expect(try !PacketFilter.monitor.keeps(record))
    }

    @Test("What the filter drops means nothing to the decoder either")
    func agreement() throws {
        var random = SplitMix64(state: 42)
        for _ in 0..<5_000 {
            var record = (MalformedRecordTests.samples + Self.unwanted).randomElement(using: &random) ?? []
            if !record.isEmpty {
                let position = Int.random(in: 0..<record.count, using: &random)
                record[position] = UInt8.random(in: 0...255, using: &random)
            }
            var decoder = MonitorDecoder()
            let events = decoder.decode(record[...]).filter { if case .malformed = $0 { false } else { true } }
            if !events.isEmpty { #expect(try PacketFilter.monitor.keeps(record), "\(record)") }
        }
    }
}
