// SPDX-License-Identifier: Apache-2.0

import CDBus
import EventLoop

/// Owns a private `DBusConnection` and lets the event loop drive it: no call here blocks.
@LoopActor
final class LibDBusConnection {
    /// Called for each message that is no answer to one of our calls.
    var onMessage: (@LoopActor (Message) -> Void)?

    /// `nonisolated(unsafe)`: set once; `deinit` uses it when nobody else can.
    nonisolated(unsafe) private let pointer: OpaquePointer
    private var watches: [OpaquePointer] = []
    private var socket: EventSource?
    private var socketNumber: Int32 = -1
    private var timers: [OpaquePointer: EventSource] = [:]
    private var dispatching: EventSource?
    private var calls: [ObjectIdentifier: PendingCall] = [:]

    /// Begins to connect to `address`, in the form of the D-Bus Specification, "Server Addresses".
    init(address: String) throws(DBusError) {
        guard !address.utf8.contains(0) else { throw .invalidArguments("an address cannot hold a NUL") }
        var error = CDBus.DBusError()
        dbus_error_init(&error)
        defer { dbus_error_free(&error) }
        guard let pointer = dbus_connection_open_private(address, &error) else {
            throw DBusError(
                name: error.name.map { String(cString: $0) } ?? "org.freedesktop.DBus.Error.NoServer",
                message: error.message.map { String(cString: $0) } ?? "cannot connect to \(address)")
        }
        self.pointer = pointer
        dbus_connection_set_exit_on_disconnect(pointer, 0)
        let itself = Unmanaged.passUnretained(self).toOpaque()
        dbus_connection_set_watch_functions(
            pointer, { LibDBusConnection.from($1).add(watch: $0) }, { LibDBusConnection.from($1).remove(watch: $0) },
            { _, itself in LibDBusConnection.from(itself).updateSocket() }, itself, nil)
        dbus_connection_set_timeout_functions(
            pointer, { LibDBusConnection.from($1).add(timeout: $0) },
            { LibDBusConnection.from($1).remove(timeout: $0) },
            { LibDBusConnection.from($1).toggle(timeout: $0) }, itself, nil)
        dbus_connection_set_dispatch_status_function(
            pointer, { LibDBusConnection.from($2).dispatchStatusChanged($1) }, itself, nil)
        dbus_connection_add_filter(
            pointer, { LibDBusConnection.from($2).received($1) }, itself, nil)
    }

    deinit {
        // Closing a connection that libdbus has given up on already is allowed.
        dbus_connection_close(pointer)
        dbus_connection_set_watch_functions(pointer, nil, nil, nil, nil, nil)
        dbus_connection_set_timeout_functions(pointer, nil, nil, nil, nil, nil)
        dbus_connection_set_dispatch_status_function(pointer, nil, nil, nil)
        dbus_connection_unref(pointer)
    }

    var isConnected: Bool { dbus_connection_get_is_connected(pointer) != 0 }

    /// Tells libdbus which name the bus gave; needed once, after `Hello`.
    func setUniqueName(_ name: String) { dbus_bus_set_unique_name(pointer, name) }

    /// Closes the connection; calls that wait for an answer fail.
    func close() {
        dbus_connection_close(pointer)
        failCalls()
    }

    func send(_ message: Message) {
        dbus_connection_send(pointer, message.pointer, nil)
    }

    /// Sends everything that is queued, waiting for the socket: only for the end of the process.
    func flush() { dbus_connection_flush(pointer) }

    /// Calls `completion` exactly once. `timeout` is in milliseconds, -1 for libdbus's 25 s; `nil` waits for ever.
    func call(
        _ message: Message, timeout: Int32?, _ completion: @escaping @LoopActor (Result<Message, DBusError>) -> Void
    ) -> PendingCall {
        var pending: OpaquePointer?
        // INT_MAX is DBUS_TIMEOUT_INFINITE.
        dbus_connection_send_with_reply(pointer, message.pointer, &pending, timeout ?? Int32.max)
        guard let pending else {
            completion(.failure(.disconnected))
            return PendingCall(pointer: nil, completion: nil)
        }
        let call = PendingCall(pointer: pending, completion: completion)
        calls[ObjectIdentifier(call)] = call
        call.onEnd = { [weak self] in self?.calls[$0] = nil }
        // libdbus holds the call too, until the answer is there or it is cancelled.
        dbus_pending_call_set_notify(
            pending,
            { pending, call in
                guard let call else { return }
                let reply = dbus_pending_call_steal_reply(pending)
                LoopActor.assumeIsolated {
                    Unmanaged<PendingCall>.fromOpaque(call).takeUnretainedValue().finish(reply)
                }
            }, Unmanaged.passRetained(call).toOpaque(),
            { if let call = $0 { Unmanaged<PendingCall>.fromOpaque(call).release() } })
        return call
    }

