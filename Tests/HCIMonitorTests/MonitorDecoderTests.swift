// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import SecurityManager
import Testing

@testable import HCIMonitor

@Suite("Links on the monitor channel")
struct MonitorDecoderLinkTests {
    private static func link(
        handle: UInt16 = 0x40, adapter: Address? = Records.adapterAddress, type: AddressType? = .random,
        role: LinkRole? = .central
    ) -> MonitorLink {
        MonitorLink(
            adapter: MonitorAdapter(index: 0, address: adapter), handle: handle,
            peer: MonitorPeer(address: Records.peerAddress, addressType: type), role: role)
    }

    @Test("All three LE connection events tell handle, address and type", arguments: [0x01, 0x0A, 0x29] as [UInt8])
    func leConnection(subevent: UInt8) {
        var decoder = MonitorDecoder()
        let events = decoder.decodeAll([Records.newIndex(), Records.leConnection(subevent: subevent)])
        #expect(events == [.adapterReset(adapterIndex: 0), .connected(Self.link())])
    }

    @Test("Resolved identity addresses are public or random like any other", arguments: [0, 1, 2, 3, 0xFF] as [UInt8])
    func addressTypes(type: UInt8) {
        var decoder = MonitorDecoder()
        let expected: AddressType? = type > 3 ? nil : type % 2 == 0 ? .public : .random
        let events = decoder.decodeAll([Records.leConnection(subevent: 0x0A, type: type)])
        #expect(events == [.connected(Self.link(adapter: nil, type: expected))])
    }

