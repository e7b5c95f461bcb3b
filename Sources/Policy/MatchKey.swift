// SPDX-License-Identifier: Apache-2.0

import Bluetooth

/// The facts of one device, prepared once for looking at many rules.
struct Observation {
    let facts: DeviceFacts
    let name: [Unicode.Scalar]?

    init(_ facts: DeviceFacts) {
        self.facts = facts
        name = facts.name.map { Array($0.raw.unicodeScalars) }
    }
}

/// What one key of a rule's `[match]` says of a device.
enum KeyVerdict {
    case notGiven
    case holds
    case fails
    case unknown
}

/// One key of `[match]`: how it is written, which fact it looks at, when it holds, and how rules are found by it.
///
/// Rules are found by *labels*: numbers that a rule's elements and a device's fact have in common when they may match.
/// Labels only leave out rules; what decides is ``verdict``. A class, because a copy of so many closures is not cheap.
final class MatchKey: Sendable {
    let key: Key<Match>
    /// The fact that may still come; `nil` for one that is always known.
    let fact: Decision.Fact?
    let verdict: @Sendable (Match, Observation) -> KeyVerdict
    /// `nil` when the rule cannot be found by this key; empty never.
    let labels: @Sendable (Match) -> [UInt64]?
    /// `nil` when the fact is not known.
    let observedLabels: @Sendable (Observation) -> [UInt64]?
    let isGiven: @Sendable (Match) -> Bool

    init<Element: Sendable, Observed>(
        _ name: String, _ path: WritableKeyPath<Match, [Element]> & Sendable, _ type: ValueType<Element>,
        fact: Decision.Fact? = nil,
        observe: @escaping @Sendable (Observation) -> Observed?,
        holds: @escaping @Sendable (Element, Observed) -> Bool,
        label: @escaping @Sendable (Element) -> UInt64?,
        labels: @escaping @Sendable (Observed) -> [UInt64],
        help: String
    ) {
        key = Key(name, path, .oneOrMore(type), help: help)
        self.fact = fact
        isGiven = { !$0[keyPath: path].isEmpty }
        verdict = { match, observation in
            let elements = match[keyPath: path]
            if elements.isEmpty { return .notGiven }
            guard let observed = observe(observation) else { return .unknown }
            return elements.contains { holds($0, observed) } ? .holds : .fails
        }
        self.labels = { match in
            let elements = match[keyPath: path]
            let found = elements.compactMap(label)
            return found.count == elements.count && !found.isEmpty ? found : nil
        }
        observedLabels = { observe($0).map(labels) }
    }
}

extension MatchKey {
    /// Every key of `[match]`, in the order in which they are looked at.
    static let all: [MatchKey] = [
        MatchKey(
            "address", \.addresses,
            .notation(
                "an address, or the first octets of one and a star",
                suggestion: "write it as in \"00:5F:BF:71:81:18\", \"00:5F:BF:*\", or \"*\" for every device",
                text: { "\"\($0)\"" }, AddressPattern.init(_:)),
            observe: \.facts,
            holds: { $0.matches($1.address, type: $1.addressType) },
            label: \.label,
            labels: { AddressPattern.labels(of: $0.address) },
            help:
                "The address, or its first octets and a star; \"*\" is every device. Never holds for a private address."
        ),
        MatchKey(
            "manufacturer", \.manufacturers, .companyIdentifier, fact: .manufacturerData,
            observe: \.facts.manufacturerData,
            holds: { $1[$0] != nil },
            label: { UInt64($0.value) },
            labels: { $0.keys.map { UInt64($0.value) } },
            help: "The company identifier in the advertising data, such as 0x020E."),
        MatchKey(
            "service", \.services,
            .notation(
                "a UUID of 4 or 8 hexadecimal digits, or in full",
                suggestion: "write it as in \"1810\" or \"ecbe3980-c9a2-11e1-b1bd-0002a5d5c51b\"",
                text: { "\"\($0)\"" }, BluetoothUUID.init(_:)),
            fact: .services,
            observe: \.facts.services,
            holds: { $1.contains($0) },
            label: { UInt64(bitPattern: Int64($0.hashValue)) },
            labels: { $0.map { UInt64(bitPattern: Int64($0.hashValue)) } },
            help: "A service that the device advertises or was seen to have."),
        MatchKey(
            "name", \.names,
            .notation(
                "a pattern of 1 to \(Glob.maximumLength) characters with each [ closed",
                suggestion: "write it as in \"BLEsmart_*\"; \"[[]\" stands for the bracket itself",
                text: { "\"\($0)\"" }, Glob.init(_:)),
            fact: .name,
            observe: \.name,
            holds: { $0.matches($1) },
            label: { NameLabels.label(of: $0) },
            labels: { NameLabels.labels(of: $0) },
            help: "A pattern with *, ? and [...] over the name that the device sent, never over an alias; case counts."),
    ]
}

extension ValueType<CompanyIdentifier> {
    fileprivate static let companyIdentifier = ValueType(
        form: "an integer from 0 to 0xFFFF",
        text: \.description,
        read: { value, reader in
            guard case .integer(let number) = value.content else {
                reader.wrongKind(value, expected: "an integer", suggestion: "write it as in 0x020E, without quotes")
                return nil
            }
            guard let identifier = UInt16(exactly: number) else {
                reader.error("\(reader.subject) must be from 0 to 0xFFFF", at: value.position)
                return nil
            }
            return CompanyIdentifier(identifier)
        })
}

/// Labels for how names begin and end: a running FNV-1a hash, so that those of one name take one pass from each side.
private enum NameLabels {
    /// `nil` for a pattern with a wildcard at both ends.
    static func label(of pattern: Glob) -> UInt64? {
        let prefix = pattern.literalPrefix
        if !prefix.isEmpty { return prefix.reduce(prefixSeed, step) }
        let suffix = pattern.reversedLiteralSuffix
        return suffix.isEmpty ? nil : suffix.reduce(suffixSeed, step)
    }

    /// Of every beginning and end that a pattern may ask for.
    static func labels(of name: [Unicode.Scalar]) -> [UInt64] {
        hashes(name, prefixSeed) + hashes(name.reversed(), suffixSeed)
    }

    private static func hashes(_ name: some Sequence<Unicode.Scalar>, _ seed: UInt64) -> [UInt64] {
        var hash = seed
        return name.prefix(Glob.maximumLength).map { scalar in
            hash = step(hash, scalar)
            return hash
        }
    }

    private static let prefixSeed: UInt64 = 0xcbf2_9ce4_8422_2325
    private static let suffixSeed: UInt64 = ~prefixSeed

    private static func step(_ hash: UInt64, _ scalar: Unicode.Scalar) -> UInt64 {
        (hash ^ UInt64(scalar.value)) &* 0x100_0000_01b3
    }
}
