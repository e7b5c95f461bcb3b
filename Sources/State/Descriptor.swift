// SPDX-License-Identifier: Apache-2.0

import Glibc

/// An open file or folder, which is closed with its value. What fails leaves its reason in `errno`.
struct Descriptor: ~Copyable, Sendable {
    let number: Int32

    init(_ number: Int32) { self.number = number }

    deinit {
        // An error is told from what stands in errno when its descriptors are closed already.
        let reason = errno
        close(number)
        errno = reason
    }

    /// All that is in the file, but no more than one octet over the limit, so that a longer one shows; `nil` when it
    /// cannot be read.
    func contents(limit: Int) -> [UInt8]? {
        var contents = [UInt8](repeating: 0, count: limit + 1)
        var length = 0
        while length < contents.count {
            let count = contents.withUnsafeMutableBytes { buffer in
                Glibc.read(number, buffer.baseAddress?.advanced(by: length), buffer.count - length)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { break }
            length += count
        }
        contents.removeSubrange(length...)
        return contents
    }

    func write(_ octets: [UInt8]) -> Bool {
        var rest = octets[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Waits until it is on the disk.
    func synchronize() -> Bool {
        while fsync(number) != 0 {
            guard errno == EINTR else { return false }
        }
        return true
    }
}
