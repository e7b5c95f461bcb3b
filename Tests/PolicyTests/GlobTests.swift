// SPDX-License-Identifier: Apache-2.0

import Policy
import Testing

@Suite("Patterns over names")
struct GlobTests {
    @Test(
        "A pattern that fits the whole name matches",
        arguments: [
            ("BLEsmart_*", "BLEsmart_00000244005FBF718118"), ("BLE[Ss]mart_*", "BLESmart_"), ("*", ""), ("*", "x"),
            ("a?c", "aéc"), ("a?c", "a😀c"), ("[a-cx]1", "b1"), ("[!a-c]", "d"), ("[^a-c]", "d"), ("[]]", "]"),
            ("[!]]", "x"), ("[a-]", "-"), ("[*]", "*"), ("a*b*c", "a__b__b__c"), ("**a", "xa"), ("*a*", "bab"),
            ("Größe*", "Größe 1"), ("a\\*", "a\\x"),
        ])
    func matches(pattern: String, name: String) throws {
        let glob = try #require(Glob(pattern))
        #expect(glob.matches(name))
    }

    @Test(
        "A pattern that does not fit the whole name does not match",
        arguments: [
            ("BLEsmart_*", "BLESmart_1"), ("a", "ab"), ("a", "xa"), ("?", ""), ("a?", "a"), ("[a-c]", "d"),
            ("[!a-c]", "b"), ("[!a]", ""), ("a*b", "ac"), ("*a", "ab"), ("a", ""), ("e\u{301}", "é"),
        ])
    func doesNotMatch(pattern: String, name: String) throws {
        let glob = try #require(Glob(pattern))
        #expect(!glob.matches(name))
    }

    @Test(
        "A pattern that cannot be read is none",
        arguments: ["", "[", "[a", "[]", "[!]", "[^", "[z-a]", String(repeating: "a", count: 249)])
    func unreadable(pattern: String) {
        #expect(Glob(pattern) == nil)
    }

    @Test(
        "Hostile patterns and names take their lengths' product at most",
        arguments: [
            "*a*a*a*a*b", String(repeating: "*a", count: 123) + "b", String(repeating: "*?", count: 120) + "b",
            String(repeating: "*[a-z]", count: 40) + "b",
        ])
    func hostile(pattern: String) throws {
        let glob = try #require(Glob(pattern))
        let name = String(repeating: "a", count: 10_000)
        #expect(!glob.matches(name))
        #expect(glob.matches(name + "b"))
    }
}

@Suite("Patterns over addresses")
struct AddressPatternTests {
    @Test(
        "Only whole octets can be given",
        arguments: [
            "", "**", "00:5F:BF", "00:5F:BF:", "00:5F:B*", "00:5F:BF*", "*:18", "00:5F:BF:71:81:18:*", "0g:*",
            "00:5F:BF:*:*",
            "00-5F-*", "00:5F:BF:71:81:18*", ":*", "é:*",
        ])
    func unreadable(text: String) {
        #expect(AddressPattern(text) == nil)
    }

    @Test("Either case is read", arguments: ["aa:bB:*", "AA:BB:CC:dd:ee:ff", "AA:*", "AA:BB:CC:DD:EE:*"])
    func eitherCase(text: String) throws {
        let pattern = try #require(AddressPattern(text))
        #expect(pattern.description == text.uppercased())
    }
}
