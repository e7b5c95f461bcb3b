// SPDX-License-Identifier: Apache-2.0

public import EventLoop

/// A method call that somebody made on an object of ours, and the duty to answer it exactly once.
///
/// A second answer is dropped; a call that is given up without an answer is refused, so that no caller waits for ever.
@LoopActor
public final class MethodCall {
    /// The caller's unique name.
    public let sender: String
    public let path: ObjectPath
    public let interface: String
    public let member: String
    public let arguments: [Value]
    /// Is there more in it than any method takes? Its arguments were not looked at.
    let isTooLarge: Bool
    /// Who was authorised to make this call; `nil` for a method that anyone may call.
    public internal(set) var authorization: Authorization?
    /// May polkit ask the caller's person?
    public let allowsInteraction: Bool

    private enum Duty {
        /// The caller waits for an answer.
        case owed(Connection)
        case done
    }
    /// What the answer needs of the call.
    private let message: Message
    private var duty: Duty

    init(_ message: Message, on connection: Connection) {
        sender = message.sender ?? ""
        path = message.path ?? "/"
        interface = message.interface ?? ""
        member = message.member ?? ""
        allowsInteraction = message.allowsInteraction
        let arguments = message.boundedArguments
        self.arguments = arguments ?? []
        isTooLarge = arguments == nil
        self.message = message.envelope()
        duty = message.expectsReply ? .owed(connection) : .done
    }

    /// Does the caller wait for an answer that has not been sent?
    public var owesReply: Bool {
        if case .owed = duty { true } else { false }
    }

    /// Answers with `arguments`, of the types that the method declares.
    public func reply(_ arguments: Value...) { reply(arguments) }

    public func reply(_ arguments: [Value]) {
        settle { message, connection in
            do throws(DBusError) {
                connection.send(try message.reply(arguments))
            } catch {
                connection.send(message.reply(error))
            }
        }
    }

    /// Refuses the call.
    public func fail(_ error: DBusError) {
        settle { message, connection in connection.send(message.reply(error)) }
    }

    private func settle(_ send: (Message, Connection) -> Void) {
        guard case .owed(let connection) = duty else { return }
        duty = .done
        send(message, connection)
    }

    deinit {
        guard case .owed(let connection) = duty else { return }
        let message = message
        onLoop { connection.send(message.reply(.failed("the call was given up without an answer"))) }
    }
}

/// Who may make a call, and what was known of it when that was decided.
public struct Authorization: Sendable, Hashable {
    public let user: UInt32
    /// What whoever decided was told; empty where it did not matter.
    public let details: [String: String]

    public init(user: UInt32, details: [String: String] = [:]) {
        self.user = user
        self.details = details
    }
}

extension MethodCall {
    /// The argument at `index` as a `Converted`; the signature was checked already, so an error means a value that is
    /// out of range for its type here.
    public func argument<Converted: ValueConvertible>(
        _ index: Int, as type: Converted.Type = Converted.self
    ) throws(DBusError) -> Converted {
        guard arguments.indices.contains(index), let value = Converted(value: arguments[index]) else {
            throw .invalidArguments("argument \(index + 1) of \(member) is not a valid \(Converted.self)")
        }
        return value
    }
}
