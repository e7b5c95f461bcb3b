// SPDX-License-Identifier: Apache-2.0

public import Bluetooth
public import DBus
import EventLoop
import Pairing

/// What `org.pairingd.Device1` shows of a device.
public struct DeviceView: Hashable, Sendable {
    /// BlueZ's object path.
    public var path: ObjectPath
    public var address: Address
    /// Such as `hci0`.
    public var adapter: String
    public var name: UntrustedText?
    public var isPaired: Bool
    public var isBonded: Bool
    public var isConnected: Bool
    public var rule: String?
    /// What is known of its pairings, also from before a restart.
    public var record: BondRecord?
    /// Pairings that failed in a row.
    public var failures: UInt32

    public init(
        path: ObjectPath, address: Address, adapter: String, name: UntrustedText?, isPaired: Bool, isBonded: Bool,
        isConnected: Bool, rule: String?, record: BondRecord?, failures: UInt32 = 0
    ) {
        self.path = path
        self.address = address
        self.adapter = adapter
        self.name = name
        self.isPaired = isPaired
        self.isBonded = isBonded
        self.isConnected = isConnected
        self.rule = rule
        self.record = record
        self.failures = failures
    }

    /// A bond from before there was a record is one that stays.
    var bondState: BondRecord.State {
        guard isPaired || isBonded else { return .none }
        return record.flatMap { $0.state == .none ? nil : $0.state } ?? .kept
    }

    var strength: BondRecord.Strength? { isPaired || isBonded ? record?.strength : nil }
}

/// `/org/pairingd/device/hci0/AA_BB_CC_DD_EE_FF`, `org.pairingd.Device1`.
@LoopActor
final class DeviceObject {
    var view: DeviceView
    unowned let commands: any Commands

    init(_ view: DeviceView, commands: any Commands) {
        self.view = view
        self.commands = commands
    }

    static func path(_ view: DeviceView) -> ObjectPath {
        ManagerObject.path.child("device").child(view.adapter).child(view.address.pathComponent)
    }

    static let interface = Interface<DeviceObject>(
        "org.pairingd.Device1",
        methods: [
            Method("Pair", in: [Argument("options", "a{sv}")], out: [Argument("pairing", "o")], access: .pair) {
                device, call throws(DBusError) in
                let number = try device.commands.pair(
                    device.view.path.text, try PairOptions(call.argument(0)), actor: call.actor,
                    authorizedRule: call.authorizedRule)
                return [.objectPath(PairingObject.path(number))]
            },
            Method(
                "Forget", access: .manage,
                deferred: { device, call in
                    device.commands.forget(device.view.path.text, actor: call.actor) { error in
                        if let error { call.fail(error) } else { call.reply() }
                    }
                }),
        ],
        properties: [
            Property("Address", change: .never) { $0.view.address.description },
            Property("Adapter", change: .never) { $0.view.adapter },
            Property("Name") { $0.view.name.escaped },
            Property("Paired") { $0.view.isPaired },
            Property("Bonded") { $0.view.isBonded },
            Property("Connected") { $0.view.isConnected },
            Property("Rule") { $0.view.rule ?? "" },
            Property("BondState") { $0.view.bondState.rawValue },
            Property("Security") { $0.view.strength?.level.rawValue ?? "unknown" },
            Property("SecureConnections") {
                $0.view.strength.map { $0.isSecureConnections ? "yes" : "no" } ?? "unknown"
            },
            Property("KeySize") { $0.view.strength?.keySize ?? 0 },
            Property("LastResult") { $0.view.record?.lastResult?.rawValue ?? "" },
            Property("LastPaired") { $0.view.record?.lastPaired ?? 0 },
            Property("Failures") { $0.view.failures },
        ])
}
