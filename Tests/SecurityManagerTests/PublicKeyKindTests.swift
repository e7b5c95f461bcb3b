// SPDX-License-Identifier: Apache-2.0

import SecurityManager
import Testing

@Suite struct PublicKeyKindTests {
    private static let generatorX = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    private static let generatorY = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
    private static let debugX = "20b003d2f297be2c5e2c83a7e9f9a5b9eff49111acf4fddbcc0301480e359de6"
    private static let debugY = "dc809c49652aeb6d63329abf5a52155c766345c28fed3024741c8ed01589d28b"
    private static let zero = String(repeating: "0", count: 64)

    /// From coordinates as one writes numbers, in hexadecimal.
    private func kind(_ x: String, _ y: String) -> PublicKeyKind {
        func octets(_ digits: String) -> SecretOctets {
            let digits = Array(digits)
            let pairs = stride(from: 0, to: digits.count, by: 2).map { String(digits[$0..<min($0 + 2, digits.count)]) }
            return SecretOctets(pairs.reversed().compactMap { UInt8($0, radix: 16) })
        }
        return PublicKeyKind(x: octets(x), y: octets(y))
    }

    // The generator, twice and thrice it, 112233445566778899 times it (NIST's test vectors), and the specification's
    // other sample key (Vol 2, Part G, 7.1.2.1).
    private static let points: [(String, String)] = [
        (generatorX, generatorY),
        (
            "7cf27b188d034f7e8a52380304b51ac3c08969e277f21b35a60b48fc47669978",
            "07775510db8ed040293d9ac69f7430dbba7dade63ce982299e04b79d227873d1"
        ),
        (
            "5ecbe4d1a6330a44c8f7ef951d4bf165e6c6b721efada985fb41661bc6e7fd6c",
            "8734640c4998ff7e374b06ce1a64a2ecd82ab036384fb83d9a79b127a27d5032"
        ),
        (
            "339150844ec15234807fe862a86be77977dbfb3ae3d96f4c22795513aeaab82f",
            "b1c14ddfdc8ec1b2583f51e85a5eb3a155840f2034730e9b5ada38b674336a21"
        ),
        (
            "1ea1f0f01faf1d9609592284f19e4c0047b58afd8615a69f559077b22faaa190",
            "4c55f33e429dad377356703a9ab85160472d1130e28e36765f89aff915b1214a"
        ),
    ]

    @Test("a point of the curve is ordinary", arguments: points) func pointCurveOrdinary(x: String, y: String) {
        #expect(kind(x, y) == .ordinary)
    }

    @Test("a point with its coordinates changed or exchanged is not on the curve", arguments: points)
    func pointCoordinatesChanged(
        x: String, y: String
    ) {
        #expect(kind(y, x) == .notOnCurve)
        #expect(kind(x, String(y.dropLast()) + (y.last == "f" ? "0" : "f")) == .notOnCurve)
        #expect(kind((x.first == "7" ? "0" : "7") + x.dropFirst(), y) == .notOnCurve)
    }

    @Test("the debug key is known by both coordinates") func debugKeyKnown() {
        #expect(kind(Self.debugX, Self.debugY) == .debug)
        // The same x, and p - y: a point of its own.
        let mirrored = "237f63b59ad514939ccd6540a5adeaa3899cba3e7012cfdb8be3712fea762d74"
        #expect(kind(Self.debugX, mirrored) == .ordinary)
        #expect(kind(Self.debugX, Self.generatorY) == .notOnCurve)
        #expect(kind(Self.generatorX, Self.debugY) == .notOnCurve)
    }

    @Test("a key whose y was overwritten by zero is not on the curve") func keyWhoseY() {
        #expect(kind(Self.debugX, Self.zero) == .notOnCurve)
        #expect(kind(Self.generatorX, Self.zero) == .notOnCurve)
    }

    @Test("zero is no point") func zeroNoPoint() {
        #expect(kind(Self.zero, Self.zero) == .notOnCurve)
    }

    @Test("a coordinate has to be below p, even where it stands for one of a point") func coordinateHasBe() {
        let y = "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4"
        #expect(kind(Self.zero, y) == .ordinary)
        #expect(kind("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", y) == .notOnCurve)

        let x = "d7325d7646cd60d80a92738ceb345f844cffaf35841022cab176f692de8de1d7"
        #expect(kind(x, Self.zero.dropLast() + "5") == .ordinary)
        #expect(kind(x, "ffffffff00000001000000000000000000000001000000000000000000000004") == .notOnCurve)

        let greatest = String(repeating: "f", count: 64)
        #expect(kind(greatest, greatest) == .notOnCurve)
    }

    @Test("coordinates of another length are no point") func coordinatesAnotherLength() {
        #expect(kind("", "") == .notOnCurve)
        #expect(kind(Self.generatorX, String(Self.generatorY.dropLast(2))) == .notOnCurve)
        #expect(kind("00" + Self.generatorX, Self.generatorY) == .notOnCurve)
    }
}
