// SPDX-License-Identifier: Apache-2.0

/// What a device can show to and ask of a person while it pairs.
///
/// The names are those that BlueZ's `AgentManager1.RegisterAgent` takes; the meaning is in the Core Specification,
/// Vol 3, Part H, 2.3.2.
public enum IOCapability: String, Sendable, Hashable, CaseIterable {
    case displayOnly = "DisplayOnly"
    case displayYesNo = "DisplayYesNo"
    case keyboardOnly = "KeyboardOnly"
    case noInputNoOutput = "NoInputNoOutput"
    case keyboardDisplay = "KeyboardDisplay"

    /// The value of the field in an SMP Pairing Request or Response (Vol 3, Part H, 3.5.1), 0 to 4.
    public var smpValue: UInt8 {
        switch self {
        case .displayOnly: 0
        case .displayYesNo: 1
        case .keyboardOnly: 2
        case .noInputNoOutput: 3
        case .keyboardDisplay: 4
        }
    }

    /// The capability that an SMP field value stands for; `nil` for the reserved values from 5.
    public init?(smpValue: UInt8) {
        guard let match = Self.allCases.first(where: { $0.smpValue == smpValue }) else { return nil }
        self = match
    }

    /// Can a person enter six digits on this side?
    public var canEnterDigits: Bool { self == .keyboardOnly || self == .keyboardDisplay }

    /// Can this side show six digits?
    public var canDisplayDigits: Bool { self != .keyboardOnly && self != .noInputNoOutput }
}
