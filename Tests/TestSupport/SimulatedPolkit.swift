// SPDX-License-Identifier: Apache-2.0

import DBus
public import EventLoop

/// A polkit on the private bus that says what a test wants, and remembers what it was asked.
@LoopActor
public final class SimulatedPolkit {
    public enum Behaviour: Sendable, CaseIterable {
        case yes
        case no
        /// A password would do.
        case challenge
        /// A password would do, and polkit would keep it for a while; a person who may be asked gives it.
        case password
        /// The person closed the dialog.
        case dismissed
        /// Not before ``release(_:)``.
        case slow
        case error
        /// An answer of another form.
        case nonsense
        /// It ends instead of answering.
        case leaves
    }

    public struct Question: Sendable {
        /// The kind of subject, and the unique name that it has.
        public let kind: String
        public let caller: String
        public let action: String
        public let details: [String: String]
        public let allowsInteraction: Bool
        public let identifier: String
    }

    public var behaviour: Behaviour
    public private(set) var questions: [Question] = []
    /// The identifiers of questions that were taken back.
    public private(set) var cancelled: [String] = []
    private var waiting: [MethodCall] = []
    private let connection: Connection

    public init(_ bus: PrivateBus, _ behaviour: Behaviour) async throws {
        self.behaviour = behaviour
        connection = try await Connection(address: bus.address)
        connection.objects.export(self, at: "/org/freedesktop/PolicyKit1/Authority", [Self.interface])
        _ = try await connection.requestName("org.freedesktop.PolicyKit1")
    }

    /// Leaves the bus.
    public func close() { connection.close() }

    /// Answers what ``Behaviour/slow`` has kept.
    public func release(_ behaviour: Behaviour) {
        for call in waiting { answer(call, behaviour) }
        waiting = []
    }

    static let interface = Interface<SimulatedPolkit>(
        "org.freedesktop.PolicyKit1.Authority",
        methods: [
            Method(
                "CheckAuthorization",
                in: [
                    Argument("subject", "(sa{sv})"), Argument("action_id", "s"), Argument("details", "a{ss}"),
                    Argument("flags", "u"), Argument("cancellation_id", "s"),
                ], out: [Argument("result", "(bba{ss})")], access: .anyone,
                deferred: { polkit, call in
                    polkit.note(call)
                    polkit.answer(call, polkit.behaviour)
                }),
            Method(
                "CancelCheckAuthorization", in: [Argument("cancellation_id", "s")], access: .anyone
            ) { polkit, call throws(DBusError) in
                polkit.cancelled.append(try call.argument(0))
                return []
            },
        ])

    private func note(_ call: MethodCall) {
        guard case .structure(let subject)? = call.arguments.first, subject.count == 2,
            let kind: String = subject[0].converted(), let properties: [String: Value] = subject[1].converted(),
            let action: String = call.arguments[1].converted(),
            let details: [String: String] = call.arguments[2].converted(),
            let flags: UInt32 = call.arguments[3].converted(), let identifier: String = call.arguments[4].converted()
        else { return }
        questions.append(
            Question(
                kind: kind, caller: properties["name"]?.converted() ?? "", action: action, details: details,
                allowsInteraction: flags & 1 != 0, identifier: identifier))
    }

    private func answer(_ call: MethodCall, _ behaviour: Behaviour) {
        switch behaviour {
        case .yes: call.reply(Self.result(true, false))
        case .no: call.reply(Self.result(false, false))
        case .challenge: call.reply(Self.result(false, true))
        case .password:
            let isAsked = questions.last?.allowsInteraction == true
            let kept = ["polkit.retains_authorization_after_challenge": "true"]
            call.reply(isAsked ? Self.result(true, false) : Self.result(false, true, kept))
        case .dismissed: call.reply(Self.result(false, true, ["polkit.dismissed": "true"]))
        case .slow: waiting.append(call)
        case .error: call.fail(DBusError(name: "org.freedesktop.PolicyKit1.Error.Failed", message: "it is broken"))
        case .nonsense: call.reply(.string("yes"))
        case .leaves: close()
        }
    }

    private static func result(_ isAuthorized: Bool, _ isChallenge: Bool, _ details: [String: String] = [:]) -> Value {
        .structure([.boolean(isAuthorized), .boolean(isChallenge), details.value])
    }
}
