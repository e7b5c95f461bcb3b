// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Policy
import Testing

/// What a rule with one key says of the device below.
enum Verdict: Sendable {
    case holds, fails, unknown
}

@Suite("The keys of [match]")
struct MatchKeyTests {
    /// A device of which everything is known.
    static let known: DeviceFacts = {
        var facts = DeviceFacts(
            address: Address(bits: 0x005F_BF71_8118), addressType: .public, name: "BLEsmart_0244",
            services: [BluetoothUUID(assigned: 0x1810)],
            manufacturerData: [CompanyIdentifier(0x020E): [0x01, 0x09, 0xB8]])
        facts.adapter = "hci0"
        facts.adapterAddress = Address("B8:27:EB:00:11:22")
        facts.transports = [.le]
        facts.serviceData = [BluetoothUUID(assigned: 0x1810): [0x07]]
        facts.advertisingData = [0x24: [0x17, 0x2F]]
        facts.appearance = Appearance(0x0381)
        facts.deviceClass = DeviceClass(0x002540)
        facts.icon = "input-keyboard"
        facts.advertisingAge = .seconds(10)
        return facts
    }()

    /// For each key: what is written, and what it says of the known device.
    static let cases: [(key: String, written: String, verdict: Verdict)] = [
        ("address", "\"00:5F:BF:71:81:18\"", .holds), ("address", "\"00:5F:*\"", .holds),
        ("address", "[\"AA:*\", \"*\"]", .holds), ("address", "\"00:5F:BF:71:81:19\"", .fails),
        ("address-type", "\"public\"", .holds), ("address-type", "[\"random\", \"public\"]", .holds),
        ("address-type", "\"random\"", .fails),
        ("adapter", "\"hci0\"", .holds), ("adapter", "\"b8:27:eb:00:11:22\"", .holds),
        ("adapter", "[\"hci1\", \"hci0\"]", .holds), ("adapter", "\"hci1\"", .fails),
        ("adapter", "\"B8:27:EB:00:11:23\"", .fails),
        ("transport", "\"le\"", .holds), ("transport", "\"bredr\"", .fails),
        ("bonded", "false", .holds), ("bonded", "true", .fails), ("bonded", "[true, false]", .holds),
        ("manufacturer", "0x020E", .holds), ("manufacturer", "[1, 526]", .holds), ("manufacturer", "1", .fails),
        ("service", "\"1810\"", .holds), ("service", "\"00001810-0000-1000-8000-00805f9b34fb\"", .holds),
        ("service", "\"1811\"", .fails),
        ("appearance", "0x0381", .holds), ("appearance", "[1, 0x0381]", .holds), ("appearance", "0x0380", .fails),
        ("class", "0x002540", .holds), ("class", "{ mask = 0x1F00, value = 0x0500 }", .holds),
        ("class", "0x002541", .fails), ("class", "{ mask = 0x1F00, value = 0x0400 }", .fails),
        ("icon", "\"input-*\"", .holds), ("icon", "\"phone\"", .fails),
        ("name", "\"BLEsmart_*\"", .holds), ("name", "[\"HEM*\", \"*44\"]", .holds), ("name", "\"blesmart_*\"", .fails),
        ("manufacturer-data", "{ offset = 1, mask = 0x08, value = 0x08 }", .holds),
        ("manufacturer-data", "{ company = 0x020E, offset = 1, value = 0x09 }", .holds),
        ("manufacturer-data", "{ value = [0x01, 0x09, 0xB8] }", .holds),
        ("manufacturer-data", "{ value = [0x01, 0x08], mask = [0xFF, 0x08] }", .holds),
        ("manufacturer-data", "{ company = 0x020F, offset = 1, value = 0x09 }", .fails),
        ("manufacturer-data", "{ offset = 1, mask = 0x04, value = 0x04 }", .fails),
        ("manufacturer-data", "{ offset = 3, value = 0 }", .fails),
        ("manufacturer-data", "{ company = 0x020E }", .holds),
        ("service-data", "{ service = \"1810\" }", .holds),
        ("service-data", "{ service = \"1810\", value = 7 }", .holds),
        ("service-data", "{ value = 7 }", .holds), ("service-data", "{ service = \"1811\" }", .fails),
        ("service-data", "{ service = \"1810\", value = 8 }", .fails),
        ("advertising-data", "{ type = 0x24, offset = 1, value = 0x2F }", .holds),
        ("advertising-data", "{ type = 0x24 }", .holds), ("advertising-data", "{ type = 0x25 }", .fails),
    ]

