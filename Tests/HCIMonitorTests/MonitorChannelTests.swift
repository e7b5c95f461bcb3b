// SPDX-License-Identifier: Apache-2.0

import Glibc
import SecurityManager
import Testing

@testable import HCIMonitor

/// The kernel runs socket filters on local datagram sockets too, so the program and the calls that attach it are tried
/// on the real thing, without Bluetooth.
@Suite("The monitor channel")
struct MonitorChannelTests {
    /// A channel, and a descriptor to feed it by.
    private func connectedChannel() throws -> (MonitorChannel, feed: CInt) {
        var descriptors: [CInt] = [-1, -1]
        let type = SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        try #require(socketpair(AF_UNIX, CInt(type), 0, &descriptors) == 0)
        let socket = MonitorSocket(descriptor: descriptors[0])
        try MonitorChannel.prepare(socket)
        return (MonitorChannel(socket), descriptors[1])
    }

    private func read(_ channel: MonitorChannel) -> [MonitorEvent] {
        var events: [MonitorEvent] = []
        channel.readAll { events.append($0) }
        return events
    }

    @Test("Everything that waits is read in order, and what the filter drops does not even wake the reader")
    func draining() throws {
        let (channel, feed) = try connectedChannel()
        defer { close(feed) }
        #expect(read(channel).isEmpty)

        for record in MonitorFilterTests.unwanted where !record.isEmpty {
            #expect(send(feed, record, record.count, 0) == record.count)
        }
        var poller = pollfd(fd: channel.descriptor, events: Int16(POLLIN), revents: 0)
        #expect(poll(&poller, 1, 0) == 0)

        let records = [Records.newIndex(), Records.leConnection()] + Records.publicKeyFragments()
        for record in records { #expect(send(feed, record, record.count, 0) == record.count) }
        #expect(poll(&poller, 1, 0) == 1)
        let events = read(channel)
        #expect(events.count == 3)
        guard case .smp(let link, .received, .pairingPublicKey)? = events.last else {
            Issue.record("\(events)")
            return
        }
        #expect(link.peer?.address == Records.peerAddress)
        #expect(read(channel).isEmpty)
    }

    @Test("A record longer than the buffer is reported, and the next one is read")
    func oversizedRecord() throws {
        let (channel, feed) = try connectedChannel()
        defer { close(feed) }
        let long = Records.acl(boundary: 1, Array(repeating: 0, count: 8000))
        let next = Records.disconnection()
        for record in [long, next] { #expect(send(feed, record, record.count, 0) == record.count) }
        let events = read(channel)
        #expect(events.count == 2)
        guard case .malformed? = events.first, case .disconnected? = events.last else {
            Issue.record("\(events)")
            return
        }
    }

    @Test("The descriptor is closed with the channel")
    func closing() throws {
        var (channel, feed): (MonitorChannel?, CInt) = try connectedChannel()
        defer { close(feed) }
        #expect(channel != nil)
        channel = nil
        // The kernel runs the filter before it notices: only a record that passes finds nobody.
        let record = Records.disconnection()
        #expect(send(feed, record, record.count, 0) == -1)
        #expect(errno == ECONNREFUSED)
    }

    @Test("Where there is no Bluetooth or no permission, the error says what to do")
    func opening() {
        do throws(MonitorChannelError) {
            _ = try MonitorChannel()
        } catch {
            #expect(error == .notSupported || error == .notPermitted)
        }
        #expect(MonitorChannelError(errno: EAFNOSUPPORT) == .notSupported)
        #expect(MonitorChannelError(errno: EPERM) == .notPermitted)
        #expect(MonitorChannelError(errno: ENOMEM) == .system(errno: ENOMEM))
        #expect(MonitorChannelError.notPermitted.description.contains("CAP_NET_RAW"))
        #expect(MonitorChannelError.notSupported.description.contains("AF_BLUETOOTH"))
        #expect(MonitorChannelError.system(errno: ENOMEM).description.contains("12"))
    }
}
