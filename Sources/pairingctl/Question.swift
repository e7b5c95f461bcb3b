// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing

extension RequestKind {
    /// Can it be answered with yes?
    var isYesOrNo: Bool {
        switch self {
        case .authorization, .confirmation, .service, .repair: true
        case .passkeyEntry, .passkeyDisplay, .pinEntry, .pinDisplay: false
        }
    }

    /// Has it digits for a person to see?
    var hasDigits: Bool { self == .confirmation || isDisplay }

    /// Is it answered by typing what the device shows, or its PIN?
    var isEntry: Bool { self == .passkeyEntry || self == .pinEntry }

    /// How to answer it from another command.
    func howToAnswer(_ number: UInt64) -> String {
        switch self {
        case .authorization, .service, .repair: "pairingctl approve \(number), or pairingctl reject \(number)"
        case .confirmation:
            "pairingctl requests --reveal shows the digits; pairingctl approve \(number), or pairingctl reject \(number)"
        case .passkeyEntry: "pairingctl passkey \(number), or pairingctl reject \(number)"
        case .pinEntry: "pairingctl pin \(number), or pairingctl reject \(number)"
        case .passkeyDisplay, .pinDisplay:
            "pairingctl requests --reveal shows the digits to type; pairingctl reject \(number) refuses"
        }
    }
}

/// One request as it is asked at a terminal.
struct Question: Sendable {
    enum Reading: Sendable {
        case answer(RequestAnswer)
        /// Not understood: what to do instead.
        case hint(String)
    }

    let kind: RequestKind
    var request: RequestInfo
    /// What ``Client/reveal(_:)`` gave. A secret, for this terminal only.
    var digits = ""
    /// Are the digits here, if it has some?
    var isReady: Bool
    /// Is an answer on its way?
    var isAnswering = false

    /// `nil` for a kind that this version cannot ask.
    init?(_ request: RequestInfo) {
        guard let kind = request.kind else { return nil }
        self.kind = kind
        self.request = request
        isReady = !kind.hasDigits
    }

    /// What it is about, on a line of its own.
    var headline: Line {
        let service = request.properties.text("Service")
        let details = [
            kind.rawValue, service.isEmpty ? "" : "service \(service)",
            request.rule.isEmpty ? "no rule" : "rule \(request.rule)",
        ].filter { !$0.isEmpty }
        return "\(request.label)  \(request.device)  \(details.joined(separator: ", "), .dim)"
    }

    /// The prompt; short, because it is written anew each second on one line.
    var prompt: Line {
        let time: Line = request.secondsLeft.map { "\("\($0) s", $0 <= 5 ? .red : .yellow)  " } ?? ""
        return time + text
    }

    private var text: Line {
        let shown = Self.grouped(digits)
        return switch kind {
        case .authorization: "Pair with it? [y/n] "
        case .confirmation: "Does it show \(shown, .bold)? [y/n] "
        case .service: "May it use this service? [y/n] "
        case .repair: "It has forgotten us. Pair it anew? [y/n] "
        case .passkeyEntry: "The six digits that it shows [n: refuse]: "
        case .pinEntry: "Its PIN [Ctrl-N: refuse]: "
        case .passkeyDisplay: "Type \(shown, .bold) on it (\(request.entered) of 6 typed) [n: refuse] "
        case .pinDisplay: "Type \(digits, .bold) on it [n: refuse] "
        }
    }

    /// What is shown of what was typed. A PIN is a device's for ever, and who looks on must not learn it; a passkey is over
    /// with its pairing, and the device shows it anyway.
    func echo(of typed: String) -> String {
        kind == .pinEntry ? String(repeating: "•", count: typed.count) : typed
    }

    /// What was typed, before Enter.
    func read(_ text: String) -> Reading {
        let word = text.lowercased()
        // "n" may be a PIN.
        if kind != .pinEntry, word == "n" || word == "no" { return .answer(.reject) }
        switch kind {
        case .authorization, .confirmation, .service, .repair:
            return word == "y" || word == "yes" ? .answer(.accept) : .hint("Type y or n, then Enter.")
        case .passkeyEntry, .pinEntry:
            return Self.secret(text, for: kind)
        case .passkeyDisplay, .pinDisplay:
            return .hint("Type the digits on the device, or n and Enter to refuse.")
        }
    }

    /// The digits of an entry; what is typed never comes back in a message.
    static func secret(_ text: String, for kind: RequestKind) -> Reading {
        if kind == .pinEntry {
            return PINCode(text).map { .answer(.pinCode($0)) } ?? .hint("A PIN has 1 to 16 characters.")
        }
        // Devices show the six digits in groups.
        return Passkey(digits: text.filter { $0 != " " }).map { .answer(.passkey($0)) }
            ?? .hint("A passkey has exactly six digits, zeros in front included.")
    }

    /// `123 456`, as devices show it.
    static func grouped(_ digits: String) -> String {
        digits.count == 6 ? "\(digits.prefix(3)) \(digits.suffix(3))" : digits
    }
}
