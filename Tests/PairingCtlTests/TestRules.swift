// SPDX-License-Identifier: Apache-2.0

import DBus
import EventLoop
import Foundation
import TestSupport
import Testing

/// A folder of rule files below the temporary one; it is removed with its value.
final class RuleDirectory {
    let path: String

    /// - Parameter files: Texts by file name.
    init(_ files: [String: String] = [:]) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("pairingctl-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.path
        for (name, text) in files { try write(name, text) }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ text: String) throws {
        try text.write(toFile: file(name), atomically: false, encoding: .utf8)
    }

    func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: file(name), withDestinationPath: target)
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }
}

enum TestRules {
    static let cuff = """
        description = "Blood-pressure monitors"
        [match]
        name = "BLEsmart_*"
        manufacturer = 0x020E
        [pairing]
        io-capability = "NoInputNoOutput"
        [answer]
        authorization = "accept"
        """
    static let every = "[match]\naddress = \"*\"\n"
    static let misspelt = "[match]\nnaem = \"x\"\n"
    /// Understood, and without effect yet.
    static let hardlyMeant = every + "[pairing]\nbond = \"session\"\n[after]\ndisconnect = true\n"
    static let windowed = "[match]\nname = \"Lock*\"\n[pairing]\nwhen = \"window\"\n"
    static let secret = """
        [match]
        name = "Lock*"
        [answer]
        passkey = { value = "918273" }
        pin = { value = "pQ7x" }
        """
}

/// `pairingctl` where no bus can be reached.
enum WithoutBus {
    static func run(_ arguments: String...) async throws -> Ended {
        try await Ended(
            OwnedProcess(
                Binary.path, arguments,
                environment: ["DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent/bus", "NO_COLOR": ""]))
    }
}

extension Ended {
    /// All that it said, for a failure's message.
    var transcript: Comment { "exit status \(status.map { String($0) } ?? "none")\n\(output)\(errors)" }

    /// The lines of the output, each as its columns.
    var rows: [[String]] {
        output.split(separator: "\n").map { line in
            line.components(separatedBy: "  ").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        }
    }

    /// The row of a table that tells of this.
    func row(_ first: String) throws -> [String] {
        try #require(rows.first { $0.first == first }, "no row \(first)\n\(transcript)")
    }

    /// Does it end as wrong usage does, in one line that has this in it?
    func isUsageError(_ part: String) -> Bool {
        status == 2 && output.isEmpty && errors.split(separator: "\n").count == 1 && errors.contains(part)
    }
}
