// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import SecurityManager
import Testing

@testable import HCIMonitor

@Suite("Management events on the monitor channel")
struct ManagementEventTests {
    static let peer = ManagementPeer(address: Records.peerAddress, addressType: .random)

    private func decode(_ record: [UInt8]) -> [MonitorEvent] {
        var decoder = MonitorDecoder()
        return decoder.decode(record[...])
    }

    /// The one management event of a record; `nil` where there is none or the decoder says something else.
    private func event(_ record: [UInt8]) -> ManagementEvent? {
        let events = decode(record)
        guard events.count == 1, case .management(MonitorAdapter(index: 0, address: nil), let event)? = events.first
        else { return nil }
        return event
    }

    @Test("A Long Term Key is told with its type, its size and whether it is kept, from the exact octets")
    func newLongTermKey() {
        let record: [UInt8] =
            [0x11, 0x00, 0x00, 0x00, 0x2B, 0x00]  // CTRL_EVENT, hci0, 43 octets
            + [0x07, 0x00, 0x00, 0x00, 0x0A, 0x00]  // cookie, New Long Term Key
            + [0x01, 0x18, 0x81, 0x71, 0xBF, 0x5F, 0xC0, 0x02]  // to be kept; C0:5F:BF:71:81:18, LE random
            + [0x03, 0x00, 0x0C, 0x34, 0x12, 1, 2, 3, 4, 5, 6, 7, 8]  // type, central, size, EDIV, Rand
            + [UInt8](repeating: 0xAA, count: 16)
        let key = PairingKey(kind: .longTermKey(.authenticatedP256, size: 12), isKept: true)
        #expect(event(record) == .newKey(Self.peer, key))
    }

    @Test("A link key is told with its type and whether it is kept, from the exact octets")
    func newLinkKey() {
        let parts: [[UInt8]] = [
            [0x11, 0x00, 0x00, 0x00, 0x20, 0x00],  // CTRL_EVENT, hci0, 32 octets
            [0x07, 0x00, 0x00, 0x00, 0x09, 0x00],  // cookie, New Link Key
            [0x00, 0x18, 0x81, 0x71, 0xBF, 0x5F, 0xC0, 0x00],  // not to be kept; C0:5F:BF:71:81:18, BR/EDR
            [0x05], [UInt8](repeating: 0xAA, count: 16), [0x04],  // type, key, length of the PIN code
        ]
        let key = PairingKey(kind: .linkKey(.authenticatedP192), isKept: false)
        let classic = ManagementPeer(address: Records.peerAddress, addressType: nil)
        #expect(event(parts.flatMap(\.self)) == .newKey(classic, key))
    }

    @Test("An identity is told with the private address that it was known by, from the exact octets")
    func newIdentity() throws {
        let record: [UInt8] =
            [0x11, 0x00, 0x00, 0x00, 0x24, 0x00]  // CTRL_EVENT, hci0, 36 octets
            + [0x07, 0x00, 0x00, 0x00, 0x18, 0x00]  // cookie, New Identity Resolving Key
            + [0x01, 0x06, 0x05, 0x04, 0x03, 0x02, 0x41]  // to be kept; 41:02:03:04:05:06
            + [0x55, 0x44, 0x33, 0x22, 0x11, 0x00, 0x01]  // 00:11:22:33:44:55, LE public
            + [UInt8](repeating: 0xAA, count: 16)
        let privateAddress = try #require(Address("41:02:03:04:05:06"))
        let identity = ManagementPeer(address: Address(bits: 0x0011_2233_4455), addressType: .public)
        #expect(event(record) == .newIdentity(privateAddress: privateAddress, identity))
    }

    @Test("A device that is unpaired is told, from the exact octets")
    func unpaired() {
        let record: [UInt8] =
            [0x11, 0x00, 0x00, 0x00, 0x0D, 0x00]  // CTRL_EVENT, hci0, 13 octets
            + [0x07, 0x00, 0x00, 0x00, 0x16, 0x00]  // cookie, Device Unpaired
            + [0x18, 0x81, 0x71, 0xBF, 0x5F, 0xC0, 0x02]  // C0:5F:BF:71:81:18, LE random
        #expect(event(record) == .unpaired(Self.peer))
    }

    @Test("An identity resolving key of a device that used no private address is no new identity")
    func knownIdentity() {
        #expect(decode(Records.newIdentityResolvingKey(privateAddress: Address(bits: 0))).isEmpty)
    }

