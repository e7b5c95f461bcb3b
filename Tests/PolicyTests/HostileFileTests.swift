// SPDX-License-Identifier: Apache-2.0

import Policy
import Testing

@Suite("Hostile rule files")
struct HostileFileTests {
    @Test(
        "Deep nesting and endless keys are errors, not a stack overflow",
        arguments: [
            String(repeating: "a.", count: 32_000) + "a = 1", "[" + String(repeating: "a.", count: 32_000) + "a]",
            "a = " + String(repeating: "[", count: 60_000), "a = " + String(repeating: "{a=", count: 20_000),
            String(repeating: "\"\".", count: 20_000) + "a = 1", "a." + String(repeating: "a.", count: 20) + "a = 1",
        ])
    func deep(text: String) {
        #expect(errors(text).count == 1)
    }

    @Test("A row of dots in a comment or a text is no endless key")
    func dots() throws {
        let dots = String(repeating: ".", count: 200)
        #expect(try rule("# \(dots)\ndescription = \"\(dots)\"\nmatch.address = \"*\"").description == dots)
    }

    @Test("Text that is not UTF-8 is an error")
    func notUTF8() {
        for bytes: [UInt8] in [
            [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0x61, 0x00], Array("a = \"".utf8) + [0xF5, 0x22],
        ] {
            #expect(throws: PolicyErrors.self) { try Rule(parsing: bytes, file: "") }
        }
    }

    @Test("Mutated rule files are read or refused, and an error always has a place in the file")
    func mutations() {
        let seeds = [
            """
            description = "Omron é"
            [match]
            name = ["BLEsmart_*", 'BLE[Ss]mart_?']
            manufacturer = 0x020E
            address = "00:5F:BF:*"
            service = ["1810"]
            [pairing]
            io-capability = "KeyboardOnly"
            accept-incoming = true
            [answer]
            passkey = { value = "123456" }
            pin = { value = "0000" }
            service = "reject"
            """,
            "match = { address = \"*\" }\nanswer.pin.value = '''\n12'''\n[[pairing.fallback]]\na = [1, 2.5, 1979-05-27T07:32:00Z]",
        ].map { Array($0.utf8) }
        let signs = Array("[]{}\"'=.,#\n\r\t\\ _-+*?!^0xeé\u{0}\u{FF}:aTZinf".utf8) + [0xFF, 0xC3]
        var random = SplitMix64(state: 1)
        var read = 0
        for round in 0..<4_000 {
            var text = seeds[round % 2]
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let position = Int.random(in: 0..<text.count, using: &random)
                let end = min(text.count, position + Int.random(in: 0...8, using: &random))
                switch Int.random(in: 0..<4, using: &random) {
                case 0: text[position] = signs.randomElement(using: &random) ?? 0
                case 1: text.insert(signs.randomElement(using: &random) ?? 0, at: position)
                case 2: text.removeSubrange(position..<end)
                default:
                    text.insert(contentsOf: text[position..<end], at: Int.random(in: 0..<text.count, using: &random))
                }
                if text.isEmpty { text = [0x61] }
            }
            do throws(PolicyErrors) {
                _ = try Rule(parsing: text, file: "")
                read += 1
            } catch {
                let lines = text.filter { $0 == UInt8(ascii: "\n") }.count + 1
                let isPlaced = error.errors.allSatisfy { (1...lines + 1).contains($0.line ?? 0) && $0.column ?? 0 >= 1 }
                if error.errors.isEmpty || !isPlaced { Issue.record("\(error) in \(text)") }
            }
        }
        #expect((1..<4_000).contains(read))
    }
}
