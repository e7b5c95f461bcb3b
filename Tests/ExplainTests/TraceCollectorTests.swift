// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Explain
import HCIMonitor
import SecurityManager
import Testing

@Suite struct TraceCollectorTests {
    // MARK: Words for what happens

    static let adapter = MonitorAdapter(index: 0, address: Address(bits: 0x0011_2233_4455))
    static let peer = MonitorPeer(address: Address(bits: 0xC05F_BF71_8118), addressType: .random)
    static let managed = ManagementPeer(address: peer.address, addressType: .random)
    static let identity = MonitorPeer(address: Address(bits: 0x00AA_BBCC_DDEE), addressType: .public)
    static let managedIdentity = ManagementPeer(address: identity.address, addressType: .public)
    static let privatePeer = MonitorPeer(address: Address(bits: 0x4102_0304_0506), addressType: .random)
    static let classic = MonitorPeer(address: Address(bits: 0x0011_0022_0033), addressType: nil)
    static let managedClassic = ManagementPeer(address: classic.address, addressType: nil)
    static let nobody = MonitorPeer(address: Address(bits: 0), addressType: nil)

    static let features = PairingFeatures(
        ioCapability: .noInputNoOutput, authenticationRequirements: AuthenticationRequirements(rawValue: 0x09),
        initiatorKeyDistribution: KeyDistribution(rawValue: 1), responderKeyDistribution: KeyDistribution(rawValue: 1))
    static let request = SMPPacket.pairingRequest(features)
    static let response = SMPPacket.pairingResponse(features)
    static let securityRequest = SMPPacket.securityRequest(AuthenticationRequirements(rawValue: 0x09))
    static let failure = SMPPacket.pairingFailed(.confirmValueFailed)
    static let longTermKey = PairingKey(kind: .longTermKey(.unauthenticatedP256, size: 16), isKept: true)
    static let linkKey = PairingKey(kind: .linkKey(.unauthenticatedP256), isKept: true)

    static func link(
        _ peer: MonitorPeer? = peer, handle: UInt16 = 0x40, role: LinkRole? = .central
    ) -> MonitorLink {
        MonitorLink(
            adapter: adapter, handle: handle, peer: peer, role: peer?.addressType == nil ? nil : role)
    }

    static func connected(_ link: MonitorLink = link()) -> MonitorEvent { .connected(link) }
    static func disconnected(_ link: MonitorLink = link()) -> MonitorEvent {
        .disconnected(link, reason: .remoteUserTerminatedConnection)
    }
    static func sent(_ packet: SMPPacket, _ link: MonitorLink = link()) -> MonitorEvent {
        .smp(link, .sent, packet)
    }
    static func received(_ packet: SMPPacket, _ link: MonitorLink = link()) -> MonitorEvent {
        .smp(link, .received, packet)
    }
    static func encrypted(_ status: HCIErrorCode = .success, _ link: MonitorLink = link()) -> MonitorEvent {
        .encryptionChanged(link, EncryptionChange(status: status, isEnabled: status == .success, keySize: nil))
    }
    static func kernel(_ event: ManagementEvent) -> MonitorEvent { .management(adapter, event) }
    static func ask(_ command: ManagementCommand) -> MonitorEvent { .managementCommand(adapter, command) }
    static func pair(_ peer: ManagementPeer = managed) -> MonitorEvent {
        ask(.pairDevice(peer, ioCapability: 3))
    }
    static func paired(
        _ status: ManagementStatus = .success, _ peer: ManagementPeer? = managed
    ) -> MonitorEvent {
        kernel(.pairDeviceEnded(peer, status))
    }
    static func simple(_ step: SimplePairingStep, _ peer: MonitorPeer = classic) -> MonitorEvent {
        .simplePairing(adapter, peer, step)
    }

    /// Feeds events a millisecond apart, and says which of them each trace has: an event is found by its place.
    struct Scene {
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

    func places(_ events: [MonitorEvent]) -> [[Int]] {
        var scene = Scene(events)
        _ = scene.finish()
        return scene.places
    }

    // MARK: What makes no trace

    @Test("connections without pairing make no trace") func connectionsWithoutPairing() {
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

    @Test("a Security Request that encryption answers makes no trace, nor does one on an encrypted link")
    func securityRequestEncryption() {
        #expect(
            places([Self.connected(), Self.received(Self.securityRequest), Self.encrypted(), Self.disconnected()]) == []
        )
        #expect(
            places([Self.connected(), Self.encrypted(), Self.received(Self.securityRequest), Self.disconnected()]) == []
        )
    }

