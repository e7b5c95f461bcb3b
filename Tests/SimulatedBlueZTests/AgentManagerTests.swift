// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop
import TestSupport
import Testing

@Suite("The simulated agent manager")
struct AgentManagerTests {
    let bus: PrivateBus

    init() throws {
        TestLoop.start()
        bus = try PrivateBus()
    }

    @Test("A connection has one agent, whatever its path")
    @LoopActor func onePerConnection() async throws {
        let stage = try await Stage(bus)
        let agent = try await stage.agent(.displayOnly)
        #expect(await errorName { try await agent.register("DisplayOnly") } == "AlreadyExists")
        let other = try await ScriptedAgent(bus: stage.bus, path: "/elsewhere")
        try await other.register("KeyboardOnly")
        #expect(
            stage.bluez.registeredAgents
                == [agent.uniqueName: .displayOnly, other.uniqueName: .keyboardOnly], stage.transcript)
    }

    @Test("Capabilities have exact names, and no name is KeyboardDisplay")
    @LoopActor func capabilities() async throws {
        let stage = try await Stage(bus)
        let agent = try await ScriptedAgent(bus: stage.bus)
        for name in ["D", "displayonly", "DisplayOnly ", "None"] {
            #expect(await errorName { try await agent.register(name) } == "InvalidArguments")
        }
        try await agent.register("")
        #expect(stage.bluez.registeredAgents[agent.uniqueName] == .keyboardDisplay)
    }

    @Test("The first agent is the default until another asks to be, and the next follows one that goes")
    @LoopActor func defaultQueue() async throws {
        let stage = try await Stage(bus)
        let (first, second, third) = (
            try await stage.agent(.displayOnly), try await stage.agent(.displayYesNo),
            try await stage.agent(.keyboardOnly)
        )
        #expect(stage.bluez.defaultAgent == first.uniqueName)
        try await third.requestDefault()
        #expect(stage.bluez.defaultAgent == third.uniqueName)
        #expect(stage.bluez.adapter.ioCapability == .keyboardOnly)
        third.close()
        #expect(await eventually { stage.bluez.defaultAgent == first.uniqueName })
        try await first.unregister()
        #expect(stage.bluez.defaultAgent == second.uniqueName)
        #expect(stage.bluez.adapter.ioCapability == .displayYesNo)
        #expect(await errorName { try await first.requestDefault() } == "DoesNotExist")
        #expect(await errorName { try await first.unregister() } == "DoesNotExist")
    }

    @Test("A default agent makes the adapter pairable, and the loss of the last one not")
    @LoopActor func pairable() async throws {
        let stage = try await Stage(bus)
        #expect(!stage.bluez.adapter.isPairable)
        let agent = try await stage.agent(.displayYesNo)
        #expect(stage.bluez.adapter.isPairable)
        try await setAdapter(agent, "Pairable", .boolean(false))
        #expect(!stage.bluez.adapter.isPairable)
        let thief = try await ScriptedAgent(bus: stage.bus)
        try await thief.stealDefault()
        #expect(stage.bluez.adapter.isPairable)
        #expect(agent.asked.isEmpty)
        agent.close()
        thief.close()
        #expect(await eventually { !stage.bluez.adapter.isPairable })
    }

    @Test("A crash forgets the agents and tells nobody; an end in good order releases them")
    @LoopActor func ends() async throws {
        let stage = try await Stage(bus)
        let agent = try await stage.agent(.displayYesNo)
        stage.bluez.crash()
        try await stage.bluez.start()
        #expect(agent.asked.isEmpty)
        #expect(stage.bluez.registeredAgents.isEmpty)
        try await agent.register("DisplayYesNo")
        stage.bluez.stop()
        #expect(await eventually { agent.asked == ["Release"] }, stage.transcript)
    }

    @LoopActor private func setAdapter(_ agent: ScriptedAgent, _ name: String, _ value: Value) async throws {
        try await agent.connection.call(
            "org.bluez", "/org/bluez/hci0", "org.freedesktop.DBus.Properties", "Set",
            [.string("org.bluez.Adapter1"), .string(name), .variant(value)])
    }
}
