// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import SecurityManager
import Testing

@testable import HCIMonitor

@Suite("Questions, answers and ends of pairings on the monitor channel")
struct PairingRecordTests {
    private static let adapter = MonitorAdapter(index: 0, address: nil)
    private static let peer = ManagementPeer(address: Records.peerAddress, addressType: .random)
    private static let device = Records.octets(Records.peerAddress)

    private func decode(_ record: [UInt8]) -> [MonitorEvent] {
        var decoder = MonitorDecoder()
        return decoder.decode(record[...])
    }

    private func steps(_ records: [[UInt8]]) -> [SimplePairingStep?] {
        records.flatMap(decode).map { event in
            guard
                case .simplePairing(
                    Self.adapter, MonitorPeer(address: Records.peerAddress, addressType: nil), let step) =
                    event
            else { return nil }
            return step
        }
    }

    // MARK: The controller and the host

    @Test("what a BR/EDR controller asks and tells is told with the device") func whatBrEdr() {
        #expect(
            steps(Records.pairingEvents().dropLast()) == [
                .asked(.pinCode), .asked(.linkKey),
                .ioCapability(
                    .received,
                    SimplePairingFeatures(ioCapabilityValue: 4, oobDataPresent: 1, authenticationRequirements: 5)),
                .asked(.confirmation), .asked(.passkey), .completed(.authenticationFailure), .passkeyShown,
            ])
    }

    @Test("what the host answers a BR/EDR controller is told with the device") func whatHostAnswers() {
        #expect(
            steps(Records.hciCommands().dropLast(2)) == [
                .answered(.linkKey, isPositive: true), .answered(.linkKey, isPositive: false),
                .answered(.pinCode, isPositive: true), .answered(.pinCode, isPositive: false),
                .ioCapability(
                    .sent, SimplePairingFeatures(ioCapabilityValue: 1, oobDataPresent: 0, authenticationRequirements: 3)
                ),
                .answered(.confirmation, isPositive: true), .answered(.confirmation, isPositive: false),
                .answered(.passkey, isPositive: true), .answered(.passkey, isPositive: false),
                .ioCapabilityRefused(.pairingNotAllowed),
            ])
    }

    @Test("an LE controller's question for a key and both answers are told with the link") func leControllerS() {
        var decoder = MonitorDecoder()
        let link = MonitorLink(
            adapter: Self.adapter, handle: 0x40,
            peer: MonitorPeer(address: Records.peerAddress, addressType: .random), role: .peripheral)
        let events = decoder.decodeAll([
            Records.leConnection(role: 1), Records.event(0x3E, [0x05, 0x40, 0xF0] + Array(repeating: 0, count: 10)),
            Records.command(0x201A, [0x40, 0xF0] + Records.key), Records.command(0x201B, [0x40, 0]),
        ])
        #expect(
            events.dropFirst() == [
                .longTermKeyRequested(link), .longTermKeyAnswered(link, isKnown: true),
                .longTermKeyAnswered(link, isKnown: false),
            ])
    }

    @Test("a command whose length disagrees with what follows is reported at its field") func commandWhoseLength() {
        let record = Records.record(.command, [0x1B, 0x20, 3, 0x40, 0])
        #expect(
            decode(record) == [
                .malformed(
                    MalformedRecord(adapterIndex: 0, fault: .lengthMismatch(offset: 8, declared: 3, actual: 2)))
            ])
    }

    @Test("other HCI commands are none of ours") func otherHciCommands() {
        let decoded = (UInt16.min...UInt16.max).filter {
            !decode(Records.command($0, [UInt8](repeating: 1, count: 40))).isEmpty
        }
        #expect(decoded == HCICommandCode.allCases.map(\.rawValue))
    }

    // MARK: bluetoothd and the kernel

    @Test("what the kernel asks and tells of a pairing is told without its digits") func whatKernelAsks() {
        let events = Records.managementEvents().prefix(7).flatMap(decode)
        let expected: [ManagementEvent] = [
            .disconnected(Self.peer, reason: 3), .connectFailed(Self.peer, .connectFailed),
            .asked(.pinCode, Self.peer, isHint: false), .asked(.confirmation, Self.peer, isHint: true),
            .asked(.passkey, Self.peer, isHint: false), .authenticationFailed(Self.peer, .authenticationFailed),
            .passkeyShown(Self.peer, entered: 2),
        ]
        #expect(events == expected.map { .management(Self.adapter, $0) })
    }

    @Test("a confirmation with digits to compare is no hint") func confirmationDigitsCompare() {
        let record = Records.deviceEvent(0x000F, [0, 0x40, 0xE2, 0x01, 0])
        #expect(decode(record) == [.management(Self.adapter, .asked(.confirmation, Self.peer, isHint: false))])
    }

    @Test("new settings tell whether bonds are kept, and nothing else") func newSettingsTell() {
        #expect(
            decode(Records.newSettings([0x10, 0, 0, 0])) == [.management(Self.adapter, .settings(isBondable: true))])
        let others = Records.newSettings([0xEF, 0xFF, 0xFF, 0xFF])
        #expect(decode(others) == [.management(Self.adapter, .settings(isBondable: false))])
    }

    @Test("both results of Pair Device are told, Command Complete with its device") func bothResultsPair() {
        #expect(
            [Records.commandComplete(), Records.commandStatus()].flatMap(decode) == [
                .management(Self.adapter, .pairDeviceEnded(Self.peer, .authenticationFailed)),
                .management(Self.adapter, .pairDeviceEnded(nil, .busy)),
            ])
    }

    @Test("results of other commands, and of Pair Device for unknown address types, are none of ours")
    func resultsOtherCommands() {
        let opcodes = (UInt16.min...UInt16.max).filter {
            !decode(Records.commandComplete($0)).isEmpty || !decode(Records.commandStatus($0)).isEmpty
        }
        #expect(opcodes == [0x0019])
        #expect(decode(Records.commandComplete(addressType: 3)).isEmpty)
    }

    @Test("a result of Pair Device that ends within its device is reported") func resultPairDevice() {
        let whole = Records.commandComplete()
        let payload = whole[MonitorRecord.headerLength...]
        for length in 10..<payload.count {
            guard case .malformed? = decode(Records.record(.controlEvent, Array(payload.prefix(length)))).first else {
                Issue.record("\(length) octets are not reported")
                continue
            }
        }
    }

    @Test("what bluetoothd asks of the kernel is told without its digits") func whatBluetoothdAsks() {
        let records =
            [Records.controlCommand(0x0009, [1]), Records.controlCommand(0x0009, [0])]
            + [Records.controlCommand(0x0018, [3])] + Records.managementCommands()
        let expected: [ManagementCommand] = [
            .setBondable(true), .setBondable(false), .setIOCapability(3), .disconnect(Self.peer),
            .reply(.pinCode, Self.peer, isPositive: true), .reply(.pinCode, Self.peer, isPositive: false),
            .pairDevice(Self.peer, ioCapability: 4), .cancelPairDevice(Self.peer), .unpairDevice(Self.peer),
            .reply(.confirmation, Self.peer, isPositive: true), .reply(.confirmation, Self.peer, isPositive: false),
            .reply(.passkey, Self.peer, isPositive: true), .reply(.passkey, Self.peer, isPositive: false),
        ]
        #expect(records.flatMap(decode) == expected.map { .managementCommand(Self.adapter, $0) })
    }

    @Test("commands for BR/EDR and LE public name their device so; others are passed over") func commandsForBr() {
        for type in UInt8.min...UInt8.max {
            let peers = Records.managementCommands(addressType: type).flatMap(decode).map { event -> ManagementPeer? in
                guard case .managementCommand(_, let command) = event else { return nil }
                return command.peer
            }
            let addressTypes: [UInt8: AddressType?] = [0: nil, 1: .public, 2: .random]
            let expected = addressTypes[type].map { ManagementPeer(address: Records.peerAddress, addressType: $0) }
            #expect(peers == (expected.map { Array(repeating: $0, count: 10) } ?? []), "\(type)")
        }
    }

    @Test("other management commands are none of ours") func otherManagementCommands() {
        let decoded = (UInt16.min...UInt16.max).filter {
            !decode(Records.controlCommand($0, [UInt8](repeating: 1, count: 40))).isEmpty
        }
        #expect(decoded == ManagementCommandCode.allCases.map(\.rawValue))
    }

    @Test("no digit and no octet of a key is in an event, its description, its mirror, or a cut record's report")
    func noDigitNo() {
        func records(_ secret: [UInt8]) -> [[UInt8]] {
            Records.hciCommands(secret: secret) + Records.pairingEvents(secret: secret)
                + Records.managementCommands(secret: secret)
        }
        for (first, second) in zip(records([UInt8](repeating: 0x5A, count: 16)), records(Array(0xA0..<0xB0))) {
            for length in MonitorRecord.headerLength...first.count {
                let texts = [first, second].map { record in
                    let cut = Array(record[MonitorRecord.headerLength..<length])
                    let opcode = MonitorOpcode(rawValue: UInt16(record[0]))
                    let events = decode(Records.record(opcode, cut))
                    var text = "\(events) \(String(reflecting: events))"
                    dump(events, to: &text)
                    return text
                }
                #expect(texts[0] == texts[1])
            }
        }
    }

    // MARK: Mirrors

    private func count(_ records: [[UInt8]]) -> Int {
        var decoder = MonitorDecoder()
        return decoder.decodeAll(records).count
    }

    @Test("an event that comes once for each control socket is told once") func eventComesOnce() {
        #expect(count((1...4).map { Records.deviceUnpaired(cookie: $0) }) == 1)
    }

    @Test("the same event once more for the same socket is another event, with mirrors of its own") func sameEventOnce()
    {
        #expect(count([1, 2, 1, 2, 2].map { Records.newLongTermKey(cookie: $0) }) == 3)
    }

    @Test("an event that differs in its digits only is another event") func eventDiffersIn() {
        let first = Records.deviceEvent(0x000F, [0, 1, 0, 0, 0], cookie: 1)
        let second = Records.deviceEvent(0x000F, [0, 2, 0, 0, 0], cookie: 2)
        #expect(count([first, second]) == 2)
    }

    @Test("a repetition is no mirror once a command or another event came between") func repetitionNoMirror() {
        let event = (1...2).map { Records.deviceUnpaired(cookie: $0) }
        for between in [
            Records.controlCommand(0x0009, [1]), Records.newLinkKey(), Records.commandComplete(),
            Records.newSettings([0x10, 0, 0, 0]),
        ] {
            #expect(count([event[0], between, event[1]]) == 3)
        }
    }

    @Test("another adapter's events and HCI traffic between are no matter, and another adapter's are no mirrors")
    func anotherAdapterS() {
        #expect(
            count([
                Records.deviceUnpaired(cookie: 1), Records.deviceUnpaired(index: 1, cookie: 2), Records.disconnection(),
                Records.deviceUnpaired(cookie: 2), Records.deviceUnpaired(index: 1, cookie: 1),
            ]) == 3)
    }

    @Test("results of commands have no mirrors") func resultsCommandsHave() {
        #expect(count([Records.commandComplete(cookie: 1), Records.commandComplete(cookie: 2)]) == 2)
        #expect(count([Records.commandStatus(cookie: 1), Records.commandStatus(cookie: 2)]) == 2)
    }

    @Test("more sockets than are remembered have their mirrors told") func moreSocketsThan() {
        let sockets = UInt32(ManagementMirror.maximumSockets)
        #expect(count((1...sockets).map { Records.deviceUnpaired(cookie: $0) }) == 1)
        #expect(count((1...sockets + 1).map { Records.deviceUnpaired(cookie: $0) }) == 2)
    }
}

extension ManagementCommand {
    fileprivate var peer: ManagementPeer? {
        switch self {
        case .setBondable, .setIOCapability: nil
        case .pairDevice(let peer, _), .cancelPairDevice(let peer), .unpairDevice(let peer), .disconnect(let peer),
            .reply(_, let peer, _):
            peer
        }
    }
}
