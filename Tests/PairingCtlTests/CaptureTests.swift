// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import EventLoop
import Foundation
import SecurityManager
import TestSupport
import Testing

@testable import HCIMonitor
@testable import pairingctl

@Suite("When a pairing is over, as capture sees it")
struct PairingWatchTests {
    private static let second: UInt64 = 1_000_000

    /// The watch after these events, one a second from second 10 on.
    private func watch(_ events: MonitorEvent...) -> PairingWatch {
        var watch = PairingWatch()
        for (index, event) in events.enumerated() { watch.take(event, at: (10 + UInt64(index)) * Self.second) }
        return watch
    }

    @Test(
        "Connections that only encrypt are no pairing", arguments: [Samples.reconnection, Samples.classicReconnection])
    func reconnections(events: [MonitorEvent]) {
        var watch = PairingWatch()
        for event in events { watch.take(event, at: 1) }
        #expect(watch.hasLink && !watch.hasPairing && watch.deadline == nil, "\(events)")
    }

    @Test("A pairing is over a second after the last word about it")
    func over() {
        let begun = watch(Samples.connected(1), Samples.request(1))
        #expect(begun.hasPairing && begun.deadline == 11 * Self.second + PairingWatch.longestSilence)
        #expect(watch(Samples.connected(1), Samples.request(1), Samples.failed(1)).deadline == 13 * Self.second)
        let ended = watch(Samples.request(1), Samples.failed(1), Samples.pairDeviceEnded, Samples.disconnected(1))
        #expect(ended.deadline == 14 * Self.second)
    }

    @Test("A next attempt within the second belongs to it")
    func nextAttempt() {
        let watch = watch(Samples.request(1), Samples.failed(1), Samples.request(1))
        #expect(watch.deadline == 12 * Self.second + PairingWatch.longestSilence)
    }

    @Test("What was on its way when it ended does not begin it anew")
    func rest() {
        let watch = watch(Samples.request(1), Samples.failed(1), Samples.keypress(1))
        #expect(watch.deadline == 13 * Self.second)
    }

    @Test("The end of another link does not end it")
    func otherLink() {
        let watch = watch(Samples.connected(2), Samples.request(1), Samples.disconnected(2))
        #expect(watch.deadline == 11 * Self.second + PairingWatch.longestSilence)
    }

    @Test(
        "What fails before the first packet counts",
        arguments: [
            [Samples.pairDevice, Samples.connectionFailed], [Samples.keyMissing], [Samples.longTermKeyMissing],
            [Samples.pairDevice, Samples.pairDeviceEnded],
        ])
    func failures(events: [MonitorEvent]) {
        var watch = PairingWatch()
        for event in events { watch.take(event, at: 1) }
        #expect(watch.hasPairing && watch.deadline == 1 + PairingWatch.quiet)
    }

    enum Samples {
        static let adapter = MonitorAdapter(index: 0, address: nil)
        static let peer = MonitorPeer(address: Address(bits: 0x005F_BF71_8118), addressType: .public)
        static let classicPeer = MonitorPeer(address: Address(bits: 0x005F_BF71_8118), addressType: nil)
        static let managementPeer = ManagementPeer(address: peer.address, addressType: .public)

        static func link(_ handle: UInt16) -> MonitorLink { MonitorLink(adapter: adapter, handle: handle, peer: peer) }
        static func connected(_ handle: UInt16) -> MonitorEvent { .connected(link(handle)) }
        static func request(_ handle: UInt16) -> MonitorEvent {
            let features = PairingFeatures(ioCapability: .noInputNoOutput, authenticationRequirements: .bonding)
            return .smp(link(handle), .sent, .pairingRequest(features))
        }
        static func keypress(_ handle: UInt16) -> MonitorEvent {
            .smp(link(handle), .sent, .pairingKeypressNotification(.passkeyEntryStarted))
        }
        static func failed(_ handle: UInt16) -> MonitorEvent {
            .smp(link(handle), .received, .pairingFailed(.unspecifiedReason))
        }
        static func disconnected(_ handle: UInt16) -> MonitorEvent {
            .disconnected(link(handle), reason: .remoteUserTerminatedConnection)
        }
        static let pairDevice = MonitorEvent.managementCommand(adapter, .pairDevice(managementPeer, ioCapability: 3))
        static let pairDeviceEnded = MonitorEvent.management(adapter, .pairDeviceEnded(managementPeer, .failed))
        static let connectionFailed = MonitorEvent.connectionFailed(adapter, peer, status: .connectionTimeout)
        static let keyMissing = MonitorEvent.encryptionChanged(
            link(1), EncryptionChange(status: .pinOrKeyMissing, isEnabled: false, keySize: nil))
        static let longTermKeyMissing = MonitorEvent.longTermKeyAnswered(link(1), isKnown: false)

