// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Pairing
import Policy
import SecurityManager
import Testing

@Suite("A pairing that we start")
struct RequestedPairingTests {
    @Test("of a device that BlueZ knows calls Pair() at once, with the capability of its rule")
    func knownDevice() throws {
        var world = World(rules: Rules { $0.pairing.ioCapability = .keyboardOnly })
        world.device()
        let number = try world.pair()
        #expect(world.calls == [.pair(number, cuff, .keyboardOnly)])
        #expect(world.effects.contains(.watch(cuff)))
        #expect(world.phase(of: number) == .connecting)
    }

    @Test("of a device that BlueZ does not know looks for it, and stops looking before Pair()")
    func unknownDevice() throws {
        var world = World()
        let number = try world.pair()
        #expect(world.calls == [.startDiscovery(hci0)])
        #expect(world.phase(of: number) == .discovering)
        world.device()
        #expect(world.calls == [.stopDiscovery(hci0), .pair(number, cuff, .keyboardDisplay)])
    }

    @Test("is not-found when the device is not seen in 30 s")
    func notFound() throws {
        var world = World()
        let number = try world.pair()
        world.wait(.seconds(29))
        #expect(world.phase(of: number) == .discovering)
        world.wait(.seconds(1))
        #expect(world.result(of: number) == .notFound)
        #expect(world.calls == [.stopDiscovery(hci0)])
    }

    @Test("looks on as long as the rules wait for the name")
    func undetermined() throws {
        var world = World()
        let number = try world.pair()
        world.device(name: nil)
        #expect(world.calls == [])
        #expect(world.phase(of: number) == .discovering)
        world.wait(.seconds(20))
        world.device(name: "Cuff")
        #expect(world.calls == [.stopDiscovery(hci0), .pair(number, cuff, .keyboardDisplay)])
    }

    @Test("is refused when the name that the rules wait for never comes")
    func neverDetermined() throws {
        var world = World()
        world.device(name: nil)
        let number = try world.pair()
        #expect(world.calls == [.startDiscovery(hci0)])
        world.wait(.seconds(30))
        #expect(world.result(of: number) == .rejectedByPolicy)
        #expect(world.reason(of: number).contains("name"))
    }

    @Test("of a device that no rule matches is refused, and sends nothing")
    func unmatched() throws {
        var world = World()
        world.device(name: "Stranger")
        let number = try world.pair()
        #expect(world.calls == [])
        #expect(world.result(of: number) == .rejectedByPolicy)
        #expect(world.records.map(\.decider) == [.noRule])
    }

    @Test("of a bonded device is already-bonded, without Pair()")
    func alreadyBonded() throws {
        var world = World()
        world.device(paired: true)
        let number = try world.pair()
        #expect(world.calls == [])
        #expect(world.result(of: number) == .alreadyBonded)
    }

    @Test("closes a connection without a bond first")
    func connectedWithoutBond() throws {
        var world = World()
        world.device(connected: true)
        let number = try world.pair()
        #expect(world.calls == [.disconnect(cuff)])
        world.send(.disconnectFinished(cuff, error: nil))
        #expect(world.calls == [])
        world.device(connected: false)
        #expect(world.calls == [], "the kernel tells the end of the link a second time")
        world.wait(.milliseconds(500))
        #expect(world.calls == [.pair(number, cuff, .keyboardDisplay)])
    }

    @Test("goes on when BlueZ says that there was no connection to close")
    func notConnectedAfterAll() throws {
        var world = World()
        world.device(connected: true)
        let number = try world.pair()
        world.send(.disconnectFinished(cuff, error: BlueZError(name: "org.bluez.Error.NotConnected")))
        world.wait(.milliseconds(500))
        #expect(world.calls == [.pair(number, cuff, .keyboardDisplay)])
    }