    @Test("An LE link has a role, which its later events have too", arguments: [0, 1, 2] as [UInt8])
    func role(value: UInt8) {
        var decoder = MonitorDecoder()
        let roles: [LinkRole?] = [.central, .peripheral, nil]
        let link = Self.link(adapter: nil, role: roles[Int(value)])
        let events = decoder.decodeAll([
            Records.leConnection(role: value), Records.event(0x30, [0, 0x40, 0]), Records.disconnection(),
        ])
        #expect(
            events == [
                .connected(link), .encryptionKeyRefreshed(link, status: .success),
                .disconnected(link, reason: .remoteUserTerminatedConnection),
            ])
    }

    @Test("A BR/EDR connection has no address type and no role, and an audio link is none")
    func classicConnection() {
        var decoder = MonitorDecoder()
        let events = decoder.decodeAll([
            Records.classicConnection(), Records.classicConnection(handle: 1, linkType: 0),
            Records.classicConnection(handle: 1, status: 0x04, linkType: 2),
        ])
        #expect(events == [.connected(Self.link(adapter: nil, type: nil, role: nil))])
    }

    @Test("A connection that did not come about is told with its device and why, and makes no link")
    func failedConnection() {
        var decoder = MonitorDecoder()
        let adapter = MonitorAdapter(index: 0, address: nil)
        let stranger = MonitorLink(adapter: adapter, handle: 0x40, peer: nil)
        let events = decoder.decodeAll([
            Records.leConnection(status: 0x3E), Records.leConnection(subevent: 0x0A, status: 0x02, type: 0),
            Records.classicConnection(status: 0x04), Records.event(0x30, [0, 0x40, 0]),
        ])
        #expect(
            events == [
                .connectionFailed(
                    adapter, MonitorPeer(address: Records.peerAddress, addressType: .random),
                    status: .connectionFailedToBeEstablished),
                .connectionFailed(
                    adapter, MonitorPeer(address: Records.peerAddress, addressType: .public),
                    status: HCIErrorCode(rawValue: 0x02)),
                .connectionFailed(
                    adapter, MonitorPeer(address: Records.peerAddress, addressType: nil),
                    status: HCIErrorCode(rawValue: 0x04)),
                .encryptionKeyRefreshed(stranger, status: .success),
            ])
    }

    @Test("The adapter's address comes from what is known once it is set up, if it was zero before")
    func adapterAddress() {
        var decoder = MonitorDecoder()
        let events = decoder.decodeAll([
            Records.newIndex(0, Address(bits: 0)), Records.leConnection(), Records.indexInformation(),
            Records.event(0x08, [0, 0x40, 0, 1]),
        ])
        #expect(
            events.dropFirst() == [
                .connected(Self.link(adapter: nil)),
                .encryptionChanged(Self.link(), EncryptionChange(status: .success, isEnabled: true, keySize: nil)),
            ])
    }

    @Test("A disconnection tells its reason once more with the address, and then the handle is a stranger")
    func disconnection() {
        var decoder = MonitorDecoder()
        let events = decoder.decodeAll([
            Records.leConnection(), Records.disconnection(), Records.disconnection(reason: 0x08),
        ])
        let stranger = MonitorLink(adapter: MonitorAdapter(index: 0, address: nil), handle: 0x40, peer: nil)
        #expect(
            events == [
                .connected(Self.link(adapter: nil)),
                .disconnected(Self.link(adapter: nil), reason: .remoteUserTerminatedConnection),
                .disconnected(stranger, reason: .connectionTimeout),
            ])
    }

    @Test("A disconnection that failed leaves the link as it is")
    func failedDisconnection() {
        var decoder = MonitorDecoder()
        #expect(decoder.decodeAll([Records.leConnection(), Records.disconnection(status: 0x0C)]).count == 1)
    }

    @Test("Switching an adapter off or removing it ends its links, and only its", arguments: [1, 8, 9] as [UInt16])
    func adapterReset(opcode: UInt16) {
        var decoder = MonitorDecoder()
        _ = decoder.decodeAll([Records.leConnection(), Records.leConnection(index: 1)])
        let events = decoder.decodeAll([
            Records.record(MonitorOpcode(rawValue: opcode)), Records.event(0x30, [0, 0x40, 0]),
            Records.event(0x30, index: 1, [0, 0x40, 0]),
        ])
        #expect(events.first == .adapterReset(adapterIndex: 0))
        let peers = events.dropFirst().map { event -> MonitorPeer? in
            if case .encryptionKeyRefreshed(let link, .success) = event { link.peer } else { nil }
        }
        #expect(peers == [nil, MonitorPeer(address: Records.peerAddress, addressType: .random)])
    }

    @Test("Encryption Change tells status and state, its second version the key size too")
    func encryptionChange() {
        var decoder = MonitorDecoder()
        let link = MonitorLink(adapter: MonitorAdapter(index: 0, address: nil), handle: 0x40, peer: nil)
        let events = decoder.decodeAll([
            Records.event(0x08, [0x06, 0x40, 0, 0]), Records.event(0x59, [0, 0x40, 0, 2, 7]),
        ])
        #expect(
            events == [
                .encryptionChanged(link, EncryptionChange(status: .pinOrKeyMissing, isEnabled: false, keySize: nil)),
                .encryptionChanged(link, EncryptionChange(status: .success, isEnabled: true, keySize: 7)),
            ])
    }

    @Test("A peer that has forgotten the bond is told with its address and PIN or Key Missing")
    func forgottenBond() {
        var decoder = MonitorDecoder()
        let change = EncryptionChange(status: .pinOrKeyMissing, isEnabled: false, keySize: nil)
        var versionTwo = change
        versionTwo.keySize = 0
        let events = decoder.decodeAll([
            Records.leConnection(), Records.event(0x08, [0x06, 0x40, 0, 0]),
            Records.event(0x59, [0x06, 0x40, 0, 0, 0]),
            Records.event(0x06, [0x06, 0x40, 0]),
        ])
        let link = Self.link(adapter: nil)
        #expect(
            events.dropFirst() == [
                .encryptionChanged(link, change), .encryptionChanged(link, versionTwo),
                .authenticationFailed(link, status: .pinOrKeyMissing),
            ])
    }

    @Test("Authentication that succeeds is no event")
    func authentication() {
        var decoder = MonitorDecoder()
        #expect(decoder.decodeAll([Records.event(0x06, [0, 0x40, 0])]).isEmpty)
    }

    @Test("More links than are remembered are still reported")
    func manyLinks() {
        var decoder = MonitorDecoder()
        for handle in 0...MonitorDecoder.maximumLinks {
            let events = decoder.decodeAll([Records.leConnection(handle: handle)])
            #expect(events == [.connected(Self.link(handle: UInt16(handle), adapter: nil))])
        }
    }
}

