// SPDX-License-Identifier: Apache-2.0

import CSystemd
import Glibc

/// Where records go: to journald with all their fields, or as lines to standard error when run by hand.
public enum Sink: Sendable {
    case journald
    case standardError

    /// journald when systemd connected standard error to it (`JOURNAL_STREAM` names that very socket), else lines.
    public static func automatic() -> Sink {
        var status = stat()
        guard let value = getenv("JOURNAL_STREAM"), fstat(STDERR_FILENO, &status) == 0 else { return .standardError }
        return String(cString: value) == "\(status.st_dev):\(status.st_ino)" ? .journald : .standardError
    }

    public func write(_ entry: Entry) {
        switch self {
        case .journald:
            var fields = [("MESSAGE", entry.message), ("PRIORITY", String(entry.priority.rawValue))]
            fields.append(("SYSLOG_IDENTIFIER", "pairingd"))
            if let kind = entry.kind { fields.append(("MESSAGE_ID", kind.id)) }
            Self.send(fields + entry.fields.map { ($0.name.rawValue, $0.value) })
        case .standardError:
            var line = Array("pairingd: \(entry.message)\n".utf8)
            // There is nowhere to report a broken standard error to.
            _ = Glibc.write(STDERR_FILENO, &line, line.count)
        }
    }

    /// A value may hold anything: the native protocol carries its length.
    private static func send(_ fields: [(name: String, value: String)]) {
        var bytes: [UInt8] = []
        var ends: [Int] = []
        for field in fields {
            bytes += field.name.utf8
            bytes.append(UInt8(ascii: "="))
            bytes += field.value.utf8
            ends.append(bytes.count)
        }
        bytes.withUnsafeMutableBytes { buffer in
            var begin = 0
            let vectors = ends.map { end in
                defer { begin = end }
                return iovec(iov_base: buffer.baseAddress.map { $0 + begin }, iov_len: end - begin)
            }
            sd_journal_sendv(vectors, Int32(vectors.count))
        }
    }
}
