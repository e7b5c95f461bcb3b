// SPDX-License-Identifier: Apache-2.0

/// What an explanation comes to, as one stable word.
public enum Finding: String, Hashable, Sendable, CaseIterable {
    case paired
    /// It has not ended yet, or the capture ends before it does.
    case unfinished
    /// A rule, a safeguard or a person of this side decided; nothing is wrong on the air.
    case decidedHere = "decided-here"
    case noAgent = "no-agent"
    case rejectedHere = "rejected-here"
    case answerExpired = "answer-expired"
    case cancelledHere = "cancelled-here"
    case cancelledByProgram = "cancelled-by-program"
    case authenticationRequirements = "authentication-requirements"
    case wrongPasskey = "wrong-passkey"
    /// The values that stand for no digits differ, where nobody entered any.
    case confirmMismatch = "confirm-mismatch"
    case passkeyNotEntered = "passkey-not-entered"
    case digitsDiffer = "digits-differ"
    case outOfBandMissing = "out-of-band-missing"
    case notInPairingMode = "not-in-pairing-mode"
    case refusedWithoutReason = "refused-without-reason"
    case notBondable = "not-bondable"
    case keyTooShort = "key-too-short"
    case repeatedAttempts = "repeated-attempts"
    case dhKeyCheckFailed = "dhkey-check-failed"
    case invalidPublicKey = "invalid-public-key"
    case debugKey = "debug-key"
    case crossTransport = "cross-transport"
    case keyRejected = "key-rejected"
    case deviceBusy = "device-busy"
    case protocolError = "protocol-error"
    case smpTimeout = "smp-timeout"
    case bondLostByDevice = "bond-lost-by-device"
    case bondLostHere = "bond-lost-here"
    case securityRequestFirst = "security-request-first"
    case defaultAgentTaken = "default-agent-taken"
    case tooWeak = "too-weak"
    case notReachable = "not-reachable"
    case connectionLostBeforePairing = "connection-lost-before-pairing"
    case connectionLost = "connection-lost"
    case encryptionFailed = "encryption-failed"
    /// Nothing was seen that tells why.
    case unknown
}
