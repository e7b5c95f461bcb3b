// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Bluetooth
import EventLoop
import Policy

/// Tries the rules on a device that BlueZ knows, or on one that is described.
struct PolicyTest: Verb {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Tell which rule is for a device, why the others are not, and what it says.",
        discussion: """
            Named by its address, the device is one that BlueZ knows, and pairingd is asked. Described by options, it need not \
            exist, and the rule files are read without pairingd, as in

              pairingctl policy test --name BLEsmart_1 --manufacturer 0x020E=0109

            Exit status 1 when no rule matches.
            """)

    @Flag(help: "As if a window was open.") var window = false
    @OptionGroup(title: "Options that describe a device") var description: DeviceDescription
    @Argument(
        help: ArgumentHelp(
            "A device; or, for one that is described, the folders of rules.", valueName: "device or dir"),
        completion: Candidates.devices)
    var arguments: [String] = []
    @OptionGroup(title: "Options of every verb") var options: GlobalOptions

    func validate() throws {
        if description.isEmpty {
            guard arguments.count == 1 else {
                throw ValidationError("name one device, or describe one, as with --name.")
            }
        } else {
            _ = try description.facts()
            try PolicySource.validate(arguments)
        }
    }

    @LoopActor func run(_ session: Session) async throws(Failure) -> ExitStatus {
        let report = try await report(session)
        report.show(session.output)
        return report.rule == nil ? .failed : .done
    }

    @LoopActor private func report(_ session: Session) async throws(Failure) -> PolicyReport {
        guard !description.isEmpty else {
            let client = try await session.connect()
            return PolicyReport(evaluation: try await client.evaluate(arguments[0], inWindow: window ? true : nil))
        }
        guard let facts = try? description.facts() else { throw Failure(.usage, "the device is not described well") }
        do throws(PolicyErrors) {
            let policy = try PolicySource.files(arguments).load()
            return PolicyReport(facts, policy.evaluate(facts, inWindow: window), unknown: policy.unknownDevices)
        } catch {
            for problem in error.errors { session.output.error(problem.description) }
            throw Failure(.failed, "the rules have errors")
        }
    }
}

/// Options that say what a device is like.
struct DeviceDescription: ParsableArguments, Sendable {
    @Option(help: "The name that it sends.") var name: String?
    @Option(help: "Its address.") var address: String?
    @Option(help: "public or random.") var addressType: String?
    @Option(help: "The adapter that sees it, such as hci0.") var adapter: String?
    @Option(help: "le or bredr.") var transport: [String] = []
    @Option(help: ArgumentHelp("A company identifier, with or without its data.", valueName: "0x020E=0109"))
    var manufacturer: [String] = []
    @Option(help: ArgumentHelp("A service, with or without service data.", valueName: "uuid=data")) var service:
        [String] = []
    @Option(help: ArgumentHelp("An LE appearance.", valueName: "0x03C1")) var appearance: String?
    @Option(name: .customLong("class"), help: ArgumentHelp("A BR/EDR class.", valueName: "0x002540")) var deviceClass:
        String?
    @Option(help: "BlueZ's name for its kind, such as input-keyboard.") var icon: String?
    @Flag(help: "BlueZ has a bond with it.") var bonded = false

    /// Is nothing described? That it is bonded alone says too little.
    var isEmpty: Bool {
        name == nil && address == nil && addressType == nil && adapter == nil && transport.isEmpty
            && manufacturer.isEmpty && service.isEmpty && appearance == nil && deviceClass == nil && icon == nil
    }

    /// The device; what is not described is not there.
    func facts() throws -> DeviceFacts {
        let known = try address.map { text in
            try parsed(text, "an address, such as 00:5F:BF:71:81:18") { Address($0) }
        }
        var facts = DeviceFacts(address: known ?? Address(bits: 0), name: name.map { UntrustedText($0) })
        facts.isSettled = true
        facts.advertisingAge = .zero
        facts.isBonded = bonded
        facts.adapter = adapter
        facts.addressType = try addressType.map { try parsed($0, "public or random") { AddressType(rawValue: $0) } }
        if !transport.isEmpty {
            facts.transports = Set(try transport.map { try parsed($0, "le or bredr") { Transport(rawValue: $0) } })
        }
        facts.appearance = try appearance.map { Appearance(UInt16(try number($0, to: 0xFFFF))) }
        facts.deviceClass = try deviceClass.flatMap { DeviceClass(try number($0, to: 0xFF_FFFF)) }
        facts.icon = icon
        for text in manufacturer {
            let (company, data) = try divided(text)
            let number = CompanyIdentifier(UInt16(try number(company, to: 0xFFFF)))
            facts.manufacturerData = (facts.manufacturerData ?? [:]).merging([number: data ?? []]) { $1 }
        }
        for text in service {
            let (service, data) = try divided(text)
            let uuid = try parsed(service, "a UUID, such as 1810") { BluetoothUUID($0) }
            facts.services = (facts.services ?? []).union([uuid])
            if let data { facts.serviceData = (facts.serviceData ?? [:]).merging([uuid: data]) { $1 } }
        }
        return facts
    }

    private func parsed<Value>(_ text: String, _ form: String, _ parse: (String) -> Value?) throws -> Value {
        guard let value = parse(text) else { throw ValidationError("\"\(text)\" is not \(form).") }
        return value
    }

    private func number(_ text: String, to highest: UInt32) throws -> UInt32 {
        try parsed(text, "a number up to 0x\(String(highest, radix: 16, uppercase: true))") { text in
            // What Swift reads as a number may have a sign.
            guard !text.contains(where: { $0 == "+" || $0 == "-" }) else { return nil }
            let number = text.hasPrefix("0x") ? UInt32(text.dropFirst(2), radix: 16) : UInt32(text)
            return number.flatMap { $0 <= highest ? $0 : nil }
        }
    }

    /// What stands before the equals sign, and the octets behind it.
    private func divided(_ text: String) throws -> (String, [UInt8]?) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else { return (text, nil) }
        let octets = try parsed(parts[1], "octets in hexadecimal digits, such as 0109") { text -> [UInt8]? in
            let digits = Array(text.utf8)
            guard digits.count.isMultiple(of: 2), text.allSatisfy(\.isHexDigit) else { return nil }
            let octets = stride(from: 0, to: digits.count, by: 2).compactMap {
                UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)
            }
            return octets.count * 2 == digits.count ? octets : nil
        }
        return (parts[0], octets)
    }
}