@Suite("SMP on the monitor channel")
struct MonitorDecoderSMPTests {
    private static let link = MonitorLink(adapter: MonitorAdapter(index: 0, address: nil), handle: 0x40, peer: nil)

    private static func malformed(
        _ fault: MalformedRecord.Fault, _ direction: MonitorDirection = .received
    ) -> MonitorEvent {
        .malformed(MalformedRecord(adapterIndex: 0, link: link, direction: direction, fault: fault))
    }

    @Test("On a link that was there before, a packet on either SMP channel is decoded", arguments: [6, 7], [0, 2, 3])
    func singleFragment(channel: Int, boundary: Int) {
        var decoder = MonitorDecoder()
        let frame = Records.frame(channel: channel, Records.pairingFailed)
        let events = decoder.decodeAll([
            Records.acl(boundary: boundary, frame),
            Records.acl(opcode: .aclTransmitted, boundary: boundary, frame),
        ])
        let packet = SMPPacket.pairingFailed(.confirmValueFailed)
        #expect(events == [.smp(Self.link, .received, packet), .smp(Self.link, .sent, packet)])
    }

    @Test("on an LE link channel 6 alone is SMP's, on a BR/EDR link channel 7 alone") func onLeLink() {
        for (connection, ours, other) in [(Records.leConnection(), 6, 7), (Records.classicConnection(), 7, 6)] {
            let packet = Records.acl(Records.frame(channel: ours, Records.pairingFailed))
            let stray = Records.acl(Records.frame(channel: other, Records.pairingFailed))
            // The second would be malformed, if it were SMP.
            let longStray = Records.acl(Records.frame(channel: other, Array(repeating: 0, count: 66)))
            var decoder = MonitorDecoder()
            #expect(decoder.decodeAll([connection, stray, longStray]).count == 1, "channel \(other) is believed")
            let events = decoder.decodeAll([packet, Records.disconnection(), stray])
            #expect(events.count == 3, "channel \(ours), the end of the link, and the unknown link's packet: \(events)")
        }
    }

    @Test("an SMP packet in fragments on the other transport's channel is left out too") func smpPacketIn() {
        var decoder = MonitorDecoder()
        let frame = Records.frame(channel: 7, Records.publicKey)
        let events = decoder.decodeAll([
            Records.leConnection(), Records.acl(Array(frame[..<3])), Records.acl(boundary: 1, Array(frame[3..<27])),
            Records.acl(boundary: 1, Array(frame[27...])),
        ])
        #expect(events.count == 1, "\(events)")
    }

    @Test("Frames of other channels are none of ours, in one piece or in several")
    func otherChannels() {
        var decoder = MonitorDecoder()
        let frame = Records.frame(channel: 4, Records.publicKey)
        let events = decoder.decodeAll([
            Records.acl(frame), Records.acl(Array(frame[..<27])), Records.acl(boundary: 1, Array(frame[27...])),
        ])
        #expect(events.isEmpty)
    }

