// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EventLoop

struct Devices: Verb {
    static let configuration = CommandConfiguration(abstract: "List the devices that are paired or have a rule.")
    @OptionGroup var common: CommonOptions

    @LoopActor func perform(_ client: Client, _ output: Output) async throws -> Exit {
        let devices = try await client.objects("Device1")
        if output.isJSON {
            output.document(
                .array(
                    devices.map {
                        .object([
                            "address": .string($0.text("Address")), "adapter": .string($0.text("Adapter")),
                            "name": .string($0.text("Name")), "paired": .boolean($0.flag("Paired")),
                            "bonded": .boolean($0.flag("Bonded")), "connected": .boolean($0.flag("Connected")),
                            "rule": .string($0.text("Rule")), "last_result": .string($0.text("LastResult")),
                            "last_paired": .number($0.time("LastPaired")),
                        ])
                    }))
            return .done
        }
        guard !devices.isEmpty else {
            output.line("No device is paired, and none that was seen has a rule.")
            return .done
        }
        output.table(
            ["ADDRESS", "ADAPTER", "BOND", "CONNECTED", "RULE", "LAST RESULT", "NAME"],
            devices.map {
                [
                    $0.text("Address"), $0.text("Adapter"),
                    $0.flag("Bonded") ? "bonded" : $0.flag("Paired") ? "paired" : "-",
                    $0.flag("Connected") ? "yes" : "no", $0.text("Rule").orDash, $0.text("LastResult").orDash,
                    $0.text("Name"),
                ]
            })
        return .done
    }
}

extension String {
    var orDash: String { isEmpty ? "-" : self }
}
