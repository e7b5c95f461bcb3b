// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop
import TestSupport
import Testing

/// A bus with a simulated BlueZ on it, for one test.
@LoopActor
struct Stage {
    let bus: PrivateBus
    let bluez: SimulatedBlueZ

    init(
        _ bus: PrivateBus, _ configure: (inout SimulatedBlueZ.Configuration) -> Void = { _ in }
    ) async throws {
        self.bus = bus
        var configuration = SimulatedBlueZ.Configuration()
        configure(&configuration)
        bluez = SimulatedBlueZ(bus: bus, configuration: configuration)
        try await bluez.start()
    }

    /// A program whose agent is registered; the first of them is the default.
    func agent(
        _ capability: IOCapability, _ answer: ScriptedAgent.Answer = .yes
    ) async throws(DBusError) -> ScriptedAgent {
        let agent = try await ScriptedAgent(bus: bus, answer: answer)
        try await agent.register(capability.rawValue)
        return agent
    }

    /// An LE device that BlueZ knows.
    func device(
        _ capability: IOCapability = .noInputNoOutput, mitm: Bool? = nil,
        _ change: (inout DeviceBehaviour) -> Void = { _ in }
    ) -> SimulatedDevice {
        var behaviour = DeviceBehaviour(capability, mitm: mitm)
        change(&behaviour)
        return bluez.addDevice(Self.address, name: "Cuff", behaviour: behaviour)
    }

    func classicDevice(
        _ transport: SimulatedTransport, _ capability: IOCapability = .displayYesNo,
        _ change: (inout DeviceBehaviour) -> Void = { _ in }
    ) -> SimulatedDevice {
        var behaviour = DeviceBehaviour(capability)
        change(&behaviour)
        return bluez.addDevice(Self.address, .public, transport, name: "Phone", behaviour: behaviour)
    }

    static let address = Address(bits: 0x005F_BF71_8118)

    /// Waits for the end of the pairings so far, and gives how the last one ended.
    func lastResult() async -> PairingResult? {
        _ = await eventually { bluez.log.pairings.allSatisfy { $0.result != nil } }
        return bluez.log.pairings.last?.result
    }

    var transcript: Comment { Comment(rawValue: bluez.log.transcript) }
}

/// The name of the error that `body` throws, without its domain, or `nil`.
@LoopActor
func errorName(_ body: @LoopActor () async throws -> Void) async -> String? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? DBusError)?.name.split(separator: ".").last.map(String.init) ?? "\(error)"
    }
}

/// Gathers the signals that BlueZ sends about a device.
@LoopActor
final class Witness {
    private(set) var events: [String] = []
    private var subscriptions: [Subscription] = []

    init(_ connection: Connection) {
        subscriptions = [
            connection.subscribe(
                MatchRule(
                    sender: "org.bluez", interface: "org.freedesktop.DBus.Properties", member: "PropertiesChanged",
                    scope: .namespace("/org/bluez"))
            ) { [weak self] message in
                let arguments = message.arguments
                guard let changed: [String: Value] = arguments[1].converted(),
                    let invalidated: [String] = arguments[2].converted()
                else { return }
                let texts = changed.map { "\($0.key)=\(Self.text($0.value))" } + invalidated.map { "\($0) gone" }
                self?.note(texts.sorted().joined(separator: " "))
            },
            connection.subscribe(
                MatchRule(sender: "org.bluez", interface: "org.freedesktop.DBus.ObjectManager", scope: .path("/"))
            ) { [weak self] in self?.note($0.member ?? "") },
        ]
    }

    /// Makes sure that the bus knows what to deliver.
    static func start(on connection: Connection) async throws -> Witness {
        let witness = Witness(connection)
        _ = await eventually { connection.owner(of: "org.bluez") != nil }
        return witness
    }

    func note(_ event: String) { events.append(event) }

    private static func text(_ value: Value) -> String {
        switch value {
        case .boolean(let flag): "\(flag)"
        case .string(let text): text
        default: "\(value)"
        }
    }
}
