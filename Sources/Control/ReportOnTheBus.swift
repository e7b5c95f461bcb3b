// SPDX-License-Identifier: Apache-2.0

import DBus
import Explain

extension Report {
    /// The explanation as `Pairing1.Explain` gives it. What is not known is left out; an empty text stands for none.
    var onTheBus: [String: Value] {
        [
            "Finding": .string(finding.rawValue),
            "Summary": .string(summary),
            "Stage": .string(stage.rawValue),
            "StoppedBy": .string(stoppedBy?.rawValue ?? ""),
            "Offers": offers.map(\.onTheBus).value,
            "Model": .string(model),
            "Observations": observations.value,
            "Causes": Self.structures(
                [.basic(.string), .basic(.string), [String].valueType],
                causes.map { [.string($0.text), .string($0.remedy), $0.ruleLines.value] }),
            "Steps": Self.structures(
                [.basic(.uint64), .basic(.string), .basic(.string), [String].valueType],
                steps.map { [.uint64($0.time), .string($0.arrow.rawValue), .string($0.title), $0.details.value] }),
            "OmittedSteps": .uint32(UInt32(clamping: omittedSteps)),
        ]
    }

    private static func structures(_ members: [ValueType], _ rows: [[Value]]) -> Value {
        .array(.structure(members), rows.map { .structure($0) })
    }
}

extension Report.Offer {
    fileprivate var onTheBus: [String: Value] {
        var values: [String: Value] = [
            "From": .string(from.rawValue),
            "IOCapability": .string(ioCapability),
            "MITMProtection": .boolean(mitmProtection),
            "Bonding": .boolean(bonding),
            "OutOfBandData": .boolean(outOfBandData),
            "AuthenticationRequirements": .byte(authenticationRequirements),
            "Keys": keys.value,
        ]
        if let secureConnections { values["SecureConnections"] = .boolean(secureConnections) }
        if let maximumKeySize { values["MaximumKeySize"] = .byte(maximumKeySize) }
        return values
    }
}
