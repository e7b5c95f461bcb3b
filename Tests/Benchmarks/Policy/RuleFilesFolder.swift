// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A temporary folder for made-up rule files.
struct RuleFilesFolder {
    let path: String
    private let ruleCount: Int
    private let seed: UInt64

    /// What keeps the benchmark from running.
    struct Failure: Error {
        var reason: String
    }

    init(ruleCount: Int, seed: UInt64) throws(Failure) {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/policy-bench-XXXXXX".utf8CString)
        let isMade = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) } != nil
        }
        guard isMade else { throw Failure(reason: "cannot make a folder in \(parent): \(Self.lastReason)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        self.ruleCount = ruleCount
        self.seed = seed
    }

    func write() throws(Failure) {
        for number in 0..<ruleCount { try write(SampleRule(number: number, seed: seed)) }
    }

    /// Writes the first files again, as they are.
    func change(_ count: Int) throws(Failure) {
        for number in 0..<count {
            let rule = SampleRule(number: number, seed: seed)
            unlink("\(path)/\(rule.fileName)")
            try write(rule)
        }
    }

    /// Waits until the files were changed long enough ago.
    func rest() { usleep(2_100_000) }

    /// Removes what was written, all or a part of it.
    func remove() {
        for number in 0..<ruleCount { unlink("\(path)/\(SampleRule(number: number, seed: seed).fileName)") }
        rmdir(path)
    }

    private func write(_ rule: SampleRule) throws(Failure) {
        let file = "\(path)/\(rule.fileName)"
        // A secret in a file that others may read is an error, which would end the loading.
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, rule.holdsSecret ? 0o600 : 0o644)
        guard descriptor >= 0 else { throw Failure(reason: "cannot make \(file): \(Self.lastReason)") }
        defer { close(descriptor) }
        let text = Array(rule.text.utf8)
        guard Glibc.write(descriptor, text, text.count) == text.count else {
            throw Failure(reason: "cannot write \(file): \(Self.lastReason)")
        }
    }

    private static var lastReason: String { String(cString: strerror(errno)) }
}
