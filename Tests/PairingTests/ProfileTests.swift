// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing
import Policy
import Testing

@Suite("What a rule's profile does")
struct ProfileTests {
    private static func paired(pairable: Bool = true, _ change: @escaping (inout Profile) -> Void) throws -> World {
        var world = World(rules: Rules("cuffs", change))
        world.adapter(hci0, isPowered: true, isPairable: pairable)
        let number = try world.pairUntilCalled()
        world.device(paired: true, connected: true)
        world.pairReturns(number)
        #expect(world.result(of: number) == .paired)
        return world
    }

    @Test("trusts and disconnects after a pairing, where it says so")
    func after() throws {
        #expect(try Self.paired { $0.after.trust = true }.calls == [.trust(cuff)])
        #expect(try Self.paired { $0.after.disconnect = true }.calls == [.disconnect(cuff)])
        #expect(try Self.paired { _ in }.calls.isEmpty)
    }

    @Test("does nothing of it after a pairing that failed")
    func afterFailure() throws {
        var world = World(
            rules: Rules {
                $0.after.trust = true
                $0.pairing.bond = .session
            })
        let number = try world.pairUntilCalled()
        world.device(connected: true)
        world.pairReturns(number, "org.bluez.Error.AuthenticationFailed")
        world.device(connected: false)
        #expect(!world.history.contains(.trust(cuff)))
        #expect(!world.history.contains(.remove(cuff)))
    }

    @Test("removes a bond for one connection when the link ends", arguments: [BondPolicy.session, .none])
    func session(bond: BondPolicy) throws {
        var world = try Self.paired(pairable: bond != .none) { $0.pairing.bond = bond }
        #expect(world.calls.isEmpty)
        world.device(paired: true, connected: false)
        #expect(world.calls == [.remove(cuff)])
    }

    @Test("says that there is no bond where BlueZ made none, and the rule wants one")
    func withoutBond() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        let facts = DeviceFacts(address: cuff.address, name: "Cuff")
        world.send(
            .deviceChanged(
                DeviceSnapshot(reference: cuff, facts: facts, isPaired: true, isBonded: false, isConnected: true)))
        world.pairReturns(number)
        #expect(world.result(of: number) == .paired)
        #expect(world.reason(of: number).hasPrefix("no bond was made"))
    }

    @Test("keeps a bond that is to be kept, and one from before")
    func kept() throws {
        var world = try Self.paired { $0.pairing.bond = .keep }
        world.device(paired: true, connected: false)
        #expect(world.calls.isEmpty)
        var other = World(rules: Rules { $0.pairing.bond = .session })
        other.device(paired: true, connected: true)
        _ = try other.pair()
        other.device(paired: true, connected: false)
        #expect(!other.history.contains(.remove(cuff)))
    }

    @Test("sets how long a pairing may take, unless the command does")
    func timeout() throws {
        var world = World(rules: Rules { $0.pairing.timeout = .seconds(10) })
        let number = try world.pairUntilCalled()
        world.wait(.seconds(10))
        #expect(world.phase(of: number) == .undoing)
        var patient = World(rules: Rules { $0.pairing.timeout = .seconds(10) })
        patient.device()
        let long = try patient.pair(timeout: .seconds(40))
        patient.wait(.seconds(39))
        #expect(patient.phase(of: long) == .connecting)
    }

    @Test(
        "begins nothing where its floor cannot be verified, for want of the monitor channel", arguments: [true, false])
    func floor(isIncoming: Bool) throws {
        for change: @Sendable (inout PairingSettings) -> Void in [
            { $0.security = .authenticated }, { $0.secureConnections = true }, { $0.minimumKeySize = 16 },
        ] {
            var world = World(rules: Rules { change(&$0.pairing) }, monitor: false)
            world.device(connected: isIncoming)
            if isIncoming {
                let token = world.ask { .authorization($0) }
                #expect(world.calls == [.reply(token, .rejected)])
            } else {
                _ = try world.pair()
                #expect(world.calls.isEmpty)
            }
            #expect(world.lastPairing?.outcome?.result == .cannotVerify)
        }
    }

    @Test("asks about unknown devices where the settings say so, and answers nothing for them")
    func unknownDevices() throws {
        var world = World(rules: try policy("match.name = \"Lock\"", configuration: "unknown-devices.action = \"ask\""))
        world.device(connected: true)
        let token = world.ask { .authorization($0) }
        #expect(world.openRequests.map(\.rule) == ["unknown-devices"])
        try world.answer(.accept)
        #expect(world.calls == [.reply(token, .accept)])
        var refusing = World(rules: try policy("match.name = \"Lock\""))
        refusing.device(connected: true)
        refusing.ask { .authorization($0) }
        #expect(refusing.openRequests.isEmpty)
    }

    @Test("has no yes for a device that has not told what an earlier rule asks for, but a person may have")
    func undetermined() throws {
        let accepting = "match.address = \"*\"\npairing.accept-incoming = true\nanswer.authorization = \"accept\""
        var world = World(rules: try policy("match.manufacturer = 1", accepting))
        world.device(connected: true)
        world.ask { .authorization($0) }
        #expect(world.openRequests.map(\.rule) == ["2"])
        world.device(scale, connected: true) { $0.manufacturerData = [:] }
        let token = world.ask({ .authorization($0) }, about: scale)
        #expect(world.calls == [.reply(token, .accept)])
    }

    @Test("takes the secret of a credential that is for the device, and asks where there is none")
    func credentials() throws {
        // Not looked up here, so there are no secrets in it.
        var world = World(
            rules: try policy(
                "match.name = \"Cuff\"\npairing.accept-incoming = true\nanswer.passkey = { credential = \"x\" }"))
        world.device(connected: true)
        world.ask { .passkey($0) }
        #expect(world.openRequests.map(\.kind) == [.passkeyEntry])
    }

    @Test("has deadlines and limits that change with the settings, and not for what is open")
    func settings() throws {
        var world = World()
        world.device(connected: true)
        world.ask { .authorization($0) }
        let before = try #require(world.openRequests.first?.deadline)
        var timing = Timing()
        timing.request = .seconds(5)
        world.send(.settingsChanged(timing, Bounds(), Conduct()))
        #expect(world.openRequests.first?.deadline == before)
        world.device(scale, connected: true) { $0.name = "Scale" }
        world.ask({ .authorization($0) }, about: scale)
        #expect(world.openRequests.last?.deadline == world.now + .seconds(5))
    }
}
