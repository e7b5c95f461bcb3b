// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Policy

/// What the rules are asked about, in equal parts.
enum SampleDevice: String, CaseIterable {
    case early = "hits one of the first 100 rules"
    case late = "hits one of the last 100 rules"
    case anywhere = "hits any rule"
    case stranger = "hits none"
    case nameless = "name not known yet"
    case bare = "only the address known"

    func facts(ruleCount: Int, seed: UInt64, _ random: inout SplitMix64) -> DeviceFacts {
        switch self {
        case .early:
            return SampleRule(number: .random(in: 0..<min(100, ruleCount), using: &random), seed: seed).device
        case .late:
            return SampleRule(number: .random(in: max(0, ruleCount - 100)..<ruleCount, using: &random), seed: seed)
                .device
        case .anywhere:
            return SampleRule(number: .random(in: 0..<ruleCount, using: &random), seed: seed).device
        case .stranger:
            return DeviceFacts(
                address: Address(bits: .random(in: 0...0xFFFF_FFFF_FFFF, using: &random)), addressType: .random,
                name: UntrustedText("[TV] Living room \(Int.random(in: 0..<1000, using: &random))"),
                services: [BluetoothUUID(assigned: 0x180D), BluetoothUUID(assigned: 0x180F)],
                manufacturerData: [CompanyIdentifier(.random(in: 0...0x0FFF, using: &random)): [0x42]])
        case .nameless:
            var facts = Self.anywhere.facts(ruleCount: ruleCount, seed: seed, &random)
            facts.name = nil
            return facts
        case .bare:
            return DeviceFacts(address: Address(bits: .random(in: 0...0xFFFF_FFFF_FFFF, using: &random)))
        }
    }
}
