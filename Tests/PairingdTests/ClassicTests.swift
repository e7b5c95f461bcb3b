// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop
import TestSupport
import Testing

/// What the tests of BR/EDR share.
@LoopActor
enum Classic {
    static let keyboard: UInt32 = 0x00_2540
    static let headset: UInt32 = 0x24_0404
    static let phone: UInt32 = 0x5A_020C

    /// A device that the tests' rules are for.
    static func device(
        _ gateway: Gateway, _ transport: SimulatedTransport, _ capability: IOCapability = .displayYesNo,
        deviceClass: UInt32? = phone, _ change: (inout DeviceBehaviour) -> Void = { _ in }
    ) -> SimulatedDevice {
        var behaviour = DeviceBehaviour(capability)
        change(&behaviour)
        let device = gateway.bluez.addDevice(Gateway.address, .public, transport, name: "Cuff", behaviour: behaviour)
        device.deviceClass = deviceClass
        return device
    }

    /// Does not wait three seconds between two PIN codes that BlueZ makes up.
    static func quickly(_ configuration: inout SimulatedBlueZ.Configuration) {
        configuration.durations.pinRetry = .milliseconds(2)
    }

    /// Does pairingd know of the bond?
    static func isBonded(_ gateway: Gateway) async -> Bool {
        await gateway.property("Bonded", of: "/org/pairingd/device/hci0/00_5F_BF_71_81_18", "Device1") == .boolean(true)
    }

    /// The methods that BlueZ called on agents, first to last.
    static func asked(_ gateway: Gateway) -> [String] { gateway.bluez.log.agentCalls.map(\.member) }
}

@Suite("Legacy pairing with PIN codes", .serialized)
struct PINCodeTests {
    let bus: PrivateBus

    init() throws {
        TestLoop.start()
        bus = try PrivateBus()
    }

