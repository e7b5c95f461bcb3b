// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Explain
import HCIMonitor
import Pairing
import Policy
import SecurityManager
import Testing

/// Something that can happen at any moment, sensible then or not.
struct Happening: Sendable, CustomTestStringConvertible {
    let name: String
    let run: @Sendable (inout World, DeviceReference) -> Void

    init(_ name: String, _ run: @escaping @Sendable (inout World, DeviceReference) -> Void) {
        self.name = name
        self.run = run
    }

    var testDescription: String { name }

    static let all = objects + questions + results + observations + keys + commands + settings + lifecycle

    private static let objects: [Happening] = [
        Happening("the device is seen") { $0.device($1) },
        Happening("the device has no name yet") { $0.device($1, name: nil) },
        Happening("the device has another name") { $0.device($1, name: "Stranger", connected: true) },
        Happening("the device connects") { $0.device($1, connected: true) },
        Happening("the device is bonded") { $0.device($1, paired: true, connected: true) },
        Happening("the bonded device disconnects") { $0.device($1, paired: true) },
        Happening("the device is removed") { $0.gone($1) },
    ]

    private static let questions: [Happening] = [AgentRole.default, .capability(.keyboardDisplay)].flatMap { role in
        [
            Happening("PIN code, \(role)") { $0.ask({ .pinCode($0) }, about: $1, on: role) },
            Happening("passkey, \(role)") { $0.ask({ .passkey($0) }, about: $1, on: role) },
            Happening("authorization, \(role)") { $0.ask({ .authorization($0) }, about: $1, on: role) },
            Happening("service, \(role)") { $0.ask({ .service(ServiceTests.headset, $0) }, about: $1, on: role) },
            Happening("confirmation, \(role)") { world, device in
                guard let passkey = Passkey(secretDigits) else { return }
                world.ask({ .confirmation(passkey, $0) }, about: device, on: role)
            },
            Happening("passkey is shown, \(role)") { world, device in
                guard let passkey = Passkey(secretDigits) else { return }
                world.show(passkey, about: device, on: role)
            },
            Happening("other passkey is shown, \(role)") { world, device in
                guard let passkey = Passkey(7) else { return }
                world.show(passkey, entered: 2, about: device, on: role)
            },
            Happening("PIN code is shown, \(role)") { world, device in
                guard let pin = PINCode(String(secretDigits)) else { return }
                world.ask({ .displayPINCode(pin, $0) }, about: device, on: role)
            },
            Happening("Cancel, \(role)") { world, _ in world.send(.questionCancelled(role)) },
        ]
    }

    private static let errors = [
        nil, "org.bluez.Error.AuthenticationFailed", "org.bluez.Error.AlreadyExists",
        "org.freedesktop.DBus.Error.UnknownObject",
    ]

    private static let results: [Happening] = errors.flatMap { name in
        let error = name.map { BlueZError(name: $0) }
        return [
            Happening("Pair() returns \(name ?? "")") { world, _ in
                // Only what was called can return.
                guard let call = world.pairCall else { return }
                world.send(.pairFinished(call, error: error))
            },
            Happening("setting Pairable returns \(name ?? "")") { $0.send(.pairableSet($1.adapter, error: error)) },
            Happening("setting Discoverable returns \(name ?? "")") {
                $0.send(.discoverableSet($1.adapter, error: error))
            },
            Happening("Disconnect() returns \(name ?? "")") { $0.send(.disconnectFinished($1, error: error)) },
            Happening("RemoveDevice() returns \(name ?? "")") { $0.send(.removeFinished($1, error: error)) },
            Happening("StartDiscovery() returns \(name ?? "")") {
                $0.send(.discoveryStarted($1.adapter, error: error))
            },
        ]
    }

    private static let observations: [Happening] = [
        Happening("the device refuses in SMP") { $0.smpFailure(.received, .pairingNotSupported, with: $1) },
        Happening("we refuse in SMP") { $0.smpFailure(.sent, .confirmValueFailed, with: $1) },
        Happening("the device asks for security") { $0.send(.securityRequest($1.adapter, $1.address)) },
        Happening("SMP agrees on Just Works") { $0.agree(.noInputNoOutput, with: $1) },
        Happening("SMP agrees on numeric comparison") { $0.agree(.keyboardDisplay, with: $1) },
        Happening("the device hangs up") { $0.linkEnds(0x13, with: $1) },
        Happening("the monitor channel goes") { world, _ in world.send(.monitorAvailable(false)) },
        Happening("a moment goes by") { world, _ in world.wait(.seconds(1)) },
        Happening("time goes by") { world, _ in world.wait(.seconds(12)) },
    ]

