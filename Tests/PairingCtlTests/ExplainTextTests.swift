// SPDX-License-Identifier: Apache-2.0

import Explain
import Testing

@testable import pairingctl

@Suite("The text of an explanation")
struct ExplainTextTests {
    @Test("demo")
    func demo() {
        print(SampleReports.text(SampleReports.refused))
        print(SampleReports.text(SampleReports.refused, columns: 50, isUnicode: false))
        print(SampleReports.text(SampleReports.refused, columns: 200))
    }
}
