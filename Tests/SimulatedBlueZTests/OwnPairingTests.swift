// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop
import TestSupport
import Testing

@Suite("A simulated pairing that we start")
struct OwnPairingTests {
    let bus: PrivateBus

    init() throws {
        TestLoop.start()
        bus = try PrivateBus()
    }

    @Test("Pair() shows the caller's capability and asks the caller's agent, whoever is the default")
    @LoopActor func callersAgent() async throws {
        let stage = try await Stage(bus)
        let other = try await stage.agent(.noInputNoOutput)
        let agent = try await stage.agent(.keyboardDisplay, .passkey(123_456))
        let device = stage.device(.displayOnly)
        try await agent.pair(device)
        #expect(agent.asked == ["RequestPasskey"])
        #expect(other.asked.isEmpty)
        let pairing = try #require(stage.bluez.log.pairings.first)
        #expect(pairing.caller == agent.uniqueName)
        #expect(pairing.agent == agent.uniqueName)
        #expect(pairing.capability == .keyboardDisplay)
        #expect(pairing.result == .success)
        #expect(stage.bluez.log.agentCalls.map(\.replies) == [1], stage.transcript)
    }

    @Test("A caller without an agent gets the default agent's, and without any agent every pairing over LE fails")
    @LoopActor func withoutAgent() async throws {
        let stage = try await Stage(bus)
        let device = stage.device()
        let caller = try await ScriptedAgent(bus: stage.bus)
        #expect(await errorName { try await caller.pair(device) } == "AuthenticationFailed")
        #expect(stage.bluez.log.pairings.last?.capability == .noInputNoOutput)
        let agent = try await stage.agent(.displayYesNo)
        device.vanish()
        try await caller.pair(device)
        #expect(stage.bluez.log.pairings.last?.agent == agent.uniqueName)
        #expect(stage.bluez.log.pairings.last?.capability == .displayYesNo)
    }

