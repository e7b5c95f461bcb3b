// SPDX-License-Identifier: Apache-2.0

public import EventLoop
import Glibc

/// A private connection to a message bus.
///
/// Everything is asynchronous and happens on the loop. When the connection breaks, ``onDisconnect`` is called once and
/// every call that waits for an answer fails with ``DBusError/disconnected``; a new connection is a new object.
@LoopActor
public final class Connection {
    /// The name that the bus gave this connection, such as `:1.42`.
    public private(set) var uniqueName = ""
    /// Called once when the bus has closed the connection.
    public var onDisconnect: (@LoopActor () -> Void)?
    /// The objects that others may call on this connection.
    public private(set) lazy var objects = ObjectServer(connection: self)

    private let libDBus: LibDBusConnection
    /// By number and not by object: a subscription that is dropped ends a moment later, and a new one may have taken its
    /// place in memory by then.
    private var subscriptions: [UInt64: WeakSubscription] = [:]
    /// From dbus 1.16 on each such answer brings a descriptor of the process, and the bus drops answers when more than 64 of
    /// them wait for one connection (`max_outgoing_unix_fds` in Debian's system.conf).
    private let credentialLookups = Gate(width: 16)
    private var lastSubscription: UInt64 = 0
    private var owners: [String: NameOwner] = [:]

    private struct WeakSubscription { weak var subscription: Subscription? }

    /// The system bus's address: `DBUS_SYSTEM_BUS_ADDRESS`, or the well-known socket.
    public nonisolated static var systemBusAddress: String {
        if let value = getenv("DBUS_SYSTEM_BUS_ADDRESS") {
            let text = String(cString: value)
            if !text.isEmpty { return text }
        }
        return "unix:path=/run/dbus/system_bus_socket"
    }

    /// Connects to the bus at `address` and says hello.
    public init(address: String = Connection.systemBusAddress) async throws(DBusError) {
        libDBus = try LibDBusConnection(address: address)
        libDBus.onMessage = { [weak self] in self?.receive($0) }
        let reply = try await call(Bus.name, Bus.path, Bus.interface, "Hello")
        guard case .string(let name)? = reply.first else { throw .failed("the bus gave no name") }
        uniqueName = name
        libDBus.setUniqueName(name)
    }

    public var isConnected: Bool { libDBus.isConnected }

    /// Sends what is queued and closes the connection.
    public func close() {
        libDBus.flush()
        onDisconnect = nil
        libDBus.close()
    }

    // MARK: Calling

    /// Calls a method and waits for its answer's arguments, for ever if `timeout` is `nil`.
    ///
    /// - Parameter timeout: Milliseconds until the call fails with `org.freedesktop.DBus.Error.NoReply`.
    @discardableResult
    public func call(
        _ destination: String, _ path: ObjectPath, _ interface: String, _ member: String, _ arguments: [Value] = [],
        timeout: Int32? = 25_000, allowsInteraction: Bool = false
    ) async throws(DBusError) -> [Value] {
        let message = try Message.methodCall(
            to: destination, path: path, interface: interface, member: member, arguments: arguments,
            allowsInteraction: allowsInteraction)
        return try await call(message, timeout: timeout).get().arguments
    }

