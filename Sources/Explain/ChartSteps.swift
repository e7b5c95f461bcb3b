// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import HCIMonitor
import SecurityManager

extension Report.Step {
    /// One line of the chart; `nil` for what only repeats another.
    init?(_ step: TraceStep) {
        guard let line = Line(step.event) else { return nil }
        self.init(time: step.time, line.arrow, line.title, line.details)
    }

    private struct Line {
        var arrow: Report.Arrow
        var title: String
        var details: [String]

        init(_ arrow: Report.Arrow, _ title: String, _ details: [String] = []) {
            self.arrow = arrow
            self.title = title
            self.details = details
        }

        init?(_ event: TraceEvent) {
            switch event {
            case .connected(let transport, let role):
                let side = role.map { $0 == .central ? "this side is the central" : "this side is the peripheral" }
                self.init(.link, "connected", [transport == .le ? "LE" : "BR/EDR"] + (side.map { [$0] } ?? []))
            case .connectionFailed(let code): self.init(.link, "no connection", [code.words])
            case .disconnected(let code): self.init(.link, "disconnected", [code.words])
            case .packet(let direction, let packet):
                self.init(direction == .sent ? .sent : .received, packet.name, packet.details)
            case .encryption(let change):
                guard change.status == .success else {
                    self.init(.link, "encryption failed", [change.status.words])
                    return
                }
                self.init(
                    .link, change.isEnabled ? "encrypted" : "not encrypted any more",
                    change.keySize.map { ["\($0) octets"] } ?? [])
            case .encryptionKeyRefreshed(.success): self.init(.link, "encrypted with the new key")
            case .encryptionKeyRefreshed(let code): self.init(.link, "the new key was not taken", [code.words])
            case .authenticationFailed(let code): self.init(.link, "authentication failed", [code.words])
            case .longTermKeyRequested: self.init(.received, "begins to encrypt")
            case .longTermKeyAnswered(let isKnown):
                self.init(.sent, isKnown ? "has the key" : "has no key for it")
            case .simplePairing(let step): self.init(step)
            case .command(let command): self.init(command)
            case .management(let event):
                guard let line = Line(event) else { return nil }
                self = line
            case .own(let step): self.init(step)
            case .unreadable(let fault): self.init(.here, "a record that cannot be read", ["\(fault)"])
            }
        }

        private init(_ step: SimplePairingStep) {
            switch step {
            case .ioCapability(let direction, let features):
                self.init(
                    direction == .sent ? .sent : .received, "IO capability",
                    [
                        features.capabilityWords, features.demandsBonding ? "bonding" : "no bonding",
                        features.demandsMITMProtection ? "MITM" : "no MITM",
                    ])
            case .ioCapabilityRefused(let code): self.init(.sent, "refuses to pair", [code.words])
            case .asked(let question): self.init(.here, "the controller asks", [question.words])
            case .answered(.linkKey, isPositive: false): self.init(.here, "there is no bond's key here")
            case .answered(let question, let isPositive):
                self.init(.here, isPositive ? "the host answers" : "the host says no", [question.words])
            case .passkeyShown: self.init(.here, "the passkey is shown here")
            case .completed(.success): self.init(.link, "Simple Pairing is complete")
            case .completed(let code): self.init(.link, "Simple Pairing failed", [code.words])
            }
        }

        private init(_ command: ManagementCommand) {
            switch command {
            case .setBondable(let value): self.init(.here, "Set Bondable", [value ? "on" : "off"])
            case .setIOCapability(let value): self.init(.here, "Set IO Capability", [capabilityWords(value)])
            case .pairDevice(_, let value): self.init(.here, "Pair Device", [capabilityWords(value)])
            case .cancelPairDevice: self.init(.here, "Cancel Pair Device")
            case .unpairDevice: self.init(.here, "Unpair Device")
            case .disconnect: self.init(.here, "Disconnect")
            case .reply(let question, _, let isPositive):
                self.init(.here, isPositive ? question.yes : question.no)
            }
        }

