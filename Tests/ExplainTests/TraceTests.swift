// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Explain
import HCIMonitor
import SecurityManager
import Testing

@Suite struct TraceTests {
    @Test("a trace counts the steps that it has no room for") func traceCountsSteps() {
        let device = MonitorPeer(address: Address(bits: 1), addressType: .public)
        let steps = (0..<UInt64(Trace.maximumSteps) + 3).map { TraceStep(time: $0, .packet(.sent, .pairingConfirm)) }
        let trace = Trace(device: device, steps: steps)
        #expect(trace.steps == Array(steps.dropLast(3)))
        #expect(trace.omitted == 3)
    }
}