    private static let kinds: [PairingKey.Kind] = [
        .longTermKey(.unauthenticated, size: 7), .longTermKey(.authenticatedP256, size: 16),
        .longTermKey(.debugP256, size: 16), .linkKey(.unauthenticatedP192), .linkKey(.changedCombination),
    ]

    private static let keys: [Happening] =
        kinds.flatMap { kind in
            [true, false].map { isKept in
                Happening("the kernel makes a key: \(kind), \(isKept ? "kept" : "not kept")") {
                    $0.send(.key($1.adapter, $1.address, PairingKey(kind: kind, isKept: isKept)))
                }
            }
        } + [
            Happening("the device says that it is the cuff") {
                $0.send(.identity($1.adapter, $1.address, identity: cuff.address))
            },
            Happening("the device says that it is a third one") {
                $0.send(.identity($1.adapter, $1.address, identity: PairingTests.device(3).address))
            },
            Happening("the air shows a link") { $0.send(.observed($1.adapter, $1.address, .connected(.le, .central))) },
            Happening("the air shows the end of a link") {
                $0.send(.observed($1.adapter, $1.address, .disconnected(.connectionTimeout)))
            },
            Happening("the device has lost its key") { $0.send(.keyMissing($1.adapter, $1.address)) },
            Happening("authentication fails for want of a key") {
                $0.send(.authenticationFailed($1.adapter, $1.address, code: 0x06))
            },
            Happening("authentication fails") { $0.send(.authenticationFailed($1.adapter, $1.address, code: 0x05)) },
        ]

    private static func settings(_ change: (inout Conduct) -> Void) -> Event {
        var conduct = Conduct()
        change(&conduct)
        return .settingsChanged(Timing(), Bounds(), conduct)
    }

    private static let settings: [Happening] = [
        Happening("the settings are the usual ones") { world, _ in world.send(settings { _ in }) },
        Happening("Pairable is not ours") { world, _ in world.send(settings { $0.managesPairable = false }) },
        Happening("discovery goes on by itself") { world, _ in world.send(settings { $0.discovers = true }) },
        Happening("discovery goes on in a window") { world, _ in
            world.send(settings { $0.discoversInWindow = true })
        },
        Happening("a window makes the adapter discoverable") { world, _ in
            world.send(settings { $0.isDiscoverableInWindow = true })
        },
        Happening("foreign bonds are undone") { world, _ in world.send(settings { $0.undoesForeignBonds = true }) },
        Happening("rules that repair") { world, _ in
            world.send(
                .rulesChanged(
                    Rules {
                        $0.repair.bondLost = .repair
                        $0.repair.securityRequest = .repair
                        $0.repair.bondedDevice = .ask
                    }))
        },
        Happening("rules that ask about lost bonds") { world, _ in
            world.send(.rulesChanged(Rules { $0.repair.bondLost = .ask }))
        },
        Happening("rules that remove lost bonds") { world, _ in
            world.send(.rulesChanged(Rules { $0.repair.bondLost = .remove }))
        },
        Happening("rules that want no bond") { world, _ in
            world.send(.rulesChanged(Rules { $0.pairing.bond = .none }))
        },
        Happening("rules that try again") { world, _ in
            world.send(.rulesChanged(Rules { $0.pairing.attempts = 3 }))
        },
        Happening("rules that let nobody start a pairing") { world, _ in
            guard let rules = try? policy(Situation.manual) else { return }
            world.send(.rulesChanged(rules))
        },
    ]

