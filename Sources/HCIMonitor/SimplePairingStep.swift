// SPDX-License-Identifier: Apache-2.0

public import Bluetooth

/// What a BR/EDR controller asks while two devices pair, and what the host answers; digits and keys are left out.
///
/// Source: Core Specification, Vol 4, Part E, 7.1 (commands) and 7.7 (events).
public enum SimplePairingStep: Hashable, Sendable {
    /// What one side can do and demands, as IO Capability Request Reply (sent) or IO Capability Response (received) has it.
    case ioCapability(MonitorDirection, SimplePairingFeatures)
    /// Our side refuses to pair, and why.
    case ioCapabilityRefused(HCIErrorCode)
    /// The controller asks our side.
    case asked(SimplePairingQuestion)
    /// Our side answers. To ``SimplePairingQuestion/linkKey``, no means that it has none, as before a first pairing.
    case answered(SimplePairingQuestion, isPositive: Bool)
    /// The passkey is shown here, to be typed over there.
    case passkeyShown
    case completed(HCIErrorCode)
}

/// What a controller asks the host.
public enum SimplePairingQuestion: Hashable, Sendable, CaseIterable {
    case linkKey
    case pinCode
    case confirmation
    case passkey
}

/// One side's features over BR/EDR.
///
/// Source: Core Specification, Vol 4, Part E, 7.1.29 (IO Capability Request Reply command).
public struct SimplePairingFeatures: Hashable, Sendable {
    /// The IO_Capability field: 0 DisplayOnly, 1 DisplayYesNo, 2 KeyboardOnly, 3 NoInputNoOutput.
    public var ioCapabilityValue: UInt8
    /// The OOB_Data_Present field: 0 for none.
    public var oobDataPresent: UInt8
    /// The Authentication_Requirements field: bit 0 for MITM protection, above it 0 none, 1 dedicated, 2 general bonding.
    public var authenticationRequirements: UInt8

    public init(ioCapabilityValue: UInt8, oobDataPresent: UInt8, authenticationRequirements: UInt8) {
        self.ioCapabilityValue = ioCapabilityValue
        self.oobDataPresent = oobDataPresent
        self.authenticationRequirements = authenticationRequirements
    }

    public var demandsMITMProtection: Bool { authenticationRequirements & 1 != 0 }
    public var demandsBonding: Bool { authenticationRequirements >> 1 != 0 }
}
