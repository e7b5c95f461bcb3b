// SPDX-License-Identifier: Apache-2.0

import Pairing

/// What a record tells. `systemd/pairingd.catalog` has an entry for each.
public enum MessageKind: Sendable, CaseIterable {
    case paired
    case pairingFailed
    case attemptFailed
    case requestOpened
    case question
    case refusal
    case lockOut
    case bondLost
    case removal
    case windowOpened
    case windowClosed
    case adapter
    case policyLoaded
    case policyRefused

    /// The `MESSAGE_ID`: 32 hexadecimal digits, random, as `sd-id128(3)` asks for.
    public var id: String { entry.id }
    /// When such a record is written.
    public var meaning: String { entry.meaning }

    private var entry: (id: String, meaning: String) {
        switch self {
        case .paired: ("fdec94d5205545d6ac993c19f3ea718a", "A pairing succeeded, or the device was paired already.")
        case .pairingFailed: ("fc4662dcb2e64ef08998da3faa56df47", "A pairing failed, or was refused.")
        case .attemptFailed: ("34f93d1e7c544961be06c6c105f2e95f", "An attempt came to nothing, and another follows.")
        case .requestOpened: ("9577eebafdc14ca2818c0184083a5cbd", "A person or a program is asked.")
        case .question: ("b3e21aa857524a79a2ec5eaf51389dde", "A question of BlueZ was answered, or ended without.")
        case .refusal: ("5393dad3ac2449fe8e594601d6a87c03", "A pairing or a link was refused without a question.")
        case .lockOut: ("d24ec4551ab1410cb341e887965fedc9", "A device, or an adapter, failed too often.")
        case .bondLost: ("6ad83924f45246bc80867052fa6949fd", "A device has forgotten its bond.")
        case .removal: ("ecbe85ca480147cfa8449fce9cfd3438", "A device was removed from BlueZ, with its bond.")
        case .windowOpened: ("4f0cf4ee611d49899bb1e1c7184dc90d", "A window was opened.")
        case .windowClosed: ("b31134114dee41cfbd09cb313ba2d3ab", "A window was closed, or its time was over.")
        case .adapter: ("ea11bb44af3b4387b88b341921948654", "An adapter is not as it should be.")
        case .policyLoaded: ("e4bd561e17e443398114c0175c8f032f", "The rule files were read, and are in force.")
        case .policyRefused: ("a46ba423e24f4b3388961f845ded8a6b", "The rule files have errors, and were not taken.")
        }
    }

    init(_ record: Record) {
        self =
            switch record.subject {
            case .question: .question
            case .requestOpened: .requestOpened
            case .attempt: .attemptFailed
            case .pairing: record.result?.isSuccess == true ? .paired : .pairingFailed
            case .bondLost: .bondLost
            case .removal: .removal
            case .windowOpened: .windowOpened
            case .windowClosed: .windowClosed
            case .lockOut: .lockOut
            case .adapter: .adapter
            case .refusal: .refusal
            }
    }
}
