// SPDX-License-Identifier: Apache-2.0

public import DBus
public import EventLoop
import Glibc

/// Decides who may act: root and the daemon's own user always, others if polkit says so; where there is no polkit, the members of one group.
///
/// Who calls is asked of the bus, so the answer holds for the process that made the connection. Anything but a clear yes
/// means no.
@LoopActor
public final class Authorizer {
    /// How long polkit may think, in milliseconds.
    public struct Patience: Sendable {
        /// Less than the 25 s that libraries wait for an answer, so that the caller gets ours.
        var alone: Int32 = 20_000
        /// While a person is asked for a password.
        var withPerson: Int32 = 110_000

        public init() {}
    }

    /// What polkit's rules can `lookup`.
    enum Detail {
        static let device = "device"
        static let name = "name"
        static let rule = "rule"
    }

    private let connection: Connection
    private let polkit: Polkit
    private let group: UInt32?
    private let patience: Patience
    private var checks: [Check] = []

    /// How many checks may be under way, of one user and of all: nobody can make the daemon keep calls without end. The bus
    /// lets a connection wait for 128 answers, and BlueZ's have to find room beside polkit's.
    static let checksOfOneUser = 16
    static let checksOfAll = 64

    /// - Parameter group: Who may act where there is no polkit; `nil` for root alone.
    public init(
        connection: Connection, group: UInt32? = Authorizer.group(named: "bluetooth"), patience: Patience = Patience()
    ) {
        self.connection = connection
        self.group = group
        self.patience = patience
        polkit = Polkit(connection: connection)
    }

    /// The number of a group; `nil` where it does not exist.
    public nonisolated static func group(named name: String) -> UInt32? { getgrnam(name).map { $0.pointee.gr_gid } }

    /// Who the caller is, if it may act; with the details only where polkit decided by them.
    ///
    /// - Parameter details: What the call is about, for polkit's rules and dialogs; nothing in it is secret or unescaped.
    /// - Throws: ``ControlError/notAuthorized(_:)`` with what would help; ``ControlError/busy(_:)`` while the caller has too
    ///   many checks under way; what ``giveUp(on:_:)`` was told.
    public func authorize(
        _ call: MethodCall, _ access: Access, about details: [String: String]
    ) async throws(DBusError) -> Authorization {
        let credentials: Credentials
        do throws(DBusError) {
            credentials = try await connection.credentials(of: call.sender)
        } catch {
            throw ControlError.notAuthorized("\(call.member): the bus does not tell who is calling")
        }
        // A process of the daemon's own user, as systemd starts for a reload, could do it all without asking.
        if credentials.user == 0 || credentials.user == geteuid() { return Authorization(user: credentials.user) }
        switch try await ask(call, access, details, user: credentials.user) {
        case .yes:
            return Authorization(user: credentials.user, details: details)
        case .absent:
            if let group, credentials.groups.contains(group) { return Authorization(user: credentials.user) }
            throw ControlError.notAuthorized("\(call.member) is for root and the members of the group bluetooth")
        case .no:
            throw ControlError.notAuthorized(
                "polkit does not allow \(call.member); a rule for \(access.action) in /etc/polkit-1/rules.d can")
        case .passwordNeeded:
            throw ControlError.notAuthorized(
                "\(call.member) needs an administrator's password, and nobody could be asked for it; a rule for"
                    + " \(access.action) in /etc/polkit-1/rules.d can allow it without")
        case .dismissed:
            throw ControlError.notAuthorized("\(call.member): no password was given")
        case .failed(let why):
            throw ControlError.notAuthorized(
                "\(call.member): polkit could not be asked: \(why); systemctl status polkit tells more")
        }
    }

    /// Ends the checks of calls on an object that has nothing left to decide; their callers get `error` at once.
    public func giveUp(on path: ObjectPath, _ error: DBusError) {
        for check in checks where check.path == path { check.end(error) }
    }

    private func ask(
        _ call: MethodCall, _ access: Access, _ details: [String: String], user: UInt32
    ) async throws(DBusError) -> Polkit.Answer {
        guard checks.count < Self.checksOfAll, checks.count(where: { $0.user == user }) < Self.checksOfOneUser else {
            throw ControlError.busy("\(call.member): polkit is still thinking about too many other calls")
        }
        let question = Polkit.Question(
            caller: call.sender, action: access.action, details: details, allowsInteraction: call.allowsInteraction)
        let timeout = call.allowsInteraction ? patience.withPerson : patience.alone
        let check = Check(user: user, path: call.path)
        checks.append(check)
        defer { checks.removeAll { $0 === check } }
        let departure = connection.subscribe(
            MatchRule(
                sender: Bus.name, interface: Bus.interface, member: "NameOwnerChanged", firstArgument: call.sender)
        ) { [weak check] _ in check?.end(ControlError.notAuthorized("the caller has left")) }
        defer { departure.cancel() }
        return try await check.run { [polkit] in await polkit.answer(question, timeout: timeout) }
    }
}

/// A call that waits for polkit's answer.
@LoopActor
private final class Check {
    let user: UInt32
    /// The object that the call is for.
    let path: ObjectPath
    private var task: Task<Void, Never>?
    private var answer: Polkit.Answer?
    private var ending: DBusError?

    init(user: UInt32, path: ObjectPath) {
        self.user = user
        self.path = path
    }

    func run(_ ask: @escaping @LoopActor @Sendable () async -> Polkit.Answer) async throws(DBusError) -> Polkit.Answer {
        let task = onLoop { self.answer = await ask() }
        self.task = task
        await task.value
        if let ending { throw ending }
        return answer ?? .no
    }

    /// Whatever polkit says from now on, the caller gets `error`.
    func end(_ error: DBusError) {
        if ending == nil { ending = error }
        task?.cancel()
    }
}
