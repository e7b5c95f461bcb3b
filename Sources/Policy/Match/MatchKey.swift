// SPDX-License-Identifier: Apache-2.0

import Bluetooth

/// The facts of one device, prepared once for looking at many rules.
struct Observation {
    let facts: DeviceFacts
    let name: [Unicode.Scalar]?
    let icon: [Unicode.Scalar]?

    init(_ facts: DeviceFacts) {
        self.facts = facts
        name = facts.name.map { Array($0.raw.unicodeScalars) }
        icon = facts.icon.map { Array($0.unicodeScalars) }
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
    /// Does the key look at what a device says at this time, and not at what it is?
    var isAboutNow: Bool { Self.data.contains { $0 === self } }
    /// Does whatever the second match's elements hold for fulfil the first match's elements?
    let covers: @Sendable (Match, Match) -> Bool

    /// - Parameters:
    ///   - observe: The fact, as far as the match may use it.
    ///   - covers: Does the first element hold wherever the second does? It may be `false` where it does.
    init<Element: Sendable & Equatable, Observed>(
        _ name: String, _ path: WritableKeyPath<Match, [Element]> & Sendable, _ type: ValueType<Element>,
        fact: Decision.Fact? = nil,
        observe: @escaping @Sendable (Observation, Match) -> Observed?,
        holds: @escaping @Sendable (Element, Observed) -> Bool,
        covers: @escaping @Sendable (Element, Element) -> Bool = { $0 == $1 },
        labels: Labels<Element, Observed>? = nil, help: String
    ) {
        key = Key(name, path, .oneOrMore(type), help: help)
        self.fact = fact
        isGiven = { !$0[keyPath: path].isEmpty }
        verdict = { match, observation in
            let elements = match[keyPath: path]
            if elements.isEmpty { return .notGiven }
            guard let observed = observe(observation, match) else {
                return observation.facts.isSettled ? .fails : .unknown
            }
            return elements.contains { holds($0, observed) } ? .holds : .fails
        }
        self.covers = { wide, narrow in
            narrow[keyPath: path].allSatisfy { element in wide[keyPath: path].contains { covers($0, element) } }
        }
        self.labels = { match in
            let elements = match[keyPath: path]
            let found = elements.compactMap { labels?.ofElement($0) }
            return found.count == elements.count && !found.isEmpty ? found : nil
        }
        observedLabels = { observation in
            guard let observed = observe(observation, Self.anyAge) else {
                return observation.facts.isSettled ? [] : nil
            }
            return labels?.ofObserved(observed) ?? []
        }
    }

    /// One bit for each key of ``all`` that the match gives.
    static func given(_ match: Match) -> UInt32 {
        var bits: UInt32 = 0
        for (position, key) in all.enumerated() where key.isGiven(match) { bits |= 1 << UInt32(position) }
        return bits
    }

    /// How rules are found by a key.
    struct Labels<Element, Observed>: Sendable {
        /// `nil` for an element that cannot be found.
        let ofElement: @Sendable (Element) -> UInt64?
        let ofObserved: @Sendable (Observed) -> [UInt64]
    }

    private static let anyAge: Match = {
        var match = Match()
        match.data.fresh = .seconds(Int64.max)
        return match
    }()
}

extension MatchKey {
    /// Every key of `[match]` that looks at the device, in the order in which they are looked at.
    static let all: [MatchKey] =
        [
            MatchKey(
                "bonded", \.bonded, .boolean, observe: { observation, _ in observation.facts.isBonded },
                holds: { $0 == $1 },
                help: "Does BlueZ have a bond with the device?"),
            MatchKey(
                "address", \.addresses, .addressPattern, observe: { observation, _ in observation.facts },
                holds: { $0.matches($1.address, type: $1.addressType) }, covers: { $0.covers($1) },
                labels: Labels(ofElement: \.label, ofObserved: { AddressPattern.labels(of: $0.address) }),
                help:
                    "The address, or its first octets and a star; \"*\" is every device. Never holds for a private address."
            ),
            MatchKey(
                "address-type", \.addressTypes, .word, fact: .addressType,
                observe: { observation, _ in observation.facts.addressType }, holds: { $0 == $1 },
                help: "Whether the address is assigned by the IEEE or chosen by the device."),
            MatchKey(
                "adapter", \.adapters, .adapterPattern, fact: .adapter,
                observe: { observation, _ in observation.facts.adapter == nil ? nil : observation.facts },
                holds: { pattern, facts in
                    switch pattern {
                    case .name(let name): name == facts.adapter
                    case .address(let address): address == facts.adapterAddress
                    }
                },
                help: "The adapter that sees the device, by name or by address."),
            MatchKey(
                "transport", \.transports, .word, fact: .transport,
                observe: { observation, _ in observation.facts.transports },
                holds: { $1.contains($0) },
                help: "What the device was seen on: Low Energy or BR/EDR."),
            MatchKey(
                "manufacturer", \.manufacturers, .companyIdentifier, fact: .manufacturerData,
                observe: { observation, _ in observation.facts.manufacturerData },
                holds: { $1[$0] != nil },
                labels: Labels(ofElement: { UInt64($0.value) }, ofObserved: { $0.keys.map { UInt64($0.value) } }),
                help: "The company identifier in the advertising data, such as 0x020E."),
            MatchKey(
                "service", \.services, .uuid, fact: .services,
                observe: { observation, _ in observation.facts.services },
                holds: { $1.contains($0) },
                labels: Labels(
                    ofElement: { UInt64(bitPattern: Int64($0.hashValue)) },
                    ofObserved: { $0.map { UInt64(bitPattern: Int64($0.hashValue)) } }),
                help: "A service that the device advertises or was seen to have."),
            MatchKey(
                "appearance", \.appearances, .appearance, fact: .appearance,
                observe: { observation, _ in observation.facts.appearance }, holds: { $0 == $1 },
                help: "What an LE device says it looks like, such as 0x03C1 for a keyboard."),
            MatchKey(
                "class", \.deviceClasses, .deviceClass, fact: .deviceClass,
                observe: { observation, _ in observation.facts.deviceClass }, holds: { $0.matches($1) },
                covers: { wide, narrow in
                    wide.mask & ~narrow.mask == 0 && wide.value & wide.mask == narrow.value & wide.mask
                },
                help:
                    "What a BR/EDR device says it is, such as { mask = 0x1F00, value = 0x0500 } for keyboards and mice."
            ),
            MatchKey(
                "icon", \.icons, .glob, fact: .icon, observe: { observation, _ in observation.icon },
                holds: { $0.matches($1) },
                covers: { $0.covers($1) },
                help: "A pattern over BlueZ's name for the kind of device, such as \"input-*\"."),
            MatchKey(
                "name", \.names, .glob, fact: .name, observe: { observation, _ in observation.name },
                holds: { $0.matches($1) }, covers: { $0.covers($1) },
                labels: Labels(ofElement: { NameLabels.label(of: $0) }, ofObserved: { NameLabels.labels(of: $0) }),
                help:
                    "A pattern with *, ? and [...] over the name that the device sent, never over an alias; case counts."
            ),
        ] + data

