// SPDX-License-Identifier: Apache-2.0

import DBus
import EventLoop

/// The D-Bus error that `body` throws, or `nil`. What `#expect(throws:)` returns is that only from Swift 6.1 on.
@LoopActor
public func refusal<Result>(_ body: @LoopActor () async throws -> Result) async throws -> DBusError? {
    do {
        _ = try await body()
        return nil
    } catch let error as DBusError {
        return error
    }
}
