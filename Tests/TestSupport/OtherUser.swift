// SPDX-License-Identifier: Apache-2.0

public import DBus
import EventLoop
import Foundation

/// Connections of other users, made by this process where it is root's.
public enum OtherUser {
    public struct CannotBecome: Error, CustomStringConvertible {
        public let description: String
    }

    /// A connection that the bus takes for this user's.
    ///
    /// The kernel notes who somebody is when a socket is connected, and it keeps that for each thread: so the loop's thread
    /// alone is the other user for as long as the connection is made.
    @LoopActor
    public static func connection(
        to bus: PrivateBus, user: UInt32, groups: [UInt32] = []
    ) async throws -> Connection {
        guard geteuid() == 0 else {
            throw CannotBecome(
                description: "the callers of this test are other users: run it as root, as `make test` in CI is")
        }
        // Meanwhile the loop's other jobs run as that user too: theirs are sockets that are open already.
        try become(user, groups)
        defer { restore() }
        return try await Connection(address: bus.address)
    }

    @LoopActor private static func become(_ user: UInt32, _ groups: [UInt32]) throws {
        try groups.withUnsafeBufferPointer {
            try check(kernel(.setgroups, $0.count, Int(bitPattern: $0.baseAddress), 0))
        }
        try check(kernel(.setresgid, -1, Int(user), -1))
        try check(kernel(.setresuid, -1, Int(user), -1))
    }

    @LoopActor private static func restore() {
        _ = kernel(.setresuid, -1, 0, -1)
        _ = kernel(.setresgid, -1, 0, -1)
        _ = kernel(.setgroups, 0, 0, 0)
    }

    private static func check(_ result: Int) throws {
        guard result == 0 else {
            throw CannotBecome(
                description: "this process may not become another user: \(String(cString: strerror(errno)))")
        }
    }

    /// What the C library would do for all threads of the process, done for this one.
    private static func kernel(_ call: SystemCall, _ first: Int, _ second: Int, _ third: Int) -> Int {
        typealias Function = @convention(c) (Int, Int, Int, Int) -> Int
        // It takes variable arguments in C, which Swift cannot call; whole numbers go the same way without.
        guard let function = dlsym(nil, "syscall") else { return -1 }
        return unsafeBitCast(function, to: Function.self)(call.rawValue, first, second, third)
    }

    /// The kernel's numbers (`asm/unistd.h`), which Swift does not see.
    private enum SystemCall: Int {
        #if arch(x86_64)
            case setgroups = 116
            case setresuid = 117
            case setresgid = 119
        #else
            case setgroups = 159
            case setresuid = 147
            case setresgid = 149
        #endif
    }
}
