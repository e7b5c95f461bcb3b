// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop
import TestSupport
import Testing

@Suite("Simulated BR/EDR")
struct ClassicTests {
    let bus: PrivateBus
    static let keyboard: UInt32 = 0x00_2540
    static let headset: UInt32 = 0x24_0404

    init() throws {
        TestLoop.start()
        bus = try PrivateBus()
    }

    @Test(
        "A PIN code has 1 to 16 bytes and must be the device's",
        arguments: ["0000", "1234", "", "12345678901234567"])
    @LoopActor func pinCode(pin: String) async throws {
        let stage = try await Stage(bus)
        let agent = try await stage.agent(.keyboardDisplay, .pin(pin))
        let device = stage.classicDevice(.classicLegacy)
        let name = await errorName { try await agent.pair(device) }
        #expect(name == (pin == "0000" ? nil : "AuthenticationFailed"), stage.transcript)
        #expect(agent.asked == ["RequestPinCode"])
    }

    @Test(
        "A PIN code may have characters of several bytes",
        arguments: ["\u{FC}ml\u{E4}ut", "\u{1F511}\u{1F511}\u{1F511}\u{1F511}"])
    @LoopActor func pinCodeOfBytes(pin: String) async throws {
        let stage = try await Stage(bus)
        let agent = try await stage.agent(.keyboardDisplay, .pin(pin))
        let device = stage.classicDevice(.classicLegacy) { $0.pin = pin }
        try await agent.pair(device)
        #expect(device.isBonded, stage.transcript)
    }

    @Test("A legacy keyboard gets a PIN code that our side shows, and whose empty answer is awaited")
    @LoopActor func displayedPINCode() async throws {
        let stage = try await Stage(bus)
        let agent = try await stage.agent(.displayYesNo, .never)
        let device = stage.classicDevice(.classicLegacy)
        device.deviceClass = Self.keyboard
        async let pairing = errorName { try await agent.pair(device) }
        try #require(await eventually { agent.asked == ["DisplayPinCode"] }, stage.transcript)
        let question = try #require(agent.questions.first)
        #expect(!device.isBonded)
        agent.reply(to: question, .yes)
        #expect(await pairing == nil, stage.transcript)
        #expect(device.isBonded)
    }

    @Test("A no to a shown PIN code is not the end: BlueZ tries a fixed one, then asks, and only that answer ends it")
    @LoopActor func refusedPINCode() async throws {
        let stage = try await Stage(bus) { $0.durations.pinRetry = .milliseconds(2) }
        let agent = try await stage.agent(.displayYesNo, .no)
        let device = stage.classicDevice(.classicLegacy) { $0.pin = "4711" }
        device.deviceClass = Self.keyboard
        #expect(await errorName { try await agent.pair(device) } == "AuthenticationFailed")
        #expect(agent.asked == ["DisplayPinCode", "RequestPinCode"], stage.transcript)
        device.behaviour.pin = "0000"
        try await agent.pair(device)
        #expect(agent.asked.last == "DisplayPinCode", stage.transcript)
    }

    @Test("BlueZ tries 0000 on a headset by itself, and asks for its PIN code three seconds later")
    @LoopActor func guessedPINCode() async throws {
        let stage = try await Stage(bus) { $0.durations.pinRetry = .milliseconds(2) }
        let agent = try await stage.agent(.keyboardDisplay, .pin("1234"))
        let device = stage.classicDevice(.classicLegacy)
        device.deviceClass = Self.headset
        try await agent.pair(device)
        #expect(agent.asked.isEmpty, stage.transcript)
        device.remove()
        device.behaviour.pin = "1234"
        device.connect()
        try await agent.pair(device)
        #expect(agent.asked == ["RequestPinCode"], stage.transcript)
        #expect(SimulatedBlueZ.Durations().pinRetry == .seconds(3))
    }

