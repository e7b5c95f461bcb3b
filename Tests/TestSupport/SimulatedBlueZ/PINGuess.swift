// SPDX-License-Identifier: Apache-2.0

/// A PIN code that BlueZ makes up itself in one of its own pairings, by what the device says it is
/// (`plugins/autopair.c`). Nobody's agent is asked for one then.
enum PINGuess: Sendable, Hashable {
    /// It is sent without a word to anybody.
    case fixed(String)
    /// It is shown, to be typed on the device.
    case shown(String)

    /// - Parameters:
    ///   - deviceClass: The class of device; without one, BlueZ guesses nothing.
    ///   - attempt: 1 for the first; `nil` comes when BlueZ has no more.
    ///   - random: Digits for the person to type.
    init?(_ deviceClass: UInt32?, attempt: Int, random: String) {
        guard let deviceClass else { return nil }
        switch (deviceClass >> 8 & 0x1F, attempt) {
        // Audio: headsets, hands-free units, headphones, portable and hi-fi devices.
        case (0x04, 1) where [0x01, 0x02, 0x06, 0x07, 0x0A].contains(deviceClass >> 2 & 0x3F): self = .fixed("0000")
        // Keyboards; one that refuses in less than 500 ms, as all of these do, gets a fixed code next.
        case (0x05, 1) where deviceClass & 0x40 != 0: self = .shown(random)
        case (0x05, 2) where deviceClass & 0x40 != 0: self = .fixed("0000")
        // Pointing devices, and printers.
        case (0x05, 1) where deviceClass & 0xC0 == 0x80, (0x06, 1) where deviceClass & 0x80 != 0: self = .fixed("0000")
        default: return nil
        }
    }
}
