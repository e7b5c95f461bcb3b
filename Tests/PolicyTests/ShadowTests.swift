// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Policy
import Testing

@Suite("Rules that never decide")
struct ShadowTests {
    @Test(
        "are those of which an earlier one takes every device",
        arguments: [
            ("address = \"*\"", "name = \"x\"", true), ("address = \"*\"", "address = \"*\"", true),
            ("name = \"x\"", "address = \"*\"", false),
            ("name = \"BLE*\"", "name = \"BLEsmart_*\"", true), ("name = \"BLEsmart_*\"", "name = \"BLE*\"", false),
            ("name = \"*\"", "name = \"[a-z]\"", true), ("name = \"*8\"", "name = \"BLE*118\"", true),
            ("name = \"B*8\"", "name = \"BLE*118\"", true), ("name = \"BLE*118\"", "name = \"B*8\"", false),
            ("name = \"aXa\"", "name = \"a\"", false), ("name = \"a*a\"", "name = \"a\"", false),
            ("name = [\"A*\", \"B*\"]", "name = [\"AB\", \"BA*\"]", true),
            ("name = \"A*\"", "name = [\"AB\", \"BA*\"]", false),
            ("address = \"00:5F:*\"", "address = \"00:5F:BF:*\"", true),
            ("address = \"00:5F:BF:*\"", "address = \"00:5F:*\"", false),
            ("manufacturer = [1, 2]", "manufacturer = 2\nname = \"x\"", true),
            ("manufacturer = 1\nname = \"x\"", "manufacturer = 1", false),
            ("service = \"1810\"", "service = \"00001810-0000-1000-8000-00805f9b34fb\"", true),
            ("class = { mask = 0x1F00, value = 0x0500 }", "class = 0x002540", true),
            ("class = 0x002540", "class = { mask = 0x1F00, value = 0x0500 }", false),
            ("bonded = false", "name = \"x\"", false), ("bonded = false", "name = \"x\"\nbonded = false", true),
            (
                "manufacturer-data = { value = 1 }\nfresh = \"10s\"",
                "manufacturer-data = { value = 1 }\nfresh = \"1min\"",
                false
            ),
            (
                "manufacturer-data = { value = 1 }\nfresh = \"1min\"",
                "manufacturer-data = { value = 1 }\nfresh = \"10s\"",
                true
            ),
        ])
    func matches(first: String, second: String, isShadowed: Bool) throws {
        let policy = try DecisionTests.policy("[match]\n" + first, "[match]\n" + second)
        let warnings = policy.shadowedRules
        #expect(warnings.map(\.file) == (isShadowed ? ["2.toml"] : []))
        #expect(warnings.allSatisfy { $0.severity == .warning && "\($0.message)".contains("1 comes first") })
    }

    @Test("are none because of one that holds in a window only, except for others in a window")
    func windows() throws {
        let every = "match.address = \"*\"\n"
        let window = every + "pairing.when = \"window\""
        #expect(try DecisionTests.policy(window, every).shadowedRules.isEmpty)
        #expect(try DecisionTests.policy(window, window).shadowedRules.count == 1)
        #expect(try DecisionTests.policy(every, window).shadowedRules.count == 1)
    }
}
