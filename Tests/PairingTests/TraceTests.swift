// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Explain
import HCIMonitor
import Pairing
import Policy
import SecurityManager
import Testing

/// What is kept of a pairing for its explanation.
@Suite("Traces")
struct TraceTests {
    private static let request = TraceEvent.packet(
        .sent, .pairingRequest(PairingFeatures(ioCapability: .keyboardDisplay, authenticationRequirements: [.bonding])))
    private static let refusal = TraceEvent.packet(.received, .pairingFailed(.unspecifiedReason))

    private static func refused(_ world: inout World) throws -> PairingNumber {
        let number = try world.pairUntilCalled()
        world.see(.connected(.le, .central))
        world.see(request)
        world.see(refusal)
        world.send(.smpFailure(hci0, cuff.address, SMPFailure(.received, .unspecifiedReason)))
        world.pairReturns(number, "org.bluez.Error.AuthenticationFailed")
        return number
    }

    @Test("what went over the air and what our side did stand in the order of time")
    func order() throws {
        var world = World()
        let number = try Self.refused(&world)
        let steps = try world.coordinator.trace(of: number).steps.map(\.event)
        #expect(
            steps == [
                .management(.settings(isBondable: true)), .own(.attempt(1)), .own(.pairCalled(.keyboardDisplay)),
                .connected(.le, .central), Self.request, Self.refusal,
                .own(.pairReturned(error: "org.bluez.Error.AuthenticationFailed")),
            ])
    }

    @Test("the explanation names who refused, and agrees with the result")
    func explanation() throws {
        var world = World()
        let number = try Self.refused(&world)
        #expect(world.result(of: number) == .peerRefused)
        let report = try world.coordinator.report(of: number)
        #expect(report.finding == .refusedWithoutReason)
        #expect(report.stoppedBy == .device)
    }

    @Test("the end of the link belongs to the pairing that has just failed")
    func aftermath() throws {
        var world = World()
        let number = try Self.refused(&world)
        world.see(.disconnected(.remoteUserTerminatedConnection))
        #expect(
            try world.coordinator.trace(of: number).steps.last?.event == .disconnected(.remoteUserTerminatedConnection))
        world.wait(.seconds(3))
        world.see(.connected(.le, .central))
        #expect(
            try world.coordinator.trace(of: number).steps.last?.event == .disconnected(.remoteUserTerminatedConnection))
    }

    @Test("a pairing that the device starts has what its link showed before")
    func linkBefore() throws {
        var world = World()
        world.device(connected: true)
        world.see(.connected(.le, .central))
        world.see(.packet(.received, .securityRequest([.bonding])))
        world.ask { .authorization($0) }
        let number = try #require(world.coordinator.pairings.last?.number)
        let steps = try world.coordinator.trace(of: number).steps.map(\.event)
        #expect(steps.prefix(2) == [.connected(.le, .central), .packet(.received, .securityRequest([.bonding]))])
    }

    @Test("what a link showed that has ended is none of the next pairing's")
    func linkThatEnded() throws {
        var world = World()
        world.see(.connected(.le, .central))
        world.see(.disconnected(.connectionTimeout))
        world.device(connected: true)
        world.ask { .authorization($0) }
        let number = try #require(world.coordinator.pairings.last?.number)
        #expect(try !world.coordinator.trace(of: number).steps.contains { $0.event == .connected(.le, .central) })
    }

    @Test("who was asked and who answered stand in the trace, and no digits do")
    func answers() throws {
        var world = World()
        world.device(connected: true)
        world.ask { .confirmation(Passkey(123_456)!, $0) }
        let number = try #require(world.coordinator.pairings.last?.number)
        try world.answer(.reject)
        let own = try world.coordinator.trace(of: number).steps.compactMap { step in
            if case .own(let own) = step.event { own } else { nil }
        }
        #expect(own.contains(.asked("confirmation")))
        #expect(own.contains { if case .answered("confirmation", isPositive: false, _) = $0 { true } else { false } })
        #expect(!String(reflecting: try world.coordinator.trace(of: number)).contains("123456"))
        #expect(try world.coordinator.report(of: number).finding == .rejectedHere)
    }

    @Test("a pairing that came to nothing before anything was on the air is explained by its result")
    func nothingOnTheAir() throws {
        var world = World(rules: try policy("match.name = \"Other\""))
        world.device()
        let number = try world.pair(.device(cuff))
        #expect(world.result(of: number) == .rejectedByPolicy)
        let report = try world.coordinator.report(of: number)
        #expect(report.finding == .decidedHere)
        #expect(report.summary.hasPrefix("No rule allows this pairing"))
        #expect(report.stage == .notStarted)
    }

    @Test("without the monitor channel the explanation says what is missing")
    func withoutMonitor() throws {
        var world = World(monitor: false)
        let number = try world.pairUntilCalled()
        world.pairReturns(number, "org.bluez.Error.AuthenticationFailed")
        let report = try world.coordinator.report(of: number)
        #expect(report.finding == .unknown)
        #expect(report.causes.first?.remedy.contains("CAP_NET_RAW") == true)
    }

    @Test("each attempt is in the trace, and the explanation is about the last")
    func attempts() throws {
        var world = World(rules: Rules { $0.pairing.attempts = 2 })
        let number = try Self.refused(&world)
        #expect(world.result(of: number) == nil)
        world.wait(.seconds(2))
        world.see(.connected(.le, .central))
        world.see(.disconnected(.connectionTimeout))
        world.send(.linkDisconnected(hci0, cuff.address, reason: 0x08))
        world.pairReturns(number, "org.bluez.Error.AuthenticationCanceled")
        let report = try world.coordinator.report(of: number)
        #expect(report.finding == .connectionLostBeforePairing)
        #expect(report.observations.first?.contains("Unspecified Reason (0x08)") == true)
    }

    @Test("a trace goes with its pairing")
    func forgotten() throws {
        var bounds = Bounds()
        bounds.finishedPairings = 1
        var world = World(bounds: bounds)
        let number = try Self.refused(&world)
        world.device(scale, name: "Scale")
        let other = try world.pair(.device(scale))
        world.pairReturns(other, "org.bluez.Error.AuthenticationFailed")
        #expect(throws: CommandError.unknownPairing) { try world.coordinator.trace(of: number) }
    }
}

extension World {
    /// The monitor channel shows something of the device.
    fileprivate mutating func see(_ event: TraceEvent, of device: DeviceReference = cuff) {
        send(.observed(hci0, device.address, event))
    }
}
