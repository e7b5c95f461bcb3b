// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Explain
import HCIMonitor
import SecurityManager
import Testing

@Suite struct TraceCollectorTests {
    // MARK: Words for what happens

    private static let adapter = MonitorAdapter(index: 0, address: Address(bits: 0x0011_2233_4455))
    private static let peer = MonitorPeer(address: Address(bits: 0xC05F_BF71_8118), addressType: .random)
    private static let managed = ManagementPeer(address: peer.address, addressType: .random)
    private static let identity = MonitorPeer(address: Address(bits: 0x00AA_BBCC_DDEE), addressType: .public)
    private static let managedIdentity = ManagementPeer(address: identity.address, addressType: .public)
    private static let privatePeer = MonitorPeer(address: Address(bits: 0x4102_0304_0506), addressType: .random)
    private static let classic = MonitorPeer(address: Address(bits: 0x0011_0022_0033), addressType: nil)
    private static let managedClassic = ManagementPeer(address: classic.address, addressType: nil)
    private static let nobody = MonitorPeer(address: Address(bits: 0), addressType: nil)

    private static let features = PairingFeatures(
        ioCapability: .noInputNoOutput, authenticationRequirements: AuthenticationRequirements(rawValue: 0x09),
        initiatorKeyDistribution: KeyDistribution(rawValue: 1), responderKeyDistribution: KeyDistribution(rawValue: 1))
    private static let request = SMPPacket.pairingRequest(features)
    private static let response = SMPPacket.pairingResponse(features)
    private static let securityRequest = SMPPacket.securityRequest(AuthenticationRequirements(rawValue: 0x09))
    private static let failure = SMPPacket.pairingFailed(.confirmValueFailed)
    private static let longTermKey = PairingKey(kind: .longTermKey(.unauthenticatedP256, size: 16), isKept: true)
    private static let linkKey = PairingKey(kind: .linkKey(.unauthenticatedP256), isKept: true)

    private static func link(
        _ peer: MonitorPeer? = peer, handle: UInt16 = 0x40, role: LinkRole? = .central
    ) -> MonitorLink {
        MonitorLink(
            adapter: adapter, handle: handle, peer: peer, role: peer?.addressType == nil ? nil : role)
    }

    private static func connected(_ link: MonitorLink = link()) -> MonitorEvent { .connected(link) }
    private static func disconnected(_ link: MonitorLink = link()) -> MonitorEvent {
        .disconnected(link, reason: .remoteUserTerminatedConnection)
    }
    private static func sent(_ packet: SMPPacket, _ link: MonitorLink = link()) -> MonitorEvent {
        .smp(link, .sent, packet)
    }
    private static func received(_ packet: SMPPacket, _ link: MonitorLink = link()) -> MonitorEvent {
        .smp(link, .received, packet)
    }
    private static func encrypted(_ status: HCIErrorCode = .success, _ link: MonitorLink = link()) -> MonitorEvent {
        .encryptionChanged(link, EncryptionChange(status: status, isEnabled: status == .success, keySize: nil))
    }
    private static func kernel(_ event: ManagementEvent) -> MonitorEvent { .management(adapter, event) }
    private static func ask(_ command: ManagementCommand) -> MonitorEvent { .managementCommand(adapter, command) }
    private static func pair(_ peer: ManagementPeer = managed) -> MonitorEvent {
        ask(.pairDevice(peer, ioCapability: 3))
    }
    private static func paired(
        _ status: ManagementStatus = .success, _ peer: ManagementPeer? = managed
    ) -> MonitorEvent {
        kernel(.pairDeviceEnded(peer, status))
    }
    private static func simple(_ step: SimplePairingStep, _ peer: MonitorPeer = classic) -> MonitorEvent {
        .simplePairing(adapter, peer, step)
    }

    /// Feeds events a millisecond apart, and says which of them each trace has: an event is found by its place.
    private struct Scene {
        var collector = TraceCollector()
        var time: UInt64 = 1_000_000_000
        var times: [UInt64] = []
        var traces: [Trace] = []

        init(_ events: [MonitorEvent] = []) { play(events) }