    @Test(
        "The PIN code of a rule is what the device gets, whatever characters are in it, and shows nowhere",
        arguments: ["4711", "1234567890123456", "Schlüssel", "🔑🔑🔑🔑"], [true, false])
    @LoopActor func rule(pin: String, isIncoming: Bool) async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("KeyboardOnly", "pin = { value = \"\(pin)\" }")])
        let device = Classic.device(gateway, .classicLegacy) { $0.pin = pin }
        var printed = ""
        if isIncoming {
            device.startPairing()
            try await gateway.wait("the device is paired") { device.isPaired }
        } else {
            let done = try await gateway.pairingctl("pair", Gateway.address.description)
            #expect(done.status == 0, gateway.transcript)
            printed = done.output
        }
        #expect(device.isBonded, gateway.transcript)
        #expect(Classic.asked(gateway) == ["RequestPinCode"])
        printed += try await gateway.pairingctl("requests").output
        printed += "\(try await gateway.evaluate())\(gateway.daemon.errorOutput)"
        #expect(!printed.contains(pin))
    }

    @Test("A credential has a PIN code for each device")
    @LoopActor func credential() async throws {
        let gateway = try await Gateway(
            bus, rules: [Rules.rule("KeyboardOnly", "pin = { credential = \"pins\" }")],
            environment: try PolicyDirectory.credentials(
                bus.folder, ["pins": "00:5F:BF:71:81:19 1111\n00:5F:BF:71:81:18 4711\n* 2222\n"]))
        let device = Classic.device(gateway, .classicLegacy) { $0.pin = "4711" }
        #expect(try await gateway.pairingctl("pair", Gateway.address.description).status == 0, gateway.transcript)
        #expect(device.isBonded)
        #expect(!gateway.daemon.errorOutput.contains("4711"))
    }

    @Test("A person enters the PIN code; what is none, or is a passkey, leaves the request open")
    @LoopActor func person() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("KeyboardOnly")])
        let device = Classic.device(gateway, .classicLegacy) { $0.pin = "köln" }
        async let pairing = gateway.pairingctl("pair", Gateway.address.description)
        let request = try await gateway.request()
        #expect(await gateway.property("Kind", of: request, "Request1") == .string("pin-entry"))
        for pin in ["", "12345678901234567", "12\n34"] {
            let wrong = try await refusal {
                try await gateway.call("EnterPin", [.string(pin)], on: request, "Request1")
            }
            #expect(wrong?.name == "org.pairingd.Error.InvalidArgument")
        }
        let passkey = try await refusal {
            try await gateway.call("EnterPasskey", [.uint32(4711)], on: request, "Request1")
        }
        #expect(passkey?.name == "org.pairingd.Error.InvalidArgument")
        #expect(await gateway.property("State", of: request, "Request1") == .string("open"))
        try await gateway.call("EnterPin", [.string("köln")], on: request, "Request1")
        #expect(try await pairing.status == 0, gateway.transcript)
        #expect(device.isBonded)
        #expect(gateway.bluez.log.agentCalls.map(\.replies) == [1])
    }

    @Test("Neither a rule nor a person has to give a PIN code", arguments: [true, false], [true, false])
    @LoopActor func rejected(isByRule: Bool, isIncoming: Bool) async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("KeyboardOnly", isByRule ? "pin = \"reject\"" : "")])
        let device = Classic.device(gateway, .classicLegacy)
        if isIncoming { device.startPairing() }
        async let pairing = isIncoming ? nil : gateway.pairingctl("pair", Gateway.address.description)
        if !isByRule { try await gateway.call("Reject", on: try await gateway.request(), "Request1") }
        let output = try await pairing?.output
        let expected = isByRule ? "rejected-by-policy" : "rejected-by-person"
        #expect(output?.contains(expected) ?? true, "\(output ?? "")")
        try await gateway.wait("the pairing has ended") { gateway.bluez.log.pairings.last?.result != nil }
        #expect(await gateway.says(expected), gateway.transcript)
        #expect(!device.isPaired)
    }

    @Test("A wrong PIN code of an agent ends the pairing at once: BlueZ asks no second time")
    @LoopActor func wrong() async throws {
        let gateway = try await Gateway(
            bus, rules: [Rules.rule("KeyboardOnly", "pin = { value = \"1111\" }")], simulation: Classic.quickly)
        let device = Classic.device(gateway, .classicLegacy) { $0.pin = "4711" }
        let done = try await gateway.pairingctl("pair", Gateway.address.description)
        // Nothing on D-Bus tells a wrong PIN code from other failures.
        #expect(done.status == 1 && done.output.contains("failed"), "\(done.output)")
        #expect(!device.isPaired)
        #expect(Classic.asked(gateway) == ["RequestPinCode"], gateway.transcript)
    }

    @Test("BlueZ tries 0000 on a headset before anybody is asked, and the rule's PIN code comes second")
    @LoopActor func guessed() async throws {
        let gateway = try await Gateway(
            bus, rules: [Rules.rule("KeyboardOnly", "pin = { value = \"4711\" }")], simulation: Classic.quickly)
        let device = Classic.device(gateway, .classicLegacy, deviceClass: Classic.headset) { $0.pin = "4711" }
        #expect(try await gateway.pairingctl("pair", Gateway.address.description).status == 0, gateway.transcript)
        #expect(gateway.bluez.log.transcript.contains("another PIN code"), gateway.transcript)
        #expect(Classic.asked(gateway) == ["RequestPinCode"])
        #expect(device.isBonded)
    }

    @Test("Where BlueZ knows the PIN code, no agent is asked, and a rule's no is not heard")
    @LoopActor func notAsked() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("KeyboardOnly", "pin = \"reject\"")])
        let device = Classic.device(gateway, .classicLegacy, deviceClass: Classic.headset)
        #expect(try await gateway.pairingctl("pair", Gateway.address.description).status == 0, gateway.transcript)
        #expect(Classic.asked(gateway).isEmpty)
        #expect(device.isBonded)
    }

    // MARK: PIN codes that our side shows

    @Test("A PIN code to be typed is answered at once, is shown until it is typed, and is of no use afterwards")
    @LoopActor func shown() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayOnly")]) {
            // How long its person needs.
            $0.durations.peer = .milliseconds(300)
        }
        let device = Classic.device(gateway, .classicLegacy, .keyboardOnly, deviceClass: Classic.keyboard)
        async let pairing = gateway.pairingctl("pair", Gateway.address.description)
        let request = try await gateway.request()
        #expect(await gateway.property("Kind", of: request, "Request1") == .string("pin-display"))
        let digits: String? = try await gateway.call("Reveal", on: request, "Request1").first?.converted()
        #expect(digits?.count == 6)
        let call = try #require(gateway.bluez.log.agentCalls.first)
        #expect(call.arguments == [.string(digits ?? "")])
        #expect(call.outcome == .accepted([]), "BlueZ sends the PIN code on only then")
        #expect(!device.isPaired)
        #expect(try await pairing.status == 0, gateway.transcript)
        #expect(await gateway.property("State", of: request, "Request1") == .string("finished"))
        let late = try await refusal {
            try await gateway.call("Reveal", on: request, "Request1")
        }
        #expect(late?.name == "org.pairingd.Error.AlreadyAnswered")
        #expect(!gateway.daemon.errorOutput.contains(digits ?? "no digits"))
    }

    @Test("A no to a PIN code that is shown ends the pairing")
    @LoopActor func shownAndRejected() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayOnly")], simulation: Classic.quickly)
        let device = Classic.device(gateway, .classicLegacy, .keyboardOnly, deviceClass: Classic.keyboard) {
            $0.types = .nothing
        }
        async let pairing = gateway.pairingctl("pair", Gateway.address.description)
        try await gateway.call("Reject", on: try await gateway.request(), "Request1")
        #expect(try await pairing.output.contains("rejected-by-person"), gateway.transcript)
        #expect(gateway.bluez.log.pairings.last?.result == .cancelled, gateway.transcript)
        #expect(!device.isPaired)
    }
}