    @Test("fails when the connection is not closed", arguments: [true, false])
    func connectionStays(withError: Bool) throws {
        var world = World()
        world.device(connected: true)
        let number = try world.pair()
        if withError { world.send(.disconnectFinished(cuff, error: BlueZError(name: "org.bluez.Error.Failed"))) }
        world.wait(.seconds(10))
        #expect(world.result(of: number) == .failed)
        #expect(!world.history.contains(.pair(number, cuff, .keyboardDisplay)))
    }

    @Test("looks for the device again when it goes away while its connection is closed")
    func goneWhileDisconnecting() throws {
        var world = World()
        world.device(connected: true)
        let number = try world.pair()
        world.gone()
        #expect(world.calls == [.startDiscovery(hci0)])
        world.device()
        #expect(world.calls == [.stopDiscovery(hci0), .pair(number, cuff, .keyboardDisplay)])
    }

    @Test("is paired when Pair() returned and the bond is told, in either order", arguments: [true, false])
    func paired(bondFirst: Bool) throws {
        var world = World()
        let number = try world.pairUntilCalled()
        if bondFirst {
            world.device(paired: true, connected: true)
            #expect(world.result(of: number) == nil)
            world.pairReturns(number)
        } else {
            world.pairReturns(number)
            #expect(world.phase(of: number) == .verifying)
            world.device(paired: true, connected: true)
        }
        #expect(world.result(of: number) == .paired)
        #expect(world.effects.contains(.unwatch(cuff)))
        #expect(world.records.map(\.result) == [.paired])
    }

    @Test("counts 10 s after the bond came, though BlueZ still reads the services")
    func slowServices() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        world.device(paired: true, connected: true)
        world.wait(.seconds(9))
        #expect(world.result(of: number) == nil)
        world.wait(.seconds(1))
        #expect(world.result(of: number) == .paired)
        #expect(world.calls == [.abandonPair(number)])
    }

    @Test("is paired when only the services fail after the bond")
    func servicesFail() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        world.device(paired: true, connected: true)
        world.pairReturns(number, "org.bluez.Error.Failed")
        #expect(world.result(of: number) == .paired)
    }

    @Test("fails when BlueZ reports success and no bond follows")
    func noBond() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        world.pairReturns(number)
        world.wait(.seconds(5))
        #expect(world.result(of: number) == .failed)
    }

    @Test("looks for the device once more when its object is gone, and only once")
    func unknownObject() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        world.pairReturns(number, "org.freedesktop.DBus.Error.UnknownObject")
        #expect(world.calls == [.startDiscovery(hci0)])
        world.device()
        #expect(world.calls == [.stopDiscovery(hci0), .pair(number, cuff, .keyboardDisplay)])
        world.pairReturns(number, "org.freedesktop.DBus.Error.UnknownObject")
        #expect(world.result(of: number) == .notFound)
    }

    @Test("waits for its turn, in order")
    func queue() throws {
        var world = World()
        world.device(cuff)
        world.device(scale, name: "Scale")
        let first = try world.pair()
        let second = try world.pair(.device(scale))
        #expect(world.calls == [])
        #expect(world.phase(of: second) == .queued)
        world.wait(.seconds(20))
        world.pairReturns(first, "org.bluez.Error.AuthenticationFailed")
        #expect(world.calls == [.pair(second, scale, .keyboardDisplay)])
        world.wait(.seconds(59))
        #expect(world.result(of: second) == nil, "its time runs from its turn on")
    }

    @Test("is timed-out after 60 s, or after the time that the command gives", arguments: [60, 45])
    func timedOut(seconds: Int) throws {
        var world = World()
        world.device()
        let number = try world.pair(timeout: seconds == 60 ? nil : .seconds(seconds))
        world.wait(.seconds(seconds))
        #expect(world.calls == [.cancelPairing(cuff)])
        #expect(world.phase(of: number) == .undoing)
        world.pairReturns(number, "org.bluez.Error.AuthenticationCanceled")
        #expect(world.result(of: number) == .timedOut)
    }

    @Test("is given up when BlueZ does not even give a cancelled Pair() back")
    func abandoned() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        world.wait(.seconds(70))
        #expect(world.calls == [.cancelPairing(cuff), .abandonPair(number)])
        #expect(world.result(of: number) == .timedOut)
        world.pairReturns(number)
        #expect(world.effects == [], "a late result changes nothing")
    }

    @Test("undoes a bond that came just as Pair() was cancelled: the kernel may have dropped its key")
    func bondAtTheEnd() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        world.wait(.seconds(60))
        world.pairReturns(number)
        #expect(world.calls == [.remove(cuff)])
        #expect(world.result(of: number) == .timedOut)
    }

    @Test("is paired when the bond was there before its time was over")
    func bondBeforeTheEnd() throws {
        var world = World()
        let number = try world.pairUntilCalled()
        world.wait(.seconds(55))
        world.device(paired: true, connected: true)
        world.wait(.seconds(5))
        #expect(world.calls == [.abandonPair(number)])
        #expect(world.result(of: number) == .paired)
    }

    @Test("is busy while the same device pairs with us")
    func incomingUnderWay() throws {
        var world = World()
        world.device(connected: true)
        world.ask { .authorization($0) }
        let number = try world.pair()
        #expect(world.calls == [])
        #expect(world.result(of: number) == .busy)
    }
}

