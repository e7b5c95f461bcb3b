// SPDX-License-Identifier: Apache-2.0

/// The curve P-256, as far as it takes to tell whether a point is on it. Not for secrets: how long it takes depends on
/// the values.
///
/// Source: NIST SP 800-186, 3.2.1.3 (y² = x³ - 3x + b modulo p); validity of a point: SP 800-56A, 5.6.2.3.4.
enum P256 {
    /// Is this a point of the curve? Coordinates have 32 octets, least significant first, and are below p.
    static func contains(x: [UInt8], y: [UInt8]) -> Bool {
        guard let x = Element(x), let y = Element(y) else { return false }
        return y * y == x * (x * x - three) + b
    }

    /// An integer modulo p = 2²⁵⁶ - 2²²⁴ + 2¹⁹² + 2⁹⁶ - 1.
    private struct Element: Equatable {
        private static let modulus = UInt256(0xFFFF_FFFF_0000_0001, 0, 0x0000_0000_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF)

        /// Always below the modulus.
        private var value: UInt256

        /// `value` is below the modulus.
        init(_ value: UInt256) { self.value = value }

        init?(_ octets: [UInt8]) {
            guard let value = UInt256(octets), value < Self.modulus else { return nil }
            self.value = value
        }

        // A carry and a borrow stand for 2²⁵⁶, so that the one is made up for by the other.
        static func + (left: Element, right: Element) -> Element {
            let (sum, carry) = left.value.adding(right.value)
            return Element(carry || sum >= modulus ? sum.subtracting(modulus).difference : sum)
        }

        static func - (left: Element, right: Element) -> Element {
            let (difference, borrow) = left.value.subtracting(right.value)
            return Element(borrow ? difference.adding(modulus).sum : difference)
        }

        /// Doubles and adds, a bit of the right side at a time.
        static func * (left: Element, right: Element) -> Element {
            var product = Element(UInt256(0, 0, 0, 0))
            for position in (0..<UInt256.bitWidth).reversed() {
                product = product + product
                if right.value.hasBit(position) { product = product + left }
            }
            return product
        }
    }

    private static let three = Element(UInt256(0, 0, 0, 3))
    private static let b = Element(
        UInt256(0x5AC6_35D8_AA3A_93E7, 0xB3EB_BD55_7698_86BC, 0x651D_06B0_CC53_B0F6, 0x3BCE_3C3E_27D2_604B))
}

/// An unsigned integer of 256 bits.
private struct UInt256: Comparable {
    static let bitWidth = 256

    /// The least significant first.
    private var limbs: SIMD4<UInt64>

    /// The most significant first, as one writes numbers.
    init(_ limb3: UInt64, _ limb2: UInt64, _ limb1: UInt64, _ limb0: UInt64) {
        limbs = SIMD4(limb0, limb1, limb2, limb3)
    }

    /// From 32 octets, the least significant first.
    init?(_ octets: [UInt8]) {
        guard octets.count == Self.bitWidth / 8 else { return nil }
        limbs = .zero
        for (position, octet) in octets.enumerated() {
            limbs[position / 8] |= UInt64(octet) << (UInt64(position % 8) * 8)
        }
    }

    func hasBit(_ position: Int) -> Bool { limbs[position / 64] >> UInt64(position % 64) & 1 == 1 }

    func adding(_ other: UInt256) -> (sum: UInt256, carry: Bool) {
        var sum = self
        var carry = false
        for index in 0..<4 {
            let (partial, first) = limbs[index].addingReportingOverflow(other.limbs[index])
            let (limb, second) = partial.addingReportingOverflow(carry ? 1 : 0)
            sum.limbs[index] = limb
            carry = first || second
        }
        return (sum, carry)
    }

    func subtracting(_ other: UInt256) -> (difference: UInt256, borrow: Bool) {
        var difference = self
        var borrow = false
        for index in 0..<4 {
            let (partial, first) = limbs[index].subtractingReportingOverflow(other.limbs[index])
            let (limb, second) = partial.subtractingReportingOverflow(borrow ? 1 : 0)
            difference.limbs[index] = limb
            borrow = first || second
        }
        return (difference, borrow)
    }

    static func < (left: UInt256, right: UInt256) -> Bool { left.subtracting(right).borrow }
}
