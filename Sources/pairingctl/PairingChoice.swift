// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import EventLoop
import Glibc

/// What `explain` is about. A word is the first of these that it can be.
enum ExplainSubject: Hashable, Sendable {
    /// Without a word.
    case latest
    /// Digits, or the pairing's object path.
    case pairing(UInt64)
    /// An address, `hci0/ADDRESS`, or an object path of BlueZ or of pairingd.
    case device(Address, adapter: String?)
    /// What has a slash or is there as a file; `-` for standard input.
    case capture(String)
    /// A device's.
    case name(String)

    /// - Parameter fileExists: Asked last, so that a file never hides a device.
    init(_ word: String?, fileExists: (String) -> Bool = { access($0, F_OK) == 0 }) {
        guard let word else {
            self = .latest
            return
        }
        let parts = word.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let (last, isPath) = (parts.last ?? "", word.hasPrefix("/org/"))
        if word == "-" {
            self = .capture(word)
        } else if let number = UInt64(isPath && word.contains("/pairing/") ? last : word) {
            self = .pairing(number)
        } else if isPath, let address = Address(pathComponent: last.replacing("dev_", with: "")) {
            self = .device(address, adapter: parts.dropLast().last)
        } else if let address = Address(last), parts.count == 1 || parts.count == 2 && parts[0].hasPrefix("hci") {
            self = .device(address, adapter: parts.count == 2 ? parts[0] : nil)
        } else if word.contains("/") || fileExists(word) {
            self = .capture(word)
        } else {
            self = .name(word)
        }
    }

    /// The pairing that is meant: of several the last one that is done, or one that goes on where none is.
    func pairing(in pairings: [PairingInfo]) throws(Failure) -> PairingInfo {
        let fitting = pairings.filter(fits)
        let done = fitting.filter { !$0.result.isEmpty }.max { $0.order < $1.order }
        guard let pairing = done ?? fitting.max(by: { $0.order < $1.order }) else { throw missing(pairings) }
        return pairing
    }

    private func fits(_ pairing: PairingInfo) -> Bool {
        let properties = pairing.properties
        switch self {
        case .latest: return true
        case .capture: return false
        case .pairing(let number): return pairing.number == number
        case .device(let address, let adapter):
            return properties.text("Address") == address.description
                && (adapter == nil || properties.text("Adapter") == adapter)
        // The daemon gives names escaped.
        case .name(let name):
            return [name, UntrustedText(name).description].contains(properties.text("Name"))
        }
    }

    /// Says what there is instead.
    private func missing(_ pairings: [PairingInfo]) -> Failure {
        guard !pairings.isEmpty else {
            return Failure(.notFound, "there was no pairing since pairingd started; pairingctl pair DEVICE pairs")
        }
        let list: String
        if case .pairing = self {
            list = pairings.compactMap(\.number).map(String.init).joined(separator: ", ")
        } else {
            var titles: [String] = []
            for title in pairings.reversed().map(\.title) where !titles.contains(title) { titles.append(title) }
            list = titles.joined(separator: ", ")
        }
        return Failure(.notFound, "\(text): pairingd knows no such pairing; there are those of \(list)")
    }

    private var text: String {
        switch self {
        case .latest: ""
        case .capture(let path): path
        case .pairing(let number): "pairing \(number)"
        case .device(let address, let adapter): (adapter.map { "\($0)/" } ?? "") + address.description
        case .name(let name): name
        }
    }
}

extension PairingInfo {
    /// The later it was done, the greater; numbers decide where that is the same.
    fileprivate var order: (UInt64, UInt64) { (properties.time("FinishedAt"), number ?? 0) }
}
