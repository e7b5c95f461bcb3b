// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop
import TestSupport
import Testing

@Suite("A simulated pairing that the device starts")
struct IncomingPairingTests {
    let bus: PrivateBus

    init() throws {
        TestLoop.start()
        bus = try PrivateBus()
    }

    @Test(
        "The default agent is asked what the capabilities allow",
        arguments: [
            (IOCapability.displayYesNo, IOCapability.noInputNoOutput, "RequestAuthorization"),
            (.noInputNoOutput, .displayYesNo, "RequestAuthorization"),
            (.displayYesNo, .displayYesNo, "RequestConfirmation"),
            (.keyboardOnly, .displayOnly, "RequestPasskey"), (.displayOnly, .keyboardOnly, "DisplayPasskey"),
        ])
    @LoopActor func questions(ours: IOCapability, theirs: IOCapability, expected: String) async throws {
        let stage = try await Stage(bus)
        let agent = try await stage.agent(ours, expected == "RequestPasskey" ? .passkey(123_456) : .yes)
        let other = try await stage.agent(.keyboardDisplay)
        // With a demand for protection that cannot be met it would be refused, except by NoInputNoOutput.
        let device = stage.device(theirs, mitm: ours != .noInputNoOutput && theirs != .noInputNoOutput)
        device.startPairing()
        #expect(await stage.lastResult() == .success, stage.transcript)
        #expect(agent.asked == [expected])
        #expect(other.asked.isEmpty)
        #expect(device.isBonded && device.isPaired)
        #expect(stage.bluez.log.pairings.last?.origin == .incoming)
    }

    @Test("Any error is a no, and so is an agent that is not there")
    @LoopActor func refusals() async throws {
        let stage = try await Stage(bus) { $0.alwaysPairable = true }
        let device = stage.device()
        device.startPairing()
        #expect(await stage.lastResult() == .authenticationFailed)
        let agent = try await stage.agent(.displayYesNo, .no)
        device.startPairing()
        #expect(await stage.lastResult() == .authenticationFailed)
        #expect(agent.asked == ["RequestAuthorization"])
        #expect(stage.bluez.log.agentCalls.map(\.replies) == [1], stage.transcript)
        #expect(!device.isPaired)
    }

    @Test("A link keeps the capability that was the default's when it was made")
    @LoopActor func latchedCapability() async throws {
        let stage = try await Stage(bus)
        let first = try await stage.agent(.displayYesNo)
        let second = try await stage.agent(.keyboardOnly)
        let device = stage.device()
        device.connect()
        try await second.requestDefault()
        device.startPairing()
        #expect(await stage.lastResult() == .success)
        #expect(stage.bluez.log.pairings.last?.capability == .displayYesNo, stage.transcript)
        #expect(second.asked == ["RequestAuthorization"])
        #expect(first.asked.isEmpty)
    }

    @Test("A Security Request against a protection that cannot be had fails unless our side has no means at all")
    @LoopActor func securityRequest() async throws {
        let stage = try await Stage(bus)
        let agent = try await stage.agent(.displayYesNo)
        let device = stage.device(.noInputNoOutput, mitm: true)
        device.startPairing(.securityRequest)
        #expect(await stage.lastResult() == .authenticationFailed)
        #expect(agent.asked.isEmpty)
        device.vanish()
        let other = try await stage.agent(.noInputNoOutput)
        try await other.requestDefault()
        device.startPairing(.securityRequest)
        #expect(await stage.lastResult() == .success, stage.transcript)
        #expect(other.asked == ["RequestAuthorization"])
    }

