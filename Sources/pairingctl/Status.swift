// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EventLoop

struct Status: Verb {
    static let configuration = CommandConfiguration(abstract: "Show the state (the default).")
    @OptionGroup var common: CommonOptions

    @LoopActor func perform(_ client: Client, _ output: Output) async throws -> Exit {
        let state = try await client.properties(Client.manager, "Manager1")
        let errors = state.texts("PolicyErrors")
        if output.isJSON {
            output.document(
                .object([
                    "version": .string(state.text("Version")), "bluez": .string(state.text("BlueZ")),
                    "default_agent": .string(state.text("DefaultAgent")),
                    "default_io_capability": .string(state.text("DefaultIOCapability")),
                    "adapters": .array(state.paths("Adapters").map { .string($0) }),
                    "policy_files": .array(state.texts("PolicyFiles").map { .string($0) }),
                    "policy_errors": .array(errors.map { .string($0) }),
                    "pending_requests": .number(state.count("PendingRequests")),
                    "active_pairing": .string(state.path("ActivePairing")),
                    "monitor_available": .boolean(state.flag("MonitorAvailable")),
                ]))
            return .done
        }
        let isWell = state.text("BlueZ") == "running" && state.text("DefaultAgent") == "held" && errors.isEmpty
        output.line("\(output.dot(isWell)) pairingd \(state.text("Version"))")
        let adapters = state.paths("Adapters").compactMap { $0.split(separator: "/").last }.joined(separator: ", ")
        output.line("  BlueZ:          \(state.text("BlueZ"))\(adapters.isEmpty ? "" : ", \(adapters)")")
        output.line("  default agent:  \(state.text("DefaultAgent")), \(state.text("DefaultIOCapability"))")
        output.line("  rules:          \(state.texts("PolicyFiles").count)")
        for error in errors { output.line("                  \(error)") }
        output.line("  requests:       \(state.count("PendingRequests")) open")
        if state.path("ActivePairing") != "/" { output.line("  pairing:        \(state.path("ActivePairing"))") }
        let monitor = state.flag("MonitorAvailable")
        output.line("  reasons:        \(monitor ? "read from the air" : "not available (needs CAP_NET_RAW)")")
        return .done
    }
}
