// SPDX-License-Identifier: Apache-2.0

/// Reads little-endian fields from octets that may end anywhere, and never reads past their end.
package struct OctetReader {
    /// The octets end before the field does.
    package struct EndReached: Error, Hashable, Sendable {
        /// Where the field starts, counted like the reader's ``OctetReader/offset``.
        package let offset: Int
        /// How many octets are missing, at least 1.
        package let missing: Int
    }

    private let octets: ArraySlice<UInt8>
    private let base: Int
    private var position: ArraySlice<UInt8>.Index

    /// `base` is the offset of the first octet, where `octets` are a part of something.
    package init(_ octets: ArraySlice<UInt8>, base: Int = 0) {
        self.octets = octets
        self.base = base
        position = octets.startIndex
    }

    /// The offset of the next octet.
    package var offset: Int { base + position - octets.startIndex }

    /// What has not been read yet.
    package var rest: ArraySlice<UInt8> { octets[position...] }

    /// The next `count` octets.
    package mutating func read(_ count: Int) throws(EndReached) -> ArraySlice<UInt8> {
        let available = octets.endIndex - position
        guard count <= available else { throw EndReached(offset: offset, missing: count - available) }
        defer { position += count }
        return octets[position..<position + count]
    }

    package mutating func readUInt8() throws(EndReached) -> UInt8 {
        guard position < octets.endIndex else { throw EndReached(offset: offset, missing: 1) }
        defer { position += 1 }
        return octets[position]
    }

    package mutating func readUInt16() throws(EndReached) -> UInt16 {
        let field = try read(2)
        return UInt16(field[field.startIndex]) | UInt16(field[field.startIndex + 1]) << 8
    }
}
