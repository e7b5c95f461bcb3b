// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Bluetooth
import EventLoop
import Glibc

/// What pairingd wrote into the journal.
struct History: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Show what was decided: the journal's records of all devices, or of one.",
        discussion: """
            <what> is a device (its address, hci0/ADDRESS, an object path, or its name), or a pairing's number. Only what the \
            service pairingd.service wrote is shown, because other programs could write records that look the same. Root and the \
            group systemd-journal may read it; pairingd need not run.
            """)

    @Argument(help: "A device or a pairing's number; without it, all.", completion: Candidates.devices)
    var what: String?
    @Option(
        help: ArgumentHelp(
            "Only from then on: so long ago (2h, 30min), \"yesterday\", or \"2026-01-31 18:00\".",
            valueName: "time"))
    var since: String?
    @Option(
        name: [.customShort("n"), .customLong("lines")],
        help: ArgumentHelp(
            "Only the last so many records; without it 50, or with --since all.", valueName: "count"))
    var lines: UInt32?
    @OptionGroup(title: "Options of every verb") var options: GlobalOptions

    func validate() throws {
        if case .capture = subject { throw ValidationError("\"\(what ?? "")\" is no device and no pairing's number.") }
        if let since, since.isEmpty { throw ValidationError("--since takes a time, such as 2h or yesterday.") }
        if lines == 0 { throw ValidationError("-n takes a number of records, at least 1.") }
    }

    private var subject: ExplainSubject { ExplainSubject(what, fileExists: { _ in false }) }

    /// What journalctl is told.
    var arguments: [String] {
        var arguments = [
            "--quiet", "--no-pager", "--output=export",
            "--output-fields=" + JournalEntry.wantedFields.joined(separator: ","),
        ]
        if let since { arguments.append("--since=" + (Timespan.parse(since) == nil ? "" : "-") + since) }
        if let count = lines ?? (since == nil ? 50 : nil) { arguments.append("--lines=\(count)") }
        arguments.append("_SYSTEMD_UNIT=pairingd.service")
        switch subject {
        case .latest, .capture: break
        case .pairing(let number): arguments.append("PAIRINGD_PAIRING=\(number)")
        case .name(let name): arguments.append("PAIRINGD_NAME=\(UntrustedText(name))")
        case .device(let address, let adapter):
            arguments.append("PAIRINGD_DEVICE=\(address)")
            if let adapter { arguments.append("PAIRINGD_ADAPTER=\(adapter)") }
        }
        return arguments
    }

    @LoopActor func run(_ session: Session) async throws(Failure) -> ExitStatus {
        // Reading does not let the loop run.
        session.interruption.letSignalsEnd()
        let journal = try ChildProcess("journalctl", arguments, readsOutput: true)
        let descriptor = journal.output ?? -1
        var reader = JournalEntry.Reader {
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            var count = read(descriptor, &buffer, buffer.count)
            while count < 0, errno == EINTR { count = read(descriptor, &buffer, buffer.count) }
            return Array(buffer.prefix(max(0, count)))
        }
        var count = 0
        while let entry = reader.next() {
            show(entry, session.output)
            count += 1
        }
        let status = journal.exitStatus()
        let mayRead = geteuid() == 0
        guard status == 0 else {
            let mayBePermission = !mayRead && since == nil
            throw Failure(
                mayBePermission ? .notAuthorized : .failed,
                "journalctl could not read the journal"
                    + (mayRead ? "" : "; use sudo, or join the group systemd-journal"))
        }
        guard count == 0 else { return .done }
        let hint = mayRead ? "" : " that you may read; use sudo, or join the group systemd-journal"
        if let what { throw Failure(.notFound, "\(what): nothing is in the journal\(hint)") }
        session.output.note("Nothing is in the journal\(hint).")
        return .done
    }

    @LoopActor private func show(_ entry: JournalEntry, _ output: Output) {
        guard !output.isJSON else { return output.document(entry.document) }
        let time = ExplanationText.time(entry.time)
        // 4 and less is a warning or worse, syslog(3).
        let style: Style = (Int(entry.text("PRIORITY")) ?? 6) <= 4 ? .yellow : .plain
        let message = Line(entry.text("MESSAGE"), style)
        let room = output.columns.map { max(20, $0 - time.utf8.count - 2) }
        var front: Line = "\(time, .dim)  "
        for line in room.map({ message.wrapped(to: $0) }) ?? [message] {
            output.line(front + line)
            front = Line("").padded(to: front.width)
        }
    }
}
