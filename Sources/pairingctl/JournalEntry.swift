// SPDX-License-Identifier: Apache-2.0

/// One record of the journal, as `journalctl --output=export` writes it.
///
/// Source: systemd's "Journal Export Formats": lines of `FIELD=value`, or the field's name alone, the value's length in 64
/// bits, little-endian, and the value, where that is not plain text. An empty line ends a record.
struct JournalEntry: Sendable {
    private(set) var fields: [String: String] = [:]

    func text(_ field: String) -> String { fields[field] ?? "" }
    /// Microseconds since the epoch.
    var time: UInt64 { UInt64(text("__REALTIME_TIMESTAMP")) ?? 0 }

    /// Takes records from a stream of octets.
    struct Reader {
        /// Gives the next octets, none at the end.
        let read: () -> [UInt8]
        private var buffer: [UInt8] = []
        private var place = 0

        /// Longer values are no records of pairingd's.
        static let longestValue = 1 << 20

        init(read: @escaping () -> [UInt8]) { self.read = read }

        /// `nil` at the end, and where what comes is no such stream.
        mutating func next() -> JournalEntry? {
            var entry = JournalEntry()
            while let line = take(upTo: UInt8(ascii: "\n")) {
                if line.isEmpty {
                    if !entry.fields.isEmpty { return entry }
                } else if let equals = line.firstIndex(of: UInt8(ascii: "=")) {
                    entry.fields[Self.text(line[..<equals])] = Self.text(line[(equals + 1)...])
                } else {
                    guard let length = take(8).map({ $0.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }),
                        length <= Self.longestValue, let value = take(Int(length)), take(1) != nil
                    else { return nil }
                    entry.fields[Self.text(line)] = Self.text(value)
                }
            }
            return entry.fields.isEmpty ? nil : entry
        }

        private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

        /// What stands before the next such octet, which is taken too.
        private mutating func take(upTo end: UInt8) -> ArraySlice<UInt8>? {
            var searched = 0
            while true {
                if let index = buffer[(place + searched)...].firstIndex(of: end) {
                    defer { place = index + 1 }
                    return buffer[place..<index]
                }
                searched = buffer.count - place
                guard searched <= Self.longestValue, fill() else { return nil }
            }
        }

        private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
            while buffer.count - place < count { guard fill() else { return nil } }
            defer { place += count }
            return buffer[place..<place + count]
        }

        private mutating func fill() -> Bool {
            let more = read()
            buffer.removeFirst(place)
            place = 0
            buffer += more
            return !more.isEmpty
        }
    }
}

extension JournalEntry {
    /// The fields that pairingd's records have, and the names of the document's members.
    private static let members = [
        ("MESSAGE", "message"), ("MESSAGE_ID", "message_id"), ("PAIRINGD_DEVICE", "device"), ("PAIRINGD_NAME", "name"),
        ("PAIRINGD_ADAPTER", "adapter"), ("PAIRINGD_RULE", "rule"), ("PAIRINGD_PAIRING", "pairing"),
        ("PAIRINGD_REQUEST", "request"), ("PAIRINGD_KIND", "kind"), ("PAIRINGD_DECISION", "decision"),
        ("PAIRINGD_DECIDER", "decider"), ("PAIRINGD_RESULT", "result"), ("PAIRINGD_REASON", "reason"),
        ("PAIRINGD_FINDING", "finding"), ("PAIRINGD_SUMMARY", "summary"), ("PAIRINGD_ADVICE", "advice"),
        ("PAIRINGD_ACTOR_UID", "actor_uid"), ("PAIRINGD_ATTEMPT", "attempt"), ("PAIRINGD_SECURITY", "security"),
        ("PAIRINGD_SECURE_CONNECTIONS", "secure_connections"), ("PAIRINGD_KEY_SIZE", "key_size"),
    ]
    private static let numbers: Set = ["pairing", "request", "actor_uid", "attempt", "key_size"]

    /// Those that journalctl is asked for.
    static let wantedFields = members.map(\.0) + ["PRIORITY"]

    /// What is not told is `null`.
    var document: JSON {
        let known = Self.members.map { field, member -> (key: String, value: JSON) in
            guard let text = fields[field] else { return (member, .null) }
            return (member, Self.numbers.contains(member) ? UInt64(text).map { .number($0) } ?? .null : .string(text))
        }
        return (["time": .number(time)] as JSON).adding(known)
    }
}