        private init?(_ event: ManagementEvent) {
            switch event {
            case .newKey(_, let key):
                self.init(.here, "new key", key.words)
            case .newIdentity(_, let peer): self.init(.here, "its identity is", [peer.address.description])
            case .unpaired: self.init(.here, "unpaired")
            case .settings: return nil
            case .pairDeviceEnded(_, let status): self.init(.here, "Pair Device ended", [status.description])
            case .asked(let question, _, let isHint):
                self.init(.here, "the kernel asks", [isHint ? "whether to pair" : question.words])
            case .passkeyShown(_, let entered):
                self.init(.here, "the passkey is shown here", entered == 0 ? [] : ["\(entered) digits typed"])
            case .authenticationFailed(_, let status): self.init(.here, "the kernel gives up", [status.description])
            case .connectFailed(_, let status): self.init(.here, "the connection failed", [status.description])
            // HCI says so too, and more exactly.
            case .disconnected: return nil
            }
        }

        private init(_ step: OwnStep) {
            switch step {
            case .attempt(let number): self.init(.here, "attempt \(number)")
            case .pairCalled(let capability): self.init(.here, "pairingd calls Pair()", [capability.rawValue])
            case .pairReturned(nil): self.init(.here, "Pair() returns", ["success"])
            case .pairReturned(let error?): self.init(.here, "Pair() returns", [error])
            case .asked(let kind): self.init(.here, "BlueZ asks pairingd", [kind])
            case .answered(let kind, let isPositive, let by):
                self.init(.here, isPositive ? "pairingd says yes" : "pairingd says no", [kind, by])
            case .questionCancelled: self.init(.here, "BlueZ takes its question back")
            case .cancelled: self.init(.here, "pairingd cancels")
            case .disconnected: self.init(.here, "pairingd disconnects")
            case .undone: self.init(.here, "pairingd removes the bond")
            case .pairableChanged(let value): self.init(.here, "Pairable was changed", [value ? "on" : "off"])
            }
        }
    }
}

private func capabilityWords(_ value: UInt8) -> String {
    IOCapability(smpValue: value)?.rawValue ?? "reserved IO capability \(octet(value))"
}

extension TracePacket {
    /// What it says, in pieces.
    fileprivate var details: [String] {
        switch self {
        case .pairingRequest(let features), .pairingResponse(let features):
            var pieces = [features.capabilityWords] + features.authenticationRequirements.words
            if features.hasOOBData { pieces.append("out-of-band data") }
            if features.maximumEncryptionKeySize != 16 {
                pieces.append("keys to \(features.maximumEncryptionKeySize) octets")
            }
            return pieces
        case .securityRequest(let requirements): return requirements.words
        case .pairingFailed(let reason): return [reason.words]
        case .pairingPublicKey(.debug): return ["debug key"]
        case .pairingPublicKey(.notOnCurve): return ["no point of the curve"]
        case .pairingKeypressNotification(let notification): return [notification.words]
        case .identityAddressInformation(let type, let address): return [address.description, type.rawValue]
        case .pairingConfirm, .pairingRandom, .encryptionInformation, .centralIdentification, .identityInformation,
            .signingInformation, .pairingPublicKey(.ordinary), .pairingDHKeyCheck:
            return []
        }
    }
}

extension KeypressNotification {
    fileprivate var words: String {
        switch self {
        case .passkeyEntryStarted: "entry started"
        case .passkeyDigitEntered: "digit entered"
        case .passkeyDigitErased: "digit erased"
        case .passkeyCleared: "cleared"
        case .passkeyEntryCompleted: "entry completed"
        }
    }
}

extension PairingKey {
    fileprivate var words: [String] {
        var words = [transport == .le ? "LE" : "BR/EDR"]
        if isDebugKey {
            words.append("debug key")
        } else if let level {
            words.append(level == .authenticated ? "authenticated" : "unauthenticated")
        }
        if isSecureConnections { words.append("Secure Connections") }
        if let size { words.append("\(size) octets") }
        if !isKept { words.append("for this link only") }
        return words
    }
}

extension ManagementQuestion {
    fileprivate var words: String {
        switch self {
        case .confirmation: "whether the digits are the same"
        case .passkey: "for the passkey"
        case .pinCode: "for the PIN code"
        }
    }
}

extension ManagementQuestion {
    fileprivate var yes: String { self == .confirmation ? "the answer is yes" : "digits are given" }
    fileprivate var no: String { self == .confirmation ? "the answer is no" : "no digits are given" }
}

extension SimplePairingQuestion {
    fileprivate var words: String {
        switch self {
        case .linkKey: "for the key of a bond"
        case .pinCode: "for the PIN code"
        case .confirmation: "whether to pair"
        case .passkey: "for the passkey"
        }
    }
}