    private static let commands: [Happening] = [
        Happening("pair") { _ = try? $0.pair(.address($1.address, adapter: nil)) },
        Happening("pair by force") { _ = try? $0.pair(.device($1), isForced: true) },
        Happening("forget") { try? $0.forget(.device($1), token: 1) },
        Happening("cancel") { world, _ in
            guard let number = world.coordinator.pairings.last(where: { $0.outcome == nil })?.number else { return }
            try? world.cancel(number)
        },
        Happening("accept") { world, _ in try? world.answer(.accept, to: world.openRequests.first?.number ?? .init(0))
        },
        Happening("reject") { world, _ in try? world.answer(.reject, to: world.openRequests.last?.number ?? .init(0)) },
        Happening("enter") { world, _ in
            guard let passkey = Passkey(secretDigits), let request = world.openRequests.first else { return }
            try? world.answer(.passkey(passkey), to: request.number)
        },
        Happening("rules that accept") { world, _ in world.send(.rulesChanged(SecurityTests.everything)) },
        Happening("rules that ask") { world, _ in world.send(.rulesChanged(Rules())) },
        Happening("rules that demand strong keys") { world, _ in
            world.send(.rulesChanged(VerificationTests.strong))
        },
        Happening("rules that start pairings") { world, _ in
            guard let rules = try? policy(AutomaticTests.simple) else { return }
            world.send(.rulesChanged(rules))
        },
        Happening("the device is heard") { $0.device($1, inRange: true) { _ in } },
        Happening("rules for a window") { world, _ in world.send(.rulesChanged(WindowTests.inWindow)) },
        Happening("a window opens") { world, _ in world.openWindow(.seconds(10)) },
        Happening("the window closes") { world, _ in world.closeWindow() },
        Happening("no rules") { world, _ in world.send(.rulesChanged(NoRules())) },
    ]

    private static let lifecycle: [Happening] = [
        Happening("BlueZ vanishes") { world, _ in world.send(.bluezVanished) },
        Happening("BlueZ releases the agents") { world, _ in world.send(.agentReleased(.default)) },
        Happening("BlueZ appears") { world, _ in
            world.send(.bluezAppeared)
            world.adapter(hci0, isPowered: true)
        },
        Happening("the daemon ends") { world, _ in world.send(.stopping) },
        Happening("Pairable goes off") { world, _ in world.adapter(hci0, isPowered: true, isPairable: false) },
        Happening("Pairable goes on") { world, _ in world.adapter(hci0, isPowered: true, isPairable: true) },
        Happening("the adapter is off") { world, _ in world.adapter(hci0, isPowered: false) },
        Happening("the adapter is removed") { world, _ in world.send(.adapterRemoved(hci0)) },
    ]
}

/// Every state that a pairing, a request or a removal can be in.
struct Situation: Sendable, CustomTestStringConvertible {
    let name: String
    let reach: @Sendable (inout World) throws -> Void

    init(_ name: String, _ reach: @escaping @Sendable (inout World) throws -> Void) {
        self.name = name
        self.reach = reach
    }

    var testDescription: String { name }

    private static func ours(_ name: String, _ then: @escaping @Sendable (inout World, PairingNumber) throws -> Void)
        -> Situation
    {
        Situation(name) { world in
            let number = try world.pairUntilCalled()
            try then(&world, number)
        }
    }

    private static let role = AgentRole.capability(.keyboardDisplay)

    /// A rule by which only people start pairings.
    static let manual = "match.name = \"Cuff\""

    /// A bonded cuff, under these rules, whose key the device has lost.
    private static func lost(_ name: String, _ action: LostBond) -> Situation {
        Situation(name) { world in
            world.send(.rulesChanged(Rules { $0.repair.bondLost = action }))
            world.device(paired: true, connected: true)
            world.send(.keyMissing(hci0, cuff.address))
        }
    }

    static let all = usual + switching + undoing + repairing

    private static let switching: [Situation] = [
        Situation("switching Pairable") { world in
            world.send(.rulesChanged(try policy(manual)))
            world.send(.settingsChanged(Timing(), Bounds(), Conduct()))
            world.adapter(hci0, isPowered: true, isPairable: false)
            world.send(.pairableSet(hci0, error: nil))
            world.device()
            _ = try world.pair()
        },
        Situation("pausing after a closed link") { world in
            world.device(connected: true)
            _ = try world.pair()
            world.device()
        },
        Situation("pausing between two attempts") { world in
            world.send(.rulesChanged(Rules { $0.pairing.attempts = 3 }))
            let number = try world.pairUntilCalled()
            world.pairReturns(number, "org.bluez.Error.AuthenticationFailed")
        },
        ours("the adapter went in Pair()") { world, _ in world.adapter(hci0, isPowered: false) },
        ours("unsettled after a restart of bluetoothd") { world, _ in
            world.send(.bluezVanished)
            world.send(.bluezAppeared)
            world.adapter(hci0, isPowered: true)
        },
    ]