    @Test("A headset that starts the pairing is asked about: BlueZ makes up PIN codes for its own pairings only")
    @LoopActor func incomingPINCode() async throws {
        let stage = try await Stage(bus)
        let agent = try await stage.agent(.keyboardDisplay, .pin("0000"))
        let device = stage.classicDevice(.classicLegacy)
        device.deviceClass = Self.headset
        device.startPairing()
        #expect(await stage.lastResult() == .success, stage.transcript)
        #expect(agent.asked == ["RequestPinCode"])
    }

    @Test("The digits typed so far are told over BR/EDR")
    @LoopActor func keypresses() async throws {
        let stage = try await Stage(bus)
        let agent = try await stage.agent(.displayYesNo)
        let device = stage.classicDevice(.classic, .keyboardOnly) { $0.keypresses = 2 }
        try await agent.pair(device)
        #expect(agent.questions.map { $0.arguments.last } == [.uint16(0), .uint16(1), .uint16(2)], stage.transcript)
    }

    @Test("Just Works is accepted by the kernel alone where our side has no means, also without an agent")
    @LoopActor func justWorks() async throws {
        let stage = try await Stage(bus)
        let caller = try await ScriptedAgent(bus: bus)
        let device = stage.classicDevice(.classic)
        try await caller.pair(device)
        #expect(device.isPaired)
        #expect(stage.bluez.log.agentCalls.isEmpty, stage.transcript)
    }

    @Test("DisplayOnly is asked to confirm digits, and an incoming Just Works is authorised")
    @LoopActor func confirmation() async throws {
        let stage = try await Stage(bus)
        let agent = try await stage.agent(.displayOnly)
        let device = stage.classicDevice(.classic)
        try await agent.pair(device)
        let headset = stage.bluez.addDevice(
            Address(bits: 2), .public, .classic, behaviour: DeviceBehaviour(.noInputNoOutput))
        headset.startPairing()
        #expect(await stage.lastResult() == .success, stage.transcript)
        #expect(agent.asked == ["RequestConfirmation", "RequestAuthorization"])
    }

    @Test("A device that cannot be paged is ConnectionAttemptFailed, and our controller's timer AuthenticationTimeout")
    @LoopActor func errors() async throws {
        let stage = try await Stage(bus) {
            $0.durations.page = .milliseconds(2)
            $0.durations.smp = .milliseconds(20)
        }
        let agent = try await stage.agent(.displayYesNo, .never)
        let device = stage.classicDevice(.classic) { $0.reachability = .neverFound }
        #expect(await errorName { try await agent.pair(device) } == "ConnectionAttemptFailed")
        device.behaviour.reachability = .reachable
        #expect(await errorName { try await agent.pair(device) } == "AuthenticationTimeout")
        #expect(agent.asked == ["RequestConfirmation", "Cancel"], stage.transcript)
    }

    @Test("A service is authorised by the default agent, one at a time, and for a trusted device by nobody")
    @LoopActor func services() async throws {
        let stage = try await Stage(bus)
        let audio = BluetoothUUID(assigned: 0x110E)
        let device = stage.classicDevice(.classic)
        #expect(await !device.useService(audio))
        let agent = try await stage.agent(.displayYesNo)
        let second = stage.bluez.addDevice(Address(bits: 2), .public, .classic)
        async let first = device.useService(audio)
        async let other = second.useService(audio)
        #expect(await [first, other] == [true, true], stage.transcript)
        #expect(agent.asked == ["AuthorizeService", "AuthorizeService"])
        #expect(agent.questions.first?.arguments.last == .string("0000110e-0000-1000-8000-00805f9b34fb"))
        agent.answer = .no
        #expect(await !device.useService(audio))
        try await agent.connection.call(
            "org.bluez", device.path, "org.freedesktop.DBus.Properties", "Set",
            [.string("org.bluez.Device1"), .string("Trusted"), .variant(.boolean(true))])
        #expect(await device.useService(audio))
        #expect(agent.asked.count == 3)
    }
}
