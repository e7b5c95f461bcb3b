// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Explain
import HCIMonitor
import SecurityManager
import Testing

/// Which trace something belongs to.
extension TraceCollectorTests {
    // MARK: Names

    @Test("a new identity joins what is named by it with the private address") func newIdentityJoins() {
        let link = Self.link(Self.privatePeer)
        var scene = Scene([
            Self.connected(link), Self.received(Self.request, link),
            Self.kernel(.newIdentity(privateAddress: Self.privatePeer.address, Self.managedIdentity)),
            Self.kernel(.newKey(Self.managedIdentity, Self.longTermKey)),
        ])
        _ = scene.finish()
        #expect(scene.places == [[0, 1, 2, 3]])
        #expect(scene.traces.first?.device == Self.identity)
    }

    @Test("a link by a private address is that of a Pair Device by identity, if that is the only one")
    func linkPrivateAddress() {
        let link = Self.link(Self.privatePeer)
        var scene = Scene([
            Self.pair(Self.managedIdentity), Self.connected(link), Self.sent(Self.request, link),
            Self.paired(.authenticationFailed, Self.managedIdentity),
        ])
        _ = scene.finish()
        #expect(scene.places == [[0, 1, 2, 3]])
        #expect(scene.traces.first?.device == Self.identity)

        // It came to us, so Pair Device did not make it.
        let other = Self.link(Self.privatePeer, role: .peripheral)
        #expect(places([Self.pair(Self.managedIdentity), Self.connected(other), Self.disconnected(other)]) == [[0]])
        // Pair Device is for another private address.
        let stranger = ManagementPeer(address: Address(bits: 0x4AAA_AAAA_AAAA), addressType: .random)
        #expect(places([Self.pair(stranger), Self.connected(link), Self.disconnected(link)]) == [[0]])
    }

    @Test("a question that names the identity is about the only device that is known by a private address")
    func questionNamesIdentity() {
        let link = Self.link(Self.privatePeer)
        let events = [
            Self.connected(link), Self.received(Self.request, link),
            Self.kernel(.asked(.confirmation, Self.managedIdentity, isHint: true)),
            Self.ask(.reply(.confirmation, Self.managedIdentity, isPositive: false)),
        ]
        #expect(places(events) == [[0, 1, 2, 3]])
        // Not if it names another private address.
        let stranger = ManagementPeer(address: Address(bits: 0x4AAA_AAAA_AAAA), addressType: .random)
        #expect(
            places(events.prefix(2) + [Self.kernel(.asked(.confirmation, stranger, isHint: true))]) == [[0, 1], [2]])
        // Not if the identity has a link of its own.
        let own = Self.connected(Self.link(Self.identity, handle: 0x41))
        #expect(places([own] + events) == [[1, 2], [0, 3, 4]])
    }

    @Test("on a link whose beginning was not seen, what the kernel says names the device") func onLinkWhose() {
        let link = Self.link(nil)
        var scene = Scene([
            Self.received(Self.request, link), Self.kernel(.asked(.confirmation, Self.managed, isHint: true)),
            Self.disconnected(link),
        ])
        _ = scene.finish()
        #expect(scene.places == [[0, 1, 2]])
        #expect(scene.traces.first?.device == Self.peer)
    }

    @Test("of two links whose beginnings were not seen, the kernel names neither") func twoLinksWhose() {
        let links = [Self.link(nil), Self.link(nil, handle: 0x41)]
        var scene = Scene(links.map { Self.received(Self.request, $0) })
        scene.play([Self.kernel(.asked(.confirmation, Self.managed, isHint: true))])
        _ = scene.finish()
        #expect(scene.places == [[0], [1], [2]])
        #expect(scene.traces.map(\.device) == [Self.nobody, Self.nobody, Self.peer])
    }

    @Test("Pair Device on a link whose beginning was not seen names the device") func pairDeviceOn() {
        let link = Self.link(nil)
        var scene = Scene([Self.pair(), Self.sent(Self.request, link), Self.received(Self.failure, link)])
        _ = scene.finish()
        #expect(scene.places == [[0, 1, 2]])
        #expect(scene.traces.first?.device == Self.peer)
    }

    // MARK: The adapter as a whole

    @Test(
        "a trace has what was said last of the adapter before it, the last two capabilities, and what is said meanwhile"
    )
    func lastOfAdapter() {
        #expect(
            places([
                Self.ask(.setIOCapability(4)), Self.ask(.setIOCapability(1)), Self.ask(.setIOCapability(3)),
                Self.ask(.setIOCapability(3)), Self.ask(.setBondable(true)), Self.connected(),
                Self.kernel(.settings(isBondable: true)), Self.received(Self.request), Self.ask(.setBondable(false)),
                Self.kernel(.settings(isBondable: false)),
            ]) == [[1, 3, 4, 5, 6, 7, 8, 9]])
    }

    @Test("what is said of the adapter after a failure is no part of it") func whatSaidAdapter() {
        #expect(
            places([
                Self.connected(), Self.received(Self.request), Self.sent(Self.failure), Self.ask(.setBondable(false)),
            ])
                == [[0, 1, 2]])
    }

    @Test("settings that say nothing new are left out") func settingsSayNothing() {
        let settings = Self.kernel(.settings(isBondable: true))
        #expect(places([settings, settings, Self.pair(), settings]) == [[0, 2]])
    }

    @Test("what is said of another adapter is in no trace of this one") func whatSaidAnother() {
        let other = MonitorAdapter(index: 1, address: nil)
        #expect(
            places([
                .managementCommand(other, .setBondable(false)), Self.pair(),
                .managementCommand(other, .setIOCapability(1)),
            ]) == [[1]])
    }
}
