// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The folder that keeps what is known across restarts and power cuts (systemd's `StateDirectory=`).
///
/// All files are small, and only their owner may read them. Below the folder's path no symbolic link is followed.
/// A file is replaced as a whole: after a crash there is the old one or the new one.
public final class StateFolder: Sendable {
    public enum Subfolder: String, Sendable, Hashable, CaseIterable {
        case devices, pairings
    }

    public let path: String
    private let descriptor: Descriptor

    /// In octets; a larger file is not ours.
    public static let maximumLength = 16_384

    /// What the name of a file ends in that is not whole yet.
    private static let unfinished = ".new"

    /// Opens the folder, and makes it where there is none; removes what a crash left half written. The folder is this
    /// process's alone as long as the value lives.
    ///
    /// A link at `path` itself is followed: an administrator may keep the state elsewhere.
    ///
    /// - Throws: ``StateError``, of the operation ``StateError/Operation/lock`` while another process has the folder;
    ///   nothing in it was touched then.
    public init(path: String) throws(StateError) {
        self.path = path
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
        var opened = Glibc.open(path, flags)
        if opened < 0, errno == ENOENT, mkdir(path, 0o700) == 0 {
            // A umask can take the owner's rights away.
            chmod(path, 0o700)
            opened = Glibc.open(path, flags)
        }
        guard opened >= 0 else { throw StateError(.open, path, Self.reason()) }
        descriptor = Descriptor(opened)
        // A file system that has no locks (NFS for folders) is no reason to forget everything.
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK else {
            throw StateError(.lock, path, "another process is using it")
        }
        removeUnfinished()
    }

    /// The path of a file, to be told to people.
    public func path(of name: String, in subfolder: Subfolder? = nil) -> String {
        self.path(of: subfolder) + "/" + name
    }

    public func path(of subfolder: Subfolder) -> String { self.path(of: .some(subfolder)) }

    private func path(of subfolder: Subfolder?) -> String {
        subfolder.map { "\(path)/\($0.rawValue)" } ?? path
    }

    // MARK: Files

