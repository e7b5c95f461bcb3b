// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop
import Explain
import TestSupport

@testable import Control
@testable import Pairing

/// `org.pairingd` as the daemon puts it on the bus, with one object of each kind, and nothing behind it but a list of what
/// it was told to do.
@LoopActor
struct GuardedServer {
    /// A group that this machine's users are not in.
    static let group: UInt32 = 4_242
    static let address = Address(bits: 0x005F_BF71_8118)
    static let device = DeviceReference(
        path: "/org/bluez/hci0/dev_00_5F_BF_71_81_18", adapter: AdapterReference(path: "/org/bluez/hci0"))

    let bus: PrivateBus
    let commands = Commanded()
    private let server: Server
    private let connection: Connection

    /// - Parameter patience: How long polkit may think, in milliseconds; `nil` for as long as it may in earnest.
    init(_ bus: PrivateBus, patience: Int32? = nil) async throws {
        self.bus = bus
        connection = try await Connection(address: bus.address)
        var limits = Authorizer.Patience()
        if let patience { (limits.alone, limits.withPerson) = (patience, patience) }
        server = Server(
            connection: connection, commands: commands,
            authorizer: Authorizer(connection: connection, group: Self.group, patience: limits))
        server.publish(
            .pairingAdded(
                PairingSnapshot(
                    number: PairingNumber(1), origin: .requested, actor: nil, address: Self.address,
                    device: Self.device, adapter: Self.device.adapter, name: "Cuff\u{1B}", rule: "10-cuff",
                    profile: nil, attempt: 1, agreement: nil, strength: nil, phase: .pairing, startedAt: 1,
                    finishedAt: nil, outcome: nil)))
        server.publish(.requestAdded(Self.request()))
        server.show(
            DeviceView(
                path: Self.device.objectPath, address: Self.address, adapter: "hci0", name: "Cuff\u{1B}",
                isPaired: false, isBonded: false, isConnected: false, rule: "10-cuff", record: nil),
            at: Self.device.objectPath)
        _ = try await connection.requestName(Server.name)
    }

    /// Leaves the bus; until then it has to be there.
    func close() { connection.close() }

    /// The request comes to its end.
    func finishRequest(_ outcome: RequestOutcome) { server.publish(.requestFinished(Self.request(outcome))) }

    private static func request(_ outcome: RequestOutcome? = nil) -> RequestSnapshot {
        RequestSnapshot(
            number: RequestNumber(1), kind: .confirmation, pairing: PairingNumber(1), device: device, address: address,
            name: "Cuff\u{1B}", rule: "10-cuff", service: nil, entered: 0,
            deadline: Moment(monotonic: MonotonicTime(microseconds: 1), realtime: 1), outcome: outcome, actor: nil)
    }

    /// Every method of every interface, with an object that has it.
    static var methods: [GuardedMethod] {
        GuardedMethod.all(of: ManagerObject.interface, at: ManagerObject.path)
            + GuardedMethod.all(of: PairingObject.interface, at: PairingObject.path(PairingNumber(1)))
            + GuardedMethod.all(of: RequestObject.interface, at: RequestObject.path(RequestNumber(1)))
            + GuardedMethod.all(of: DeviceObject.interface, at: "/org/pairingd/device/hci0/00_5F_BF_71_81_18")
    }
}

extension DeviceReference {
    fileprivate var objectPath: ObjectPath { ObjectPath(path) ?? "/" }
}

/// Takes every command, and does nothing but write it down.
@LoopActor
final class Commanded: Commands {
    /// Each command with the user that gave it, if it tells.
    private(set) var calls: [String] = []
    var managerState: ManagerState { ManagerState() }

    private func note(_ command: String, _ actor: Actor? = nil) {
        calls.append(command + (actor.map { " by \($0.uid)" } ?? ""))
    }

    func pair(
        _ device: String, _ options: PairOptions, actor: Actor, authorizedRule: String?
    ) throws(DBusError) -> PairingNumber {
        note("pair" + (authorizedRule.map { " with \($0)" } ?? ""), actor)
        return PairingNumber(1)
    }
    func forget(_ device: String, actor: Actor, _ completion: @escaping @LoopActor (DBusError?) -> Void) {
        note("forget", actor)
        completion(nil)
    }
    func evaluate(_ device: String, inWindow: Bool?) throws(DBusError) -> [String: Value] {
        note("evaluate")
        return [:]
    }
    func reload(actor: Actor) throws(DBusError) { note("reload", actor) }
    func openWindow(_ seconds: UInt32, devices: [String], actor: Actor) throws(DBusError) -> UInt64 {
        note("open window", actor)
        return 1
    }
    func closeWindow(actor: Actor) { note("close window", actor) }
    func cancel(_ pairing: PairingNumber, actor: Actor) throws(DBusError) { note("cancel", actor) }
    func explain(_ pairing: PairingNumber) throws(DBusError) -> Report {
        note("explain")
        throw ControlError.failed("there is nothing to explain")
    }
    func answer(_ request: RequestNumber, with answer: RequestAnswer, actor: Actor) throws(DBusError) {
        note("answer", actor)
    }
    func digits(of request: RequestNumber) throws(DBusError) -> String {
        note("reveal")
        return "000000"
    }
}
