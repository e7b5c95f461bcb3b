// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Foundation
import TestSupport
import Testing

/// A bus with a fake daemon on it, and `pairingctl` run against them.
struct Scene {
    let bus: PrivateBus
    let daemon: FakeDaemon

    @LoopActor init() async throws {
        TestLoop.start()
        bus = try PrivateBus()
        daemon = try await FakeDaemon(bus.address)
    }

    /// Starts the command; standard input is empty unless `input` is given.
    func start(_ arguments: [String], input: String? = nil) throws -> OwnedProcess {
        try OwnedProcess(
            Binary.path, arguments, environment: ["DBUS_SYSTEM_BUS_ADDRESS": bus.address, "NO_COLOR": ""], input: input)
    }

    /// Runs the command to its end.
    @discardableResult
    func run(_ arguments: String..., input: String? = nil) async throws -> Ended {
        try await Ended(start(arguments, input: input))
    }
}

/// What is left of a command that has ended.
struct Ended {
    let status: Int32?
    let output: String
    let errors: String

    init(_ process: OwnedProcess) async {
        status = await process.exitStatus(within: 10)
        output = process.standardOutput
        errors = process.errorOutput
    }

    /// The output as one JSON object.
    func object() throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
    }

    /// The output as a JSON list of objects.
    func list() throws -> [[String: Any]] {
        try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [[String: Any]])
    }
}

enum Binary {
    /// The built command lies beside the test bundle, which is the running program.
    static let path: String = {
        let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let beside = URL(fileURLWithPath: program).deletingLastPathComponent().appendingPathComponent("pairingctl").path
        if FileManager.default.isExecutableFile(atPath: beside) { return beside }
        // Where the bundle is loaded by another program, it is among that one's arguments.
        let bundle = CommandLine.arguments.first { $0.contains(".xctest") } ?? ""
        return URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent("pairingctl").path
    }()
}