/// polkit is told the rule for the device when somebody asks to pair; a device can turn out to be another until it begins.
@Suite("A pairing that was allowed for one rule")
struct AuthorizedRuleTests {
    @Test("goes on by that rule, also when it has changed") func goesOnRule() throws {
        var world = World(rules: Rules("cuffs"))
        world.device(connected: true)
        let number = try world.pair(authorizedRule: "cuffs")
        world.send(.rulesChanged(Rules("cuffs") { $0.pairing.ioCapability = .displayOnly }))
        world.device()
        world.wait(.seconds(1))
        #expect(world.calls == [.pair(number, cuff, .displayOnly)])
    }

    @Test("ends before anything is sent when another rule is for the device") func endsBeforeAnything() throws {
        var world = World(rules: Rules("locks"))
        world.device()
        let number = try world.pair(authorizedRule: "cuffs")
        #expect(world.calls == [])
        #expect(world.result(of: number) == .rejectedByPolicy)
        #expect(
            world.reason(of: number)
                == "it was allowed for the rule cuffs, and now the rule locks is for the device: pair again")
    }

    @Test("ends when a reload brings another rule before it begins") func endsWhenReload() throws {
        var world = World(rules: Rules("cuffs"))
        world.device(connected: true)
        let number = try world.pair(authorizedRule: "cuffs")
        #expect(world.calls == [.disconnect(cuff)])
        world.send(.rulesChanged(Rules("locks")))
        world.device()
        world.wait(.seconds(1))
        #expect(world.result(of: number) == .rejectedByPolicy)
        #expect(!world.history.contains(.pair(number, cuff, .keyboardDisplay)))
    }

    @Test("is undone when the device's identity address leads to another rule") func undoneWhenDevice() throws {
        let (locks, cuffs) = (
            "match.address = \"00:5F:BF:*\"\npairing.io-capability = \"NoInputNoOutput\"",
            "match.name = \"Cuff*\"\npairing.io-capability = \"NoInputNoOutput\""
        )
        for authorized in ["2", nil] {
            var world = World(rules: try policy(locks, cuffs))
            world.device(connected: false)
            let number = try world.pair(authorizedRule: authorized)
            #expect(world.calls == [.pair(number, cuff, .noInputNoOutput)])
            world.device(paired: true, connected: true) { $0.address = Address(bits: 0x005F_BF00_0001) }
            world.pairReturns(number)
            #expect(world.calls.contains(.remove(cuff)) == (authorized != nil), "\(world.calls)")
        }
    }

    @Test("of a device that was found only then, when no rule could be told, begins by any") func deviceFoundOnly()
        throws
    {
        var world = World(rules: Rules("locks"))
        let number = try world.pair(authorizedRule: nil)
        world.device()
        #expect(world.calls == [.stopDiscovery(hci0), .pair(number, cuff, .keyboardDisplay)])
    }
}
