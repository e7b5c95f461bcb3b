// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EventLoop
import Pairing

/// The versions of both.
struct Version: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Show the versions of pairingctl and of the pairingd that runs.",
        discussion: "pairingctl --version shows its own without asking pairingd.")

    @OptionGroup(title: "Options of every verb") var options: GlobalOptions

    @LoopActor func run(_ session: Session) async throws(Failure) -> ExitStatus {
        let output = session.output
        var (daemon, failure) = (String?.none, Failure?.none)
        do throws(Failure) {
            daemon = try await session.connect().manager().properties.text("Version")
        } catch {
            failure = error
        }
        output.line("pairingctl \(Release.version)")
        if let daemon { output.line("pairingd \(daemon)") }
        if output.isJSON { output.document(["pairingctl": .string(Release.version), "pairingd": .optional(daemon)]) }
        if let daemon, daemon != Release.version { output.note("They are not the same: systemctl restart pairingd") }
        if let failure { throw failure }
        return .done
    }
}
