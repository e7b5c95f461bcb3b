// SPDX-License-Identifier: Apache-2.0

import Glibc

/// An open folder of rule files.
///
/// Files are opened below the folder's descriptor and judged by their own, so that nothing can be exchanged between
/// looking and reading.
final class RuleFolder {
    let path: String
    let ignoresOwners: Bool
    private let descriptor: Int32

    /// What stands in a rule file.
    enum Contents {
        case switchedOff
        case text([UInt8], isReadableByOthers: Bool, FileStamp)
    }

    /// `nil` for a folder that does not exist.
    init?(_ path: String, ignoresOwners: Bool = false) throws(PolicyError) {
        let opened = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard opened >= 0 else {
            if errno == ENOENT { return nil }
            throw PolicyError(file: path, message: "cannot open the folder: \(Self.reason(errno))")
        }
        self.path = path
        self.ignoresOwners = ignoresOwners
        descriptor = opened
        var status = stat()
        guard fstat(opened, &status) == 0 else {
            throw PolicyError(file: path, message: "cannot read the folder: \(Self.reason(errno))")
        }
        if !ignoresOwners {
            try Self.refuseForeignWriters(status, path, advice: "make it root's, with mode 0755 or stricter")
        }
    }

    deinit { close(descriptor) }

    /// The path of a file in the folder.
    func path(of file: String) -> String { "\(path)/\(file)" }

    /// The names that end in `.toml`, sorted by their bytes. Hidden files (an editor's, mostly) are left out.
    func ruleFiles() throws(PolicyError) -> [String] {
        // A descriptor of its own, because closedir closes it.
        let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let stream = fdopendir(copy) else {
            let problem = PolicyError(file: path, message: "cannot read the folder: \(Self.reason(errno))")
            if copy >= 0 { close(copy) }
            throw problem
        }
        defer { closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(".toml"), !name.hasPrefix(".") { names.append(name) }
            errno = 0
        }
        guard errno == 0 else {
            throw PolicyError(file: path, message: "cannot read the folder: \(Self.reason(errno))")
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Is there anything of this name?
    func holds(_ file: String) -> Bool {
        faccessat(descriptor, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT
    }

    /// Reads one file, if nobody but root and the daemon's own user may have written it.
    func read(_ file: String) throws(PolicyError) -> Contents {
        let path = path(of: file)
        // Without waiting, because a pipe of that name would keep the daemon there.
        let opened = openat(descriptor, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard opened >= 0 else { throw PolicyError(file: path, message: "cannot open: \(Self.reason(errno))") }
        defer { close(opened) }
        var status = stat()
        guard fstat(opened, &status) == 0 else {
            throw PolicyError(file: path, message: "cannot read: \(Self.reason(errno))")
        }
        if status.st_mode & S_IFMT == S_IFCHR, status.st_rdev == Self.nullDevice { return .switchedOff }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw PolicyError(
                file: path, message: "is not a file",
                suggestion: "a link to /dev/null or an empty file switches a rule off")
        }
        if !ignoresOwners {
            try Self.refuseForeignWriters(status, path, advice: "make it root's, with mode 0644 or stricter")
        }
        let text = try Self.read(opened, path, size: Int(status.st_size))
        if text.isEmpty { return .switchedOff }
        return .text(text, isReadableByOthers: status.st_mode & S_IROTH != 0, FileStamp(status))
    }

    /// What tells whether the file has changed; `nil` for one that is not there.
    func stamp(of file: String) -> FileStamp? {
        var status = stat()
        return fstatat(descriptor, file, &status, 0) == 0 ? FileStamp(status) : nil
    }

    /// makedev(1, 3), the same on every Linux.
    private static let nullDevice: dev_t = 1 << 8 | 3

    private static func refuseForeignWriters(
        _ status: stat, _ path: String, advice: String
    ) throws(PolicyError) {
        guard status.st_uid == 0 || status.st_uid == geteuid() else {
            throw PolicyError(
                file: path, message: "belongs to user \(status.st_uid), who could change the policy",
                suggestion: advice)
        }
        guard status.st_mode & (S_IWGRP | S_IWOTH) == 0 else {
            throw PolicyError(
                file: path, message: "others than its owner may write it, and could change the policy",
                suggestion: advice)
        }
    }

    private static func read(_ descriptor: Int32, _ path: String, size: Int) throws(PolicyError) -> [UInt8] {
        guard size <= TOMLDocument.maximumLength else {
            throw PolicyError(
                file: path, message: "is longer than \(TOMLDocument.maximumLength / 1024) KiB",
                suggestion: "divide it into several rules")
        }
        // One byte more than there should be, so that a file that grows shows.
        var text = [UInt8](repeating: 0, count: size + 1)
        var length = 0
        while length < text.count {
            let count = text.withUnsafeMutableBytes { buffer in
                Glibc.read(descriptor, buffer.baseAddress?.advanced(by: length), buffer.count - length)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw PolicyError(file: path, message: "cannot read: \(reason(errno))") }
            if count == 0 { break }
            length += count
        }
        guard length == size else { throw PolicyError(file: path, message: "changed while it was read") }
        text.removeLast()
        return text
    }

    private static func reason(_ number: Int32) -> String { String(cString: strerror(number)) }
}