    @Test("Fragments of both directions and of several links do not mix")
    func interleavedFragments() {
        var decoder = MonitorDecoder()
        let received = Records.publicKeyFragments()
        let sent = Records.publicKeyFragments(.aclTransmitted)
        let other = Records.publicKeyFragments(handle: 0x41)
        var events: [MonitorEvent] = []
        for position in 0..<3 { events += decoder.decodeAll([received[position], sent[position], other[position]]) }
        let packet = SMPPacket.pairingPublicKey(x: SecretOctets(0..<32), y: SecretOctets(32..<64))
        var otherLink = Self.link
        otherLink.handle = 0x41
        #expect(
            events == [
                .smp(Self.link, .received, packet), .smp(Self.link, .sent, packet), .smp(otherLink, .received, packet),
            ])
    }

    @Test("A first fragment may end within the L2CAP header", arguments: 0..<4)
    func splitHeader(length: Int) {
        var decoder = MonitorDecoder()
        let frame = Records.frame(Records.publicKey)
        let events = decoder.decodeAll([
            Records.acl(Array(frame[..<length])), Records.acl(boundary: 1, Array(frame[length...])),
        ])
        #expect(events.count == 1)
        guard case .smp = events.first else {
            Issue.record("\(events)")
            return
        }
    }

    @Test("A short packet in several fragments is not believed")
    func needlessFragments() {
        var decoder = MonitorDecoder()
        let frame = Records.frame(Records.pairingFailed)
        let events = decoder.decodeAll([
            Records.acl(Array(frame[..<5])), Records.acl(boundary: 1, Array(frame[5...])),
        ])
        #expect(events == [Self.malformed(.needlessFragments)])
    }

    @Test("A frame that another one interrupts is reported, and the other one is read")
    func unfinishedFrame() {
        var decoder = MonitorDecoder()
        let events = decoder.decodeAll([
            Records.publicKeyFragments()[0], Records.acl(Records.frame(Records.pairingFailed)),
        ])
        #expect(
            events == [
                Self.malformed(.unfinishedFrame(received: 27)),
                .smp(Self.link, .received, .pairingFailed(.confirmValueFailed)),
            ])
    }

    @Test("A new link or a disconnection with the same handle starts without old fragments")
    func fragmentsEndWithTheLink() {
        for change in [Records.leConnection(), Records.disconnection()] {
            var decoder = MonitorDecoder()
            let fragments = Records.publicKeyFragments()
            let events = decoder.decodeAll([fragments[0], change, fragments[1], fragments[2]])
            #expect(events.count == 1)
        }
    }

    @Test("A frame longer than any SMP packet is reported, not collected")
    func frameTooLong() {
        var decoder = MonitorDecoder()
        let start = Records.half(66) + Records.half(6) + [0x0C]
        let events = decoder.decodeAll([Records.acl(start), Records.acl(boundary: 1, Array(repeating: 0, count: 65))])
        #expect(events == [Self.malformed(.frameTooLong(declared: 66, maximum: 65))])
    }

    @Test("A frame that goes on behind its length is reported, in one piece or in several")
    func frameOverrun() {
        var decoder = MonitorDecoder()
        let frame = Records.frame(Records.publicKey) + [0]
        let events = decoder.decodeAll([
            Records.acl(opcode: .aclTransmitted, frame), Records.acl(Array(frame[..<27])),
            Records.acl(boundary: 1, Array(frame[27...])),
        ])
        let fault = MalformedRecord.Fault.frameOverrun(declared: 65, actual: 66)
        #expect(events == [Self.malformed(fault, .sent), Self.malformed(fault)])
    }

    @Test("A frame that is no SMP packet is reported with its link, direction and offset")
    func undecodablePacket() {
        var decoder = MonitorDecoder()
        let events = decoder.decodeAll([
            Records.acl(Records.frame([])), Records.acl(opcode: .aclTransmitted, Records.frame([0x03, 1, 2])),
        ])
        #expect(
            events == [
                Self.malformed(.securityManager(.truncated(offset: 0, missing: 1))),
                Self.malformed(.securityManager(.truncated(offset: 1, missing: 14)), .sent),
            ])
    }

    @Test("The oldest of too many incomplete frames is dropped and reported; the newest can still be completed")
    func tooManyFragments() {
        var decoder = MonitorDecoder()
        let limit = FrameReassembler.maximumIncompleteFrames
        var events = decoder.decodeAll((0...limit).map { Records.publicKeyFragments(handle: $0)[0] })
        var oldest = Self.link
        oldest.handle = 0
        #expect(
            events == [
                .malformed(
                    MalformedRecord(adapterIndex: 0, link: oldest, direction: .received, fault: .tooManyFragments))
            ])
        events = decoder.decodeAll(
            Array(Records.publicKeyFragments(handle: 0)[1...]) + Array(Records.publicKeyFragments(handle: limit)[1...]))
        #expect(events.count == 1)
    }
}
