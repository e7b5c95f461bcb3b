// SPDX-License-Identifier: Apache-2.0

import Fuzzing
import HCIMonitor

/// Records as the monitor channel delivers them. Each has its length before it, in two octets, least significant first,
/// so that the length in the record itself can be wrong.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzMonitorRecords(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var rest = octets(bytes, count)[...]
    var decoder = MonitorDecoder()
    var redaction = CaptureRedaction()
    var redactedDecoder = MonitorDecoder()
    while rest.count >= 2 {
        let length = Int(rest[rest.startIndex]) | Int(rest[rest.startIndex + 1]) << 8
        let octets = rest.dropFirst(2).prefix(length)
        rest = rest.dropFirst(2 + length)
        let events = decoder.decode(octets)
        for event in events { check(event, octets) }
        guard let record = try? MonitorRecord(parsing: octets) else { continue }
        let redacted = redaction.redact(record)
        require(redacted.payload.count == record.payload.count, "redaction changed a record's length")
        let same = redactedDecoder.decode(CaptureRecord(time: 0, offset: 0, monitorRecord: redacted))
        require(codes(of: same) == codes(of: events), "redaction changed which SMP packets there are")
    }
    return 0
}

private func check(_ event: MonitorEvent, _ record: ArraySlice<UInt8>) {
    guard case .malformed(let malformed) = event, let offset = malformed.fault.offset else { return }
    require((0...record.count).contains(offset), "a fault outside of its record")
}

private func codes(of events: [MonitorEvent]) -> [UInt8] {
    events.compactMap { if case .smp(_, _, let packet) = $0 { packet.code } else { nil } }
}