    @Test("The event comes with its adapter, as far as that is known")
    func adapter() {
        var decoder = MonitorDecoder()
        let events = decoder.decodeAll([
            Records.newIndex(), Records.deviceUnpaired(), Records.deviceUnpaired(index: 3),
        ])
        #expect(
            events.dropFirst() == [
                .management(MonitorAdapter(index: 0, address: Records.adapterAddress), .unpaired(Self.peer)),
                .management(MonitorAdapter(index: 3, address: nil), .unpaired(Self.peer)),
            ])
    }

    @Test("Addresses are BR/EDR, LE public or LE random; events about others are passed over")
    func addressTypes() {
        let expected: [UInt8: (Transport, AddressType?)] = [0: (.bredr, nil), 1: (.le, .public), 2: (.le, .random)]
        for type in UInt8.min...UInt8.max {
            let records = Records.managementEvents(addressType: type)
            if let (transport, addressType) = expected[type] {
                let peers = records.compactMap { event($0)?.peer }
                #expect(peers.count == records.count, "\(type)")
                #expect(peers.allSatisfy { $0.transport == transport && $0.addressType == addressType }, "\(type)")
            } else {
                #expect(records.flatMap(decode).isEmpty, "\(type)")
            }
        }
    }

    @Test("Types of keys that are not known are kept as they came", arguments: [1, 2, 9, 0xFF] as [UInt8])
    func unknownTypes(type: UInt8) {
        let linkKey = PairingKey(kind: .linkKey(LinkKeyType(rawValue: type)), isKept: true)
        #expect(event(Records.newLinkKey(type: type)) == .newKey(Self.peer, linkKey))
        let longTermKey = PairingKey(kind: .longTermKey(LongTermKeyType(rawValue: type), size: 16), isKept: true)
        #expect(event(Records.newLongTermKey(type: type)) == .newKey(Self.peer, longTermKey))
    }

    @Test("An event that ends anywhere within its parameters is reported where it does")
    func truncation() {
        for record in Records.managementEvents() {
            let payload = record[MonitorRecord.headerLength...]
            for length in 0..<payload.count {
                let cut = Records.record(.controlEvent, Array(payload.prefix(length)))
                guard case .malformed(let malformed)? = decode(cut).first,
                    case .truncated(let offset, let missing) = malformed.fault
                else {
                    Issue.record("\(length) octets of event \(payload.dropFirst(4).first ?? 0) are not reported")
                    continue
                }
                #expect(malformed.adapterIndex == 0)
                #expect(offset <= cut.count && missing > 0 && offset + missing <= record.count)
            }
        }
    }

    @Test("What later versions append to an event is not looked at")
    func trailingOctets() {
        for record in Records.managementEvents() {
            let payload = Array(record[MonitorRecord.headerLength...])
            let longer = event(Records.record(.controlEvent, payload + [UInt8](repeating: 0xEE, count: 300)))
            #expect(longer != nil && longer == event(record))
        }
    }

    @Test("The same event for another control socket is the same event")
    func cookie() {
        for (first, second) in zip(Records.managementEvents(), Records.managementEvents(cookie: 0xFFFF_FFFF)) {
            #expect(first != second)
            #expect(event(first) != nil && event(first) == event(second))
        }
    }

    @Test("No octet of a key is in the event, its description, its mirror, or the report of a cut record")
    func secrets() {
        let firsts = Records.managementEvents(key: [UInt8](repeating: 0x5A, count: 16))
        let seconds = Records.managementEvents(key: Array(0xA0..<0xB0))
        for (first, second) in zip(firsts, seconds) {
            #expect(event(first) != nil)
            // What depended on a key would differ with it.
            for length in MonitorRecord.headerLength...first.count {
                let texts = [first, second].map { record in
                    let cut = Array(record[MonitorRecord.headerLength..<length])
                    let events = decode(Records.record(.controlEvent, cut))
                    var text = "\(events) \(String(reflecting: events))"
                    dump(events, to: &text)
                    return text
                }
                #expect(texts[0] == texts[1])
            }
            #expect(event(first) == event(second))
        }
    }

    @Test("Other management events are none of ours")
    func others() {
        let decoded = (UInt16.min...UInt16.max).filter {
            !decode(Records.controlEvent($0, [UInt8](repeating: 1, count: 40))).isEmpty
        }
        #expect(decoded == ManagementEventCode.allCases.filter { !$0.isCommandResult }.map(\.rawValue))
    }
}

extension ManagementEvent {
    fileprivate var peer: ManagementPeer? {
        switch self {
        case .newKey(let peer, _), .newIdentity(_, let peer), .unpaired(let peer), .asked(_, let peer, _),
            .passkeyShown(let peer, _), .authenticationFailed(let peer, _), .connectFailed(let peer, _),
            .disconnected(let peer, _):
            peer
        case .pairDeviceEnded(let peer, _): peer
        case .settings: nil
        }
    }
}
