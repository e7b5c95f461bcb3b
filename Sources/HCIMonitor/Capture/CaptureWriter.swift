// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Writes records as a btsnoop file of datalink 2001, which btmon, Wireshark and ``CaptureReader`` read.
///
/// Each record is written at once, so that what is there is whole whenever writing ends. The records are written as
/// they are: ``CaptureRedaction`` takes the secrets out.
public struct CaptureWriter {
    private let descriptor: Int32

    /// Writes the file's header to a descriptor that stays its owner's.
    public init(descriptor: Int32) throws(CaptureError) {
        self.descriptor = descriptor
        var header = BTSnoop.identification
        header.append(bigEndian: BTSnoop.version)
        header.append(bigEndian: UInt32(2001))
        try write(header)
    }

    /// `time` is in microseconds since the epoch.
    public func write(_ record: MonitorRecord, at time: UInt64) throws(CaptureError) {
        let included = UInt32(clamping: record.payload.count)
        var octets: [UInt8] = []
        octets.reserveCapacity(BTSnoop.recordHeaderLength + record.payload.count)
        octets.append(bigEndian: UInt32(clamping: record.payload.count + record.missing))
        octets.append(bigEndian: included)
        octets.append(bigEndian: UInt32(record.adapterIndex) << 16 | UInt32(record.opcode.rawValue))
        // How many records were lost is not known.
        octets.append(bigEndian: UInt32(0))
        octets.append(bigEndian: min(time, CaptureFormat.latestTime) + BTSnoop.epoch)
        octets += record.payload
        try write(octets)
    }

    private func write(_ octets: [UInt8]) throws(CaptureError) {
        var rest = octets[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw .system(errno: errno)
            }
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(bigEndian value: some FixedWidthInteger) {
        for octet in (0..<value.bitWidth / 8).reversed() { append(UInt8(truncatingIfNeeded: value >> (octet * 8))) }
    }
}
