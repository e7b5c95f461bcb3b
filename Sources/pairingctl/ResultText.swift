// SPDX-License-Identifier: Apache-2.0

import Pairing

/// A pairing's result, put in words; also a word that this version does not know.
struct ResultText {
    private let result: PairingResult?

    init(_ word: String) { result = PairingResult(rawValue: word) }

    var sentence: String { result?.sentence ?? "" }

    /// What to do next, with the device's address where the table says DEVICE.
    func advice(for address: String) -> String {
        (result?.advice ?? "").split(separator: "DEVICE", omittingEmptySubsequences: false).joined(separator: address)
    }

    var isSuccess: Bool { result?.isSuccess ?? false }

    var exitStatus: ExitStatus {
        switch result {
        case .paired, .alreadyBonded: .done
        case .notFound: .notFound
        case .expired: .expired
        default: .failed
        }
    }
}

extension PairingInfo {
    /// The result in sentences: what happened, why, and what to do next.
    var explanation: String {
        let text = ResultText(result)
        let rule = properties.text("Rule")
        let parts = [
            text.sentence, rule.isEmpty ? "" : "Rule: \(rule).",
            reason.isEmpty ? "" : "Reason: \(reason)" + (reason.hasSuffix(".") ? "" : "."),
            text.advice(for: properties.text("Address")),
        ]
        return parts.filter { !$0.isEmpty }.joined(separator: " ")
    }

    /// A result that is no success, as an error.
    var failure: Failure { Failure(ResultText(result).exitStatus, "\(title): \(result). \(explanation)") }
}
