// SPDX-License-Identifier: Apache-2.0

import Glibc
import Pairing

/// Numbers that are never given twice, also across restarts and crashes.
///
/// They are reserved in blocks: the file holds the first number that is not reserved yet, so that only every
/// 64th number costs a write. After a crash the rest of a block is left out.
struct NumberSeries: NumberSource {
    private let path: String
    private var upcoming: UInt64
    private var reserved: UInt64
    private static let block: UInt64 = 64

    /// Continues the series that the file `path` keeps; begins at 1 where there is none, or it is damaged.
    init(path: String) {
        self.path = path
        upcoming = Self.read(path) ?? 1
        reserved = upcoming
    }

    /// The next number. When it cannot be reserved on disk it is given all the same: a pairing matters more.
    mutating func next() -> UInt64 {
        defer { upcoming += 1 }
        if upcoming >= reserved {
            reserved = upcoming + Self.block
            _ = Self.write(reserved, to: path)
        }
        return upcoming
    }

    private static func read(_ path: String) -> UInt64? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 32)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        guard count > 0 else { return nil }
        let digits = buffer[..<count].prefix { $0 != UInt8(ascii: "\n") }
        return UInt64(String(decoding: digits, as: UTF8.self))
    }

    /// Writes a new file and puts it in the old one's place, so that a power cut leaves one of them whole.
    private static func write(_ number: UInt64, to path: String) -> Bool {
        let temporary = path + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return false }
        var text = Array("\(number)\n".utf8)
        let isWritten = Glibc.write(descriptor, &text, text.count) == text.count && fsync(descriptor) == 0
        close(descriptor)
        return isWritten && rename(temporary, path) == 0
    }
}
