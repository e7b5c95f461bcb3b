// SPDX-License-Identifier: Apache-2.0

import Policy
import Testing

@Suite("What is wrong with a rule file")
struct RuleErrorTests {
    static let every = "match.address = \"*\"\n"

    @Test(
        "A key or table that nobody knows is told with its place and what was meant",
        arguments: [
            ("[match]\n  naem = \"x\"", #"2:3: error: unknown key "naem" in [match]; did you mean "name"?"#),
            (
                "[match]\nMANUFACTURER = 1",
                #"2:1: error: unknown key "MANUFACTURER" in [match]; did you mean "manufacturer"?"#
            ),
            (
                every + "[pairing]\nio_capability = \"x\"",
                #"3:1: error: unknown key "io_capability" in [pairing]; did you mean "io-capability"?"#
            ),
            (every + "[paring]\n", #"2:2: error: unknown table [paring]; did you mean "pairing"?"#),
            (
                every + "io-capability = \"x\"",
                #"2:1: error: unknown key "io-capability" in the top level; "io-capability" belongs in [pairing]"#
            ),
            (every + "zzz = 1", #"2:1: error: unknown key "zzz" in the top level"#),
            (
                every + "answer.pin.valeu = \"0000\"",
                #"2:12: error: unknown key in [answer.pin]; it may hold "value" or "credential""#
            ),
        ])
    func unknown(text: String, expected: String) {
        #expect(errors(text) == [expected])
    }

    @Test(
        "A value of the wrong kind is told with its place",
        arguments: [
            (
                "description = 5\n" + every,
                #"1:15: error: "description" must be a string, not an integer; put it in quotes"#
            ),
            ("match = 5", #"1:9: error: "match" must be a table, not an integer"#),
            (
                "match.name = true",
                #"1:14: error: "name" in [match] must be a string (a pattern of 1 to 248 characters with each [ closed), not true or false; write it as in "BLEsmart_*"; "[[]" stands for the bracket itself"#
            ),
            (
                "match.manufacturer = \"526\"",
                #"1:22: error: "manufacturer" in [match] must be an integer, not a string; write it as in 0x020E, without quotes"#
            ),
            (
                "match.manufacturer = [1, 2.5]",
                #"1:26: error: "manufacturer" in [match] must be an integer, not a number with a fraction; write it as in 0x020E, without quotes"#
            ),
            (
                every + "pairing.accept-incoming = \"true\"",
                #"2:27: error: "accept-incoming" in [pairing] must be true or false, not a string; write it without quotes"#
            ),
            (
                every + "answer.service = 1979-05-27",
                #"2:18: error: "service" in [answer] must be "accept", "reject" or "ask", not a date or time"#
            ),
            (
                every + "answer.pin.value = 1234",
                #"2:20: error: "value" in [answer.pin] must be a string of 1 to 16 bytes of text, not an integer; put it in quotes"#
            ),
            (
                every + "answer.passkey = 123456",
                #"2:18: error: "passkey" in [answer] must be "ask", "reject" or a table; write "ask", "reject", { value = "123456" } or { credential = "NAME" }"#
            ),
        ])
    func wrongKind(text: String, expected: String) {
        #expect(errors(text) == [expected])
    }

    @Test(
        "A value that is out of range or not in its notation is told with its place",
        arguments: [
            ("match.manufacturer = 0x10000", #"1:22: error: "manufacturer" in [match] must be from 0 to 0xFFFF"#),
            ("match.manufacturer = -1", #"1:22: error: "manufacturer" in [match] must be from 0 to 0xFFFF"#),
            (
                "match.manufacturer = []",
                #"1:22: error: "manufacturer" in [match] is an empty list; name at least one, or remove the key"#
            ),
            (
                "match.address = [\"*\", \"00:5F:B*\"]",
                #"1:23: error: "address" in [match] must be an address, or the first octets of one and a star; write it as in "00:5F:BF:71:81:18", "00:5F:BF:*", or "*" for every device"#
            ),
            (
                "match.service = \"18100\"",
                #"1:17: error: "service" in [match] must be a UUID of 4 or 8 hexadecimal digits, or in full; write it as in "1810" or "ecbe3980-c9a2-11e1-b1bd-0002a5d5c51b""#
            ),
            (
                every + "[pairing]\nio-capability = \"KeyboardDisplya\"",
                #"3:17: error: "io-capability" in [pairing] must be "DisplayOnly", "DisplayYesNo", "KeyboardOnly", "NoInputNoOutput" or "KeyboardDisplay"; did you mean "KeyboardDisplay"?"#
            ),
            (
                every + "answer.confirmation = \"acept\"",
                #"2:23: error: "confirmation" in [answer] must be "accept", "reject" or "ask"; did you mean "accept"?"#
            ),
            (
                every + "answer.passkey.value = \"12345\"",
                #"2:24: error: "value" in [answer.passkey] must be exactly six digits"#
            ),
            (every + "answer.pin.value = \"\"", #"2:20: error: "value" in [answer.pin] must be 1 to 16 bytes of text"#),
            (
                every + "answer.pin = {}",
                #"2:14: error: "pin" in [answer] has no value; write "ask", "reject", { value = "0000" } or { credential = "NAME" }"#
            ),
            ("description = \"a\\nb\"\n" + every, #"1:15: error: "description" must be one line of at most 256 bytes"#),
        ] as [(String, String)])
    func wrongValue(text: String, expected: String) {
        #expect(errors(text) == [expected])
    }

    @Test(
        "A rule for no device is an error that says how to name every device",
        arguments: [
            ("", "1:1: error: the rule has no [match]"), ("\n[match]\n", "2:1: error: [match] names no device"),
            ("match = {}", "1:9: error: [match] names no device"),
        ])
    func noDevice(text: String, expected: String) {
        #expect(errors(text) == [expected + "; address = \"*\" in [match] makes it a rule for every device"])
    }

    @Test(
        "A fixed passkey is an error with a capability that cannot enter one",
        arguments: ["NoInputNoOutput", "DisplayOnly", "DisplayYesNo"])
    func passkeyWithoutKeyboard(capability: String) {
        let text = Self.every + "answer.passkey = { value = \"123456\" }\npairing.io-capability = \"\(capability)\""
        #expect(
            errors(text) == [
                "2:28: error: a fixed passkey is never asked for with io-capability = \"\(capability)\"; "
                    + "set io-capability to \"KeyboardOnly\" or \"KeyboardDisplay\", or passkey to \"reject\""
            ])
    }

    @Test(
        "A syntax error is told with its place",
        arguments: [
            ("match.name = @", "1:14: error: invalid TOML: value: could not determine value type"),
            ("a = 1\r\nb = \"x", "2:7: error: invalid TOML: string: encountered end-of-file"),
            ("[match\n", "1:7: error: invalid TOML: table header: expected ']'"),
            ("é = 1", "1:1: error: invalid TOML: root table: expected keys, tables, whitespace or comments"),
            ("a = 1\n  [é.b]", "2:4: error: invalid TOML: unexpected character"),
            ("\"é😀\" = 1 2", "1:10: error: invalid TOML: key-value pair: expected a comment or whitespace"),
        ])
    func syntax(text: String, expected: String) {
        #expect(errors(text) == [expected])
    }

    @Test(
        "A key or table that stands twice is told with the place of the second",
        arguments: [
            ("a = 1\n  a = \"a\"", "2:3: error: invalid TOML: the key a stands twice"),
            ("\"a b\" = 1\n'a b' = 2", "2:1: error: invalid TOML: the key 'a b' stands twice"),
            ("p = { v = '1', v = '2' }", "1:16: error: invalid TOML: the key v stands twice"),
            ("a.\"é\" = 1\na . \"é\"\t=[\n2]", "2:1: error: invalid TOML: the key a . \"é\" stands twice"),
            ("[x]\n[x]", "2:1: error: invalid TOML: the table [x] stands twice"),
            ("x = 1\n[x]", "2:1: error: invalid TOML: the table [x] stands twice"),
            (
                "a = 1\na.b = 2",
                "2:1: error: invalid TOML: key-value pair: cannot redefine existing integer as dotted key-value pair"
            ),
        ])
    func duplicates(text: String, expected: String) {
        #expect(errors(text) == [expected])
    }

    @Test("Columns count characters, not bytes")
    func columns() {
        #expect(errors("match = { \"é😀\" = 1, naem = 2 }").map { $0.prefix(5) } == ["1:11:", "1:21:"])
    }

    @Test("Every error of a file is told, in the order of the file")
    func all() {
        let text =
            "[answer]\npasskey = 5\nservice = \"no\"\n[match]\naddress = \"x\"\nfoo = 1\n[pairing]\naccept-incoming = 1"
        #expect(errors(text).map { $0.prefix(5) } == ["2:11:", "3:11:", "5:11:", "6:1: ", "8:19:"])
    }

    @Test("Text of the file is escaped, and cut where it is long")
    func hostileKeys() {
        #expect(
            errors(Self.every + "\"\\u001b[31m\\u202e\" = 1")
                == [#"2:1: error: unknown key "\u{1B}[31m\u{202E}" in the top level"#])
        let long = String(repeating: "k", count: 5_000)
        #expect(errors(Self.every + "\(long) = 1").allSatisfy { $0.utf8.count < 150 })
    }

    @Test("An error names file, line and column also apart")
    func parts() throws {
        var found: PolicyErrors?
        do throws(PolicyErrors) {
            _ = try Rule(parsing: Array("\nmatch.naem = 1".utf8), file: "/x/\u{1B}.toml")
        } catch {
            found = error
        }
        let first = try #require(found?.errors.first)
        #expect(first.file == "/x/\u{1B}.toml")
        #expect(first.line == 2)
        #expect(first.column == 7)
        #expect(first.suggestion == "did you mean \"name\"?")
        #expect(first.description.hasPrefix("/x/\\u{1B}.toml:2:7: error: "))
    }
}
