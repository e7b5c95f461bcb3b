// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Policy

/// One made-up rule and a device that it is for. Made from its number alone, so that none has to be kept in memory.
struct SampleRule {
    let fileName: String
    /// The `[match]` table, one key a line.
    private var match: [String] = []
    private var rest: [String] = []
    private(set) var holdsSecret = false
    /// All facts of a device that the rule matches; an earlier rule may match it as well.
    private(set) var device: DeviceFacts

    init(number: Int, seed: UInt64) {
        var random = SplitMix64(state: seed &+ UInt64(number) &* 0x1_0000_0001)
        let vendor = Self.vendors.randomElement(using: &random) ?? ""
        let model = "\(vendor) \(["BP", "HR", "GL", "TH", "SC", "OX"].randomElement(using: &random) ?? "")-\(number)"
        let digits = String(number)
        fileName = "\(String(repeating: "0", count: max(0, 5 - digits.count)))\(digits)-\(vendor.lowercased()).toml"
        device = DeviceFacts(
            address: Address(bits: .random(in: 0...0xFFFF_FFFF_FFFF, using: &random)), addressType: .public,
            name: UntrustedText("\(model) \(Int.random(in: 1000...9999, using: &random))"),
            services: [BluetoothUUID(assigned: Self.services.randomElement(using: &random) ?? 0)],
            manufacturerData: [CompanyIdentifier(.random(in: 0...0x0FFF, using: &random)): [1, 2, 3]])
        addMatch(model: model, &random)
        addRest(&random)
    }

    var text: String {
        let head = ["# Rule of a benchmark.", "description = \"\(fileName)\"", "", "[match]"]
        return (head + match + rest).joined(separator: "\n") + "\n"
    }

    /// How often each combination comes is a guess at how administrators write: mostly by name, seldom by a part of it.
    private mutating func addMatch(model: String, _ random: inout SplitMix64) {
        switch Int.random(in: 0..<1000, using: &random) {
        case 0..<350: addName("\(model)*")
        case 350..<480:
            addManufacturer()
            addName("\(model)*")
        case 480..<600: addAddress(octets: 3)
        case 600..<700: addAddress(octets: 6)
        case 700..<780:
            addAssignedService()
            addName("\(model) ????")
        case 780..<860: addVendorService(&random)
        case 860..<910:
            addManufacturer()
            addAssignedService()
            addAddress(octets: 4)
        case 910..<950: addName("\(model) [0-9]*")
        case 950..<997:
            device.name = UntrustedText("Sensor \(model)")
            addName("* \(model)")
        // Few, but each of these costs every decision: no index finds them.
        default: addName("*\(model)*")
        }
    }

    private mutating func addName(_ pattern: String) { match.append("name = \"\(pattern)\"") }

    private mutating func addAddress(octets: Int) {
        let start = device.address.description.prefix(octets * 3)
        match.append("address = [\"\(start)\(octets == 6 ? "" : "*")\"]")
    }

    private mutating func addManufacturer() {
        for company in device.manufacturerData?.keys.first.map({ [$0] }) ?? [] {
            match.append("manufacturer = \(company)")
        }
    }

    private mutating func addAssignedService() {
        for service in device.services?.first.map({ [$0] }) ?? [] { match.append("service = [\"\(service)\"]") }
    }

    private mutating func addVendorService(_ random: inout SplitMix64) {
        let digits = String(UInt64.random(in: 1 << 63 ... .max, using: &random), radix: 16)
        let text = "\(digits.prefix(8))-\(digits.dropFirst(8).prefix(4))-\(digits.suffix(4))-8000-0002a5d5c51b"
        device.services = BluetoothUUID(text).map { [$0] }
        match.append("service = \"\(text)\"  # the vendor's own")
    }

    private mutating func addRest(_ random: inout SplitMix64) {
        let capability = ["NoInputNoOutput", "DisplayYesNo", "KeyboardDisplay"].randomElement(using: &random) ?? ""
        let acceptsIncoming = Bool.random(using: &random)
        rest += ["", "[pairing]", "io-capability = \"\(capability)\"", "accept-incoming = \(acceptsIncoming)"]
        rest += ["", "[answer]", "authorization = \"accept\"", "confirmation = \"ask\"", "service = \"reject\""]
        if Int.random(in: 0..<10, using: &random) == 0 {
            holdsSecret = true
            rest.append("pin = { value = \"0000\" }")
        } else {
            rest.append("passkey = \"reject\"")
        }
    }

    private static let vendors = [
        "Acme", "Borealis", "Cardia", "Delphi", "Evergreen", "Fjord", "Glucose", "Heliotrope", "Inverse", "Juniper",
        "Kestrel", "Lumen", "Meridian", "Nimbus", "Orchard", "Pulse", "Quill", "Rowan", "Solstice", "Tidal",
    ]

    /// Blood Pressure, Heart Rate, Glucose, Health Thermometer, Weight Scale, Pulse Oximeter, HID, Battery.
    private static let services: [UInt32] = [0x1810, 0x180D, 0x1808, 0x1809, 0x181D, 0x1822, 0x1812, 0x180F]
}
