// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EventLoop
import Glibc
import HCIMonitor

/// Records the next pairing into a file, from the kernel's monitor channel.
struct CaptureVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "capture",
        abstract: "Record the next pairing into a capture file, for explain, btmon or Wireshark.",
        discussion: """
            Begin it, then pair, with whatever program. It ends a second after the pairing is over, or with Ctrl-C. It reads \
            the kernel's monitor channel and needs root, not pairingd. The file has what is about links and pairing, no data of \
            applications; keys, digits and random values are zeros in it.
            """)

    @Argument(help: "The file to write; for its owner only.") var file: String
    @Flag(help: "Keep keys and digits: whoever has the file can then read what the devices send.") var withKeys = false
    @Flag(help: "Replace a file that is there.") var force = false
    @Option(help: ArgumentHelp("How long to wait for a pairing.", valueName: "seconds")) var timeout: UInt32?
    @OptionGroup(title: "Options of every verb") var options: GlobalOptions

    func validate() throws {
        if timeout == 0 { throw ValidationError("--timeout takes a number of seconds, at least 1.") }
    }

    @LoopActor func run(_ session: Session) async throws(Failure) -> ExitStatus {
        try checkFile()
        let channel = try openChannel()
        let descriptor = try createFile()
        defer { close(descriptor) }
        let recording = try CaptureRecording(
            channel, descriptor: descriptor, keepsSecrets: withKeys, timeout: timeout.map { UInt64($0) * 1_000_000 })
        session.interruption.handler = { _ in recording.stop() }
        let output = session.output
        output.note("Recording the next pairing into \(file, .bold). Pair now; Ctrl-C ends.")
        output.note(
            withKeys
                ? "\("It will hold the keys of the pairing", .yellow): who has it can read what the devices send."
                : "\("Keys and digits are left out, and so is what applications send.", .dim)")
        let end = await recording.untilEnd()
        if case .failed(let error) = end { throw Failure(.failed, "\(file): \(error)") }
        return try finish(recording, end, output)
    }

    @LoopActor private func finish(
        _ recording: CaptureRecording, _ end: CaptureRecording.End, _ output: Output
    ) throws(Failure) -> ExitStatus {
        let (hasPairing, isKept) = (recording.watch.hasPairing, recording.watch.hasPairing || recording.watch.hasLink)
        if !isKept { unlink(file) }
        if output.isJSON {
            output.document([
                "file": .optional(isKept ? file : nil), "records": .number(recording.recordCount),
                "pairing": .boolean(hasPairing), "keys": .boolean(withKeys),
            ])
        }
        guard hasPairing else {
            let what = isKept ? "\(file) has what there was besides" : "\(file) is not kept"
            throw Failure(.failed, "no pairing was seen; \(what)")
        }
        output.note(
            "\("●", .green) \(counted(recording.recordCount, "record")). What they tell: pairingctl explain \(file)")
        return .done
    }

    private func openChannel() throws(Failure) -> MonitorChannel {
        do throws(MonitorChannelError) {
            return try MonitorChannel()
        } catch .notPermitted {
            throw Failure(.notAuthorized, "the kernel's monitor channel is for root: use sudo")
        } catch {
            throw Failure(.failed, error.description)
        }
    }

    /// What is there is not written to, also not through a link.
    private func checkFile() throws(Failure) {
        var status = stat()
        guard lstat(file, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw Failure(.failed, "\(file) is there already and is no ordinary file")
        }
        guard force else { throw Failure(.failed, "\(file) is there already; --force replaces it") }
    }

    private func createFile() throws(Failure) -> Int32 {
        if force { unlink(file) }
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure(.failed, "\(file): \(String(cString: strerror(errno)))") }
        return descriptor
    }
}