    /// Sends a method call and gives its answer; a cancelled task gets ``DBusError/cancelled`` at once.
    public func call(_ message: Message, timeout: Int32?) async -> Result<Message, DBusError> {
        @LoopActor final class Box { var call: PendingCall? }
        let box = Box()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                box.call = libDBus.call(message, timeout: timeout) { continuation.resume(returning: $0) }
                if Task.isCancelled { box.call?.cancel() }
            }
        } onCancel: {
            onLoop { box.call?.cancel() }
        }
    }

    /// Sends a message for which no answer is awaited.
    public func send(_ message: Message) { libDBus.send(message) }

    /// Sends a signal to everybody who listens.
    public func emit(
        _ path: ObjectPath, _ interface: String, _ member: String, _ arguments: [Value] = []
    ) throws(DBusError) {
        send(try Message.signal(path: path, interface: interface, member: member, arguments: arguments))
    }

    /// Asks for a well-known name, without waiting in a queue for it.
    ///
    /// - Returns: Whether this connection owns the name now.
    public func requestName(_ name: String) async throws(DBusError) -> Bool {
        // DBUS_NAME_FLAG_DO_NOT_QUEUE; 1 and 4 are PRIMARY_OWNER and ALREADY_OWNER.
        let reply = try await call(Bus.name, Bus.path, Bus.interface, "RequestName", [.string(name), .uint32(4)])
        return reply.first == .uint32(1) || reply.first == .uint32(4)
    }

    /// Who a connection belongs to, as the bus saw when it connected.
    public func credentials(of name: String) async throws(DBusError) -> Credentials {
        await credentialLookups.enter()
        defer { credentialLookups.leave() }
        let reply = try await call(Bus.name, Bus.path, Bus.interface, "GetConnectionCredentials", [.string(name)])
        guard let entries = reply.first?.converted(to: [String: Value].self),
            let user = entries["UnixUserID"]?.converted(to: UInt32.self)
        else { throw .failed("the bus does not tell whose connection \(name) is") }
        return Credentials(
            user: user, groups: entries["UnixGroupIDs"]?.converted(to: [UInt32].self) ?? [],
            process: entries["ProcessID"]?.converted(to: UInt32.self))
    }

    // MARK: Listening

    /// Delivers the signals of `rule` to `handler` until the subscription is cancelled or dropped.
    ///
    /// The rule's sender may be a well-known name: only signals of its owner at that moment are delivered, whoever else
    /// sends some of the same form.
    public func subscribe(_ rule: MatchRule, _ handler: @escaping @LoopActor (Message) -> Void) -> Subscription {
        lastSubscription += 1
        let subscription = Subscription(
            number: lastSubscription, rule: rule, owner: senderTracker(rule.sender), connection: self, handler)
        subscriptions[subscription.number] = WeakSubscription(subscription: subscription)
        changeMatch("AddMatch", rule)
        return subscription
    }

    /// Tracks who owns `name`: calls `handler` with the unique name, or `nil` for nobody, first with the present owner
    /// and then at each change.
    public func watchName(_ name: String, _ handler: @escaping @LoopActor (String?) -> Void) {
        let owner = tracker(name)
        owner.handlers.append(handler)
        if owner.isKnown { handler(owner.uniqueName) }
    }

    /// The present owner of a name that is watched, or that a subscription names as its sender.
    public func owner(of name: String) -> String? { owners[name]?.uniqueName }

    fileprivate func unsubscribe(_ number: UInt64, _ rule: MatchRule) {
        guard subscriptions.removeValue(forKey: number) != nil else { return }
        changeMatch("RemoveMatch", rule)
    }

    private func senderTracker(_ name: String) -> NameOwner? {
        name == Bus.name || name.hasPrefix(":") ? nil : tracker(name)
    }

    private func tracker(_ name: String) -> NameOwner {
        if let owner = owners[name] { return owner }
        let owner = NameOwner()
        owners[name] = owner
        let rule = MatchRule(
            sender: Bus.name, interface: Bus.interface, member: "NameOwnerChanged", firstArgument: name)
        owner.subscription = subscribe(rule) { [weak owner] message in
            guard case .string(let new)? = message.arguments.last else { return }
            owner?.set(new.isEmpty ? nil : new)
        }
        onLoop { [weak self] in
            let reply = try? await self?.call(Bus.name, Bus.path, Bus.interface, "GetNameOwner", [.string(name)])
            // A change that was announced meanwhile is newer than this answer.
            guard !owner.isKnown else { return }
            if case .string(let current)? = reply?.first { owner.set(current) } else { owner.set(nil) }
        }
        return owner
    }

    /// The bus's answer is not awaited: it takes the rules in order, and refuses one only when there are too many.
    private func changeMatch(_ member: String, _ rule: MatchRule) {
        guard isConnected,
            let message = try? Message.methodCall(
                to: Bus.name, path: Bus.path, interface: Bus.interface, member: member,
                arguments: [.string(rule.description)], expectsReply: false)
        else { return }
        send(message)
    }

    // MARK: Receiving

    private func receive(_ message: Message) {
        switch message.kind {
        case .signal: receiveSignal(message)
        case .methodCall: objects.dispatch(message)
        case .methodReturn, .error, nil: break
        }
    }

    private func receiveSignal(_ message: Message) {
        // libdbus makes this one itself; a real sender's name would begin with a colon.
        if message.isSignal("org.freedesktop.DBus.Local", "Disconnected"), message.sender == nil {
            let handler = onDisconnect
            onDisconnect = nil
            libDBus.failCalls()
            for owner in owners.values { owner.set(nil) }
            handler?()
            return
        }
        for entry in subscriptions.values {
            if let subscription = entry.subscription, subscription.matches(message) { subscription.handler(message) }
        }
    }
}

/// The user on the other side of a connection.
public struct Credentials: Sendable, Hashable {
    public var user: UInt32
    /// The supplementary and primary groups; empty where the bus does not tell.
    public var groups: [UInt32]
    public var process: UInt32?
}

/// A wish for signals; it ends when it is cancelled or dropped.
@LoopActor
public final class Subscription {
    fileprivate let number: UInt64
    let rule: MatchRule
    let handler: @LoopActor (Message) -> Void
    private let owner: NameOwner?
    private weak var connection: Connection?

    fileprivate init(
        number: UInt64, rule: MatchRule, owner: NameOwner?, connection: Connection,
        _ handler: @escaping @LoopActor (Message) -> Void
    ) {
        self.number = number
        self.rule = rule
        self.owner = owner
        self.connection = connection
        self.handler = handler
    }

    public func cancel() { connection?.unsubscribe(number, rule) }

    deinit {
        let (connection, number, rule) = (connection, number, rule)
        guard let connection else { return }
        onLoop { connection.unsubscribe(number, rule) }
    }

    /// The bus applies the rules of all subscriptions together, and anybody may send a signal straight to us: each
    /// message is held against its rule again.
    fileprivate func matches(_ message: Message) -> Bool {
        guard let sender = owner.map(\.uniqueName) ?? rule.sender, message.isSent(by: sender) else { return false }
        guard message.interface == rule.interface else { return false }
        if let member = rule.member, message.member != member { return false }
        switch rule.scope {
        case .anywhere: break
        case .path(let path): guard message.path == path else { return false }
        case .namespace(let path): guard message.path?.isWithin(path) == true else { return false }
        }
        return rule.firstArgument == nil || rule.firstArgument == message.firstString
    }
}

/// The owner of a well-known name, as far as it is known.
@LoopActor
private final class NameOwner {
    private enum State {
        case unknown
        case known(String?)
    }

    private var state = State.unknown
    var subscription: Subscription?
    var handlers: [@LoopActor (String?) -> Void] = []

    var isKnown: Bool {
        if case .known = state { true } else { false }
    }

    var uniqueName: String? {
        if case .known(let name) = state { name } else { nil }
    }

    func set(_ name: String?) {
        if case .known(name) = state { return }
        state = .known(name)
        for handler in handlers { handler(name) }
    }
}

/// The bus itself.
public enum Bus {
    public static let name = "org.freedesktop.DBus"
    public static let path: ObjectPath = "/org/freedesktop/DBus"
    public static let interface = "org.freedesktop.DBus"
}
