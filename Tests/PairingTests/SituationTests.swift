// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Pairing

@Suite("The situations that walks begin in")
struct SituationTests {
    /// The cases of ``PairingState``, with what is waited for at the end.
    private enum Stage: CaseIterable {
        case queued, awaitingRemoval, discovering, disconnecting, switchingPairable, pausing, pairing, answering
        case verifying
        case awaitingResult, cancelling, awaitingLostResult, cutting, undoing

        init(_ state: PairingState) {
            self =
                switch state {
                case .queued: .queued
                case .awaitingRemoval: .awaitingRemoval
                case .discovering: .discovering
                case .disconnecting: .disconnecting
                case .switchingPairable: .switchingPairable
                case .pausing: .pausing
                case .pairing: .pairing
                case .answering: .answering
                case .verifying: .verifying
                case .ending(_, .pairResult(.notNeeded, _)): .awaitingResult
                case .ending(_, .pairResult(.sent, _)): .cancelling
                case .ending(_, .pairResult(.impossible, _)): .awaitingLostResult
                case .ending(_, .disconnection): .cutting
                case .ending(_, .removal): .undoing
                }
        }
    }

    private static func worlds() throws -> [World] {
        try Situation.all.map { situation in
            var world = World()
            try situation.reach(&world)
            return world
        }
    }

    @Test("are all states of a pairing")
    func states() throws {
        let reached = Set(try Self.worlds().flatMap { $0.coordinator.live.values.map { Stage($0.state) } })
        #expect(Set(Stage.allCases).subtracting(reached) == [], "add a situation for these")
    }

    @Test("are all phases that others see")
    func phases() throws {
        let reached = Set(try Self.worlds().flatMap { $0.coordinator.pairings.map(\.phase) })
        #expect(Set(PairingPhase.allCases).subtracting(reached) == [], "add a situation for these")
    }

    @Test("are told apart by their names")
    func names() {
        #expect(Set(Situation.all.map(\.name)).count == Situation.all.count)
        #expect(Set(Happening.all.map(\.name)).count == Happening.all.count)
    }
}
