// SPDX-License-Identifier: Apache-2.0

import Glibc
import State
import Testing

/// A place for a state folder below the temporary one; it is removed with its value, with all that is in it.
final class TestFolder {
    /// Of the folder around it, so that the state folder itself can be missing.
    let surroundings: String
    var path: String { surroundings + "/state" }

    init() throws {
        var template = Array("/tmp/pairingd-state-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
        }
        surroundings = try #require(made)
    }

    deinit { Self.removeAll(surroundings) }

    private static func removeAll(_ path: String) {
        // Removes anything but a folder that is not empty, and follows no link.
        if remove(path) == 0 { return }
        if let stream = opendir(path) {
            while let entry = readdir(stream) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) { $0.prefix { $0 != 0 } }
                let text = String(decoding: name, as: UTF8.self)
                if text != ".", text != ".." { removeAll("\(path)/\(text)") }
            }
            closedir(stream)
        }
        remove(path)
    }

    func open() throws -> StateFolder { try StateFolder(path: path) }

    /// Writes a file in the state folder without its ways, and makes the folders that it needs.
    func put(_ name: String, _ text: String, mode: mode_t = 0o600) throws {
        try put(name, octets: Array(text.utf8), mode: mode)
    }

    func put(_ name: String, octets: [UInt8], mode: mode_t = 0o600) throws {
        makeFolders(for: name)
        let descriptor = Glibc.open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        try #require(write(descriptor, octets, octets.count) == octets.count)
        try #require(fchmod(descriptor, mode) == 0)
    }

    func makeFolders(for name: String) {
        mkdir(path, 0o700)
        if let slash = name.firstIndex(of: "/") { mkdir("\(path)/\(name[..<slash])", 0o700) }
    }

    func link(_ name: String, to target: String) throws {
        makeFolders(for: name)
        try #require(symlink(target, "\(path)/\(name)") == 0)
    }

    func pipe(_ name: String) throws {
        makeFolders(for: name)
        try #require(mkfifo("\(path)/\(name)", 0o600) == 0)
    }

    /// The text of a file; `nil` where there is none.
    func text(_ name: String) -> String? {
        let descriptor = Glibc.open("\(path)/\(name)", O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = read(descriptor, &buffer, buffer.count)
        return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
    }

    /// The kind and permissions of what has this name, not of what it links to; `nil` where there is nothing.
    func mode(_ name: String = "") -> mode_t? {
        var status = stat()
        return lstat("\(path)/\(name)", &status) == 0 ? status.st_mode : nil
    }

    func exists(_ name: String) -> Bool { mode(name) != nil }

    /// What an error or problem says, without the folder's own path.
    func relative(_ text: some CustomStringConvertible) -> String {
        text.description.split(separator: "\(path)/", omittingEmptySubsequences: false).joined()
    }
}

/// What an operation was refused with; `nil` when it was carried out.
func refusal<Value>(_ body: () throws(StateError) -> Value) -> StateError? {
    do throws(StateError) {
        _ = try body()
        return nil
    } catch {
        return error
    }
}

/// What only concerns the calling thread, so that tests can run beside each other.
enum ThisThread {
    private static func function<Function>(_ name: String, as type: Function.Type) throws -> Function {
        unsafeBitCast(try #require(dlsym(nil, name)), to: type)
    }

    /// Another user for the file system; only root can do so, and others are somebody else already.
    static func withFileSystemUser(_ user: uid_t, _ body: () throws -> Void) throws {
        let set = try function("setfsuid", as: (@convention(c) (uid_t) -> Int32).self)
        let previous = set(user)
        defer { _ = set(uid_t(bitPattern: previous)) }
        try body()
    }

    /// Another umask.
    static func withMask(_ mask: mode_t, _ body: () throws -> Void) throws {
        let unshare = try function("unshare", as: (@convention(c) (Int32) -> Int32).self)
        let sharedFileSystemAttributes: Int32 = 0x200  // CLONE_FS, of linux/sched.h
        try #require(unshare(sharedFileSystemAttributes) == 0)
        let previous = umask(mask)
        defer { umask(previous) }
        try body()
    }
}
