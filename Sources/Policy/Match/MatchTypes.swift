// SPDX-License-Identifier: Apache-2.0
//
// How the values of `[match]` are written.

import Bluetooth

extension ValueType<AddressPattern> {
    static let addressPattern = notation(
        "an address, or the first octets of one and a star",
        suggestion: "write it as in \"00:5F:BF:71:81:18\", \"00:5F:BF:*\", or \"*\" for every device",
        text: { "\"\($0)\"" }, AddressPattern.init(_:))
}

extension ValueType<AdapterPattern> {
    static let adapterPattern = notation(
        "an adapter's name or address", suggestion: "write it as in \"hci0\" or \"B8:27:EB:00:11:22\"",
        text: { "\"\($0)\"" }, AdapterPattern.init(_:))
}

extension ValueType<Glob> {
    static let glob = notation(
        "a pattern of 1 to \(Glob.maximumLength) characters with each [ closed",
        suggestion: "write it as in \"BLEsmart_*\"; \"[[]\" stands for the bracket itself",
        text: { TOMLText.quoted($0.description) }, Glob.init(_:))
}

extension ValueType<BluetoothUUID> {
    static let uuid = notation(
        "a UUID of 4 or 8 hexadecimal digits, or in full",
        suggestion: "write it as in \"1810\" or \"ecbe3980-c9a2-11e1-b1bd-0002a5d5c51b\"",
        text: { "\"\($0.shortDescription)\"" }, BluetoothUUID.init(_:))
}

extension ValueType<CompanyIdentifier> {
    static let companyIdentifier = ValueType<UInt16>
        .integer(0...0xFFFF, example: "0x020E", text: { CompanyIdentifier($0).description })
        .map {
            CompanyIdentifier($0)
        } back: {
            $0.value
        }
}

extension ValueType<Appearance> {
    static let appearance = ValueType<UInt16>
        .integer(0...0xFFFF, example: "0x03C1", text: { Appearance($0).description })
        .map {
            Appearance($0)
        } back: {
            $0.value
        }
}

extension ValueType<DeviceClassPattern> {
    private static let bits = ValueType<UInt32>.integer(
        0...0xFF_FFFF, example: "0x002540", text: { DeviceClass($0)?.description ?? "\($0)" })

    private static let table = ValueType.inlineTable(
        Schema(
            keys: [
                Key("mask", \.mask, bits, help: "Which of the 24 bits count."),
                Key("value", \.value, bits, help: "What they have to be."),
            ],
            checks: [
                Check { draft, reader in
                    if draft.value & ~draft.mask != 0 {
                        reader.error(
                            "the value has bits that the mask leaves out", at: reader.position(below: "value"))
                    }
                }
            ]), startingWith: DeviceClassPattern(value: 0))

    /// A number for the whole class, or a table for some of its bits.
    static let deviceClass = ValueType(
        form: "\(bits.form), or { mask = …, value = … }", children: table.children,
        text: { $0.mask == 0xFF_FFFF ? bits.text($0.value) : table.text($0) },
        read: { value, reader in
            guard case .table = value.content else {
                return bits.read(value, &reader).map { DeviceClassPattern(value: $0) }
            }
            return table.read(value, &reader)
        })
}

// MARK: Data

extension ValueType<ManufacturerDataPattern> {
    static let manufacturerData = inlineTable(
        Schema(
            keys: [
                Key(
                    "company", \.company, ValueType<CompanyIdentifier>.companyIdentifier.optional,
                    help: "The company identifier; any where it is not given.")
            ] + octetKeys(\.octets),
            checks: octetChecks(\.octets)), startingWith: ManufacturerDataPattern())
}

extension ValueType<ServiceDataPattern> {
    static let serviceData = inlineTable(
        Schema(
            keys: [
                Key(
                    "service", \.service, ValueType<BluetoothUUID>.uuid.optional,
                    help: "The service; any where it is not given.")
            ] + octetKeys(\.octets),
            checks: octetChecks(\.octets)), startingWith: ServiceDataPattern())
}

extension ValueType<AdvertisingDataPattern> {
    static let advertisingData = inlineTable(
        Schema(
            keys: [
                Key(
                    "type", \.type,
                    ValueType<UInt8>.integer(0...0xFF, example: "0x24", text: { hexadecimalOctet($0) }).optional,
                    help: "The element's type; any where it is not given.")
            ] + octetKeys(\.octets),
            checks: octetChecks(\.octets)), startingWith: AdvertisingDataPattern())
}

/// The keys that say which octets are looked at.
private func octetKeys<Draft>(_ path: WritableKeyPath<Draft, OctetPattern> & Sendable) -> [Key<Draft>] {
    [
        Key(
            "offset", get: { $0[keyPath: path].offset }, set: { $0[keyPath: path].offset = $1 },
            .integer(0...254, example: "1"), help: "Where the first octet stands, from 0."),
        Key(
            "mask", get: { $0[keyPath: path].mask }, set: { $0[keyPath: path].mask = $1 }, .octets,
            help: "Which bits of each octet count; all of them where it is not given."),
        Key(
            "value", get: { $0[keyPath: path].value }, set: { $0[keyPath: path].value = $1 }, .octets,
            help: "What these bits have to be; one octet, or a list."),
    ]
}

private func octetChecks<Draft>(_ path: KeyPath<Draft, OctetPattern> & Sendable) -> [Check<Draft>] {
    [
        Check { draft, reader in
            let octets = draft[keyPath: path]
            if !octets.mask.isEmpty, octets.mask.count != octets.value.count {
                reader.error("the mask has not as many octets as the value", at: reader.position(below: "mask"))
            } else if zip(octets.mask, octets.value).contains(where: { $1 & ~$0 != 0 }) {
                reader.error("the value has bits that the mask leaves out", at: reader.position(below: "value"))
            }
        }
    ]
}

extension ValueType<[UInt8]> {
    fileprivate static let octets = oneOrMore(
        ValueType<UInt8>.integer(0...0xFF, example: "0x08", text: { hexadecimalOctet($0) }))
}

private func hexadecimalOctet(_ value: UInt8) -> String {
    let digits = String(value, radix: 16, uppercase: true)
    return "0x" + (digits.utf8.count < 2 ? "0" : "") + digits
}
