// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// A child process that ends with this object.
public final class OwnedProcess: @unchecked Sendable {
    // `Process` is used behind the lock only.
    private let process = Process()
    private let lock = NSLock()
    private let output = Capture()
    private let errors = Capture()
    private let input: FileHandle?

    /// - Parameter environment: Added to this process's own.
    public init(
        _ path: String, _ arguments: [String] = [], environment: [String: String] = [:], input: String? = nil
    ) throws {
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = output.pipe
        process.standardError = errors.pipe
        if let input {
            let pipe = Pipe()
            process.standardInput = pipe
            self.input = pipe.fileHandleForWriting
            self.input?.write(Data(input.utf8))
            try? self.input?.close()
        } else {
            process.standardInput = FileHandle.nullDevice
            self.input = nil
        }
        try process.run()
    }

    public var identifier: Int32 { process.processIdentifier }
    public var standardOutput: String { output.text }
    public var errorOutput: String { errors.text }
    public var isRunning: Bool { lock.withLock { process.isRunning } }

    public func send(signal: Int32) {
        lock.withLock { if process.isRunning { _ = Glibc.kill(process.processIdentifier, signal) } }
    }

    /// Kills the process and waits for its end.
    public func kill() {
        send(signal: SIGKILL)
        process.waitUntilExit()
    }

    /// Waits, off the caller's thread, until the process has ended by itself, and gives its exit status; after `seconds`
    /// it is killed and the status is `nil`.
    public func exitStatus(within seconds: Double = 20) async -> Int32? {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { [self] in
                let deadline = Date().addingTimeInterval(seconds)
                while isRunning, Date() < deadline { usleep(2000) }
                guard !isRunning else {
                    kill()
                    continuation.resume(returning: nil)
                    return
                }
                output.waitForEnd()
                errors.waitForEnd()
                continuation.resume(returning: process.terminationStatus)
            }
        }
    }

    deinit { if process.isRunning { Glibc.kill(process.processIdentifier, SIGKILL) } }
}

/// Collects what a pipe carries, so that the writer never waits.
private final class Capture: Sendable {
    let pipe = Pipe()
    private let data = Mutex(Data())
    private let ended = DispatchSemaphore(value: 0)

    init() {
        pipe.fileHandleForReading.readabilityHandler = { [weak self] handle in
            let chunk = handle.availableData
            if chunk.isEmpty {
                handle.readabilityHandler = nil
                self?.ended.signal()
            } else {
                self?.data.withLock { $0.append(chunk) }
            }
        }
    }

    var text: String { data.withLock { String(decoding: $0, as: UTF8.self) } }

    /// A child of the process may hold the pipe open: do not wait for that.
    func waitForEnd() { _ = ended.wait(timeout: .now() + 2) }
}
