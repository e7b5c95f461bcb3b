// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Foundation
import TestSupport
import Testing

@testable import pairingctl

/// Programs that are found in PATH before the real ones.
struct FakePrograms {
    let folder: RuleDirectory

    /// - Parameter scripts: What each does, for `sh`, by its name.
    init(_ scripts: [String: String]) throws {
        folder = try RuleDirectory()
        for (name, script) in scripts {
            try folder.write(name, "#!/bin/sh\n" + script)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.file(name))
        }
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("pairingctl"), withDestinationPath: Binary.path)
    }

    var environment: [String: String] {
        ["PATH": folder.path + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? ""), "NO_COLOR": ""]
    }

    func start(
        _ arguments: [String], on bus: String = "unix:path=/nonexistent/bus", environment: [String: String] = [:]
    ) throws -> OwnedProcess {
        try OwnedProcess(
            Binary.path, arguments,
            environment: self.environment.merging(environment) { $1 }
                .merging(["DBUS_SYSTEM_BUS_ADDRESS": bus]) { $1 })
    }

    func run(
        _ arguments: String..., on bus: String = "unix:path=/nonexistent/bus", environment: [String: String] = [:]
    ) async throws -> Ended {
        try await Ended(start(arguments, on: bus, environment: environment))
    }

    /// A `journalctl` that notes its arguments, a line each, and prints these records.
    static func journal(_ records: [[(String, String)]], status: Int32 = 0) throws -> FakePrograms {
        let programs = try FakePrograms([
            "journalctl": """
            printf '%s\\n' "$@" > "$(dirname "$0")/arguments"
            cat "$(dirname "$0")/records"
            exit \(status)
            """
        ])
        var bytes = Data()
        for record in records {
            for (field, value) in record {
                if value.utf8.contains(where: { $0 < 0x20 }) {
                    bytes += Data("\(field)\n".utf8)
                    bytes += withUnsafeBytes(of: UInt64(value.utf8.count).littleEndian) { Data($0) }
                    bytes += Data("\(value)\n".utf8)
                } else {
                    bytes += Data("\(field)=\(value)\n".utf8)
                }
            }
            bytes += Data("\n".utf8)
        }
        try bytes.write(to: URL(fileURLWithPath: programs.folder.file("records")))
        return programs
    }

    /// What the fake journalctl was told.
    var journalArguments: [String] {
        ((try? String(contentsOfFile: folder.file("arguments"), encoding: .utf8)) ?? "").split(separator: "\n")
            .map(String.init)
    }

    /// A name with all that could act on a terminal.
    static let hostileName = "\u{1B}]0;owned\u{7}\u{1B}[2J\u{202E}kcoL\r\n\u{9B}31m\u{200B}"

    static let records: [[(String, String)]] = [
        [
            ("__REALTIME_TIMESTAMP", "1700000000000000"), ("__CURSOR", "s=1"),
            ("MESSAGE", "00:5F:BF:71:81:18 (Lock): pairing 3: paired. It is paired."), ("PRIORITY", "5"),
            ("MESSAGE_ID", "fdec94d5205545d6ac993c19f3ea718a"), ("PAIRINGD_DEVICE", "00:5F:BF:71:81:18"),
            ("PAIRINGD_NAME", "Lock"), ("PAIRINGD_PAIRING", "3"), ("PAIRINGD_RESULT", "paired"),
            ("PAIRINGD_ACTOR_UID", "1000"), ("PAIRINGD_KEY_SIZE", "16"),
        ],
        [
            ("__REALTIME_TIMESTAMP", "1700000060000000"), ("PRIORITY", "4"),
            ("MESSAGE", hostileName + ": refused by default, as no rule matches, and more words than fit into a line"),
            ("PAIRINGD_DEVICE", "00:5F:BF:71:81:19"), ("PAIRINGD_NAME", hostileName),
        ],
    ]
}

extension Ended {
    /// Did it write anything that acts on a terminal?
    var isHarmless: Bool {
        (output + errors).unicodeScalars.allSatisfy {
            $0 == "\n" || ![.control, .format].contains($0.properties.generalCategory)
        }
    }
}