    @Test("a BR/EDR connection with a stored key makes no trace") func brEdrConnection() {
        let link = Self.link(Self.classic)
        #expect(
            places([
                Self.connected(link), Self.simple(.asked(.linkKey)), Self.simple(.answered(.linkKey, isPositive: true)),
                Self.encrypted(.success, link), Self.disconnected(link),
            ]) == [])
    }

    @Test("what is said to or of devices that do not pair makes no trace") func whatSaidOr() {
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

    @Test("a trace has all of a pairing that we start, and names device and adapter") func traceHasAll() {
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

    @Test("a trace begins with the connection and what happened on it before the Pairing Request")
    func traceBeginsConnection() {
        #expect(
            places([
                Self.connected(), Self.received(Self.securityRequest), Self.encrypted(.connectionTimeout),
                Self.sent(Self.request),
            ]) == [[0, 1, 2, 3]])
    }

    @Test("a Security Request that nothing answers makes a trace when the link ends, or the capture does")
    func securityRequestNothing() {
        let events = [Self.connected(), Self.received(Self.securityRequest)]
        #expect(places(events) == [[0, 1]])
        #expect(places(events + [Self.disconnected()]) == [[0, 1, 2]])
        #expect(places(events + [.adapterReset(adapterIndex: 0)]) == [[0, 1]])
        // The same handle again: the end of the link was not seen.
        #expect(places(events + [Self.connected(Self.link(Self.identity))]) == [[0, 1]])
    }

    @Test("a bond that the device has lost makes a trace, and the pairing that follows belongs to it")
    func bondDeviceHas() {
        let events = [Self.connected(), Self.encrypted(.pinOrKeyMissing)]
        #expect(places(events + [Self.disconnected()]) == [[0, 1, 2]])
        #expect(places(events + [Self.received(Self.request), Self.disconnected()]) == [[0, 1, 2, 3]])
    }

    @Test("a bond that is lost here makes a trace, and the pairing that follows belongs to it") func bondLostHere() {
        let link = Self.link(role: .peripheral)
        let events: [MonitorEvent] = [
            Self.connected(link), .longTermKeyRequested(link), .longTermKeyAnswered(link, isKnown: false),
        ]
        #expect(places(events + [Self.disconnected(link)]) == [[0, 1, 2, 3]])
        #expect(places(events + [Self.received(Self.request, link)]) == [[0, 1, 2, 3]])
    }

    @Test("over BR/EDR a forgotten bond makes a trace") func overBrEdr() {
        let link = Self.link(Self.classic)
        #expect(
            places([
                Self.connected(link), Self.simple(.asked(.linkKey)), Self.simple(.answered(.linkKey, isPositive: true)),
                .authenticationFailed(link, status: .pinOrKeyMissing), Self.disconnected(link),
            ]) == [[0, 1, 2, 3, 4]])
    }

    @Test("a question of the kernel makes a trace even where nothing of the air was seen") func questionKernelMakes() {
        #expect(places([Self.kernel(.asked(.passkey, Self.managed, isHint: false))]) == [[0]])
        #expect(places([Self.kernel(.passkeyShown(Self.managed, entered: 0))]) == [[0]])
        #expect(places([Self.kernel(.authenticationFailed(Self.managed, .authenticationFailed))]) == [[0]])
    }

    // MARK: BR/EDR

    static let simplePairing: [MonitorEvent] = [
        connected(link(classic)), simple(.asked(.linkKey)), simple(.answered(.linkKey, isPositive: false)),
        simple(
            .ioCapability(
                .sent, SimplePairingFeatures(ioCapabilityValue: 1, oobDataPresent: 0, authenticationRequirements: 3))),
        simple(.asked(.confirmation)), kernel(.asked(.confirmation, managedClassic, isHint: false)),
        ask(.reply(.confirmation, managedClassic, isPositive: true)),
        simple(.answered(.confirmation, isPositive: true)),
    ]

    @Test("a BR/EDR trace has the steps of Secure Simple Pairing and the derivation of keys for LE") func brEdrTrace() {
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

    @Test("a BR/EDR pairing that fails ends like another, and the next one has a trace of its own") func brEdrPairing()
    {
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
}
