// SPDX-License-Identifier: Apache-2.0

import Explain
import HCIMonitor

/// The pairings of a capture file, one after the other.
struct CaptureTraces {
    init(_ path: String) throws(Failure) { throw Failure(.failed, "\(path): reading captures is not there yet") }
    mutating func next() throws(Failure) -> Trace? { nil }
}
