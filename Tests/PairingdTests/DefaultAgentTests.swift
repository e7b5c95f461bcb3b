// SPDX-License-Identifier: Apache-2.0

import BlueZ
import Bluetooth
import DBus
import EventLoop
import TestSupport
import Testing

@Suite("Who is BlueZ's default agent", .serialized)
struct DefaultAgentTests {
    let bus: PrivateBus

    init() throws {
        TestLoop.start()
        bus = try PrivateBus()
    }

    /// A client whose agents BlueZ has, and what it tells of the default agent.
    @LoopActor private final class Scene {
        let bluez: SimulatedBlueZ
        let client: Client
        var told: [String] = []

        init(_ bus: PrivateBus, claimsDefault: Bool = true) async throws {
            bluez = SimulatedBlueZ(bus: bus)
            try await bluez.start()
            client = try await Client(
                connection: try await Connection(address: bus.address), address: bus.address,
                defaultCapability: .displayYesNo, claimsDefault: claimsDefault)
            client.onEvent = { [weak self] event in
                switch event {
                case .defaultAgentLost(let capability): self?.told.append("lost to \(capability?.rawValue ?? "?")")
                case .defaultAgentRegained: self?.told.append("regained")
                default: break
                }
            }
            client.start()
            #expect(await eventually { self.client.isRunning })
        }
    }

    @Test("another capability than ours is another agent's, and ours says that it has gone") @LoopActor
    func anotherCapabilityThan()
        async throws
    {
        let scene = try await Scene(bus)
        #expect(scene.client.defaultAgent == .held)
        // One for each adapter.
        for _ in 0..<2 { scene.client.capabilityWasSet(.keyboardDisplay) }
        #expect(scene.client.defaultAgent == .lost)
        for _ in 0..<2 { scene.client.capabilityWasSet(.displayYesNo) }
        #expect(scene.client.defaultAgent == .held)
        scene.client.capabilityWasSet(nil)
        #expect(scene.client.defaultAgent == .lost)
        #expect(scene.told == ["lost to KeyboardDisplay", "regained", "lost to ?"])
    }

    @Test("what was never claimed is not lost") @LoopActor func whatNeverClaimed() async throws {
        let scene = try await Scene(bus, claimsDefault: false)
        scene.client.capabilityWasSet(.keyboardDisplay)
        #expect(scene.client.defaultAgent == .notClaimed && scene.told == [])
    }

    @Test("a new bluetoothd gives the default agent back to us") @LoopActor func newBluetoothdGives() async throws {
        let scene = try await Scene(bus)
        scene.client.capabilityWasSet(.noInputNoOutput)
        scene.bluez.crash()
        #expect(await eventually { !scene.client.isRunning })
        #expect(scene.client.defaultAgent == .notClaimed)
        try await scene.bluez.start()
        #expect(await eventually { scene.client.defaultAgent == .held })
        #expect(scene.told == ["lost to NoInputNoOutput"])
    }
}
