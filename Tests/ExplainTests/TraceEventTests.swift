// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Explain
import HCIMonitor
import SecurityManager
import Testing

@Suite struct TraceEventTests {
    private static let adapter = MonitorAdapter(index: 2, address: Address(bits: 0x0011_2233_4455))
    private static let peer = MonitorPeer(address: Address(bits: 0xC05F_BF71_8118), addressType: .random)
    private static let managed = ManagementPeer(address: peer.address, addressType: .random)
    private static let link = MonitorLink(adapter: adapter, handle: 1, peer: peer, role: .peripheral)
    private static let unknownLink = MonitorLink(adapter: adapter, handle: 1, peer: nil)
    private static let fault = MalformedRecord.Fault.needlessFragments
    private static let change = EncryptionChange(status: .success, isEnabled: true, keySize: 16)
    private static let secret = SecretOctets(0..<16)

    private static let aboutTheDevice: [(MonitorEvent, TraceEvent)] = [
        (.connected(link), .connected(.le, .peripheral)),
        (.connectionFailed(adapter, peer, status: .connectionTimeout), .connectionFailed(.connectionTimeout)),
        (.disconnected(link, reason: .connectionTimeout), .disconnected(.connectionTimeout)),
        (.authenticationFailed(link, status: .pinOrKeyMissing), .authenticationFailed(.pinOrKeyMissing)),
        (.encryptionChanged(link, change), .encryption(change)),
        (.encryptionKeyRefreshed(link, status: .success), .encryptionKeyRefreshed(.success)),
        (.smp(link, .received, .pairingConfirm(secret)), .packet(.received, .pairingConfirm)),
        (.longTermKeyRequested(link), .longTermKeyRequested),
        (.longTermKeyAnswered(link, isKnown: true), .longTermKeyAnswered(isKnown: true)),
        (.simplePairing(adapter, peer, .passkeyShown), .simplePairing(.passkeyShown)),
        (.management(adapter, .unpaired(managed)), .management(.unpaired(managed))),
        (
            .management(adapter, .pairDeviceEnded(managed, .success)),
            .management(.pairDeviceEnded(managed, .success))
        ),
        (
            .management(adapter, .newIdentity(privateAddress: Address(bits: 1), managed)),
            .management(.newIdentity(privateAddress: Address(bits: 1), managed))
        ),
        (.managementCommand(adapter, .cancelPairDevice(managed)), .command(.cancelPairDevice(managed))),
        (
            .managementCommand(adapter, .reply(.passkey, managed, isPositive: true)),
            .command(.reply(.passkey, managed, isPositive: true))
        ),
        (.malformed(MalformedRecord(adapterIndex: 2, link: link, direction: .sent, fault: fault)), .unreadable(fault)),
    ]

    private static let aboutNoDevice: [(MonitorEvent, TraceEvent)] = [
        (.longTermKeyRequested(unknownLink), .longTermKeyRequested),
        (.management(adapter, .settings(isBondable: true)), .management(.settings(isBondable: true))),
        (.management(adapter, .pairDeviceEnded(nil, .busy)), .management(.pairDeviceEnded(nil, .busy))),
        (.managementCommand(adapter, .setBondable(true)), .command(.setBondable(true))),
        (.managementCommand(adapter, .setIOCapability(3)), .command(.setIOCapability(3))),
    ]

    @Test("each event of the monitor is a step") func eachEventMonitor() {
        for (event, step) in Self.aboutTheDevice + Self.aboutNoDevice { #expect(TraceEvent(event) == step) }
    }

    @Test("the reset of an adapter is no step") func resetAdapterNo() {
        #expect(TraceEvent(.adapterReset(adapterIndex: 2)) == nil)
    }

    @Test("a link without an address type and a role is one of BR/EDR") func linkWithoutAddress() {
        func link(_ type: AddressType?, _ role: LinkRole?) -> MonitorEvent {
            .connected(
                MonitorLink(
                    adapter: Self.adapter, handle: 1, peer: MonitorPeer(address: Self.peer.address, addressType: type),
                    role: role))
        }
        #expect(TraceEvent(link(nil, nil)) == .connected(.bredr, nil))
        #expect(TraceEvent(link(.public, nil)) == .connected(.le, nil))
        // A reserved address type.
        #expect(TraceEvent(link(nil, .central)) == .connected(.le, .central))
    }

    @Test("an event tells whose trace it belongs into") func eventTellsWhose() {
        for (event, _) in Self.aboutTheDevice {
            #expect(event.traceAddress == TraceAddress(adapter: Self.adapter, device: Self.peer), "\(event)")
        }
    }

    @Test("a link that was there before, and a command that names no device, are not the adapter as a whole")
    func linkThereBefore() {
        let events = (Self.aboutTheDevice + Self.aboutNoDevice).map(\.0)
        #expect(
            events.filter(\.isAdapterWide) == [
                .management(Self.adapter, .settings(isBondable: true)),
                .managementCommand(Self.adapter, .setBondable(true)),
                .managementCommand(Self.adapter, .setIOCapability(3)),
            ])
    }

    @Test("what is about an adapter as a whole, or a link that was there before, is of its adapter only")
    func whatAboutAdapter() {
        for (event, _) in Self.aboutNoDevice {
            #expect(event.traceAddress == nil, "\(event)")
            #expect(event.adapter == Self.adapter, "\(event)")
        }
        let indexOnly = MonitorAdapter(index: 2, address: nil)
        #expect(MonitorEvent.adapterReset(adapterIndex: 2).adapter == indexOnly)
        #expect(MonitorEvent.malformed(MalformedRecord(adapterIndex: 2, fault: Self.fault)).adapter == indexOnly)
        #expect(MonitorEvent.malformed(MalformedRecord(fault: Self.fault)).adapter == nil)
    }
}
