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
    /// How long a series of changes may put the handler off, in microseconds.
    private static let patience: UInt64 = 2_000_000

    private let descriptor: Int32
    private let handler: @LoopActor () -> Void
    private var source: EventSource?
    private var timer: EventSource?
    private var firstChange: UInt64?
    private var watches: [Int32: Watch] = [:]

    /// A folder that is followed, and what in it matters.
    private struct Watch: Equatable {
        let path: String
        var names: Set<String> = []
        var hasRules = false

        func concerns(_ name: String) -> Bool { names.contains(name) || hasRules && name.hasSuffix(".toml") }
    }

    init(_ handler: @escaping @LoopActor () -> Void) throws {
        let descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
        guard descriptor >= 0 else { throw Failure(number: errno) }
        self.descriptor = descriptor
        self.handler = handler
        source = try EventSource.descriptor(descriptor, .readable) { [weak self] _ in self?.readEvents() }
    }

    deinit { close(descriptor) }

    /// Follows the folders of these files; of one that does not exist, the one that it would be in. What changed before
    /// a folder was followed is looked for as well.
    func follow(_ files: PolicyFiles) {
        var wanted: [String: Watch] = [:]
        for path in files.folders.paths { want(path, hasRules: true, &wanted) }
        if let configuration = files.configuration {
            let (folder, name) = Self.divided(configuration)
            want(folder, names: [name], &wanted)
        }
        let old = watches
        watches = [:]
        for watch in wanted.values {
            // Again also for those that are followed: another folder may have taken the name.
            let number = inotify_add_watch(descriptor, watch.path, Self.events)
            if number >= 0 { watches[number] = watch }
        }
        for number in old.keys where watches[number] == nil { inotify_rm_watch(descriptor, number) }
        if watches.contains(where: { old[$0.key] != $0.value }) { changed() }
    }

    private static let events = UInt32(
        IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE | IN_ATTRIB | IN_DELETE_SELF
            | IN_MOVE_SELF)

    private func want(_ path: String, names: Set<String> = [], hasRules: Bool = false, _ wanted: inout [String: Watch])
    {
        var (path, names, hasRules) = (path, names, hasRules)
        // In place of a folder that is not there, its name is waited for.
        while access(path, F_OK) != 0 {
            guard path != "/", path != "." else { return }
            let (parent, name) = Self.divided(path)
            (path, names, hasRules) = (parent, [name], false)
        }
        wanted[path, default: Watch(path: path)].names.formUnion(names)
        if hasRules { wanted[path]?.hasRules = true }
    }

    private static func divided(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
        let name = String(path[path.utf8.index(after: slash)...])
        return (slash == path.startIndex ? "/" : String(path[..<slash]), name)
    }

    private func readEvents() {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        var isConcerned = false
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            if Self.events(in: buffer[..<count]).contains(where: { concerns($0) }) { isConcerned = true }
        }
        if isConcerned { changed() }
    }

    private func concerns(_ event: Event) -> Bool {
        // Events were lost, so any of them may have been.
        guard event.mask & UInt32(IN_Q_OVERFLOW) == 0 else { return true }
        guard let watch = watches[event.watch] else { return false }
        // About the folder itself, where there is no name.
        return event.name.isEmpty || watch.concerns(event.name)
    }

    private struct Event {
        let watch: Int32
        let mask: UInt32
        let name: String
    }

    /// `struct inotify_event` (`inotify(7)`): four numbers of four octets, the last of which is the length of the name.
    private static func events(in buffer: ArraySlice<UInt8>) -> [Event] {
        var events: [Event] = []
        var rest = buffer
        while rest.count >= 16 {
            let numbers = rest.prefix(16).withUnsafeBytes { bytes in
                (0..<4).map { bytes.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self) }
            }
            let name = rest.dropFirst(16).prefix(Int(numbers[3]))
            events.append(
                Event(
                    watch: Int32(bitPattern: numbers[0]), mask: numbers[1],
                    name: String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)))
            rest = rest.dropFirst(16 + Int(numbers[3]))
        }
        return events
    }

    private func changed() {
        let now = Clock.monotonic
        let first = firstChange ?? now
        firstChange = first
        let due = min(now + Self.calm, first + Self.patience)
        if let timer {
            timer.rearm(at: due)
        } else {
            timer = try? EventSource.timer(at: due) { [weak self] in self?.isCalm() }
        }
    }

    private func isCalm() {
        firstChange = nil
        handler()
    }
}
