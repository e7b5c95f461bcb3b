// SPDX-License-Identifier: Apache-2.0

/// The fields of our records, beside journald's own. No field can hold a secret.
public enum FieldName: String, Sendable, CaseIterable {
    case device = "PAIRINGD_DEVICE"
    case name = "PAIRINGD_NAME"
    case adapter = "PAIRINGD_ADAPTER"
    case rule = "PAIRINGD_RULE"
    case pairing = "PAIRINGD_PAIRING"
    case attempt = "PAIRINGD_ATTEMPT"
    case request = "PAIRINGD_REQUEST"
    case kind = "PAIRINGD_KIND"
    case decision = "PAIRINGD_DECISION"
    case decider = "PAIRINGD_DECIDER"
    case actor = "PAIRINGD_ACTOR_UID"
    case result = "PAIRINGD_RESULT"
    case reason = "PAIRINGD_REASON"
    case finding = "PAIRINGD_FINDING"
    case summary = "PAIRINGD_SUMMARY"
    case advice = "PAIRINGD_ADVICE"
    case security = "PAIRINGD_SECURITY"
    case secureConnections = "PAIRINGD_SECURE_CONNECTIONS"
    case keySize = "PAIRINGD_KEY_SIZE"

    /// What it holds, in a line or two for the manual.
    public var meaning: String {
        switch self {
        case .device: "The device's address, such as 00:5F:BF:71:81:18."
        case .name: "The name that the device sent, escaped. Anybody can send any name."
        case .adapter: "The adapter, such as hci0."
        case .rule: "The rule that decided, or that is for the device: its file's name without .toml."
        case .pairing: "The number of the pairing, as in Pairing1's object path."
        case .attempt: "Which attempt of the pairing, from 1."
        case .request: "The number of the request, as in Request1's object path."
        case .kind: "What was asked, as Request1.Kind has it: authorization, confirmation and so on."
        case .decision: "accepted, rejected, asked, expired, cancelled, finished or failed."
        case .decider:
            "Who decided: rule, default (no rule matches), user, expiry, cancellation, safeguard (what no rule can allow),"
                + " events (what happened on the air), kernel or device."
        case .actor: "The user who answered or gave the command."
        case .result: "How the pairing ended, as Pairing1.Result has it."
        case .reason: "More of why, in words; they may change."
        case .finding: "What explain finds, as a word; of pairings that failed."
        case .summary: "What explain says of it, in a sentence; of what failed."
        case .advice:
            "What to do about it: the likeliest cause that explain names, or the result's advice; of what failed."
        case .security: "How strong the keys are: none, encrypted or authenticated; where it was seen."
        case .secureConnections: "yes or no: are the keys from Secure Connections?"
        case .keySize: "The size of the key in octets."
        }
    }
}
