// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing
import Policy
import Testing

@Suite("An input device")
struct InputDeviceTests {
    static let accepting = """
        match.name = "Cuff"
        pairing.accept-incoming = true
        [answer]
        authorization = "accept"
        confirmation = "accept"
        service = "accept"
        pin = { value = "0000" }
        """

    static let signs: [@Sendable (inout DeviceFacts) -> Void] = [
        { $0.deviceClass = DeviceClass(0x002540) }, { $0.appearance = Appearance(0x03C2) },
        { $0.services = [BluetoothUUID(assigned: 0x1812)] }, { $0.services = [BluetoothUUID(assigned: 0x1124)] },
        { $0.icon = "input-keyboard" },
    ]

    @Test("is never accepted by a rule alone, whichever way it says what it is", arguments: signs.indices)
    func asked(index: Int) throws {
        var world = World(rules: try policy(Self.accepting))
        world.device(connected: true, Self.signs[index])
        let token = world.ask { .authorization($0) }
        #expect(world.calls.isEmpty)
        #expect(world.openRequests.map(\.kind) == [.authorization])
        try world.answer(.accept)
        #expect(world.calls == [.reply(token, .accept)])
    }

    @Test("gets no fixed PIN, and no numbers confirmed, without a person")
    func digits() throws {
        let passkey = try Passkey.secret
        for kind in [{ AgentQuestion.Kind.pinCode($0) }, { .confirmation(passkey, $0) }] {
            var world = World(rules: try policy(Self.accepting))
            world.device(connected: true, Self.signs[0])
            world.ask(kind)
            #expect(world.openRequests.count == 1)
        }
    }

    @Test("that hides what it is still has to ask for the input service")
    func service() throws {
        var world = World(rules: try policy(Self.accepting))
        world.device(paired: true, connected: true)
        let audio = world.ask { .service(BluetoothUUID(assigned: 0x110E), $0) }
        #expect(world.calls == [.reply(audio, .accept)])
        world.ask { .service(BluetoothUUID(assigned: 0x1124), $0) }
        #expect(world.openRequests.map(\.kind) == [.service])
    }

    @Test("is refused where the rule refuses it")
    func refused() throws {
        var world = World(
            rules: try policy(
                "match.name = \"Cuff\"\npairing.accept-incoming = true\nanswer.authorization = \"reject\""))
        world.device(connected: true, Self.signs[0])
        let token = world.ask { .authorization($0) }
        #expect(world.calls == [.reply(token, .rejected)])
    }

    @Test("is no other device: that one is accepted")
    func other() throws {
        var world = World(rules: try policy(Self.accepting))
        world.device(connected: true) { $0.deviceClass = DeviceClass(0x240418) }
        let token = world.ask { .authorization($0) }
        #expect(world.calls == [.reply(token, .accept)])
    }
}