        mutating func play(_ events: [MonitorEvent]) {
            for event in events {
                time += 1_000
                times.append(time)
                traces += collector.take(event, at: time)
            }
        }

        mutating func wait(milliseconds: UInt64) { time += milliseconds * 1_000 }

        /// What is finished when somebody else's connection is seen.
        mutating func pass() -> [Trace] {
            play([
                TraceCollectorTests.connected(
                    TraceCollectorTests.link(
                        MonitorPeer(
                            address: Address(bits: 0x0102_0304_0506), addressType: .public), handle: 0xEF))
            ])
            return traces
        }

        mutating func finish() -> [Trace] {
            traces += collector.finish()
            return traces
        }

        /// The places of the events that a trace has.
        func places(_ trace: Trace) -> [Int] { trace.steps.map { times.firstIndex(of: $0.time) ?? -1 } }
        var places: [[Int]] { traces.map(places) }
    }

    private func places(_ events: [MonitorEvent]) -> [[Int]] {
        var scene = Scene(events)
        _ = scene.finish()
        return scene.places
    }

    // MARK: What makes no trace

    @Test func `connections without pairing make no trace`() {
        #expect(places([Self.connected(), Self.encrypted(), Self.disconnected()]) == [])
        #expect(places([Self.connected(), Self.disconnected()]) == [])
        #expect(places([Self.connected(), Self.encrypted(.connectionTimeout), Self.disconnected()]) == [])
        #expect(
            places([Self.connected(), Self.encrypted(), .encryptionKeyRefreshed(Self.link(), status: .success)]) == [])
        #expect(
            places([
                Self.connected(), .longTermKeyRequested(Self.link()), .longTermKeyAnswered(Self.link(), isKnown: true),
                Self.encrypted(), Self.disconnected(),
            ]) == [])
    }

    @Test func `a Security Request that encryption answers makes no trace, nor does one on an encrypted link`() {
        #expect(
            places([Self.connected(), Self.received(Self.securityRequest), Self.encrypted(), Self.disconnected()]) == []
        )
        #expect(
            places([Self.connected(), Self.encrypted(), Self.received(Self.securityRequest), Self.disconnected()]) == []
        )
    }

    @Test func `a BR/EDR connection with a stored key makes no trace`() {
        let link = Self.link(Self.classic)
        #expect(
            places([
                Self.connected(link), Self.simple(.asked(.linkKey)), Self.simple(.answered(.linkKey, isPositive: true)),
                Self.encrypted(.success, link), Self.disconnected(link),
            ]) == [])
    }

    @Test func `what is said to or of devices that do not pair makes no trace`() {
        #expect(
            places([
                Self.ask(.setBondable(true)), Self.ask(.setIOCapability(3)), Self.kernel(.settings(isBondable: true)),
                Self.ask(.unpairDevice(Self.managed)), Self.ask(.disconnect(Self.managed)),
                Self.kernel(.unpaired(Self.managed)), Self.kernel(.disconnected(Self.managed, reason: 3)),
                Self.kernel(.connectFailed(Self.managed, .connectFailed)),
                .connectionFailed(Self.adapter, Self.peer, status: .connectionFailedToBeEstablished),
                .adapterReset(adapterIndex: 0),
                .malformed(MalformedRecord(fault: .truncated(offset: 0, missing: 1))),
            ]) == [])
    }

    // MARK: Beginnings

    @Test func `a trace has all of a pairing that we start, and names device and adapter`() {
        var scene = Scene([
            Self.pair(), Self.connected(), Self.sent(Self.request), Self.received(Self.response),
            Self.kernel(.asked(.confirmation, Self.managed, isHint: true)),
            Self.ask(.reply(.confirmation, Self.managed, isPositive: true)), Self.encrypted(),
            Self.kernel(.newKey(Self.managed, Self.longTermKey)), Self.paired(),
        ])
        #expect(scene.finish().count == 1)
        #expect(scene.places == [Array(0..<9)])
        #expect(scene.traces.first?.device == Self.peer)
        #expect(scene.traces.first?.adapter == Self.adapter)
    }

    @Test func `a trace begins with the connection and what happened on it before the Pairing Request`() {
        #expect(
            places([
                Self.connected(), Self.received(Self.securityRequest), Self.encrypted(.connectionTimeout),
                Self.sent(Self.request),
            ]) == [[0, 1, 2, 3]])
    }

    @Test func `a Security Request that nothing answers makes a trace when the link ends, or the capture does`() {
        let events = [Self.connected(), Self.received(Self.securityRequest)]
        #expect(places(events) == [[0, 1]])
        #expect(places(events + [Self.disconnected()]) == [[0, 1, 2]])
        #expect(places(events + [.adapterReset(adapterIndex: 0)]) == [[0, 1]])
        // The same handle again: the end of the link was not seen.
        #expect(places(events + [Self.connected(Self.link(Self.identity))]) == [[0, 1]])
    }

    @Test func `a bond that the device has lost makes a trace, and the pairing that follows belongs to it`() {
        let events = [Self.connected(), Self.encrypted(.pinOrKeyMissing)]
        #expect(places(events + [Self.disconnected()]) == [[0, 1, 2]])
        #expect(places(events + [Self.received(Self.request), Self.disconnected()]) == [[0, 1, 2, 3]])
    }

    @Test func `a bond that is lost here makes a trace, and the pairing that follows belongs to it`() {
        let link = Self.link(role: .peripheral)
        let events: [MonitorEvent] = [
            Self.connected(link), .longTermKeyRequested(link), .longTermKeyAnswered(link, isKnown: false),
        ]
        #expect(places(events + [Self.disconnected(link)]) == [[0, 1, 2, 3]])
        #expect(places(events + [Self.received(Self.request, link)]) == [[0, 1, 2, 3]])
    }

    @Test func `over BR/EDR a forgotten bond makes a trace`() {
        let link = Self.link(Self.classic)
        #expect(
            places([
                Self.connected(link), Self.simple(.asked(.linkKey)), Self.simple(.answered(.linkKey, isPositive: true)),
                .authenticationFailed(link, status: .pinOrKeyMissing), Self.disconnected(link),
            ]) == [[0, 1, 2, 3, 4]])
    }

    @Test func `a question of the kernel makes a trace even where nothing of the air was seen`() {
        #expect(places([Self.kernel(.asked(.passkey, Self.managed, isHint: false))]) == [[0]])
        #expect(places([Self.kernel(.passkeyShown(Self.managed, entered: 0))]) == [[0]])
        #expect(places([Self.kernel(.authenticationFailed(Self.managed, .authenticationFailed))]) == [[0]])
    }

    // MARK: Ends

    @Test func `what belongs to a failure comes within two seconds after it`() {
        var scene = Scene([
            Self.pair(), Self.connected(), Self.sent(Self.request), Self.received(Self.failure),
            Self.kernel(.authenticationFailed(Self.managed, .authenticationFailed)), Self.paired(.authenticationFailed),
        ])
        scene.wait(milliseconds: 1_900)
        scene.play([Self.disconnected(), Self.kernel(.disconnected(Self.managed, reason: 2))])
        scene.wait(milliseconds: 1_900)
        #expect(scene.pass().isEmpty)
        scene.wait(milliseconds: 2_000)
        _ = scene.pass()
        #expect(scene.places == [Array(0..<8)])
    }

    @Test func `two seconds after a failure its trace is finished, while the link goes on`() {
        var scene = Scene([Self.connected(), Self.received(Self.request), Self.sent(Self.failure)])
        scene.wait(milliseconds: 2_001)
        scene.play([Self.disconnected()])
        #expect(scene.places == [[0, 1, 2]])
        #expect(scene.finish().count == 1)
    }

    @Test func `with keys and the end of Pair Device, a second of silence finishes a trace`() {
        var scene = Scene([
            Self.pair(), Self.connected(), Self.sent(Self.request),
            Self.kernel(.newKey(Self.managed, Self.longTermKey)), Self.paired(),
            // The kernel sends the keys of this side only now.
            Self.sent(.encryptionInformation(longTermKey: SecretOctets([]))),
        ])
        scene.wait(milliseconds: 900)
        #expect(scene.pass().isEmpty)
        scene.wait(milliseconds: 200)
        #expect(scene.pass().count == 1)
        #expect(scene.places == [[0, 1, 2, 3, 4, 5]])
    }

    @Test func `while Pair Device goes on, keys do not finish a trace`() {
        var scene = Scene([
            Self.pair(), Self.connected(), Self.sent(Self.request),
            Self.kernel(.newKey(Self.managed, Self.longTermKey)),
        ])
        scene.wait(milliseconds: 10_000)
        #expect(scene.pass().isEmpty)
        scene.play([Self.paired()])
        scene.wait(milliseconds: 1_001)
        #expect(scene.pass().count == 1)
    }

    @Test func `without Pair Device a trace is finished a second after the last key`() {
        var scene = Scene([Self.connected(), Self.received(Self.request), Self.encrypted()])
        scene.wait(milliseconds: 20_000)
        scene.play([Self.kernel(.newKey(Self.managed, Self.longTermKey))])
        scene.wait(milliseconds: 900)
        scene.play([Self.kernel(.newKey(Self.managed, Self.longTermKey))])
        scene.wait(milliseconds: 900)
        #expect(scene.pass().isEmpty)
        scene.wait(milliseconds: 200)
        _ = scene.pass()
        #expect(scene.places == [[0, 1, 2, 3, 4]])
    }

    @Test func `a pairing that makes no keys is finished by thirty seconds of silence after encryption`() {
        var scene = Scene([Self.connected(), Self.received(Self.request), Self.encrypted()])
        scene.wait(milliseconds: 29_000)
        #expect(scene.pass().isEmpty)
        scene.wait(milliseconds: 2_000)
        #expect(scene.pass().count == 1)
    }

    @Test func `the end of the link is the end, after two seconds for what belongs to it`() {
        var scene = Scene([
            Self.pair(), Self.connected(), Self.sent(Self.request), Self.disconnected(),
            Self.kernel(.disconnected(Self.managed, reason: 3)), Self.paired(.disconnected),
        ])
        scene.wait(milliseconds: 2_001)
        _ = scene.pass()
        #expect(scene.places == [Array(0..<6)])
    }

    @Test func `the next Pairing Request of a link begins the next trace, with the connection`() {
        #expect(
            places([
                Self.connected(), Self.received(Self.request), Self.sent(Self.failure), Self.received(Self.request),
                Self.sent(Self.failure), Self.received(Self.securityRequest), Self.sent(Self.request),
            ]) == [[0, 1, 2], [0, 3, 4], [0, 5, 6]])
        // Without a failure between.
        #expect(
            places([Self.connected(), Self.received(Self.request), Self.received(Self.request)]) == [[0, 1], [0, 2]])
    }

    @Test func `a Pair Device that goes on belongs to the next trace of its link`() {
        #expect(
            places([Self.pair(), Self.connected(), Self.sent(Self.request), Self.sent(Self.request), Self.paired()])
                == [[0, 1, 2], [1, 3, 4]])
    }

    @Test func `a device that asks again after a failure has that in the same trace if the link ends`() {
        #expect(
            places([
                Self.connected(), Self.received(Self.request), Self.sent(Self.failure),
                Self.received(Self.securityRequest), Self.disconnected(),
            ]) == [[0, 1, 2, 3, 4]])
    }

    @Test func `a second Pair Device after a failure begins the next trace`() {
        #expect(
            places([
                Self.pair(), Self.connected(), Self.sent(Self.request), Self.received(Self.failure),
                Self.paired(.authenticationFailed), Self.pair(), Self.sent(Self.request), Self.received(Self.failure),
            ]) == [[0, 1, 2, 3, 4], [1, 5, 6, 7]])
    }

    @Test func `a second Pair Device that is turned down does not end the first`() {
        var scene = Scene([Self.pair(), Self.connected(), Self.pair(), Self.paired(.busy)])
        scene.wait(milliseconds: 5_000)
        #expect(scene.pass().isEmpty)
        scene.play([Self.sent(Self.request), Self.kernel(.newKey(Self.managed, Self.longTermKey)), Self.paired()])
        scene.wait(milliseconds: 1_001)
        #expect(scene.pass().count == 1)
    }

    @Test func `a reset finishes the traces of its adapter and of no other`() {
        let other = MonitorAdapter(index: 1, address: nil)
        var scene = Scene([
            Self.pair(), .managementCommand(other, .pairDevice(Self.managed, ioCapability: 3)),
            .adapterReset(adapterIndex: 0),
        ])
        #expect(scene.places == [[0]])
        _ = scene.finish()
        #expect(scene.places == [[0], [1]])
    }

    // MARK: Pair Device without a pairing

    @Test func `a connection that Pair Device could not make is in its trace`() {
        #expect(
            places([
                Self.pair(), .connectionFailed(Self.adapter, Self.peer, status: .connectionFailedToBeEstablished),
                // Somebody else's, one of the other transport, and one of this that the controller does not name.
                .connectionFailed(Self.adapter, Self.identity, status: .connectionFailedToBeEstablished),
                .connectionFailed(Self.adapter, Self.nobody, status: HCIErrorCode(rawValue: 0x04)),
                .connectionFailed(
                    Self.adapter, MonitorPeer(address: Address(bits: 0), addressType: .public),
                    status: HCIErrorCode(rawValue: 0x02)),
                Self.kernel(.connectFailed(Self.managed, .connectFailed)), Self.paired(.connectFailed),
            ]) == [[0, 1, 4, 5, 6]])
    }

    @Test func `a device that pairs by itself after Pair Device could not reach it has a trace of its own`() {
        #expect(
            places([
                Self.pair(), Self.kernel(.connectFailed(Self.managed, .connectFailed)), Self.paired(.connectFailed),
                Self.connected(), Self.received(Self.request),
            ]) == [[0, 1, 2], [3, 4]])
    }

    @Test func `a link of Pair Device that ends before SMP begins is in its trace, and so is the next one`() {
        #expect(
            places([
                Self.pair(), Self.connected(), Self.disconnected(), Self.connected(), Self.disconnected(),
                Self.paired(.disconnected),
            ]) == [Array(0..<6)])
    }

    @Test func `the end of a Pair Device that names no device is that of the only one`() {
        var scene = Scene([Self.pair(), Self.paired(.notPowered, nil)])
        scene.wait(milliseconds: 2_001)
        _ = scene.pass()
        #expect(scene.places == [[0, 1]])
    }

    @Test func `the end of the link before is told late, and does not end the pairing that follows`() {
        var scene = Scene([Self.pair(), Self.kernel(.disconnected(Self.managed, reason: 2))])
        scene.wait(milliseconds: 5_000)
        #expect(scene.pass().isEmpty)
    }

    // MARK: BR/EDR

    private static let simplePairing: [MonitorEvent] = [
        connected(link(classic)), simple(.asked(.linkKey)), simple(.answered(.linkKey, isPositive: false)),
        simple(
            .ioCapability(
                .sent, SimplePairingFeatures(ioCapabilityValue: 1, oobDataPresent: 0, authenticationRequirements: 3))),
        simple(.asked(.confirmation)), kernel(.asked(.confirmation, managedClassic, isHint: false)),
        ask(.reply(.confirmation, managedClassic, isPositive: true)),
        simple(.answered(.confirmation, isPositive: true)),
    ]

    @Test func `a BR/EDR trace has the steps of Secure Simple Pairing and the derivation of keys for LE`() {
        let link = Self.link(Self.classic)
        var scene = Scene(
            [Self.pair(Self.managedClassic)] + Self.simplePairing + [
                Self.simple(.completed(.success)), Self.kernel(.newKey(Self.managedClassic, Self.linkKey)),
                Self.encrypted(.success, link), Self.paired(.success, Self.managedClassic),
                Self.sent(Self.request, link),
                Self.received(Self.response, link),
                // For the other transport, and so named.
                Self.kernel(
                    .newKey(ManagementPeer(address: Self.classic.address, addressType: .public), Self.longTermKey)),
            ])
        scene.wait(milliseconds: 1_100)
        _ = scene.pass()
        #expect(scene.places == [Array(0..<16)])
        #expect(scene.traces.first?.device == Self.classic)
    }

    @Test func `a BR/EDR pairing that fails ends like another, and the next one has a trace of its own`() {
        var scene = Scene(
            Self.simplePairing + [
                Self.simple(.completed(.authenticationFailure)),
                .authenticationFailed(Self.link(Self.classic), status: .authenticationFailure),
                Self.kernel(.authenticationFailed(Self.managedClassic, .authenticationFailed)),
            ])
        scene.play(Array(Self.simplePairing.dropFirst()))
        _ = scene.finish()
        #expect(scene.places == [Array(0..<11), [0] + Array(11..<18)])
    }

    // MARK: Names

    @Test func `a new identity joins what is named by it with the private address`() {
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

    @Test func `a link by a private address is that of a Pair Device by identity, if that is the only one`() {
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

    @Test func `a question that names the identity is about the only device that is known by a private address`() {
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

    @Test func `on a link whose beginning was not seen, what the kernel says names the device`() {
        let link = Self.link(nil)
        var scene = Scene([
            Self.received(Self.request, link), Self.kernel(.asked(.confirmation, Self.managed, isHint: true)),
            Self.disconnected(link),
        ])
        _ = scene.finish()
        #expect(scene.places == [[0, 1, 2]])
        #expect(scene.traces.first?.device == Self.peer)
    }

    @Test func `of two links whose beginnings were not seen, the kernel names neither`() {
        let links = [Self.link(nil), Self.link(nil, handle: 0x41)]
        var scene = Scene(links.map { Self.received(Self.request, $0) })
        scene.play([Self.kernel(.asked(.confirmation, Self.managed, isHint: true))])
        _ = scene.finish()
        #expect(scene.places == [[0], [1], [2]])
        #expect(scene.traces.map(\.device) == [Self.nobody, Self.nobody, Self.peer])
    }

    @Test func `Pair Device on a link whose beginning was not seen names the device`() {
        let link = Self.link(nil)
        var scene = Scene([Self.pair(), Self.sent(Self.request, link), Self.received(Self.failure, link)])
        _ = scene.finish()
        #expect(scene.places == [[0, 1, 2]])
        #expect(scene.traces.first?.device == Self.peer)
    }

    // MARK: The adapter as a whole

    @Test func `a trace has what was said last of the adapter before it, at its own time, and what is said meanwhile`()
    {
        #expect(
            places([
                Self.ask(.setIOCapability(1)), Self.ask(.setIOCapability(3)), Self.ask(.setBondable(true)),
                Self.connected(), Self.kernel(.settings(isBondable: true)), Self.received(Self.request),
                Self.ask(.setBondable(false)), Self.kernel(.settings(isBondable: false)),
            ]) == [[1, 2, 3, 4, 5, 6, 7]])
    }

    @Test func `what is said of the adapter after a failure is no part of it`() {
        #expect(
            places([
                Self.connected(), Self.received(Self.request), Self.sent(Self.failure), Self.ask(.setBondable(false)),
            ])
                == [[0, 1, 2]])
    }

    @Test func `settings that say nothing new are left out`() {
        let settings = Self.kernel(.settings(isBondable: true))
        #expect(places([settings, settings, Self.pair(), settings]) == [[0, 2]])
    }

    @Test func `what is said of another adapter is in no trace of this one`() {
        let other = MonitorAdapter(index: 1, address: nil)
        #expect(
            places([
                .managementCommand(other, .setBondable(false)), Self.pair(),
                .managementCommand(other, .setIOCapability(1)),
            ]) == [[1]])
    }

    // MARK: Bounds

    @Test func `what cannot be read on the link is in its trace`() {
        let record = MalformedRecord(
            adapterIndex: 0, link: Self.link(), direction: .received, fault: .needlessFragments)
        #expect(
            places([.malformed(record), Self.connected(), Self.sent(Self.request), .malformed(record)]) == [[1, 2, 3]])
    }

    @Test func `of too many pairings at once the oldest is finished early`() {
        let count = TraceCollector.maximumAttempts + 1
        let peers = (0..<count).map { ManagementPeer(address: Address(bits: UInt64($0 + 1)), addressType: .public) }
        var scene = Scene(peers.map { Self.pair($0) })
        #expect(scene.places == [[0]])
        #expect(scene.finish().count == count)
    }

    @Test func `a link keeps only the latest of the steps before a pairing, and its beginning`() {
        let refreshed = Array(
            repeating: MonitorEvent.encryptionKeyRefreshed(Self.link(), status: .success), count: 1_000)
        let places = places([Self.connected()] + refreshed + [Self.received(Self.request)])
        #expect(places == [[0] + Array(985...1_001)])
    }

    @Test func `times that stand still, jump or go back stop nothing`() {
        var collector = TraceCollector()
        var traces: [Trace] = []
        for time in [UInt64.max, 0, .max, 5, 5, .max - 1, 0] {
            for event in [
                Self.pair(), Self.connected(), Self.sent(Self.request), Self.received(Self.failure),
                Self.disconnected(),
            ] {
                traces += collector.take(event, at: time)
            }
        }
        traces += collector.finish()
        #expect(traces.count == 7)
    }

    @Test func `any order of events ends in traces that have each step at most once`() {
        let identityLink = Self.link(Self.privatePeer, handle: 0x41)
        let unknown = Self.link(nil, handle: 0x42)
        let classicLink = Self.link(Self.classic, handle: 0x43)
        let events: [MonitorEvent] =
            Self.simplePairing + [
                Self.pair(), Self.connected(), Self.disconnected(), Self.sent(Self.request),
                Self.received(Self.response),
                Self.received(Self.failure), Self.received(Self.securityRequest), Self.encrypted(),
                Self.encrypted(.pinOrKeyMissing), Self.kernel(.newKey(Self.managed, Self.longTermKey)), Self.paired(),
                Self.paired(.authenticationFailed), Self.paired(.failed, nil), Self.pair(Self.managedIdentity),
                Self.connected(identityLink), Self.received(Self.request, identityLink),
                Self.kernel(.newIdentity(privateAddress: Self.privatePeer.address, Self.managedIdentity)),
                Self.kernel(.newKey(Self.managedIdentity, Self.longTermKey)), Self.disconnected(identityLink),
                Self.received(Self.request, unknown), Self.sent(Self.failure, unknown), Self.disconnected(unknown),
                Self.kernel(.asked(.passkey, Self.managed, isHint: false)), Self.connected(classicLink),
                Self.kernel(.authenticationFailed(Self.managed, .authenticationFailed)), Self.disconnected(classicLink),
                Self.kernel(.connectFailed(Self.managed, .connectFailed)), Self.ask(.cancelPairDevice(Self.managed)),
                Self.kernel(.disconnected(Self.managed, reason: 1)), .adapterReset(adapterIndex: 0),
                .connectionFailed(Self.adapter, Self.peer, status: .connectionFailedToBeEstablished),
                .longTermKeyAnswered(Self.link(), isKnown: false), Self.simple(.completed(.success)),
                .authenticationFailed(classicLink, status: .authenticationFailure),
            ]
        var random = Generator(state: 7)
        var collector = TraceCollector()
        var count = 0
        var time: UInt64 = 0
        for _ in 0..<20_000 {
            time += UInt64.random(in: 1...1_500_000, using: &random)
            guard let event = events.randomElement(using: &random) else { continue }
            for trace in collector.take(event, at: time) {
                count += 1
                let times: [UInt64] = trace.steps.map(\.time)
                #expect(!times.isEmpty && times == Set(times).sorted(), "\(trace)")
            }
        }
        #expect(count > 1_000)
        #expect(collector.finish().count <= TraceCollector.maximumAttempts)
    }
}

/// A small generator with a seed, so that a failure can be repeated.
private struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 29
    }
}
