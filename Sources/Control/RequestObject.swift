// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop
import Pairing

/// `/org/pairingd/request/N`, `org.pairingd.Request1`.
@LoopActor
final class RequestObject {
    var snapshot: RequestSnapshot
    unowned let commands: any Commands

    init(_ snapshot: RequestSnapshot, commands: any Commands) {
        self.snapshot = snapshot
        self.commands = commands
    }

    static func path(_ number: RequestNumber) -> ObjectPath {
        ManagerObject.path.child("request").child(String(number.value))
    }

    static let interface = Interface<RequestObject>(
        "org.pairingd.Request1",
        methods: [
            Method("Accept", access: .answer) { request, call throws(DBusError) in
                try request.answer(.accept, call)
            },
            Method("Reject", access: .answer) { request, call throws(DBusError) in
                try request.answer(.reject, call)
            },
            Method("EnterPasskey", in: [Argument("passkey", "u")], access: .answer) { request, call throws(DBusError) in
                guard let passkey = Passkey(try call.argument(0, as: UInt32.self)) else {
                    throw ControlError.invalidArgument("a passkey is a number from 0 to 999999")
                }
                return try request.answer(.passkey(passkey), call)
            },
            Method("EnterPin", in: [Argument("pin", "s")], access: .answer) { request, call throws(DBusError) in
                guard let pin = PINCode(try call.argument(0, as: String.self)) else {
                    throw ControlError.invalidArgument("a PIN code has 1 to 16 bytes and no control characters")
                }
                return try request.answer(.pinCode(pin), call)
            },
            Method("Reveal", out: [Argument("digits", "s")], access: .answer) { request, _ throws(DBusError) in
                [.string(try request.commands.digits(of: request.snapshot.number))]
            },
        ],
        properties: [
            Property("Kind", change: .never) { $0.snapshot.kind.rawValue },
            Property("Pairing", change: .never) { $0.snapshot.pairing.map(PairingObject.path) ?? ObjectPath("/") },
            Property("Device", change: .never) { Optional($0.snapshot.device).objectPath },
            Property("Address") { $0.snapshot.address.description },
            Property("Name") { $0.snapshot.name.escaped },
            Property("Rule") { $0.snapshot.rule },
            Property("Service", change: .never) { $0.snapshot.service?.description ?? "" },
            Property("Entered") { $0.snapshot.entered },
            Property("Deadline", change: .never) { $0.snapshot.deadline.realtime },
            Property("DeadlineMonotonic", change: .never) { $0.snapshot.deadline.monotonic.microseconds },
            Property("State") { $0.snapshot.outcome == nil ? "open" : "finished" },
        ],
        signals: [Signal("Finished", [Argument("outcome", "s"), Argument("uid", "u")])])

    private func answer(_ answer: RequestAnswer, _ call: MethodCall) throws(DBusError) -> [Value] {
        try commands.answer(snapshot.number, with: answer, actor: call.actor)
        return []
    }
}
