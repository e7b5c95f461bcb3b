// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EventLoop

/// Pairs, and tells what happens.
struct Pair: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Pair with a device and wait for the result.",
        discussion: "Ctrl-C cancels the pairing; a second one leaves at once.")

    @Argument(help: "An address, hci0/ADDRESS, or a BlueZ object path.", completion: Candidates.devices)
    var device: String
    @Option(help: ArgumentHelp("How long the pairing may take; without it, as the rule says.", valueName: "seconds"))
    var timeout: UInt32?
    @Flag(help: "Replace a bond that is there: it is removed once the device is heard.") var force = false
    @Flag(help: "Begin the pairing and return at once.") var noWait = false
    @OptionGroup(title: "Options of every verb") var options: GlobalOptions

    func validate() throws {
        if timeout == 0 { throw ValidationError("--timeout takes a number of seconds, at least 1.") }
    }

    @LoopActor func run(_ session: Session) async throws(Failure) -> ExitStatus {
        let client = try await session.connect()
        guard !noWait else {
            let pairing = try await client.pairing(try await client.pair(device, timeout: timeout, isForced: force))
            session.output.note("Pairing with \(pairing.title, .bold) has begun. pairingctl shows the state.")
            if session.output.isJSON { session.output.document(pairing.document) }
            return .done
        }
        // Before the radio's clock runs, and before the terminal is taken.
        if Terminal(session.output) != nil, let advice = await client.adviceBeforePairing(device) {
            session.output.note(Line(advice))
        }
        let view = try await LiveView(client)
        let path = try await client.pair(device, timeout: timeout, isForced: force)
        let progress = try PairingProgress(path, device, view, client, session)
        let pairing = try await progress.untilDone()
        if session.output.isJSON {
            session.output.document(pairing.document)
            return ResultText(pairing.result).exitStatus
        }
        guard ResultText(pairing.result).isSuccess else { throw pairing.failure }
        session.output.note("\("●", .green) \(pairing.title, .bold): \(pairing.result, .green). \(pairing.explanation)")
        return .done
    }
}
