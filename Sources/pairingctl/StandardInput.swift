// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc

/// Lines from standard input, without keeping the loop waiting.
@LoopActor
final class StandardInput {
    private var buffer: [UInt8] = []
    private var hasEnded = false
    private var source: EventSource?
    private var reader: CheckedContinuation<Void, Never>?

    /// The next line without its end; `nil` when there are no more.
    func line() async -> String? {
        while true {
            if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                defer { buffer.removeFirst(end + 1) }
                return String(decoding: buffer[..<end], as: UTF8.self)
            }
            if hasEnded {
                defer { buffer = [] }
                return buffer.isEmpty ? nil : String(decoding: buffer, as: UTF8.self)
            }
            await readable()
            read()
        }
    }

    /// A file is always readable, and epoll refuses it: then there is nothing to wait for.
    private func readable() async {
        guard
            let source = try? EventSource.descriptor(
                STDIN_FILENO, .readable,
                { [weak self] _ in
                    self?.source?.cancel()
                    self?.reader?.resume()
                    self?.reader = nil
                })
        else { return }
        self.source = source
        await withCheckedContinuation { reader = $0 }
    }

    private func read() {
        var chunk = [UInt8](repeating: 0, count: 256)
        let count = Glibc.read(STDIN_FILENO, &chunk, chunk.count)
        if count > 0 { buffer += chunk[..<count] } else if errno != EINTR || count == 0 { hasEnded = true }
    }
}