    /// Fails the calls that wait for an answer; libdbus would leave them waiting when the connection breaks.
    func failCalls() {
        for call in calls.values { call.end(with: .failure(.disconnected)) }
    }

    // MARK: The loop's side

    private nonisolated static func from(_ pointer: UnsafeMutableRawPointer?) -> LibDBusCallbacks {
        guard let pointer else { preconditionFailure("libdbus gave back no data") }
        return LibDBusCallbacks(connection: Unmanaged<LibDBusConnection>.fromOpaque(pointer).takeUnretainedValue())
    }

    fileprivate func add(watch: OpaquePointer) {
        watches.append(watch)
        updateSocket()
    }

    fileprivate func remove(watch: OpaquePointer) {
        watches.removeAll { $0 == watch }
        updateSocket()
    }

    /// libdbus has one watch for each direction on the same socket, and epoll takes a descriptor once: they share one
    /// source.
    fileprivate func updateSocket() {
        guard let number = watches.first.map({ dbus_watch_get_unix_fd($0) }) else {
            socket = nil
            socketNumber = -1
            return
        }
        var readiness: EventSource.Readiness = []
        for watch in watches where dbus_watch_get_enabled(watch) != 0 {
            let flags = dbus_watch_get_flags(watch)
            if flags & DBUS_WATCH_READABLE.rawValue != 0 { readiness.insert(.readable) }
            if flags & DBUS_WATCH_WRITABLE.rawValue != 0 { readiness.insert(.writable) }
        }
        if socketNumber == number, let socket {
            socket.watch(for: readiness)
            return
        }
        socketNumber = number
        // The descriptor is libdbus's own open socket: sd-event can refuse it only for want of memory.
        socket = try? EventSource.descriptor(number, readiness) { [weak self] in self?.socketReady($0) }
    }

    private func socketReady(_ readiness: EventSource.Readiness) {
        var flags: UInt32 = 0
        if readiness.contains(.readable) { flags |= DBUS_WATCH_READABLE.rawValue }
        if readiness.contains(.writable) { flags |= DBUS_WATCH_WRITABLE.rawValue }
        if readiness.contains(.hungUp) { flags |= DBUS_WATCH_HANGUP.rawValue }
        if readiness.contains(.failed) { flags |= DBUS_WATCH_ERROR.rawValue }
        for watch in watches {
            // Handling one watch may remove the other.
            guard watches.contains(watch), dbus_watch_get_enabled(watch) != 0 else { continue }
            let interesting = dbus_watch_get_flags(watch) | DBUS_WATCH_HANGUP.rawValue | DBUS_WATCH_ERROR.rawValue
            if flags & interesting != 0 { dbus_watch_handle(watch, flags & interesting) }
        }
        dispatch()
    }

    fileprivate func add(timeout: OpaquePointer) {
        guard dbus_timeout_get_enabled(timeout) != 0 else { return }
        let interval = UInt64(max(0, dbus_timeout_get_interval(timeout))) * 1000
        timers[timeout] = try? EventSource.timer(at: Clock.monotonic + interval) { [weak self] in
            guard let self else { return }
            // It may be removed by its own handling; otherwise it is to fire again after the same interval.
            timers[timeout]?.rearm(at: Clock.monotonic + interval)
            dbus_timeout_handle(timeout)
            dispatch()
        }
    }

    fileprivate func remove(timeout: OpaquePointer) { timers[timeout] = nil }

    fileprivate func toggle(timeout: OpaquePointer) {
        remove(timeout: timeout)
        add(timeout: timeout)
    }

    fileprivate func dispatchStatusChanged(_ status: DBusDispatchStatus) {
        guard status == DBUS_DISPATCH_DATA_REMAINS else { return }
        if let dispatching {
            dispatching.rearm()
        } else {
            dispatching = try? EventSource.soon { [weak self] in self?.dispatch() }
        }
    }