    @Test("Just Works asks nobody, and the reply follows the changes: the bond, then the services, then the answer")
    @LoopActor func order() async throws {
        let stage = try await Stage(bus)
        let agent = try await stage.agent(.noInputNoOutput)
        let device = stage.device()
        let witness = try await Witness.start(on: agent.connection)
        try await agent.pair(device)
        witness.note("reply")
        #expect(agent.asked.isEmpty)
        #expect(
            witness.events == ["Connected=true", "Bonded=true", "Paired=true ServicesResolved=true", "reply"],
            stage.transcript)
    }

    @Test("A passkey that is shown is not answered, and its refusal changes nothing")
    @LoopActor func displayedPasskey() async throws {
        let stage = try await Stage(bus)
        let agent = try await stage.agent(.displayOnly, .no)
        stage.bluez.nextPasskey = 42
        let device = stage.device(.keyboardOnly)
        try await agent.pair(device)
        #expect(agent.asked == ["DisplayPasskey"])
        #expect(agent.questions.first?.arguments == [.objectPath(device.path), .uint32(42), .uint16(0)])
        #expect(stage.bluez.log.agentCalls.map(\.outcome) == [.notAwaited], stage.transcript)
    }

    @Test("Digits that are compared need a yes from both sides", arguments: [true, false], [true, false])
    @LoopActor func comparison(ours: Bool, theirs: Bool) async throws {
        let stage = try await Stage(bus)
        let agent = try await stage.agent(.displayYesNo, ours ? .yes : .no)
        let device = stage.device(.displayYesNo) { $0.comparison = theirs ? .confirms : .denies }
        // The device's person is as fast as ours here.
        let name = await errorName { try await agent.pair(device) }
        #expect(name == (ours && theirs ? nil : "AuthenticationFailed"), stage.transcript)
        #expect(agent.asked.first == "RequestConfirmation")
        #expect(device.isBonded == (ours && theirs))
    }

    @Test("A wrong passkey, on either side, is AuthenticationFailed")
    @LoopActor func wrongPasskey() async throws {
        let stage = try await Stage(bus)
        let agent = try await stage.agent(.keyboardDisplay, .passkey(1))
        let device = stage.device(.displayOnly)
        #expect(await errorName { try await agent.pair(device) } == "AuthenticationFailed")
        #expect(device.isConnected)
        device.behaviour = DeviceBehaviour(.keyboardOnly)
        device.behaviour.types = .digits(1_000_000)
        device.vanish()
        #expect(await errorName { try await agent.pair(device) } == "AuthenticationFailed")
        #expect(agent.asked == ["RequestPasskey", "DisplayPasskey"])
    }

    @Test(
        "What the device does to a pairing has BlueZ's error",
        arguments: [
            (DeviceBehaviour.Reachability.neverFound, DeviceBehaviour.Reaction.accepts, "AuthenticationCanceled"),
            (.connectionFails, .accepts, "ConnectionAttemptFailed"), (.reachable, .refuses, "AuthenticationFailed"),
            (.reachable, .vanishes(.beforeAsking), "AuthenticationCanceled"),
            (.reachable, .vanishes(.afterAnswer), "AuthenticationCanceled"),
            (.reachable, .silent, "AuthenticationCanceled"),
        ])
    @LoopActor func errors(
        reachability: DeviceBehaviour.Reachability, reaction: DeviceBehaviour.Reaction, expected: String
    ) async throws {
        let stage = try await Stage(bus) {
            $0.durations.leConnect = .milliseconds(5)
            $0.durations.smp = .milliseconds(10)
        }
        let agent = try await stage.agent(.noInputNoOutput)
        let device = stage.device {
            $0.reachability = reachability
            $0.reaction = reaction
        }
        let witness = try await Witness.start(on: agent.connection)
        #expect(await errorName { try await agent.pair(device) } == expected, stage.transcript)
        #expect(!device.isPaired)
        if expected == "AuthenticationCanceled", case .reachable = reachability {
            #expect(witness.events == ["Connected=true", "Connected=false ServicesResolved=false"])
        }
    }

    @Test("A device that vanishes while our side is asked takes the question back, without a path")
    @LoopActor func cancel() async throws {
        let stage = try await Stage(bus)
        let agent = try await stage.agent(.displayYesNo, .never)
        let device = stage.device(.displayYesNo) { $0.reaction = .vanishes(.whileAsking) }
        #expect(await errorName { try await agent.pair(device) } == "AuthenticationCanceled")
        #expect(agent.asked == ["RequestConfirmation", "Cancel"])
        #expect(agent.questions.last?.arguments == [])
        let question = try #require(agent.questions.first)
        agent.reply(to: question, .no)
        #expect(await eventually { stage.bluez.log.agentCalls.first?.replies == 1 })
        #expect(stage.bluez.log.agentCalls.first?.outcome == .cancelled, stage.transcript)
    }

    @Test("Nobody answering ends with the SMP timer: one Cancel, AuthenticationCanceled")
    @LoopActor func smpTimer() async throws {
        let stage = try await Stage(bus) { $0.durations.smp = .milliseconds(20) }
        let agent = try await stage.agent(.keyboardOnly, .never)
        let device = stage.device(.displayOnly)
        #expect(await errorName { try await agent.pair(device) } == "AuthenticationCanceled")
        #expect(agent.asked == ["RequestPasskey", "Cancel"], stage.transcript)
    }

    @Test("A second Pair() is InProgress, and CancelPairing ends the first")
    @LoopActor func cancelPairing() async throws {
        let stage = try await Stage(bus)
        let agent = try await stage.agent(.displayYesNo, .never)
        let other = try await ScriptedAgent(bus: stage.bus)
        let device = stage.device(.displayYesNo)
        let result = Result()
        onLoop { result.name = await errorName { try await agent.pair(device) } }
        #expect(await eventually { !agent.asked.isEmpty })
        #expect(await errorName { try await other.pair(device) } == "InProgress")
        try await other.call(device, "CancelPairing")
        #expect(await eventually { result.name == "AuthenticationCanceled" }, stage.transcript)
        #expect(agent.asked == ["RequestConfirmation", "Cancel"])
        #expect(!device.isConnected)
    }

    @Test("CancelPairing without a pairing takes the kernel's keys, and BlueZ goes on to call the device bonded")
    @LoopActor func cancelPairingUnpairs() async throws {
        let stage = try await Stage(bus)
        let agent = try await stage.agent(.noInputNoOutput)
        let device = stage.device()
        try await agent.pair(device)
        #expect(await errorName { try await agent.call(device, "CancelPairing") } == "DoesNotExist")
        #expect(device.isBonded && !device.kernelHasKeys && !device.isConnected)
        #expect(await errorName { try await agent.call(device, "Connect") } == "Failed")
    }

    @Test("Pair() on a bonded device is AlreadyExists, or with BlueZ 5.66 never answered")
    @LoopActor func bonded() async throws {
        let stage = try await Stage(bus)
        let agent = try await stage.agent(.noInputNoOutput)
        let device = stage.device()
        try await agent.pair(device)
        #expect(await errorName { try await agent.pair(device) } == "AlreadyExists")
        stage.bluez.configuration.version = .debian12
        #expect(
            await errorName { try await agent.call(device, "Pair", timeout: 50) } == "NoReply")
    }

    @Test(
        "On a connected LE device 5.82 shows the capability of the link, and 5.66 the caller's",
        arguments: [
            (SimulatedBlueZ.Version.debian13, IOCapability.displayOnly), (.debian12, .keyboardDisplay),
        ])
    @LoopActor func connectedDevice(version: SimulatedBlueZ.Version, expected: IOCapability) async throws {
        let stage = try await Stage(bus) { $0.version = version }
        let first = try await stage.agent(.displayOnly)
        let agent = try await stage.agent(.keyboardDisplay)
        let device = stage.device()
        try await agent.call(device, "Connect")
        try await agent.pair(device)
        #expect(stage.bluez.log.pairings.last?.capability == expected, stage.transcript)
        first.close()
    }

    @Test("When the caller goes, its pairing and the link end")
    @LoopActor func callerGoes() async throws {
        let stage = try await Stage(bus)
        let agent = try await stage.agent(.displayYesNo, .never)
        let device = stage.device(.displayYesNo)
        onLoop { _ = await errorName { try await agent.pair(device) } }
        #expect(await eventually { !agent.asked.isEmpty })
        agent.close()
        #expect(await stage.lastResult() != .success)
        #expect(await eventually { !device.isConnected }, stage.transcript)
    }

    @Test("Two pairings wait for each other, and so does the discovery that is asked for meanwhile")
    @LoopActor func oneAtATime() async throws {
        let stage = try await Stage(bus)
        let agent = try await stage.agent(.displayYesNo, .never)
        let other = try await ScriptedAgent(bus: bus)
        let first = stage.device(.displayYesNo)
        let second = stage.bluez.addDevice(Address(bits: 2))
        let (one, two, discovery) = (Result(), Result(), Result())
        onLoop { one.name = await errorName { try await agent.pair(first) } }
        #expect(await eventually { !agent.asked.isEmpty })
        onLoop { two.name = await errorName { try await agent.pair(second) } ?? "paired" }
        onLoop {
            discovery.name =
                await errorName { try await other.callAdapter("StartDiscovery") } ?? "started"
        }
        #expect(await eventually { stage.bluez.log.calls.contains { $0.member == "StartDiscovery" } })
        await sleep(microseconds: 5000)
        #expect(!second.isConnected && !stage.bluez.adapter.isDiscovering, stage.transcript)
        first.vanish()
        #expect(await eventually { two.name == "paired" && discovery.name == "started" }, stage.transcript)
        #expect(one.name == "AuthenticationCanceled")
    }
}

/// What a call in the background gave.
@LoopActor
final class Result {
    var name: String?
}
