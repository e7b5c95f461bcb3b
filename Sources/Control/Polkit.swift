// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop

/// Asks polkit whether a caller may do something.
///
/// Source: polkit Reference Manual, "org.freedesktop.PolicyKit1.Authority".
@LoopActor
struct Polkit {
    struct Question: Sendable {
        /// The caller's unique name. The bus never gives one twice, so it stays the same caller while polkit thinks.
        let caller: String
        let action: String
        /// What rules and password dialogs are told.
        let details: [String: String]
        /// May a person be asked for a password?
        let allowsInteraction: Bool
    }

    enum Answer: Hashable, Sendable {
        case yes
        case no
        /// A password would be needed, and nobody could be asked for it.
        case passwordNeeded
        /// The person did not want to give a password.
        case dismissed
        /// polkit is neither running nor can the bus start it.
        case absent
        /// What kept polkit from answering.
        case failed(String)
    }

    let connection: Connection
    /// Names a question for ``cancel(_:)``; polkit keeps them apart by who asks.
    private static var lastNumber: UInt64 = 0

    private static let name = "org.freedesktop.PolicyKit1"
    private static let path: ObjectPath = "/org/freedesktop/PolicyKit1/Authority"
    private static let interface = "org.freedesktop.PolicyKit1.Authority"
    /// `AllowUserInteraction` of `CheckAuthorizationFlags`.
    private static let allowUserInteraction: UInt32 = 1

    /// polkit's answer; a cancelled task, and one that waited for `timeout` milliseconds, tell polkit to stop asking.
    func answer(_ question: Question, timeout: Int32) async -> Answer {
        Self.lastNumber += 1
        let identifier = "pairingd-\(Self.lastNumber)"
        let subject = Value.structure([
            .string("system-bus-name"), ["name": Value.string(question.caller)].value,
        ])
        do throws(DBusError) {
            let reply = try await connection.call(
                Self.name, Self.path, Self.interface, "CheckAuthorization",
                [
                    subject, .string(question.action), question.details.value,
                    .uint32(question.allowsInteraction ? Self.allowUserInteraction : 0), .string(identifier),
                ], timeout: timeout)
            return Self.answer(reply)
        } catch {
            if error.isServiceUnknown, await isAbsent() { return .absent }
            guard error.isNoReply else { return .failed(UntrustedText(error.message).description) }
            cancel(identifier)
            return .failed("it did not answer")
        }
    }

    /// A password dialog that is open closes.
    private func cancel(_ identifier: String) {
        guard
            let message = try? Message.methodCall(
                to: Self.name, path: Self.path, interface: Self.interface, member: "CancelCheckAuthorization",
                arguments: [.string(identifier)], expectsReply: false)
        else { return }
        connection.send(message)
    }

    /// The bus alone knows; polkit could pass on an error of the same name that is about somebody else.
    private func isAbsent() async -> Bool {
        let owned = try? await connection.call(
            Bus.name, Bus.path, Bus.interface, "NameHasOwner", [.string(Self.name)])
        let startable = try? await connection.call(Bus.name, Bus.path, Bus.interface, "ListActivatableNames")
        guard owned?.first == .boolean(false), let names: [String] = startable?.first?.converted() else { return false }
        return !names.contains(Self.name)
    }

    /// `AuthorizationResult`: is it authorised, would a password do, and what else polkit tells.
    private static func answer(_ reply: [Value]) -> Answer {
        guard case .structure(let members)? = reply.first, members.count == 3,
            case .boolean(let isAuthorized) = members[0], case .boolean(let isChallenge) = members[1]
        else { return .failed("its answer is not understood") }
        if isAuthorized { return .yes }
        let details: [String: String] = members[2].converted() ?? [:]
        if details["polkit.dismissed"] != nil { return .dismissed }
        return isChallenge ? .passwordNeeded : .no
    }
}

extension DBusError {
    /// Did no answer come: in time, because the task was cancelled, or because the other side left?
    fileprivate var isNoReply: Bool { name == "org.freedesktop.DBus.Error.NoReply" }
}
