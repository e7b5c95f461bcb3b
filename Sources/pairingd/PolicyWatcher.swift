// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import Policy

/// Notices that policy files were changed, a moment after the last change of a series.
@LoopActor
final class PolicyWatcher {
    struct Failure: Error, CustomStringConvertible {
        let number: Int32
        var description: String { String(cString: strerror(number)) }
    }

    /// How long nothing must change, in microseconds: configuration management writes many files at once.
    private static let calm: UInt64 = 300_000

    private let descriptor: Int32
    private let handler: @LoopActor () -> Void
    private var source: EventSource?
    private var timer: EventSource?
    private var watches: [String: Int32] = [:]

    init(_ handler: @escaping @LoopActor () -> Void) throws {
        let descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
        guard descriptor >= 0 else { throw Failure(number: errno) }
        self.descriptor = descriptor
        self.handler = handler
        source = try EventSource.descriptor(descriptor, .readable) { [weak self] _ in self?.changed() }
    }

    deinit { close(descriptor) }

    /// Follows the folders of these files; of one that does not exist, the one that it would be in.
    func follow(_ files: PolicyFiles) {
        var folders = Set(files.folders.paths.compactMap(Self.existing))
        if let configuration = files.configuration, let folder = Self.existing(Self.parent(configuration)) {
            folders.insert(folder)
        }
        for (path, watch) in watches where !folders.contains(path) {
            inotify_rm_watch(descriptor, watch)
            watches[path] = nil
        }
        for path in folders {
            // Again also for those that are followed: another folder may have taken the name.
            let watch = inotify_add_watch(descriptor, path, Self.events)
            if watch >= 0 { watches[path] = watch }
        }
    }

    private static let events = UInt32(
        IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF
    )

    private static func existing(_ path: String) -> String? {
        var path = path
        while access(path, F_OK) != 0 {
            if path == "/" || path == "." { return nil }
            path = parent(path)
        }
        return path
    }

    private static func parent(_ path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private func changed() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        // Which file it was does not matter: all of them are read.
        while read(descriptor, &buffer, buffer.count) > 0 {}
        let due = Clock.monotonic + Self.calm
        if let timer {
            timer.rearm(at: due)
        } else {
            timer = try? EventSource.timer(at: due) { [weak self] in self?.handler() }
        }
    }
}
