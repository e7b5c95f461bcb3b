// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Policy
import Testing

@Suite("The rules that are shipped")
struct ShippedRuleTests {
    let policy: Policy

    init() throws {
        let tests = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        var folders = RuleFolders([tests.joined(separator: "/") + "/policy"])
        // Whoever builds owns them.
        folders.ignoresOwners = true
        policy = try PolicyFiles(folders: folders).load()
    }

    private func ruleFor(_ change: (inout DeviceFacts) -> Void, inWindow: Bool = false) -> Rule? {
        var facts = DeviceFacts(address: Address(bits: 0xC411_2233_4455), addressType: .public)
        facts.isSettled = true
        facts.advertisingAge = .zero
        change(&facts)
        guard case .matched(let rule) = policy.decide(facts, inWindow: inWindow) else { return nil }
        return rule
    }

    private static func cuff(_ facts: inout DeviceFacts) {
        facts.name = "BLESmart_00000116005FBF000001"
        facts.manufacturerData = [CompanyIdentifier(0x020E): [0x01, 0x09]]
        facts.services = [BluetoothUUID(assigned: 0x1810)]
    }

    @Test("have no warnings, and none keeps another from deciding")
    func warnings() {
        #expect(policy.warnings.isEmpty)
        #expect(policy.shadowedRules.isEmpty)
        #expect(policy.rules.allSatisfy { !$0.description.isEmpty })
    }

    @Test("Omron's cuffs pair as Just Works that they start too, in pairing mode, and nothing else is answered")
    func omron() throws {
        let rule = try #require(ruleFor(Self.cuff))
        #expect(rule.name == "50-omron-blood-pressure")
        var pairing = PairingSettings(ioCapability: .noInputNoOutput, acceptIncoming: true)
        pairing.initiate = .auto
        pairing.attempts = 2
        pairing.fallbacks = [PairingFallback(ioCapability: .keyboardDisplay)]
        #expect(rule.profile.pairing == pairing)
        #expect(
            rule.profile.answers
                == AnswerSettings(
                    authorization: .accept, confirmation: .reject, passkey: .reject, pin: .reject,
                    service: ServiceAnswer(otherwise: .reject)))
        var facts = DeviceFacts(address: Address(bits: 1), manufacturerData: [CompanyIdentifier(0x020E): [0x01, 0x09]])
        facts.advertisingAge = .zero
        #expect(rule.profile.pairingMode(of: facts) == .ready)
        facts.manufacturerData = [CompanyIdentifier(0x020E): [0x01, 0x01]]
        #expect(rule.profile.pairingMode(of: facts) == .notReady)
        facts.advertisingAge = nil
        #expect(rule.profile.pairingMode(of: facts) == .unknown)
    }

    @Test("Omron's newer cuffs have a bond for each connection")
    func omronSession() throws {
        let rule = try #require(
            ruleFor {
                Self.cuff(&$0)
                $0.services = [BluetoothUUID(assigned: 0xFE4A)]
            })
        #expect(rule.name == "49-omron-blood-pressure-session")
        #expect(rule.profile.pairing.bond == .session)
    }

    @Test("A cuff's name alone, or its company alone, is no cuff")
    func notOmron() {
        #expect(ruleFor { $0.name = "BLEsmart_1" } == nil)
        #expect(ruleFor { $0.manufacturerData = [CompanyIdentifier(0x020E): [0x01, 0x09]] } == nil)
    }

    @Test("Nuki's locks get no bond, whoever asks for one")
    func nuki() throws {
        let keyturner = try #require(BluetoothUUID("a92ee200-5501-11e4-916c-0800200c9a66"))
        let rule = try #require(ruleFor { $0.services = [keyturner] })
        #expect(rule.name == "55-nuki-locks")
        #expect(rule.profile.pairing.bond == .none)
        #expect(rule.profile.pairing.initiate == .never)
        #expect(!rule.profile.pairing.acceptIncoming)
    }

    @Test("A keyboard pairs when a person asks for it, with digits that are typed on it")
    func keyboard() throws {
        let rule = try #require(
            ruleFor {
                $0.transports = [.le]
                $0.appearance = Appearance(0x03C1)
            })
        #expect(rule.name == "60-ble-keyboard")
        #expect(rule.profile.pairing.ioCapability == .displayOnly)
        #expect(rule.profile.pairing.security == .authenticated)
        #expect(!rule.profile.pairing.acceptIncoming)
    }

    @Test("Headphones may use audio services, and a keyboard's least of all")
    func headphones() throws {
        let rule = try #require(
            ruleFor { $0.deviceClass = DeviceClass(0x240418) })
        #expect(rule.name == "60-headphones")
        #expect(rule.profile.answers.service.answer(for: BluetoothUUID(assigned: 0x110E)) == .accept)
        #expect(rule.profile.answers.service.answer(for: BluetoothUUID(assigned: 0x1124)) == .reject)
    }

    @Test("A phone is asked about while a window is open, and is nobody outside of it")
    func phone() throws {
        #expect(ruleFor { _ in } == nil)
        let rule = try #require(ruleFor({ _ in }, inWindow: true))
        #expect(rule.name == "90-phones-in-a-window")
        #expect(rule.profile.answers.confirmation == .ask)
        #expect(rule.profile.answers.authorization == .reject)
    }

    @Test("no rule accepts an input device by itself")
    func inputDevices() {
        for rule in policy.rules {
            let accepts = rule.profile.answers.authorization == .accept || rule.profile.answers.confirmation == .accept
            #expect(!accepts || rule.name.contains("omron"), "\(rule.name)")
            for service in [0x1124, 0x1812] as [UInt32] {
                #expect(rule.profile.answers.service.answer(for: BluetoothUUID(assigned: service)) != .accept)
            }
        }
    }
}