    /// The keys over data that tells of this time only, also those of `[pairing-mode]`.
    static let data: [MatchKey] = [
        MatchKey(
            "manufacturer-data", \.data.manufacturer, .manufacturerData, fact: .manufacturerData,
            observe: { observation, match in observation.fresh(match.data.fresh, observation.facts.manufacturerData) },
            holds: { pattern, data in
                data.contains { (pattern.company ?? $0.key) == $0.key && pattern.octets.matches($0.value) }
            },
            help: "Octets after the company identifier in fresh advertising data."),
        MatchKey(
            "service-data", \.data.service, .serviceData, fact: .serviceData,
            observe: { observation, match in observation.fresh(match.data.fresh, observation.facts.serviceData) },
            holds: { pattern, data in
                data.contains { (pattern.service ?? $0.key) == $0.key && pattern.octets.matches($0.value) }
            },
            help: "Octets after a service in fresh advertising data; without a value, that there are some."),
        MatchKey(
            "advertising-data", \.data.advertising, .advertisingData, fact: .advertisingData,
            observe: { observation, match in observation.fresh(match.data.fresh, observation.facts.advertisingData) },
            holds: { pattern, data in
                data.contains { (pattern.type ?? $0.key) == $0.key && pattern.octets.matches($0.value) }
            },
            help: "Octets of another element of fresh advertising data, by its type."),
    ]
}

extension Observation {
    /// The data, if it was heard lately enough.
    fileprivate func fresh<Data>(_ limit: Duration, _ data: Data?) -> Data? {
        guard let age = facts.advertisingAge, age <= limit else { return nil }
        return data
    }
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
