// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import CSystemd

/// `--hide-addresses`: puts a stand-in of the same width for each address in what is written, so that tables stay aligned.
///
/// `00:5F:BF:71:81:18` becomes `XX:XX:XX:4C:1A:07`, the same for the same device in every run on this machine, so that
/// the outputs of several commands fit together. Nothing of the address stays, not even its company: of a random address
/// the first half is as telling as the second, and the text does not say which kind it is.
struct AddressHider {
    /// 24 bits for an address; by default ``standIn(for:)``.
    private let standIn: (Address) -> UInt32
    /// What was hidden so far.
    private var known: [UInt64: UInt32] = [:]
    /// The lower halves of the same, which names often end in.
    private var tails: [UInt64: UInt32] = [:]

    init(standIn: @escaping (Address) -> UInt32 = Self.standIn) { self.standIn = standIn }

    /// The text without addresses: those with colons, hyphens or underscores between their octets, and of these also the
    /// twelve bare digits, and the last six where they stand alone.
    mutating func hide(_ text: String) -> String {
        var bytes = Array(text.utf8)
        let hasSeparated = hideSeparated(&bytes)
        let hasBare = !known.isEmpty && hideBare(&bytes)
        return hasSeparated || hasBare ? String(decoding: bytes, as: UTF8.self) : text
    }

    private mutating func hideSeparated(_ bytes: inout [UInt8]) -> Bool {
        var (place, found) = (0, false)
        while place + 17 <= bytes.count {
            guard let address = Self.address(bytes[place..<place + 17]) else {
                place += 1
                continue
            }
            let code = known[address.bits] ?? standIn(address) & 0xFF_FFFF
            known[address.bits] = code
            tails[address.bits & 0xFF_FFFF] = code
            let digits = Self.digits(code)
            for octet in 0..<6 {
                bytes[place + 3 * octet] = digits[2 * octet]
                bytes[place + 3 * octet + 1] = digits[2 * octet + 1]
            }
            place += 17
            found = true
        }
        return found
    }

    private func hideBare(_ bytes: inout [UInt8]) -> Bool {
        var (place, found) = (0, false)
        while place < bytes.count {
            let end = bytes[place...].firstIndex { Self.value($0) == nil } ?? bytes.count
            if end - place >= 12 {
                for start in place...end - 12 {
                    guard let code = known[Self.number(bytes[start..<start + 12])] else { continue }
                    bytes.replaceSubrange(start..<start + 12, with: Self.digits(code))
                    found = true
                }
            } else if end - place == 6, let code = tails[Self.number(bytes[place..<end])],
                // A number of a JSON document stays one.
                place > 0, ![":", ",", "["].contains(Character(Unicode.Scalar(bytes[place - 1])))
            {
                bytes.replaceSubrange(place..<end, with: Self.digits(code).dropFirst(6))
                found = true
            }
            place = max(end, place + 1)
        }
        return found
    }

    private static func address(_ bytes: ArraySlice<UInt8>) -> Address? {
        let separator = bytes[bytes.startIndex + 2]
        guard [":", "-", "_"].contains(Character(Unicode.Scalar(separator))) else { return nil }
        return Address(String(decoding: bytes.map { $0 == separator ? UInt8(ascii: ":") : $0 }, as: UTF8.self))
    }

    /// Twelve characters.
    private static func digits(_ code: UInt32) -> [UInt8] {
        let text = String(code, radix: 16, uppercase: true)
        return Array(("XXXXXX" + String(repeating: "0", count: 6 - text.utf8.count) + text).utf8)
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64 {
        digits.reduce(0) { $0 << 4 | (value($1) ?? 0) }
    }

    /// Of a hexadecimal digit.
    private static func value(_ digit: UInt8) -> UInt64? {
        Character(Unicode.Scalar(digit)).isASCII ? Character(Unicode.Scalar(digit)).hexDigitValue.map(UInt64.init) : nil
    }

    /// A part of the address' HMAC with this machine's identifier as the key (`sd_id128_get_machine_app_specific(3)`): too
    /// short to be turned back. The same for every address where the machine has no identifier.
    static func standIn(for address: Address) -> UInt32 {
        var (application, result) = (sd_id128_t(), sd_id128_t())
        withUnsafeMutableBytes(of: &application) { octets in
            octets.copyBytes(from: Array("pairingctl".utf8) + address.octets)
        }
        guard sd_id128_get_machine_app_specific(application, &result) >= 0 else { return 0 }
        return withUnsafeBytes(of: result) { UInt32($0[13]) << 16 | UInt32($0[14]) << 8 | UInt32($0[15]) }
    }
}

extension Address {
    /// The most significant first.
    fileprivate var octets: [UInt8] { (0..<6).map { UInt8(truncatingIfNeeded: bits >> UInt64(8 * (5 - $0))) } }
}
