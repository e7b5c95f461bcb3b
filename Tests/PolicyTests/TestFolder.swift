// SPDX-License-Identifier: Apache-2.0

import Glibc
import Policy
import Testing

/// A folder of rule files below the temporary one; it is removed with its value.
final class TestFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/pairingd-policy-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
        }
        path = try #require(made)
    }

    deinit {
        for name in names { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    private var names: [String] = []

    @discardableResult
    func write(_ name: String, _ text: String, mode: mode_t = 0o644) throws -> String {
        names.append(name)
        let file = "\(path)/\(name)"
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        try #require(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
        try #require(fchmod(descriptor, mode) == 0)
        return file
    }

    func link(_ name: String, to target: String) throws {
        names.append(name)
        try #require(symlink(target, "\(path)/\(name)") == 0)
    }

    func pipe(_ name: String) throws {
        names.append(name)
        try #require(mkfifo("\(path)/\(name)", 0o600) == 0)
    }

    func setMode(_ mode: mode_t) throws { try #require(chmod(path, mode) == 0) }

    /// The error lines of loading this folder, without the folder's path.
    func errors() -> [String] {
        do throws(PolicyErrors) {
            _ = try RuleFolders([path]).load()
            return []
        } catch {
            return error.errors.map { String($0.description.dropFirst(path.utf8.count + 1)) }
        }
    }
}

/// The rule in a text.
func rule(_ text: String, file: String = "50-test.toml") throws -> Rule {
    try Rule(parsing: Array(text.utf8), file: file)
}

/// The error lines of a text, without the file's name.
func errors(_ text: String) -> [String] {
    do throws(PolicyErrors) {
        _ = try Rule(parsing: Array(text.utf8), file: "")
        return []
    } catch {
        return error.errors.map { String($0.description.dropFirst()) }
    }
}
