// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing
import Policy
import SecurityManager
import Testing

/// The refusals of Nordic's blatann (`gap/smp.py`, PairingPolicy), each said in one rule; docs/policy.md shows them.
@Suite("One rule can say")
struct RefusalTests {
    /// Everything is accepted that is not refused.
    static let accept = "\nanswer = { authorization = \"accept\", confirmation = \"accept\" }\nmatch.address = \"*\"\n"

    /// What BlueZ hears when the device starts a pairing.
    private static func answer(_ rule: String, bonded: Bool) throws -> AgentReply? {
        var world = World(rules: try policy(rule + accept))
        world.device(paired: bonded, connected: true)
        let token = world.ask { .authorization($0) }
        for case .reply(token, let reply) in world.calls { return reply }
        return nil
    }

    @Test("reject_new_pairing_requests: a new device may not start a pairing, and one with a bond may")
    func newDevices() throws {
        let rule = "pairing.accept-incoming = false\nrepair.bonded-device = \"accept\""
        #expect(try Self.answer(rule, bonded: false) == .rejected)
        #expect(try Self.answer(rule, bonded: true) == .accept)
    }

    @Test("reject_bonded_device_repairing_requests: a device with a bond may not pair again, and a new one may")
    func repairing() throws {
        let rule = "pairing.accept-incoming = true\nrepair.bonded-device = \"reject\""
        #expect(try Self.answer(rule, bonded: false) == .accept)
        #expect(try Self.answer(rule, bonded: true) == .rejected)
    }

    @Test("that a person is asked when a device with a bond wants to pair again")
    func askAgain() throws {
        let rule = "pairing.accept-incoming = true\nrepair.bonded-device = \"ask\""
        #expect(try Self.answer(rule, bonded: false) == .accept)
        #expect(try Self.answer(rule, bonded: true) == nil)
    }

    /// Is the link cut when a peripheral asks for security?
    private static func cuts(_ rule: String, bonded: Bool) throws -> Bool {
        var world = World(rules: try policy(rule + accept))
        world.device(paired: bonded, connected: true)
        world.send(.securityRequest(hci0, cuff.address))
        return world.calls == [.disconnect(cuff)] && world.records.map(\.subject) == [.refusal]
    }

    @Test("reject_nonbonded_peripheral_requests: a peripheral without a bond may not ask for security")
    func nonbonded() throws {
        let rule = "match.bonded = false\nrepair.security-request = \"reject\""
        #expect(try Self.cuts(rule, bonded: false))
        #expect(try !Self.cuts(rule, bonded: true))
    }

    @Test("reject_bonded_peripheral_requests: a peripheral with a bond may not ask for security")
    func bonded() throws {
        let rule = "match.bonded = true\nrepair.security-request = \"reject\""
        #expect(try !Self.cuts(rule, bonded: false))
        #expect(try Self.cuts(rule, bonded: true))
    }

    @Test("that security is given to whoever asks for it")
    func accepted() throws {
        #expect(try !Self.cuts("repair.security-request = \"accept\"", bonded: false))
        #expect(try !Self.cuts("repair.security-request = \"accept\"", bonded: true))
    }

    @Test("no to the question that a refused Security Request leads to, even before the link is gone")
    func questionAfterwards() throws {
        let rule = "repair.security-request = \"reject\"\npairing.accept-incoming = true"
        var world = World(rules: try policy(rule + Self.accept))
        world.device(connected: true)
        world.send(.securityRequest(hci0, cuff.address))
        let token = world.ask { .authorization($0) }
        #expect(world.calls == [.reply(token, .rejected)])
        world.device(connected: false)
        world.device(connected: true)
        let next = world.ask { .authorization($0) }
        #expect(world.calls == [.reply(next, .accept)])
    }

    @Test("nothing against the Security Request of a device that we are pairing with")
    func ourPairing() throws {
        var world = World(rules: Rules { $0.repair.securityRequest = .reject })
        _ = try world.pairUntilCalled()
        world.send(.securityRequest(hci0, cuff.address))
        #expect(world.calls.isEmpty)
    }

    @Test("that we start no pairing, whoever asks for it")
    func never() throws {
        var world = World(rules: Rules { $0.pairing.initiate = .never })
        world.device()
        let number = try world.pair()
        #expect(world.result(of: number) == .rejectedByPolicy)
    }

    // MARK: What happens past the agent

    @Test("What the kernel refuses without asking is recorded as the kernel's doing")
    func kernel() throws {
        var world = World()
        world.device(connected: true)
        world.smpFailure(.sent, .pairingNotSupported)
        #expect(world.records.map(\.subject) == [.refusal])
        #expect(world.records.first?.decider == .kernel)
        #expect(world.records.first?.address == cuff.address)
        world.smpFailure(.received, .pairingNotSupported)
        #expect(world.records.first?.decider == .device)
    }

    @Test("What the kernel refuses again and again is recorded some times a minute")
    func flood() throws {
        var world = World()
        world.device(connected: true)
        var records: [Record] = []
        for _ in 0..<100 {
            world.smpFailure(.sent, .pairingNotSupported)
            records += world.records
        }
        #expect(records.count == 20)
        #expect(records.last?.reason.hasSuffix("more of them are not recorded for a minute") == true)
        world.wait(.seconds(60))
        world.smpFailure(.sent, .pairingNotSupported)
        #expect(world.records.count == 1)
    }

    @Test("What follows on the air from our own refusal is not recorded as the kernel's")
    func consequence() throws {
        var world = World(rules: NoRules())
        world.device(connected: true)
        world.ask { .authorization($0) }
        world.wait(.milliseconds(20))
        world.smpFailure(.sent, .numericComparisonFailed)
        #expect(world.records.isEmpty)
    }
}
