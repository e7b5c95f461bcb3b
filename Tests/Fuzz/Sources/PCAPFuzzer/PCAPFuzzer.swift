// SPDX-License-Identifier: Apache-2.0

import Fuzzing
import HCIMonitor

/// A pcap or pcapng file.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPCAP(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let file = octets(bytes, count)
    var decoder = MonitorDecoder()
    // Records stand one behind the other.
    var end: UInt64 = 0
    do throws(CaptureError) {
        var reader = try CaptureReader(octets: file)
        while let record = try reader.next() {
            require(record.offset >= end, "a record begins within the one before")
            end = record.offset + UInt64(record.monitorRecord.payload.count)
            require(end <= UInt64(file.count), "a record behind the end of the file")
            require(record.time <= UInt64(Int64.max), "a time that is too late")
            _ = decoder.decode(record)
        }
        require(try reader.next() == nil, "a record behind the last one")
    } catch {
        require(error.offset ?? 0 <= UInt64(file.count), "an error behind the end of the file")
        require(error.description.hasSuffix("."), "an error without a sentence")
    }
    return 0
}