    @Test("An agent is asked one thing at a time: what comes meanwhile is refused")
    @LoopActor func busy() async throws {
        let stage = try await Stage(bus)
        let agent = try await stage.agent(.displayYesNo, .never)
        let (first, second) = (stage.device(), stage.bluez.addDevice(Address(bits: 2)))
        first.startPairing()
        #expect(await eventually { !agent.asked.isEmpty })
        second.startPairing()
        #expect(await eventually { stage.bluez.log.pairings.last?.result == .authenticationFailed }, stage.transcript)
        #expect(agent.asked == ["RequestAuthorization"])
        agent.reply(to: try #require(agent.questions.first), .yes)
        #expect(await eventually { first.isPaired })
    }

    @Test("A pairing of ours that ends takes back what the same agent is asked about another device")
    @LoopActor func cancelWithoutPath() async throws {
        let stage = try await Stage(bus)
        let agent = try await stage.agent(.displayYesNo, .never)
        let (first, second) = (stage.device(), stage.bluez.addDevice(Address(bits: 2)))
        first.startPairing()
        #expect(await eventually { !agent.asked.isEmpty })
        try await agent.pair(second)
        #expect(agent.asked == ["RequestAuthorization", "Cancel"], stage.transcript)
        #expect(first.isPairing)
    }

    @Test("A question that nobody answers is a no and a Cancel, without Cancel for a passkey")
    @LoopActor func requestTimeout() async throws {
        let stage = try await Stage(bus) { $0.durations.request = .milliseconds(10) }
        let agent = try await stage.agent(.keyboardDisplay, .never)
        let device = stage.device()
        device.startPairing()
        #expect(await stage.lastResult() == .authenticationFailed)
        #expect(await eventually { agent.asked == ["RequestAuthorization", "Cancel"] }, stage.transcript)
        device.vanish()
        device.behaviour = DeviceBehaviour(.displayOnly)
        device.startPairing()
        #expect(await stage.lastResult() == .authenticationFailed)
        #expect(stage.bluez.log.agentCalls.map(\.outcome) == [.expired, .notAwaited, .expired])
        #expect(await eventually { agent.asked.count == 3 })
        #expect(agent.asked.last == "RequestPasskey", stage.transcript)
    }

    @Test("A device that wants a bond is refused while the adapter is not pairable, and nobody is asked")
    @LoopActor func notPairable() async throws {
        let stage = try await Stage(bus)
        let agent = try await stage.agent(.displayYesNo)
        stage.bluez.adapter.setPairable(false)
        let device = stage.device()
        device.startPairing()
        #expect(await stage.lastResult() == .authenticationFailed)
        #expect(agent.asked.isEmpty)
        device.behaviour.bonding = false
        device.startPairing()
        #expect(await stage.lastResult() == .success)
        #expect(device.isPaired && !device.isBonded)
        device.vanish()
        #expect(!device.isPaired, stage.transcript)
    }

    @Test("A paired device that asks for Just Works again is refused unless BlueZ may repair")
    @LoopActor func repairing() async throws {
        let stage = try await Stage(bus)
        let agent = try await stage.agent(.displayYesNo)
        let device = stage.device()
        device.restoreBond()
        device.startPairing()
        #expect(await stage.lastResult() == .authenticationFailed)
        stage.bluez.configuration.justWorksRepairing = .always
        device.startPairing()
        #expect(await stage.lastResult() == .success)
        #expect(agent.asked.isEmpty)
        stage.bluez.configuration.justWorksRepairing = .confirm
        device.startPairing()
        #expect(await stage.lastResult() == .success)
        #expect(agent.asked == ["RequestAuthorization"], stage.transcript)
    }

    @Test("A private address becomes the identity address, and the path stays")
    @LoopActor func identity() async throws {
        let stage = try await Stage(bus)
        let agent = try await stage.agent(.noInputNoOutput)
        let device = stage.bluez.addDevice(Address(bits: 0x4000_0000_0001), .random)
        device.behaviour.identity = Stage.address
        let witness = try await Witness.start(on: agent.connection)
        try await agent.pair(device)
        #expect(device.path.text.hasSuffix("dev_40_00_00_00_00_01"))
        #expect(
            witness.events.contains("Address=00:5F:BF:71:81:18 AddressType=public Bonded=true"), stage.transcript)
    }

    @Test("A crash leaves questions without a Cancel, keeps the link, and forgets what is not bonded")
    @LoopActor func crash() async throws {
        let stage = try await Stage(bus)
        let agent = try await stage.agent(.displayYesNo, .never)
        let bonded = stage.bluez.addDevice(Address(bits: 2))
        bonded.restoreBond()
        let stranger = stage.bluez.addDevice(Address(bits: 3), presence: .advertising())
        let device = stage.device()
        device.startPairing()
        #expect(await eventually { !agent.asked.isEmpty })
        stage.bluez.crash()
        #expect(await eventually { stage.bluez.log.agentCalls.first?.outcome == .abandoned }, stage.transcript)
        try await stage.bluez.start()
        #expect(device.isConnected && device.isExported && !device.isPaired)
        #expect(bonded.isBonded && bonded.isExported)
        #expect(!stranger.isExported)
        #expect(agent.asked == ["RequestAuthorization"])
        stage.bluez.crash()
        try await stage.bluez.start(.nothing)
        #expect(!bonded.isBonded)
    }
}
