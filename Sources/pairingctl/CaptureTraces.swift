// SPDX-License-Identifier: Apache-2.0

import Explain
import Glibc
import HCIMonitor

/// The pairings of a capture file, one after the other; the memory that it takes does not depend on the file's size.
struct CaptureTraces: ~Copyable {
    /// The file, as errors call it.
    private let title: String
    private var reader: CaptureReader
    private var decoder = MonitorDecoder()
    private var collector = TraceCollector()
    /// Complete, and not handed out yet.
    private var ready: [Trace] = []
    private var isAtEnd = false
    private var damage: CaptureError?

    /// - Parameter path: `-` for standard input.
    init(_ path: String) throws(Failure) {
        let title = path == "-" ? "standard input" : path
        self.init(title: title, reader: try Self.reader(path, title))
    }

    /// Apart from what throws, because Swift 6.0 cannot take half of `self` apart.
    private init(title: String, reader: consuming CaptureReader) {
        self.title = title
        self.reader = reader
    }

    private static func reader(_ path: String, _ title: String) throws(Failure) -> CaptureReader {
        do throws(CaptureError) {
            return try path == "-" ? CaptureReader(descriptor: STDIN_FILENO) : CaptureReader(path: path)
        } catch {
            throw failure(title, error)
        }
    }

    /// The next pairing; of a damaged file those before the damage come first, and then the error.
    mutating func next() throws(Failure) -> Trace? {
        while ready.isEmpty, !isAtEnd { read() }
        guard ready.isEmpty else { return ready.removeFirst() }
        guard let damage else { return nil }
        throw Self.failure(title, damage)
    }

    private mutating func read() {
        do throws(CaptureError) {
            guard let record = try reader.next() else { return finish() }
            for event in decoder.decode(record) { ready += collector.take(event, at: record.time) }
        } catch {
            damage = error
            finish()
        }
    }

    private mutating func finish() {
        isAtEnd = true
        ready += collector.finish()
    }

    private static func failure(_ title: String, _ error: CaptureError) -> Failure {
        error == .system(errno: ENOENT)
            ? Failure(.notFound, "\(title): there is no such file") : Failure(.failed, "\(title): \(error)")
    }
}
