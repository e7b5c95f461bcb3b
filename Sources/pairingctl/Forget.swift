// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EventLoop

struct Forget: Verb {
    static let configuration = CommandConfiguration(abstract: "Remove a device and its bond from BlueZ.")
    @ArgumentParser.Argument(help: "An address, hci0/address, or a BlueZ object path.") var device: String
    @OptionGroup var common: CommonOptions

    @LoopActor func perform(_ client: Client, _ output: Output) async throws -> Exit {
        try await client.call(Client.manager, "Manager1", "Forget", [.string(device)])
        if output.isJSON {
            output.document(.object(["device": .string(device), "forgotten": .boolean(true)]))
        } else {
            output.line("\(clean(device)) is forgotten.")
        }
        return .done
    }
}
