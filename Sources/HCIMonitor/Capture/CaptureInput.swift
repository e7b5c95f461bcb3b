// SPDX-License-Identifier: Apache-2.0

import Glibc

enum ByteOrder: Hashable, Sendable {
    case bigEndian
    case littleEndian
}

/// The octets of a file or a pipe, through a buffer of fixed size.
struct CaptureInput: ~Copyable {
    /// More than the longest record; one system call reads thousands of ordinary ones.
    static let bufferSize = 256 * 1024

    private var buffer: [UInt8]
    /// What is in the buffer and not taken yet.
    private var start = 0
    private var end = 0
    /// Where the next octet is in the file.
    private(set) var offset: UInt64 = 0
    private let descriptor: CInt?
    private let closesDescriptor: Bool

    init(path: String) throws(CaptureError) {
        // A terminal that is given as a file must not become the controlling one.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { throw .system(errno: errno) }
        self.descriptor = descriptor
        closesDescriptor = true
        buffer = [UInt8](repeating: 0, count: Self.bufferSize)
    }

    /// Reads from a descriptor that stays its owner's.
    init(descriptor: CInt) {
        self.descriptor = descriptor
        closesDescriptor = false
        buffer = [UInt8](repeating: 0, count: Self.bufferSize)
    }

    init(octets: [UInt8]) {
        descriptor = nil
        closesDescriptor = false
        buffer = octets
        end = octets.count
    }

    deinit {
        if closesDescriptor, let descriptor { _ = close(descriptor) }
    }

    /// How many octets can be taken at once now.
    var available: Int { end - start }

    /// Makes `count` octets available, at most ``bufferSize``, or as many as there are until the end.
    mutating func fill(_ count: Int) throws(CaptureError) {
        while available < count, try readMore() {}
    }

    /// Makes `count` octets of what begins at `origin` available.
    mutating func require(_ count: Int, of origin: UInt64) throws(CaptureError) {
        if available < count { try fill(count) }
        guard available >= count else { throw .truncated(offset: origin, missing: count - available) }
    }

    /// The next `count` octets, which must be available.
    mutating func take(_ count: Int) -> ArraySlice<UInt8> {
        defer { advance(count) }
        return buffer[start..<start + count]
    }

    /// Passes over any number of octets of what begins at `origin`.
    mutating func skip(_ count: Int, of origin: UInt64) throws(CaptureError) {
        var rest = count
        while rest > available {
            rest -= available
            advance(available)
            guard try readMore() else { throw .truncated(offset: origin, missing: rest) }
        }
        advance(rest)
    }

    // What follows looks at available octets, `position` octets behind the next one.

    func octet(at position: Int) -> UInt8 { buffer[start + position] }

    func octets(_ count: Int) -> ArraySlice<UInt8> { buffer[start..<start + min(count, available)] }

    @inline(__always)
    func readUInt16(at position: Int, _ order: ByteOrder) -> UInt16 {
        let first = UInt16(buffer[start + position])
        let second = UInt16(buffer[start + position + 1])
        return order == .bigEndian ? first << 8 | second : second << 8 | first
    }

    @inline(__always)
    func readUInt32(at position: Int, _ order: ByteOrder) -> UInt32 {
        let first = UInt32(readUInt16(at: position, order))
        let second = UInt32(readUInt16(at: position + 2, order))
        return order == .bigEndian ? first << 16 | second : second << 16 | first
    }

    @inline(__always)
    func readUInt64(at position: Int, _ order: ByteOrder) -> UInt64 {
        let first = UInt64(readUInt32(at: position, order))
        let second = UInt64(readUInt32(at: position + 4, order))
        return order == .bigEndian ? first << 32 | second : second << 32 | first
    }

    private mutating func advance(_ count: Int) {
        start += count
        offset += UInt64(count)
    }

    /// Reads once; tells whether anything came.
    private mutating func readMore() throws(CaptureError) -> Bool {
        guard let descriptor else { return false }
        if start > 0 {
            buffer.withUnsafeMutableBytes { octets in
                guard let base = octets.baseAddress else { return }
                memmove(base, base + start, end - start)
            }
            end -= start
            start = 0
        }
        while true {
            let room = end
            let count = buffer.withUnsafeMutableBytes { octets in
                octets.baseAddress.map { read(descriptor, $0 + room, octets.count - room) } ?? 0
            }
            if count >= 0 {
                end += count
                return count > 0
            }
            guard errno == EINTR else { throw errno == EISDIR ? .directory : .system(errno: errno) }
        }
    }
}
