// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Policy

/// A rule to start from, made of what BlueZ knows of a device.
struct StarterRule {
    let device: AirDevice

    /// `nil` where nothing is known of the device that stays: its address changes, and it has sent no name and no company.
    init?(_ device: AirDevice) {
        guard !device.hasPrivateAddress || device.name != nil || !device.companies.isEmpty else { return nil }
        self.device = device
    }

    /// A file's name without its folder, such as `50-omron-scale.toml`.
    var fileName: String {
        let words = (device.name?.raw ?? "").lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
        let name = words.joined(separator: "-").prefix(40)
        let address = device.address.description.lowercased().replacing(":", with: "")
        return "50-\(name.isEmpty ? address[...] : name).toml"
    }

    var text: String {
        let title = device.name.map(\.description) ?? device.address.description
        return """
            # A rule to start from: read every line, it is yours now. What a device says of itself proves nothing.
            description = \(Self.quoted(title))

            [match]  # every key that is given must hold
            \(match.joined(separator: "\n"))

            [pairing]
            io-capability = "KeyboardDisplay"  # what we claim to have; "NoInputNoOutput" where nobody can type or compare
            security = "encrypted"             # the least that the keys must be; "authenticated" asks for digits
            bond = "keep"                      # or "session", or "none"
            initiate = "manual"                # "auto": as soon as it is heard in pairing mode
            accept-incoming = false            # true: the device may begin, too

            [answer]  # each "accept", "reject" or "ask"
            authorization = "ask"  # Just Works, begun by the device
            confirmation = "ask"   # are the same six digits on both sides?
            passkey = "ask"        # six digits that the device shows
            pin = "reject"         # of devices from before Bluetooth 2.1
            service = "ask"        # a connection to one of our BR/EDR services

            """
    }

    private var match: [String] {
        let name = device.name.map { "name = \(Self.quoted(Self.pattern($0.raw)))" }
        let company = device.companies.first.map { "manufacturer = \($0)" }
        let services =
            device.services.isEmpty
            ? nil : "service = [\(device.services.map { "\"\($0.shortDescription)\"" }.joined(separator: ", "))]"
        let kind = [name, company, services].compactMap(\.self)
        guard !device.hasPrivateAddress else {
            return ["# Its address changes, so it cannot be told by that."] + kind
        }
        let others =
            kind.isEmpty ? [] : ["# For all of its kind these, in place of the address; * stands for any text:"]
        return ["address = \"\(device.address)\"  # this device only"] + others + kind.map { "# " + $0 }
    }

    /// The pattern that matches this name alone.
    private static func pattern(_ name: String) -> String {
        name.unicodeScalars.map { "*?[".unicodeScalars.contains($0) ? "[\($0)]" : String($0) }.joined()
    }

    /// A TOML string; all that could act on a terminal is escaped in it.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" {
                result += "\\\(scalar)"
            } else if SafeText.isHarmless(scalar) {
                result.unicodeScalars.append(scalar)
            } else {
                let digits = String(scalar.value, radix: 16, uppercase: true)
                result += "\\U" + String(repeating: "0", count: 8 - digits.utf8.count) + digits
            }
        }
        return result + "\""
    }
}
