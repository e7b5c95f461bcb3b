// SPDX-License-Identifier: Apache-2.0

import Policy
import Testing

@Suite("A file full of errors")
struct ManyErrorsTests {
    @Test("tells the first fifty and that there are more")
    func many() {
        let text = "match.address = \"*\"\n" + (0..<1000).map { "key\($0) = 1\n" }.joined()
        let found = errors(text)
        #expect(found.count == 51)
        #expect(found.first?.hasPrefix("2:1: ") == true)
        #expect(found.last == "51:1: error: there are more errors than these 50")
    }

    @Test("tells all of them when they are fifty")
    func fifty() {
        #expect(errors("match.address = \"*\"\n" + (0..<50).map { "key\($0) = 1\n" }.joined()).count == 50)
    }
}
