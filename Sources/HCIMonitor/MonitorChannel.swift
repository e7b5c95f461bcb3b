// SPDX-License-Identifier: Apache-2.0

/// The kernel's monitor channel: every adapter's traffic, read-only, as far as it is about links and their security.
///
/// Needs CAP_NET_RAW in the initial user namespace, and the initial network namespace. It knows no event loop: whoever
/// owns it watches ``descriptor`` and calls ``readAll(_:)`` when there is something to read. Closed when released.
///
/// Source: Linux, net/bluetooth/hci_sock.c (HCI_CHANNEL_MONITOR).
public final class MonitorChannel {
    /// Longer than any record that the filter passes, short of a controller with gigantic ACL packets: what such a
    /// record has beyond this is cut off, and the decoder reports it.
    private static let bufferSize = 4096
    /// The kernel drops records without a word once this many octets wait to be read.
    private static let receiveBufferSize: Int32 = 1 << 20

    private let socket: MonitorSocket
    private var decoder = MonitorDecoder()
    private var buffer = [UInt8](repeating: 0, count: MonitorChannel.bufferSize)

    /// Opens the channel. The kernel then tells of the adapters that are there, but not of their links.
    public convenience init() throws(MonitorChannelError) {
        let socket = try MonitorSocket.bluetooth()
        try Self.prepare(socket)
        try socket.bindToMonitor()
        self.init(socket)
    }

    /// Reads from a socket that is there already.
    init(_ socket: consuming MonitorSocket) { self.socket = socket }

    /// What comes before binding: from then on the kernel delivers, and nothing unwanted may slip through.
    static func prepare(_ socket: borrowing MonitorSocket) throws(MonitorChannelError) {
        try socket.attach(.monitor)
        try socket.setReceiveBuffer(receiveBufferSize)
    }

    /// For the event loop, to wait until it is readable. It stays the channel's: do not read from it or close it.
    public var descriptor: Int32 { socket.descriptor }

    /// Hands over everything that waits to be read, in order, and returns without blocking.
    public func readAll(_ body: (MonitorEvent) -> Void) {
        while let count = socket.receive(into: &buffer) {
            for event in decoder.decode(buffer[..<count]) { body(event) }
        }
    }

    /// The same with the records as they are, secrets included, for whoever keeps them; what is no whole record is passed
    /// over. Records that are handed over here are not decoded.
    public func readRecords(_ body: (MonitorRecord) -> Void) {
        while let count = socket.receive(into: &buffer) {
            if let record = try? MonitorRecord(parsing: buffer[..<count]) { body(record) }
        }
    }
}