    private func dispatch() {
        // A handler may drop this object; it stays until the last message of this turn is handled.
        withExtendedLifetime(self) {
            while dbus_connection_dispatch(pointer) == DBUS_DISPATCH_DATA_REMAINS {}
            dispatching?.pause()
        }
    }

    fileprivate func received(_ pointer: OpaquePointer) -> DBusHandlerResult {
        onMessage?(Message(owning: dbus_message_ref(pointer)))
        return DBUS_HANDLER_RESULT_HANDLED
    }
}

/// The C callbacks, which libdbus makes on the loop's thread only, from within the calls above.
private struct LibDBusCallbacks {
    let connection: LibDBusConnection

    func add(watch: OpaquePointer?) -> dbus_bool_t { enter(watch) { $0.add(watch: $1) } }
    func remove(watch: OpaquePointer?) { _ = enter(watch) { $0.remove(watch: $1) } }
    func updateSocket() { LoopActor.assumeIsolated { connection.updateSocket() } }
    func add(timeout: OpaquePointer?) -> dbus_bool_t { enter(timeout) { $0.add(timeout: $1) } }
    func remove(timeout: OpaquePointer?) { _ = enter(timeout) { $0.remove(timeout: $1) } }
    func toggle(timeout: OpaquePointer?) { _ = enter(timeout) { $0.toggle(timeout: $1) } }

    func dispatchStatusChanged(_ status: DBusDispatchStatus) {
        LoopActor.assumeIsolated { connection.dispatchStatusChanged(status) }
    }

    func received(_ message: OpaquePointer?) -> DBusHandlerResult {
        guard let message else { return DBUS_HANDLER_RESULT_NOT_YET_HANDLED }
        // Answers are libdbus's own business: it gives them to the pending call only if no filter takes them.
        switch dbus_message_get_type(message) {
        case DBUS_MESSAGE_TYPE_METHOD_RETURN, DBUS_MESSAGE_TYPE_ERROR: return DBUS_HANDLER_RESULT_NOT_YET_HANDLED
        default: break
        }
        let handle = Handle(pointer: message)
        return LoopActor.assumeIsolated { connection.received(handle.pointer) }
    }

    /// `@unchecked Sendable`: it goes into the loop's isolation, and stays on the thread on which libdbus made the call.
    private struct Handle: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    private func enter(
        _ pointer: OpaquePointer?, _ body: @LoopActor (LibDBusConnection, OpaquePointer) -> Void
    ) -> dbus_bool_t {
        guard let pointer else { return 0 }
        let handle = Handle(pointer: pointer)
        LoopActor.assumeIsolated { body(connection, handle.pointer) }
        return 1
    }
}

/// A method call whose answer has not come.
@LoopActor
final class PendingCall {
    fileprivate var onEnd: (@LoopActor (ObjectIdentifier) -> Void)?
    /// `nonisolated(unsafe)`: changed on the loop only; `deinit` uses it when nobody else can.
    nonisolated(unsafe) private var pointer: OpaquePointer?
    private var completion: (@LoopActor (Result<Message, DBusError>) -> Void)?

    fileprivate init(
        pointer: OpaquePointer?, completion: (@LoopActor (Result<Message, DBusError>) -> Void)?
    ) {
        self.pointer = pointer
        self.completion = completion
    }

    /// The answer, if it still comes, is dropped, and the completion gets ``DBusError/cancelled``.
    func cancel() { end(with: .failure(.cancelled)) }

    fileprivate func finish(_ reply: OpaquePointer?) {
        guard let reply else { return end(with: .failure(.disconnected)) }
        let message = Message(owning: reply)
        end(with: message.kind == .error ? .failure(message.error) : .success(message))
    }

    fileprivate func end(with result: Result<Message, DBusError>) {
        guard let completion else { return }
        self.completion = nil
        onEnd?(ObjectIdentifier(self))
        if let pointer {
            self.pointer = nil
            // Without effect when the answer has come.
            dbus_pending_call_cancel(pointer)
            dbus_pending_call_unref(pointer)
        }
        completion(result)
    }

    deinit {
        if let pointer { dbus_pending_call_unref(pointer) }
    }
}
