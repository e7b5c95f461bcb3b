// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Explain
import HCIMonitor
import SecurityManager
import Testing

/// When a trace is finished.
extension TraceCollectorTests {
    // MARK: Ends

    @Test("what belongs to a failure comes within two seconds after it") func whatBelongsFailure() {
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

    @Test("two seconds after a failure its trace is finished, while the link goes on") func twoSecondsAfter() {
        var scene = Scene([Self.connected(), Self.received(Self.request), Self.sent(Self.failure)])
        scene.wait(milliseconds: 2_001)
        scene.play([Self.disconnected()])
        #expect(scene.places == [[0, 1, 2]])
        #expect(scene.finish().count == 1)
    }

    @Test("with keys and the end of Pair Device, a second of silence finishes a trace") func keysEndPair() {
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

    @Test("while Pair Device goes on, keys do not finish a trace") func whilePairDevice() {
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

    @Test("without Pair Device a trace is finished a second after the last key") func withoutPairDevice() {
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

    @Test("a pairing that makes no keys is finished by thirty seconds of silence after encryption")
    func pairingMakesNo() {
        var scene = Scene([Self.connected(), Self.received(Self.request), Self.encrypted()])
        scene.wait(milliseconds: 29_000)
        #expect(scene.pass().isEmpty)
        scene.wait(milliseconds: 2_000)
        #expect(scene.pass().count == 1)
    }

    @Test("the end of the link is the end, after two seconds for what belongs to it") func endLinkEnd() {
        var scene = Scene([
            Self.pair(), Self.connected(), Self.sent(Self.request), Self.disconnected(),
            Self.kernel(.disconnected(Self.managed, reason: 3)), Self.paired(.disconnected),
        ])
        scene.wait(milliseconds: 2_001)
        _ = scene.pass()
        #expect(scene.places == [Array(0..<6)])
    }

    @Test("the next Pairing Request of a link begins the next trace, with the connection") func nextPairingRequest() {
        #expect(
            places([
                Self.connected(), Self.received(Self.request), Self.sent(Self.failure), Self.received(Self.request),
                Self.sent(Self.failure), Self.received(Self.securityRequest), Self.sent(Self.request),
            ]) == [[0, 1, 2], [0, 3, 4], [0, 5, 6]])
        // Without a failure between.
        #expect(
            places([Self.connected(), Self.received(Self.request), Self.received(Self.request)]) == [[0, 1], [0, 2]])
    }

    @Test("a Pair Device that goes on belongs to the next trace of its link") func pairDeviceGoes() {
        #expect(
            places([Self.pair(), Self.connected(), Self.sent(Self.request), Self.sent(Self.request), Self.paired()])
                == [[0, 1, 2], [1, 3, 4]])
    }

    @Test("a device that asks again after a failure has that in the same trace if the link ends") func deviceAsksAgain()
    {
        #expect(
            places([
                Self.connected(), Self.received(Self.request), Self.sent(Self.failure),
                Self.received(Self.securityRequest), Self.disconnected(),
            ]) == [[0, 1, 2, 3, 4]])
    }

    @Test("a second Pair Device after a failure begins the next trace") func secondPairDevice() {
        #expect(
            places([
                Self.pair(), Self.connected(), Self.sent(Self.request), Self.received(Self.failure),
                Self.paired(.authenticationFailed), Self.pair(), Self.sent(Self.request), Self.received(Self.failure),
            ]) == [[0, 1, 2, 3, 4], [1, 5, 6, 7]])
    }

    @Test("a second Pair Device that is turned down does not end the first") func secondPairDeviceTurned() {
        var scene = Scene([Self.pair(), Self.connected(), Self.pair(), Self.paired(.busy)])
        scene.wait(milliseconds: 5_000)
        #expect(scene.pass().isEmpty)
        scene.play([Self.sent(Self.request), Self.kernel(.newKey(Self.managed, Self.longTermKey)), Self.paired()])
        scene.wait(milliseconds: 1_001)
        #expect(scene.pass().count == 1)
    }

    @Test("a reset finishes the traces of its adapter and of no other") func resetFinishesTraces() {
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

    @Test("a connection that Pair Device could not make is in its trace") func connectionPairDevice() {
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

    @Test("a device that pairs by itself after Pair Device could not reach it has a trace of its own")
    func devicePairsItself() {
        #expect(
            places([
                Self.pair(), Self.kernel(.connectFailed(Self.managed, .connectFailed)), Self.paired(.connectFailed),
                Self.connected(), Self.received(Self.request),
            ]) == [[0, 1, 2], [3, 4]])
    }

    @Test("a link of Pair Device that ends before SMP begins is in its trace, and so is the next one")
    func linkPairDevice() {
        #expect(
            places([
                Self.pair(), Self.connected(), Self.disconnected(), Self.connected(), Self.disconnected(),
                Self.paired(.disconnected),
            ]) == [Array(0..<6)])
    }

    @Test("the end of a Pair Device that names no device is that of the only one") func endPairDevice() {
        var scene = Scene([Self.pair(), Self.paired(.notPowered, nil)])
        scene.wait(milliseconds: 2_001)
        _ = scene.pass()
        #expect(scene.places == [[0, 1]])
    }

    @Test("the end of the link before is told late, and does not end the pairing that follows") func endLinkBefore() {
        var scene = Scene([Self.pair(), Self.kernel(.disconnected(Self.managed, reason: 2))])
        scene.wait(milliseconds: 5_000)
        #expect(scene.pass().isEmpty)
    }
}
