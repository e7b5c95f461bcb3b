// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop
import TestSupport
import Testing

@Suite("The simulated kernel's choice of a method")
struct MethodTests {
    let bus: PrivateBus

    init() throws {
        TestLoop.start()
        bus = try PrivateBus()
    }

    @Test("All 25 pairs of capabilities ask what the Core Specification says", arguments: [true, false])
    @LoopActor func everyPair(secureConnections: Bool) async throws {
        let stage = try await Stage(bus)
        for local in IOCapability.allCases {
            let agent = try await stage.agent(local)
            for remote in IOCapability.allCases {
                let expected = Self.question(local, remote, secureConnections)
                agent.answer = expected == "RequestPasskey" ? .passkey(123_456) : .yes
                let device = stage.device(remote) { $0.secureConnections = secureConnections }
                let before = agent.asked.count
                try await agent.pair(device)
                #expect(
                    Array(agent.asked.dropFirst(before)) == (expected.map { [$0] } ?? []),
                    "\(local) with \(remote)")
                try await agent.callAdapter("RemoveDevice", .objectPath(device.path))
                #expect(await eventually { !device.isExported })
            }
        }
    }

    /// What our side is asked when it initiates and both ask for protection (Vol 3, Part H, Table 2.8).
    private static func question(_ local: IOCapability, _ remote: IOCapability, _ isSecure: Bool) -> String? {
        let comparing: Set<IOCapability> = [.displayYesNo, .keyboardDisplay]
        switch (local, remote) {
        case (.noInputNoOutput, _), (_, .noInputNoOutput): return nil
        case _ where isSecure && comparing.isSuperset(of: [local, remote]): return "RequestConfirmation"
        case (.keyboardOnly, _): return "RequestPasskey"
        case (_, .keyboardOnly), (_, .keyboardDisplay): return "DisplayPasskey"
        case (.keyboardDisplay, _): return "RequestPasskey"
        default: return nil
        }
    }
}