    private static func verdict(_ text: String, _ facts: DeviceFacts) throws -> Verdict {
        switch Policy(rules: [try rule(text)]).decide(facts) {
        case .matched: .holds
        case .unmatched: .fails
        case .undetermined: .unknown
        }
    }

    @Test("hold for what they say, and for nothing else", arguments: cases.indices)
    func verdicts(index: Int) throws {
        let (key, written, expected) = Self.cases[index]
        let text = "[match]\n\(key) = \(written)"
        #expect(try Self.verdict(text, Self.known) == expected, "\(text)")
    }

    @Test("are all in the table above")
    func complete() {
        let keys = KeyDocumentation.rule.filter { $0.table == "match" && $0.name != "fresh" }.map(\.name)
        #expect(Set(Self.cases.map(\.key)) == Set(keys))
    }

    @Test("are not settled as long as their fact is not known", arguments: cases.indices)
    func unknown(index: Int) throws {
        let (key, written, _) = Self.cases[index]
        let isAlwaysKnown = key == "bonded" || key == "address"
        let facts = DeviceFacts(address: Self.known.address, addressType: isAlwaysKnown ? .public : nil)
        let text = "[match]\n\(key) = \(written)"
        #expect((try Self.verdict(text, facts) == .unknown) != isAlwaysKnown, "\(text)")
    }

    @Test("fail for what a device has not said when it has said everything", arguments: cases.indices)
    func settled(index: Int) throws {
        let (key, written, _) = Self.cases[index]
        guard key != "bonded", key != "address" else { return }
        var facts = DeviceFacts(address: Self.known.address)
        facts.isSettled = true
        #expect(try Self.verdict("[match]\n\(key) = \(written)", facts) == .fails)
    }

    @Test(
        "over data hold while it is fresh, and are not settled by older data",
        arguments: [
            ("manufacturer-data", "{ offset = 1, value = 0x09 }"), ("service-data", "{ service = \"1810\" }"),
            ("advertising-data", "{ type = 0x24 }"),
        ])
    func fresh(key: String, written: String) throws {
        var facts = Self.known
        for (age, limit, expected) in [
            (Duration.seconds(60), "", Verdict.holds), (.seconds(61), "", .unknown),
            (.seconds(61), "fresh = \"2min\"", .holds), (.seconds(11), "fresh = \"10s\"", .unknown),
        ] {
            facts.advertisingAge = age
            #expect(try Self.verdict("[match]\n\(key) = \(written)\n\(limit)", facts) == expected, "\(age) \(limit)")
        }
        facts.advertisingAge = nil
        #expect(try Self.verdict("[match]\n\(key) = \(written)", facts) == .unknown)
    }

    @Test("over identity hold however old the data is", arguments: ["manufacturer = 0x020E", "service = \"1810\""])
    func identity(line: String) throws {
        var facts = Self.known
        facts.advertisingAge = nil
        #expect(try Self.verdict("[match]\n" + line, facts) == .holds)
    }

    @Test(
        "are refused where they make no sense",
        arguments: [
            ("adapter = \"eth0\"", "2:11: error: \"adapter\" in [match] must be an adapter's name or address; "),
            ("class = { mask = 1, value = 2 }", "2:29: error: the value has bits that the mask leaves out"),
            (
                "manufacturer-data = { mask = [1, 2], value = 1 }",
                "2:30: error: the mask has not as many octets as the value"
            ),
            ("manufacturer-data = { mask = 1, value = 2 }", "2:41: error: the value has bits that the mask leaves out"),
            (
                "manufacturer-data = { value = 256 }",
                "2:31: error: \"value\" in [match.manufacturer-data] must be from 0 to 0xFF"
            ),
            (
                "manufacturer-data = { offset = 300 }",
                "2:32: error: \"offset\" in [match.manufacturer-data] must be from 0 to 254"
            ),
            ("name = \"x\"\nfresh = \"5s\"", "3:9: error: \"fresh\" in [match] has no data to be about; "),
            (
                "transport = \"lte\"",
                "2:13: error: \"transport\" in [match] must be \"le\" or \"bredr\"; did you mean \"le\"?"
            ),
            ("service-data = \"1810\"", "2:16: error: \"service-data\" in [match] must be a table, not a string"),
        ])
    func refused(lines: String, expected: String) {
        let found = errors("[match]\n" + lines)
        #expect(found.count == 1 && found[0].hasPrefix(expected), "\(found)")
    }
}