@Suite("Secure Simple Pairing over BR/EDR", .serialized)
struct SimplePairingTests {
    let bus: PrivateBus

    init() throws {
        TestLoop.start()
        bus = try PrivateBus()
    }

    /// Lets one of the two sides begin a pairing, and waits for its end.
    @LoopActor private func pair(
        _ gateway: Gateway, _ device: SimulatedDevice, isIncoming: Bool, meanwhile: @LoopActor () async throws -> Void
    ) async throws {
        async let pairing = isIncoming ? nil : gateway.pairingctl("pair", Gateway.address.description)
        if isIncoming { device.startPairing() }
        try await meanwhile()
        _ = try await pairing
        try await gateway.wait("the pairing has ended") { gateway.bluez.log.pairings.last?.result != nil }
    }

    @Test("Six digits are compared by a person, whoever began", arguments: [true, false], [true, false])
    @LoopActor func comparison(isIncoming: Bool, isEqual: Bool) async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayYesNo", "authorization = \"accept\"")])
        gateway.bluez.nextPasskey = 4711
        let device = Classic.device(gateway, .classic)
        try await pair(gateway, device, isIncoming: isIncoming) {
            let request = try await gateway.request()
            #expect(await gateway.property("Kind", of: request, "Request1") == .string("confirmation"))
            #expect(try await gateway.call("Reveal", on: request, "Request1") == [.string("004711")])
            try await gateway.call(isEqual ? "Accept" : "Reject", on: request, "Request1")
        }
        #expect(device.isBonded == isEqual, gateway.transcript)
        #expect(await gateway.says(isEqual ? "paired" : "rejected-by-person"), gateway.transcript)
        #expect(Classic.asked(gateway) == ["RequestConfirmation"])
        #expect(gateway.bluez.log.agentCalls.map(\.replies) == [1])
    }

    @Test("A passkey that the device shows is entered by the rule, whoever began", arguments: [true, false])
    @LoopActor func passkey(isIncoming: Bool) async throws {
        let gateway = try await Gateway(
            bus, rules: [Rules.rule("KeyboardOnly", "passkey = { value = \"271828\" }")],
            configuration: "[agent]\nio-capability = \"KeyboardOnly\"\n")
        let device = Classic.device(gateway, .classic, .displayOnly) { $0.shows = 271_828 }
        try await pair(gateway, device, isIncoming: isIncoming) {}
        #expect(device.isBonded, gateway.transcript)
        #expect(Classic.asked(gateway) == ["RequestPasskey"])
    }

    @Test(
        "The digits typed on a keyboard are counted in one request; over LE nobody tells of them",
        arguments: [(SimulatedTransport.classic, UInt16(3)), (.le, nil)] as [(SimulatedTransport, UInt16?)])
    @LoopActor func digits(transport: SimulatedTransport, last: UInt16?) async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayOnly")]) {
            $0.durations.peer = .milliseconds(100)
        }
        let device = Classic.device(gateway, transport, .keyboardOnly, deviceClass: Classic.keyboard) {
            $0.keypresses = 3
        }
        var counts: [UInt16] = []
        let changes = gateway.client.subscribe(
            MatchRule(
                sender: "org.pairingd", interface: "org.freedesktop.DBus.Properties", member: "PropertiesChanged")
        ) { message in
            let changed: [String: Value]? = message.arguments.dropFirst().first?.converted()
            if let entered: UInt16 = changed?["Entered"]?.converted() { counts.append(entered) }
        }
        defer { withExtendedLifetime(changes) {} }
        try await pair(gateway, device, isIncoming: false) {
            let request = try await gateway.request()
            #expect(await gateway.property("Kind", of: request, "Request1") == .string("passkey-display"))
            #expect(await gateway.property("Entered", of: request, "Request1") == .uint16(0))
        }
        #expect(device.isBonded, gateway.transcript)
        // Several that come at once are told as one.
        #expect(counts.last == last && counts == counts.sorted())
        #expect(await gateway.property("PendingRequests") == .uint32(0))
    }

    // MARK: Just Works

    @Test(
        "A device without display and keys that begins is authorised by its rule or by a person",
        arguments: ["accept", "reject", "ask"], [true, false])
    @LoopActor func authorization(answer: String, says: Bool) async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayYesNo", "authorization = \"\(answer)\"")])
        let device = Classic.device(gateway, .classic, .noInputNoOutput, deviceClass: Classic.headset)
        try await pair(gateway, device, isIncoming: true) {
            guard answer == "ask" else { return }
            try await gateway.call(says ? "Accept" : "Reject", on: try await gateway.request(), "Request1")
        }
        #expect(device.isBonded == (answer == "accept" || answer == "ask" && says), gateway.transcript)
        #expect(Classic.asked(gateway) == ["RequestAuthorization"])
    }

    @Test("An input device that begins is never accepted by a rule alone")
    @LoopActor func inputDevice() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayYesNo", "authorization = \"accept\"")])
        let device = Classic.device(gateway, .classic, .noInputNoOutput, deviceClass: Classic.keyboard)
        try await pair(gateway, device, isIncoming: true) {
            try await gateway.call("Reject", on: try await gateway.request(), "Request1")
        }
        #expect(!device.isPaired, gateway.transcript)
    }

    @Test(
        "Just Works of our own as NoInputNoOutput is accepted by the kernel: no agent is asked, and the result is told")
    @LoopActor func acceptedByKernel() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("NoInputNoOutput", "confirmation = \"reject\"")])
        let device = Classic.device(gateway, .classic)
        let done = try await gateway.pairingctl("pair", Gateway.address.description)
        #expect(done.status == 0 && done.output.contains("paired"), gateway.transcript)
        #expect(gateway.bluez.log.pairings.last?.method == .nothing)
        #expect(Classic.asked(gateway).isEmpty)
        #expect(device.isBonded)
    }

    @Test("What the kernel accepts because of another program's default agent is nobody's pairing, and a bonded device")
    @LoopActor func acceptedByKernelForAnother() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayYesNo", "authorization = \"reject\"")])
        let other = try await ScriptedAgent(bus: bus)
        try await other.stealDefault(.noInputNoOutput)
        let device = Classic.device(gateway, .classic, .noInputNoOutput)
        try await pair(gateway, device, isIncoming: true) {}
        #expect(device.isBonded)
        #expect(Classic.asked(gateway).isEmpty, gateway.transcript)
        let devices = try await gateway.pairingctl("devices").output
        #expect(devices.contains("00:5F:BF:71:81:18") && devices.contains("bonded"), "\(devices)")
        #expect(!gateway.daemon.errorOutput.contains("rejected"), gateway.transcript)
    }

    @Test("A phone that cannot be paged is not reachable")
    @LoopActor func notReachable() async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule()]) { $0.durations.page = .milliseconds(2) }
        _ = Classic.device(gateway, .classic) { $0.reachability = .neverFound }
        let done = try await gateway.pairingctl("pair", Gateway.address.description)
        #expect(done.status == 1 && done.output.contains("not-reachable"), "\(done.output)")
    }

    // MARK: Again

    /// A phone that is bonded on our side and has forgotten us.
    @LoopActor private func forgetfulPhone(
        _ gateway: Gateway, _ capability: IOCapability
    ) async throws -> SimulatedDevice {
        let device = Classic.device(gateway, .classic, capability)
        device.restoreBond()
        try await gateway.wait("the bond is known") { await Classic.isBonded(gateway) }
        return device
    }

    @Test(
        "A bonded phone that pairs again by comparing digits is refused unless the rule lets somebody be asked",
        arguments: [false, true])
    @LoopActor func comparisonAgain(mayAsk: Bool) async throws {
        let repair = "\n[repair]\nbonded-device = \"\(mayAsk ? "ask" : "reject")\"\n"
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayYesNo") + repair])
        let device = try await forgetfulPhone(gateway, .displayYesNo)
        try await pair(gateway, device, isIncoming: true) {
            guard mayAsk else { return }
            try await gateway.call("Accept", on: try await gateway.request(), "Request1")
        }
        #expect(Classic.asked(gateway) == ["RequestConfirmation"])
        let result = gateway.bluez.log.pairings.last?.result
        #expect(result == (mayAsk ? .success : .authenticationFailed), gateway.transcript)
        #expect(device.isBonded, "the bond of before is still there")
    }

    @Test(
        "A bonded phone that pairs again by Just Works is BlueZ's to refuse, and pairingd's where BlueZ asks",
        arguments: [
            (SimulatedBlueZ.JustWorksRepairing.never, PairingResult.authenticationFailed, [String]()),
            (.confirm, .authenticationFailed, ["RequestAuthorization"]), (.always, .success, []),
        ])
    @LoopActor func justWorksAgain(
        repairing: SimulatedBlueZ.JustWorksRepairing, result: PairingResult, asked: [String]
    ) async throws {
        let gateway = try await Gateway(bus, rules: [Rules.rule("DisplayYesNo", "authorization = \"accept\"")]) {
            $0.justWorksRepairing = repairing
        }
        let device = try await forgetfulPhone(gateway, .noInputNoOutput)
        try await pair(gateway, device, isIncoming: true) {}
        #expect(Classic.asked(gateway) == asked, gateway.transcript)
        #expect(gateway.bluez.log.pairings.last?.result == result, gateway.transcript)
    }

    // MARK: Services

    @Test("Services are allowed and denied by the rule, and asked about otherwise")
    @LoopActor func services() async throws {
        let rule = Rules.rule(
            "DisplayYesNo", "service = { allow = [\"110e\", \"1124\"], deny = [\"1105\"], otherwise = \"ask\" }")
        let gateway = try await Gateway(bus, rules: [rule])
        let device = Classic.device(gateway, .classic)
        #expect(await !device.useService(BluetoothUUID(assigned: 0x110E)), "it is not paired")
        device.restoreBond()
        try await gateway.wait("the bond is known") { await Classic.isBonded(gateway) }
        #expect(await device.useService(BluetoothUUID(assigned: 0x110E)), gateway.transcript)
        #expect(await !device.useService(BluetoothUUID(assigned: 0x1105)), gateway.transcript)
        // Another one, and the service of input devices, which no rule can allow.
        for (service, member) in [(UInt32(0x110D), "Accept"), (0x110D, "Reject"), (0x1124, "Accept")] {
            async let mayUse = device.useService(BluetoothUUID(assigned: service))
            let request = try await gateway.request()
            #expect(await gateway.property("Kind", of: request, "Request1") == .string("service"))
            let uuid = BluetoothUUID(assigned: service).description
            #expect(await gateway.property("Service", of: request, "Request1") == .string(uuid))
            try await gateway.call(member, on: request, "Request1")
            #expect(await mayUse == (member == "Accept"), gateway.transcript)
        }
        #expect(gateway.bluez.log.agentCalls.map(\.replies) == Array(repeating: 1, count: 6))
    }

    @Test("A device that its rule trusts is asked about no more once it is paired")
    @LoopActor func trusted() async throws {
        let gateway = try await Gateway(
            bus, rules: [Rules.rule("NoInputNoOutput", "service = \"reject\"") + "\n[after]\ntrust = true\n"])
        let device = Classic.device(gateway, .classic)
        #expect(try await gateway.pairingctl("pair", Gateway.address.description).status == 0, gateway.transcript)
        try await gateway.wait("the device is trusted") { device.isTrusted }
        #expect(await device.useService(BluetoothUUID(assigned: 0x110E)))
        #expect(Classic.asked(gateway).isEmpty, gateway.transcript)
    }
}
