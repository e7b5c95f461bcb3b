// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Foundation
import TestSupport
import Testing

/// The captures of the lab, each with its whole explanation beside it: `Tests/Captures/NAME.btsnoop` and `NAME.txt`.
///
/// After a change of words, `UPDATE_SNAPSHOTS=1 swift test --filter GoldenTests` writes them anew; read what
/// changed as somebody would who has never heard of SMP.
@Suite("Explanations of the lab's captures")
struct GoldenTests {
    init() { TestLoop.start() }

    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Captures")
    static let names: [String] =
        (try? FileManager.default.contentsOfDirectory(atPath: folder.path))?
        .filter { $0.hasSuffix(".btsnoop") }.map { String($0.dropLast(".btsnoop".count)) }.sorted() ?? []

    @Test("each is explained, word for word", arguments: names)
    func explanation(name: String) async throws {
        let capture = Self.folder.appending(path: "\(name).btsnoop").path
        let golden = Self.folder.appending(path: "\(name).txt")
        let process = try OwnedProcess(
            Binary.path, ["explain", capture],
            environment: ["TZ": "UTC0", "LC_ALL": "C.UTF-8", "NO_COLOR": "1"])
        let ended = await Ended(process)
        #expect(ended.status == 0 && ended.errors.isEmpty, ended.transcript)
        if ProcessInfo.processInfo.environment["UPDATE_SNAPSHOTS"] != nil {
            try ended.output.write(to: golden, atomically: true, encoding: .utf8)
        }
        let expected = try String(contentsOf: golden, encoding: .utf8)
        #expect(ended.output == expected, "explain \(name) differs from \(golden.path)")
    }

    /// What each capture was made to show.
    static let findings: [String: [String]] = [
        "answer-expired": ["answer-expired"],
        "answer-never-given": ["answer-expired"],
        "bond-lost-by-device": ["bond-lost-by-device"],
        "bond-lost-here": ["bond-lost-here"],
        "bredr-paired": ["paired"],
        "bredr-wrong-pin": ["wrong-passkey"],
        "cancelled-here": ["cancelled-here"],
        "capability-mitm-device": ["authentication-requirements"],
        "capability-mitm-ours": ["authentication-requirements"],
        "connection-lost": ["connection-lost"],
        "connection-lost-before-pairing": ["connection-lost-before-pairing"],
        "cross-transport": ["cross-transport"],
        "debug-key": ["debug-key"],
        "default-agent-taken": ["default-agent-taken"],
        "device-busy": ["device-busy"],
        "dhkey-check-failed": ["dhkey-check-failed"],
        "digits-differ": ["digits-differ"],
        "first-fails-then-works": ["confirm-mismatch", "paired"],
        "incoming-paired": ["paired"],
        "invalid-public-key": ["invalid-public-key"],
        "key-rejected": ["key-rejected"],
        "key-too-short": ["key-too-short"],
        "no-agent": ["no-agent"],
        "not-bondable": ["not-bondable"],
        "not-heard": ["not-reachable"],
        "not-in-pairing-mode": ["not-in-pairing-mode"],
        "not-reachable": ["not-reachable"],
        "out-of-band-missing": ["out-of-band-missing"],
        "paired-comparison": ["paired"],
        "paired-just-works": ["paired"],
        "paired-legacy": ["paired"],
        "paired-passkey": ["paired"],
        "passkey-not-entered": ["passkey-not-entered"],
        "protocol-error": ["protocol-error"],
        "refused-without-reason": ["refused-without-reason"],
        "rejected-here": ["rejected-here"],
        "repeated-attempts": ["repeated-attempts"],
        "security-request-first": ["security-request-first"],
        "smp-timeout": ["smp-timeout"],
        "wrong-passkey": ["wrong-passkey"],
        "wrong-passkey-sc": ["wrong-passkey"],
    ]

    @Test("each leads to what it was made to show", arguments: names)
    func finding(name: String) async throws {
        let ended = try await WithoutBus.run("explain", "-q", Self.folder.appending(path: "\(name).btsnoop").path)
        #expect(ended.output.split(separator: "\n").map(String.init) == Self.findings[name], ended.transcript)
    }

    @Test("every capture is told of, and none is missing")
    func complete() {
        #expect(Self.names == Self.findings.keys.sorted())
    }
}
