// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EventLoop

/// Removes a bond.
struct Forget: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Remove a device's bond: its keys are deleted, and it has to pair again.")

    @Argument(help: "An address, hci0/ADDRESS, or a BlueZ object path.", completion: Candidates.devices)
    var device: String
    @OptionGroup(title: "Options of every verb") var options: GlobalOptions

    @LoopActor func run(_ session: Session) async throws(Failure) -> ExitStatus {
        try await session.connect().forget(device)
        session.output.note("\(device, .bold) is forgotten.")
        if session.output.isJSON { session.output.document(["device": .string(device), "forgotten": .boolean(true)]) }
        return .done
    }
}
