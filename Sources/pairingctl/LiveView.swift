// SPDX-License-Identifier: Apache-2.0

import DBus
import EventLoop

/// The daemon's requests and pairings, read once and kept up to date by signals.
@LoopActor
final class LiveView {
    enum Event: Sendable {
        case opened(RequestInfo)
        /// Properties of an open request have changed.
        case changed(RequestInfo)
        /// `user` is nobody (4294967295) where no person or program answered.
        case finished(RequestInfo, outcome: String, user: UInt32)
        /// A pairing is new, or has changed.
        case pairing(PairingInfo)
        case pairingRemoved(ObjectPath)
        case daemonGone
        case daemonBack
    }

    /// The open ones, by number.
    private(set) var requests: [UInt64: RequestInfo] = [:]
    private(set) var pairings: [ObjectPath: PairingInfo] = [:]
    /// The open ones, oldest first.
    var openRequests: [RequestInfo] { requests.values.sorted { $0.number < $1.number } }
    /// What happened since ``init(_:)`` returned, in order; for one listener.
    let events: AsyncStream<Event>

    private let client: Client
    private let continuation: AsyncStream<Event>.Continuation
    private var subscriptions: [Subscription] = []
    private var loading = Loading.done

    /// Signals that come while everything is read are kept, and applied to what was read.
    private enum Loading {
        case done
        case underWay([@LoopActor (LiveView) -> Void])
    }

    /// Reads everything; a daemon that is not there is an error.
    init(_ client: Client) async throws(Failure) {
        self.client = client
        (events, continuation) = AsyncStream.makeStream(of: Event.self)
        subscribe()
        guard await ownerIsKnown() != nil else { throw .daemonMissing }
        try await load()
        client.connection.onDisconnect = { [weak self] in self?.continuation.finish() }
        followOwner()
    }

    private func subscribe() {
        func subscribe(
            _ interface: String, _ scope: MatchRule.Scope, _ apply: @escaping @LoopActor (LiveView, Message) -> Void
        ) {
            let rule = MatchRule(sender: Names.service, interface: interface, scope: scope)
            subscriptions.append(
                client.connection.subscribe(rule) { [weak self] message in
                    self?.afterLoading { apply($0, message) }
                })
        }
        subscribe(Names.objectManager, .path(Names.root)) { $0.objectsChanged($1) }
        subscribe(Names.properties, .namespace(Names.root)) { $0.propertiesChanged($1) }
        subscribe(Names.request, .namespace(Names.root)) { $0.requestSignal($1) }
    }

    /// Signals are delivered only once the daemon's unique name is known, so it is known before anything is read.
    private func ownerIsKnown() async -> String? {
        await withCheckedContinuation { (continuation: CheckedContinuation<String?, Never>) in
            var waiting: CheckedContinuation<String?, Never>? = continuation
            client.connection.watchName(Names.service) { owner in
                waiting?.resume(returning: owner)
                waiting = nil
            }
        }
    }

    private func followOwner() {
        var isFirst = true
        client.connection.watchName(Names.service) { [weak self] owner in
            // The first call tells what is known already.
            guard !isFirst else {
                isFirst = false
                return
            }
            self?.ownerChanged(owner)
        }
    }

    private func ownerChanged(_ owner: String?) {
        requests = [:]
        pairings = [:]
        guard owner != nil else {
            continuation.yield(.daemonGone)
            return
        }
        onLoop { [weak self] in
            guard let self, (try? await load()) != nil else { return }
            continuation.yield(.daemonBack)
            for request in openRequests { continuation.yield(.opened(request)) }
        }
    }

    private func load() async throws(Failure) {
        loading = .underWay([])
        let objects: Client.Objects
        do throws(Failure) {
            objects = try await client.objects()
        } catch {
            loading = .done
            throw error
        }
        for (path, interfaces) in objects {
            if let request = RequestInfo(path: path, interfaces: interfaces), request.isOpen {
                requests[request.number] = request
            }
            if let values = interfaces[Names.pairing] {
                pairings[path] = PairingInfo(path: path, properties: Properties(values))
            }
        }
        guard case .underWay(let kept) = loading else { return }
        loading = .done
        for apply in kept { apply(self) }
    }

    private func afterLoading(_ apply: @escaping @LoopActor (LiveView) -> Void) {
        switch loading {
        case .done: apply(self)
        case .underWay(let kept): loading = .underWay(kept + [apply])
        }
    }

    // MARK: Signals

    private func objectsChanged(_ message: Message) {
        let arguments = message.arguments
        guard arguments.count == 2, case .objectPath(let path) = arguments[0] else { return }
        switch message.member {
        case "InterfacesAdded": add(path, arguments[1].converted() ?? [:])
        case "InterfacesRemoved": remove(path)
        default: break
        }
    }

    private func add(_ path: ObjectPath, _ interfaces: [String: [String: Value]]) {
        if let request = RequestInfo(path: path, interfaces: interfaces), request.isOpen,
            requests[request.number] == nil
        {
            requests[request.number] = request
            continuation.yield(.opened(request))
        }
        if let values = interfaces[Names.pairing] {
            let pairing = PairingInfo(path: path, properties: Properties(values))
            pairings[path] = pairing
            continuation.yield(.pairing(pairing))
        }
    }

    private func remove(_ path: ObjectPath) {
        if pairings.removeValue(forKey: path) != nil { continuation.yield(.pairingRemoved(path)) }
        finish(path, outcome: "cancelled", user: .max)
    }

    private func propertiesChanged(_ message: Message) {
        let arguments = message.arguments
        guard message.member == "PropertiesChanged", let path = message.path, arguments.count >= 2,
            case .string(let interface) = arguments[0], let changes: [String: Value] = arguments[1].converted()
        else { return }
        switch interface {
        case Names.pairing:
            guard var pairing = pairings[path] else { return }
            pairing.properties.merge(changes)
            pairings[path] = pairing
            continuation.yield(.pairing(pairing))
        case Names.request:
            guard var request = requests.values.first(where: { $0.path == path }) else { return }
            request.properties.merge(changes)
            requests[request.number] = request
            // Its end is told by the signal that also says how.
            if request.isOpen { continuation.yield(.changed(request)) }
        default: break
        }
    }

    private func requestSignal(_ message: Message) {
        let arguments = message.arguments
        guard message.member == "Finished", let path = message.path, case .string(let outcome)? = arguments.first else {
            return
        }
        finish(path, outcome: outcome, user: arguments.last?.converted() ?? .max)
    }

    private func finish(_ path: ObjectPath, outcome: String, user: UInt32) {
        guard let request = requests.values.first(where: { $0.path == path }) else { return }
        requests[request.number] = nil
        continuation.yield(.finished(request, outcome: outcome, user: user))
    }
}