    private static let undoing: [Situation] = [
        Situation("undoing a foreign bond") { world in
            world.send(.rulesChanged(VerificationTests.strong))
            world.device(connected: true)
            world.device(paired: true, connected: true)
        },
        Situation("undoing a weak bond of ours") { world in
            world.send(.rulesChanged(VerificationTests.strong))
            let number = try world.pairUntilCalled()
            world.agree(.noInputNoOutput)
            world.device(paired: true, connected: true)
            world.pairReturns(number)
        },
        Situation("a bond for one connection") { world in
            world.send(.rulesChanged(Rules { $0.pairing.bond = .session }))
            let number = try world.pairUntilCalled()
            world.device(paired: true, connected: true)
            world.pairReturns(number)
        },
    ]

    private static let repairing: [Situation] = [
        Situation("removing the old bond by force") { world in
            world.device(paired: true, connected: true)
            _ = try world.pair(.device(cuff), isForced: true)
        },
        lost("disconnecting before a repair", .repair),
        Situation("looking for the device of a repair") { world in
            world.send(.rulesChanged(Rules { $0.repair.bondLost = .repair }))
            world.device(paired: true)
            world.send(.keyMissing(hci0, cuff.address))
        },
        Situation("removing the old bond for a repair") { world in
            world.send(.rulesChanged(Rules { $0.repair.bondLost = .repair }))
            world.device(paired: true)
            world.send(.keyMissing(hci0, cuff.address))
            world.device(paired: true, inRange: true) { _ in }
        },
        lost("a repair request is open", .ask),
        lost("removing a lost bond", .remove),
    ]

    private static let usual: [Situation] = [
        Situation("nothing") { _ in },
        Situation("discovering") { world in _ = try world.pair() },
        Situation("waiting for the name") { world in
            world.device(name: nil)
            _ = try world.pair()
        },
        Situation("waiting for a removal") { world in
            world.device(paired: true)
            try world.forget()
            _ = try world.pair()
        },
        Situation("disconnecting") { world in
            world.device(connected: true)
            _ = try world.pair()
        },
        ours("queued behind another") { world, _ in
            world.device(scale, name: "Scale")
            _ = try world.pair(.device(scale))
        },
        ours("Pair() is outstanding") { _, _ in },
        ours("asked in Pair()") { world, _ in world.ask({ .passkey($0) }, on: role) },
        ours("showing in Pair()") { world, _ in world.show(try .secret, on: role) },
        ours("bonded in Pair()") { world, _ in world.device(paired: true, connected: true) },
        ours("verifying") { world, number in world.pairReturns(number) },
        ours("cancelled") { world, number in try world.cancel(number) },
        ours("rejected") { world, _ in
            world.ask({ .passkey($0) }, on: role)
            try world.answer(.reject)
        },
        Situation("asked by the device") { world in
            world.device(connected: true)
            world.ask { .authorization($0) }
        },
        Situation("accepted") { world in
            world.device(connected: true)
            world.ask { .authorization($0) }
            try world.answer(.accept)
        },
        Situation("taken back") { world in
            world.device(connected: true)
            world.ask { .authorization($0) }
            world.send(.questionCancelled(.default))
        },
        Situation("shown for the device") { world in
            world.device(connected: true)
            world.show(try .secret)
        },
        Situation("being cut") { world in
            world.device(connected: true)
            world.show(try .secret)
            try world.answer(.reject)
        },
        Situation("asked for a service") { world in
            world.device(paired: true, connected: true)
            world.ask { .service(ServiceTests.headset, $0) }
        },
        Situation("forgetting") { world in
            world.device(paired: true)
            try world.forget()
        },
        Situation("without BlueZ") { world in world.send(.bluezVanished) },
    ]
}
