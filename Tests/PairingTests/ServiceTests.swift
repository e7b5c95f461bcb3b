// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing
import Policy
import Testing

@Suite("A connection to a service")
struct ServiceTests {
    static let headset = BluetoothUUID(assigned: 0x110E)

    @Test("of a paired device is a request without a pairing")
    func asked() throws {
        var world = World()
        world.device(paired: true, connected: true)
        let token = world.ask { .service(Self.headset, $0) }
        let request = try #require(world.openRequests.first)
        #expect(request.kind == .service)
        #expect(request.service == Self.headset)
        #expect(request.pairing == nil)
        #expect(world.coordinator.pairings.isEmpty)
        try world.answer(.accept)
        #expect(world.calls == [.reply(token, .accept)])
    }

    @Test("is answered by the rule", arguments: [(Answer.accept, AgentReply.accept), (.reject, .rejected)])
    func byRule(answer: Answer, reply: AgentReply) throws {
        var world = World(rules: Rules { $0.answers.service = ServiceAnswer(otherwise: answer) })
        world.device(paired: true, connected: true)
        let token = world.ask { .service(Self.headset, $0) }
        #expect(world.calls == [.reply(token, reply)])
        #expect(world.records.map(\.decider) == [.rule])
    }

    @Test("of a device that is not paired is refused, whatever the rule says")
    func notPaired() throws {
        var world = World(rules: Rules { $0.answers.service = ServiceAnswer(otherwise: .accept) })
        world.device(connected: true)
        let token = world.ask { .service(Self.headset, $0) }
        #expect(world.calls == [.reply(token, .rejected)])
        #expect(world.records.map(\.decider) == [.safeguard])
    }

    @Test("of a device that no rule matches is refused")
    func unmatched() throws {
        var world = World()
        world.device(name: "Stranger", paired: true, connected: true)
        let token = world.ask { .service(Self.headset, $0) }
        #expect(world.calls == [.reply(token, .rejected)])
        #expect(world.records.map(\.decider) == [.noRule])
    }

    @Test("is cancelled with the connection")
    func disconnected() throws {
        var world = World()
        world.device(paired: true, connected: true)
        let token = world.ask { .service(Self.headset, $0) }
        world.device(paired: true, connected: false)
        #expect(world.calls == [.reply(token, .canceled)])
        #expect(world.coordinator.requests.map(\.outcome) == [.cancelled])
    }
}