        static let reconnection: [MonitorEvent] = [
            connected(1), .longTermKeyRequested(link(1)), .longTermKeyAnswered(link(1), isKnown: true),
            .encryptionChanged(link(1), EncryptionChange(status: .success, isEnabled: true, keySize: 16)),
            disconnected(1),
        ]
        static let classicReconnection: [MonitorEvent] = [
            .connected(MonitorLink(adapter: adapter, handle: 3, peer: classicPeer)),
            .simplePairing(adapter, classicPeer, .asked(.linkKey)),
            .simplePairing(adapter, classicPeer, .answered(.linkKey, isPositive: true)),
            .encryptionChanged(link(3), EncryptionChange(status: .success, isEnabled: true, keySize: nil)),
        ]
    }
}

@Suite("pairingctl capture")
struct CaptureTests {
    init() { TestLoop.start() }

    @Test("The file has the records of a pairing without its secrets, and ends by itself")
    @LoopActor func recording() async throws {
        let (file, recording, feed) = try Self.start(keepsSecrets: false)
        for record in SampleCapture.refused { #expect(send(feed, record, record.count, 0) == record.count) }
        guard case .pairingOver = await recording.untilEnd() else {
            Issue.record("it ended in another way")
            return
        }
        close(feed)
        #expect(recording.recordCount == SampleCapture.refused.count)
        let octets = try file.octets
        #expect(octets.firstRange(of: SampleCapture.secret) == nil)
        var reader = try CaptureReader(octets: octets)
        var (decoder, events) = (MonitorDecoder(), [MonitorEvent]())
        while let record = try reader.next() { events += decoder.decode(record) }
        let refusals = events.filter { if case .smp(_, .received, .pairingFailed) = $0 { true } else { false } }
        #expect(refusals.count == 1, "\(events)")
    }

    @Test("With keys, the records are as the kernel told them, and Ctrl-C ends it")
    @LoopActor func secrets() async throws {
        let (file, recording, feed) = try Self.start(keepsSecrets: true)
        for record in SampleCapture.refused { #expect(send(feed, record, record.count, 0) == record.count) }
        #expect(await eventually { recording.recordCount == SampleCapture.refused.count })
        recording.stop()
        guard case .stopped = await recording.untilEnd() else {
            Issue.record("it ended in another way")
            return
        }
        close(feed)
        #expect(try file.octets.firstRange(of: SampleCapture.secret) != nil)
    }

    @Test("Without a pairing it ends in time")
    @LoopActor func timeout() async throws {
        let (_, recording, feed) = try Self.start(keepsSecrets: false, timeout: 1000)
        defer { close(feed) }
        guard case .timedOut = await recording.untilEnd() else {
            Issue.record("it ended in another way")
            return
        }
        #expect(!recording.watch.hasPairing && !recording.watch.hasLink)
    }

    /// A recording of a channel that a test feeds.
    @LoopActor private static func start(
        keepsSecrets: Bool, timeout: UInt64? = nil
    ) throws -> (CaptureFile, CaptureRecording, feed: CInt) {
        var ends: [CInt] = [-1, -1]
        try #require(socketpair(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &ends) == 0)
        let channel = MonitorChannel(MonitorSocket(descriptor: ends[0]))
        let file = try CaptureFile([])
        let recording = try CaptureRecording(
            channel, descriptor: file.descriptor, keepsSecrets: keepsSecrets, timeout: timeout)
        return (file, recording, ends[1])
    }

    @Test("What is there is not written to", arguments: ["file", "link", "folder"])
    func existing(kind: String) async throws {
        let folder = try RuleDirectory(["file": "precious"])
        try folder.link("link", to: folder.file("file"))
        let target = kind == "folder" ? folder.path : folder.file(kind)
        let ended = try await WithoutBus.run("capture", target)
        #expect(ended.status == 1 && ended.errors.contains("is there already"), ended.transcript)
        if kind != "file" {
            let forced = try await WithoutBus.run("capture", "--force", target)
            #expect(forced.status == 1 && forced.errors.contains("no ordinary file"), forced.transcript)
        }
        #expect(try String(contentsOfFile: folder.file("file"), encoding: .utf8) == "precious")
    }

    @Test("A time of nothing is wrong usage")
    func usage() async throws {
        let ended = try await WithoutBus.run("capture", "x", "--timeout", "0")
        #expect(ended.isUsageError("at least 1"), ended.transcript)
    }
}
