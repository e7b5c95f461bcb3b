// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import SecurityManager
import Testing

@Suite("Keys of a pairing")
struct PairingKeyTests {
    private struct Expectation: Equatable {
        var level: SecurityLevel?
        var isSecureConnections: Bool
        var isDebugKey: Bool

        init(_ level: SecurityLevel?, _ isSecureConnections: Bool, _ isDebugKey: Bool) {
            self.level = level
            self.isSecureConnections = isSecureConnections
            self.isDebugKey = isDebugKey
        }

        init(_ kind: PairingKey.Kind) {
            let key = PairingKey(kind: kind, isKept: true)
            self.init(key.level, key.isSecureConnections, key.isDebugKey)
        }
    }

    @Test("Each type of Long Term Key has its level, and an unknown one has none")
    func longTermKeys() {
        let expected: [UInt8: Expectation] = [
            0: Expectation(.encrypted, false, false),
            1: Expectation(.authenticated, false, false),
            2: Expectation(.encrypted, true, false),
            3: Expectation(.authenticated, true, false),
            4: Expectation(SecurityLevel.none, true, true),
        ]
        for value in UInt8.min...UInt8.max {
            let kind = PairingKey.Kind.longTermKey(LongTermKeyType(rawValue: value), size: 16)
            #expect(Expectation(kind) == expected[value] ?? Expectation(nil, false, false), "\(value)")
        }
    }

    @Test("Each type of link key has its level, and a changed, reserved or unknown one has none")
    func linkKeys() {
        let expected: [UInt8: Expectation] = [
            0: Expectation(.encrypted, false, false),
            3: Expectation(SecurityLevel.none, false, true),
            4: Expectation(.encrypted, false, false),
            5: Expectation(.authenticated, false, false),
            7: Expectation(.encrypted, true, false),
            8: Expectation(.authenticated, true, false),
        ]
        for value in UInt8.min...UInt8.max {
            let kind = PairingKey.Kind.linkKey(LinkKeyType(rawValue: value))
            #expect(Expectation(kind) == expected[value] ?? Expectation(nil, false, false), "\(value)")
        }
    }

    @Test("The names of the types stand for the values on the management interface")
    func values() {
        let longTermKeys: [LongTermKeyType] = [
            .unauthenticated, .authenticated, .unauthenticatedP256, .authenticatedP256, .debugP256,
        ]
        #expect(longTermKeys.map(\.rawValue) == [0, 1, 2, 3, 4])
        let linkKeys: [LinkKeyType] = [
            .combination, .debugCombination, .unauthenticatedP192, .authenticatedP192, .changedCombination,
            .unauthenticatedP256, .authenticatedP256,
        ]
        #expect(linkKeys.map(\.rawValue) == [0, 3, 4, 5, 6, 7, 8])
    }

    @Test("A Long Term Key is for LE and has a size; a link key is for BR/EDR and has none")
    func transports() {
        let longTermKey = PairingKey(kind: .longTermKey(.authenticatedP256, size: 7), isKept: true)
        #expect(longTermKey.transport == .le && longTermKey.size == 7)
        let linkKey = PairingKey(kind: .linkKey(.authenticatedP256), isKept: true)
        #expect(linkKey.transport == .bredr && linkKey.size == nil)
    }
}
