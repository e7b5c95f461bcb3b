// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing

let adapter = Address(bits: 0x0000_5E00_5301)
let cuff = BondRecord.Key(adapter: adapter, device: Address(bits: 0x005F_BF71_8118), type: .public)
let cuffFile = "devices/00_00_5E_00_53_01_00_5F_BF_71_81_18_public"

extension BondRecord {
    /// Every field has another value than at first.
    static var full: BondRecord {
        var record = BondRecord(key: cuff)
        record.state = .kept
        record.strength = Strength(level: .authenticated, isSecureConnections: true, keySize: 16)
        record.rule = "50-omron-blood-pressure.toml"
        record.capability = .keyboardDisplay
        record.lastResult = .paired
        record.lastPaired = 1_700_000_000_000_000
        record.failures = 3
        return record
    }
}

extension UnsettledPairing {
    static var full: UnsettledPairing {
        UnsettledPairing(
            number: PairingNumber(7), key: cuff, origin: .automatic, startedAt: 1_700_000_000_000_000,
            rule: "50-omron-blood-pressure.toml", hadBond: true, mayStay: true)
    }
}

/// The same values on each run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    mutating func address() -> Address { Address(bits: next()) }

    mutating func key() -> BondRecord.Key {
        BondRecord.Key(adapter: address(), device: address(), type: one(of: AddressType.allCases) ?? .public)
    }

    mutating func one<Value>(of values: [Value]) -> Value? { values.randomElement(using: &self) }

    mutating func maybe<Value>(_ value: Value?) -> Value? { Bool.random(using: &self) ? value : nil }

    /// Any number of any size.
    mutating func number() -> UInt64 { next() >> UInt64.random(in: 0...63, using: &self) }

    /// What a rule's file may be called, and more.
    mutating func rule() -> String {
        let parts = ["50-", "=", "#", "\"", "'", "\\", " ", "ü", "e\u{301}", "\u{2028}", "RULE=", ".toml", "$", "日本"]
        return (0..<Int.random(in: 0...6, using: &self)).compactMap { _ in one(of: parts) }.joined()
    }

    mutating func record() -> BondRecord {
        var record = BondRecord(key: key())
        record.state = one(of: BondRecord.State.allCases) ?? .none
        record.strength = maybe(
            BondRecord.Strength(
                level: one(of: SecurityLevel.allCases) ?? .none, isSecureConnections: Bool.random(using: &self),
                keySize: UInt8.random(in: 7...16, using: &self)))
        record.rule = maybe(rule())
        record.capability = maybe(one(of: IOCapability.allCases))
        record.lastResult = maybe(one(of: PairingResult.allCases))
        record.lastPaired = number()
        record.failures = UInt32(truncatingIfNeeded: number())
        return record
    }

    mutating func unsettled() -> UnsettledPairing {
        UnsettledPairing(
            number: PairingNumber(number()), key: key(), origin: one(of: PairingOrigin.allCases) ?? .incoming,
            startedAt: number(), rule: maybe(rule()), hadBond: Bool.random(using: &self),
            mayStay: Bool.random(using: &self))
    }
}
