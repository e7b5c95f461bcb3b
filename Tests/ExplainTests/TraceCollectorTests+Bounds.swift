// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Explain
import HCIMonitor
import SecurityManager
import Testing

/// Whatever comes, in whatever order.
extension TraceCollectorTests {
    // MARK: Bounds

    @Test("what cannot be read on the link is in its trace") func whatCannotBe() {
        let record = MalformedRecord(
            adapterIndex: 0, link: Self.link(), direction: .received, fault: .needlessFragments)
        #expect(
            places([.malformed(record), Self.connected(), Self.sent(Self.request), .malformed(record)]) == [[1, 2, 3]])
    }

    @Test("of too many pairings at once the oldest is finished early") func tooManyPairings() {
        let count = TraceCollector.maximumAttempts + 1
        let peers = (0..<count).map { ManagementPeer(address: Address(bits: UInt64($0 + 1)), addressType: .public) }
        var scene = Scene(peers.map { Self.pair($0) })
        #expect(scene.places == [[0]])
        #expect(scene.finish().count == count)
    }

    @Test("a link keeps only the latest of the steps before a pairing, and its beginning") func linkKeepsOnly() {
        let refreshed = Array(
            repeating: MonitorEvent.encryptionKeyRefreshed(Self.link(), status: .success), count: 1_000)
        let places = places([Self.connected()] + refreshed + [Self.received(Self.request)])
        #expect(places == [[0] + Array(985...1_001)])
    }

    @Test("times that stand still, jump or go back stop nothing") func timesStandStill() {
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

    @Test("any order of events ends in traces that have each step at most once") func anyOrderEvents() {
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
