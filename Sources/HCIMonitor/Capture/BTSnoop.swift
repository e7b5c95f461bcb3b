// SPDX-License-Identifier: Apache-2.0

/// What is fixed in btsnoop files. All fields are big-endian.
///
/// Source: BlueZ, src/shared/btsnoop.c; the format is that of RFC 1761 with other identification and times.
enum BTSnoop {
    static let identification = Array("btsnoop\0".utf8)
    static let version: UInt32 = 1
    /// Identification, version, datalink.
    static let headerLength = 16
    /// Original length, included length, flags, drops, time.
    static let recordHeaderLength = 24
    /// The epoch in the file's microseconds, which begin with the year 0.
    static let epoch: UInt64 = 0x00DC_DDB3_0F2F_8000
}

extension CaptureInput {
    mutating func takeBTSnoopHeader() throws(CaptureError) -> CaptureLinkType {
        try require(BTSnoop.headerLength, of: 0)
        let version = readUInt32(at: 8, .bigEndian)
        guard version == BTSnoop.version else { throw .unsupportedVersion(format: "btsnoop", version) }
        let datalink = readUInt32(at: 12, .bigEndian)
        guard let type = CaptureLinkType(btsnoop: datalink) else {
            throw .unsupportedLinkType(.btsnoop(datalink), offset: 12)
        }
        try skip(BTSnoop.headerLength, of: 0)
        return type
    }

    mutating func nextBTSnoopRecord(_ type: CaptureLinkType) throws(CaptureError) -> CaptureRecord? {
        while true {
            let origin = offset
            if available < BTSnoop.recordHeaderLength { try fill(BTSnoop.recordHeaderLength) }
            guard available > 0 else { return nil }
            try require(BTSnoop.recordHeaderLength, of: origin)
            let original = readUInt32(at: 0, .bigEndian)
            let included = readUInt32(at: 4, .bigEndian)
            let flags = readUInt32(at: 8, .bigEndian)
            let time = readUInt64(at: 16, .bigEndian)
            guard included <= CaptureFormat.maximumRecordLength else {
                throw .damaged(.length(included), offset: origin)
            }
            try require(BTSnoop.recordHeaderLength + Int(included), of: origin)
            let packet = take(BTSnoop.recordHeaderLength + Int(included)).dropFirst(BTSnoop.recordHeaderLength)
            let record = MonitorRecord(
                type, flags: flags, adapterIndex: 0, packet, missing: max(0, Int(original) - Int(included)))
            guard let record else { continue }
            let sinceEpoch = min(time - min(time, BTSnoop.epoch), CaptureFormat.latestTime)
            return CaptureRecord(time: sinceEpoch, offset: origin, monitorRecord: record)
        }
    }
}
