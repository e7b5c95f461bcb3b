// SPDX-License-Identifier: Apache-2.0

import Bluetooth

/// What one pairing asks of our side.
public enum PairingMethod: String, Sendable, Hashable {
    /// A User Confirm Request with the hint set.
    case justWorks
    /// LE Secure Connections only: a confirmation that protects nothing.
    case unprotectedConfirmation
    case enterPasskey
    case displayPasskey
    case compare
    case enterPIN
    case displayPIN
    /// BlueZ tries a PIN code of its own.
    case guessPIN
    /// The kernel says yes by itself (BR/EDR Just Works).
    case nothing
}

/// What the kernel makes of two sides (`net/bluetooth/smp.c`, `hci_event.c`), written down from its tables anew so that
/// the code under test is not held against itself.
struct MethodTable {
    var local: IOCapability
    var remote: IOCapability
    var isMITMWanted: Bool
    var secureConnections: Bool
    var weInitiate: Bool

    private enum Entry: Character {
        case justWorks = "W"
        case justConfirm = "C"
        case requestPasskey = "R"
        case confirmPasskey = "F"
        case displayPasskey = "D"
        case overlap = "O"
    }

    // A row for each remote, a column for each local capability: DisplayOnly, DisplayYesNo, KeyboardOnly,
    // NoInputNoOutput, KeyboardDisplay.
    private static let legacy = ["WCRWR", "WCRWR", "FFRWF", "WCWWC", "FFRWO"]
    private static let secure = ["WCRWR", "WFRWF", "DDRWD", "WCWWC", "DFRWF"]

    private var entry: Entry {
        let row = Array((secureConnections ? Self.secure : Self.legacy)[Int(remote.smpValue)])
        return Entry(rawValue: row[Int(local.smpValue)]) ?? .justConfirm
    }

    /// Is there no way to protect this pairing against a man in the middle?
    var isUnprotectable: Bool { entry == .justWorks || entry == .justConfirm }

    /// Over LE (`smp.c:get_auth_method`, `tk_request`, `sc_select_method`).
    var lowEnergy: PairingMethod {
        switch isMITMWanted ? entry : secureConnections ? .justWorks : .justConfirm {
        case .justWorks: .justWorks
        case .justConfirm: secureConnections && !weInitiate ? .unprotectedConfirmation : .justWorks
        case .requestPasskey: .enterPasskey
        case .confirmPasskey: secureConnections ? .compare : .displayPasskey
        case .displayPasskey: .displayPasskey
        case .overlap: weInitiate ? .displayPasskey : .enterPasskey
        }
    }

    /// Over BR/EDR with Secure Simple Pairing (`hci_event.c:hci_user_confirm_request_evt`); `localMITM` is what we asked.
    func classic(localMITM: Bool, remoteMITM: Bool, hasKey: Bool) -> PairingMethod {
        if (!localMITM || remote == .noInputNoOutput) && (!remoteMITM || local == .noInputNoOutput) {
            if !weInitiate, local != .noInputNoOutput { return .justWorks }
            return hasKey ? .justWorks : .nothing
        }
        // The kernel shows KeyboardDisplay as DisplayYesNo, so only KeyboardOnly types.
        if local == .keyboardOnly { return .enterPasskey }
        return remote == .keyboardOnly ? .displayPasskey : .compare
    }
}
