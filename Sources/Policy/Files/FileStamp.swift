// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What tells that a file is the same as before, with the same text, owner and mode, without reading it.
///
/// Every change of any of these moves the inode's change time, which nobody can set (`inode(7)`).
struct FileStamp: Sendable, Hashable {
    private let device: UInt64
    private let inode: UInt64
    private let size: Int64
    private let mode: UInt32
    private let owner: UInt32
    /// Nanoseconds since the epoch.
    private let changed: Int64

    init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        mode = status.st_mode
        owner = status.st_uid
        changed = Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec)
    }

    /// Was the file at rest when it was looked at? The clock of some file systems is coarse, so that a second change soon
    /// after the first would not show.
    func wasAtRest(at time: Int64) -> Bool { changed + 2_000_000_000 < time }

    /// Nanoseconds since the epoch.
    static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// The rules that were read before, by the files that they came from.
struct RuleMemory: Sendable {
    private var rules: [String: (stamp: FileStamp, rule: Rule)] = [:]

    init() {}

    /// - Parameter policy: Read before; its rules share their storage with this.
    init(_ policy: Policy) {
        rules.reserveCapacity(policy.stamps.count)
        for rule in policy.rules {
            if let stamp = policy.stamps[rule.file] { rules[rule.file] = (stamp, rule) }
        }
    }

    func rule(at path: String, _ stamp: FileStamp) -> Rule? {
        guard let known = rules[path], known.stamp == stamp else { return nil }
        return known.rule
    }
}
