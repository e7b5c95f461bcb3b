// SPDX-License-Identifier: Apache-2.0

public import DBus
public import EventLoop
import Glibc

/// Decides who may act: root and the members of one group. Reading is free.
@LoopActor
public final class Authorizer {
    private let connection: Connection
    private let group: UInt32?

    /// - Parameter group: The name of the group; where it does not exist, only root may act.
    public init(connection: Connection, group: String = "bluetooth") {
        self.connection = connection
        self.group = getgrnam(group).map { $0.pointee.gr_gid }
    }

    /// The caller's user, if it may act; asks the bus, so the answer holds for the process that made the connection.
    public func authorize(_ call: MethodCall) async throws(DBusError) -> UInt32 {
        let credentials: Credentials
        do throws(DBusError) {
            credentials = try await connection.credentials(of: call.sender)
        } catch {
            throw ControlError.notAuthorized("\(call.member): the bus does not tell who is calling")
        }
        if credentials.user == 0 { return 0 }
        if let group, credentials.groups.contains(group) { return credentials.user }
        throw ControlError.notAuthorized("\(call.member) is for root and the members of the group bluetooth")
    }
}
