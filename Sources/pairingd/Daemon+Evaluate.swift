// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Control
import DBus
import Pairing
import Policy

/// What the rules say of a device, and why.
extension Daemon {
    /// Of the rules that do not match, so many at most are told why, the ones nearest to the decision.
    private static let longestList = 1000

    func evaluate(_ device: String, inWindow: Bool?) throws(DBusError) -> [String: Value] {
        let facts = try facts(target(device))
        let inWindow = inWindow ?? coordinator.isInWindow(facts.address, at: now)
        let evaluation = policy.evaluate(facts, inWindow: inWindow)
        var result: [String: Value] = [
            "address": .string(facts.address.description), "in-window": .boolean(inWindow),
            "input-device": .boolean(facts.isInputDevice),
            "passed-over": .array(
                .structure([.basic(.string), .basic(.string)]),
                evaluation.passedOver.suffix(Self.longestList).map {
                    .structure([.string($0.rule), .string($0.reason)])
                }),
        ]
        if let name = facts.name { result["name"] = .string(name.description) }
        switch evaluation.decision {
        case .matched(let rule):
            result["decision"] = .string("matched")
            describe(rule, facts, &result)
        case .undetermined(let missing):
            result["decision"] = .string("undetermined")
            result["waiting-for"] = missing.map(\.rawValue).sorted().value
        case .unmatched:
            result["decision"] = .string("unmatched")
            if let rule = policy.unknownDevices { describe(rule, facts, &result) }
        }
        return result
    }

    private func describe(_ rule: Rule, _ facts: DeviceFacts, _ result: inout [String: Value]) {
        result["rule"] = .string(rule.name)
        result["file"] = .string(rule.file)
        result["profile"] = rule.profile.onTheBus.value
        let origins = rule.settings.map { ($0.key, $0.line.map { "\(rule.file):\($0)" } ?? "default") }
        result["origins"] = Dictionary(origins) { first, _ in first }.value
        let mode =
            switch rule.profile.pairingMode(of: facts) {
            case .ready: "ready"
            case .notReady: "not-ready"
            case .unknown: "unknown"
            }
        result["pairing-mode"] = .string(mode)
    }

    /// What is known of a device; of one that BlueZ does not know, only the address.
    private func facts(_ target: Target) -> DeviceFacts {
        let found =
            switch target {
            case .device(let reference): client.objects.devices[reference.objectPath]
            case .address(let address, let adapter):
                client.objects.devices.values.first {
                    $0.address == address && (adapter == nil || adapter?.path == $0.adapter.text)
                }
            }
        if let found { return coordinator.facts(of: DeviceSnapshot(found), at: now) }
        guard case .address(let address, let adapter) = target else { return DeviceFacts(address: Address(bits: 0)) }
        var facts = DeviceFacts(address: address)
        facts.adapter = adapter?.name
        return facts
    }
}