    /// What a file holds; `nil` where there is none of this name.
    ///
    /// Refuses everything but regular files of at most ``maximumLength`` octets that only root or the daemon's own user
    /// can have written.
    public func read(_ name: String, in subfolder: Subfolder? = nil) throws(StateError) -> [UInt8]? {
        let path = path(of: name, in: subfolder)
        try Self.check(name, .read, path)
        guard let folder = try open(subfolder, for: .read) else { return nil }
        // Without waiting, because a pipe of that name would keep the daemon there.
        let opened = openat(folder.number, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard opened >= 0 else {
            if errno == ENOENT { return nil }
            throw StateError(.read, path, errno == ELOOP ? "is a symbolic link" : Self.reason())
        }
        let file = Descriptor(opened)
        var status = stat()
        guard fstat(file.number, &status) == 0 else { throw StateError(.read, path, Self.reason()) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw StateError(.read, path, "is not a regular file") }
        guard status.st_uid == 0 || status.st_uid == geteuid(), status.st_mode & (S_IWGRP | S_IWOTH) == 0 else {
            throw StateError(.read, path, "others than the daemon may have written it")
        }
        guard let contents = file.contents(limit: Self.maximumLength) else {
            throw StateError(.read, path, Self.reason())
        }
        guard contents.count <= Self.maximumLength else { throw StateError(.read, path, Self.tooLong) }
        return contents
    }

    /// Puts a file into the place of the one of the same name, if there is one.
    ///
    /// - Parameter waitsForDisk: Is it on the disk when this returns? If not, it outlives this process, and not a power cut;
    ///   nobody has to wait for the disk then.
    public func write(
        _ name: String, in subfolder: Subfolder? = nil, waitsForDisk: Bool = true, _ text: String
    ) throws(StateError) {
        let path = path(of: name, in: subfolder)
        try Self.check(name, .write, path)
        guard text.utf8.count <= Self.maximumLength else { throw StateError(.write, path, Self.tooLong) }
        if let subfolder { try make(subfolder) }
        guard let folder = try open(subfolder, for: .write) else { throw StateError(.write, path, Self.reason(ENOENT)) }
        let temporary = name + Self.unfinished
        // Nothing of that name is reused: it may be a link or a pipe.
        unlinkat(folder.number, temporary, 0)
        let opened = openat(
            folder.number, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0o600)
        guard opened >= 0 else { throw StateError(.write, path, Self.reason()) }
        let file = Descriptor(opened)
        // A umask can take the owner's rights away.
        guard fchmod(file.number, 0o600) == 0, file.write(Array(text.utf8)),
            !waitsForDisk || file.synchronize(),
            renameat(folder.number, temporary, folder.number, name) == 0
        else {
            let error = StateError(.write, path, Self.reason())
            unlinkat(folder.number, temporary, 0)
            throw error
        }
        guard !waitsForDisk || folder.synchronize() else { throw StateError(.write, path, Self.reason()) }
    }

    /// Removes a file, if there is one. When this returns, it is gone from the disk.
    public func remove(_ name: String, in subfolder: Subfolder? = nil) throws(StateError) {
        let path = path(of: name, in: subfolder)
        try Self.check(name, .remove, path)
        guard let folder = try open(subfolder, for: .remove) else { return }
        guard unlinkat(folder.number, name, 0) == 0 else {
            if errno == ENOENT { return }
            throw StateError(.remove, path, Self.reason())
        }
        guard folder.synchronize() else { throw StateError(.remove, path, Self.reason()) }
    }

    /// The names of everything in a subfolder, sorted by their bytes; none where it does not exist.
    public func names(in subfolder: Subfolder) throws(StateError) -> [String] {
        try entries(of: subfolder).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    // MARK: Folders

    private func entries(of subfolder: Subfolder?) throws(StateError) -> [String] {
        guard let folder = try open(subfolder, for: .list) else { return [] }
        // closedir closes the descriptor that it was given.
        let copy = fcntl(folder.number, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0, let stream = fdopendir(copy) else {
            let error = StateError(.list, path(of: subfolder), Self.reason())
            if copy >= 0 { close(copy) }
            throw error
        }
        defer { closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
            errno = 0
        }
        guard errno == 0 else { throw StateError(.list, path(of: subfolder), Self.reason()) }
        return names
    }

    /// `nil` for a subfolder that does not exist. Without one, the folder itself.
    private func open(
        _ subfolder: Subfolder?, for operation: StateError.Operation
    ) throws(StateError) -> Descriptor? {
        let name = subfolder?.rawValue ?? "."
        let opened = openat(descriptor.number, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard opened >= 0 else {
            if errno == ENOENT { return nil }
            throw StateError(operation, path(of: subfolder), Self.reason())
        }
        return Descriptor(opened)
    }

    /// Only when something is to be written in it, because a folder on a read-only disk can be read all the same.
    private func make(_ subfolder: Subfolder) throws(StateError) {
        guard mkdirat(descriptor.number, subfolder.rawValue, 0o700) == 0 else {
            if errno == EEXIST { return }
            throw StateError(.write, path(of: subfolder), Self.reason())
        }
        guard fchmodat(descriptor.number, subfolder.rawValue, 0o700, 0) == 0, descriptor.synchronize() else {
            throw StateError(.write, path(of: subfolder), Self.reason())
        }
    }

    /// What cannot be removed does no harm: the next write of that name tries again, and tells.
    private func removeUnfinished() {
        for subfolder in [nil] + Subfolder.allCases.map(Optional.some) {
            guard let names = try? entries(of: subfolder), let folder = try? open(subfolder, for: .remove) else {
                continue
            }
            for name in names where name.hasSuffix(Self.unfinished) { unlinkat(folder.number, name, 0) }
        }
    }

    /// A name leads out of no folder, is no hidden file, and is not one that is half written.
    private static func check(
        _ name: String, _ operation: StateError.Operation, _ path: String
    ) throws(StateError) {
        guard !name.isEmpty, !name.hasPrefix("."), !name.hasSuffix(unfinished),
            !name.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == 0 })
        else { throw StateError(operation, path, "is not a name for a file of the state") }
    }

    private static let tooLong = "is longer than \(maximumLength / 1024) KiB"

    private static func reason(_ number: Int32 = errno) -> String { String(cString: strerror(number)) }
}
