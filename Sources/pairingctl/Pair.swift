// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DBus
import EventLoop
import Glibc
import Pairing

struct Pair: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Pair with a device by its rule, and wait for the result.",
        discussion: "DEVICE is an address, hci0/address, or a BlueZ object path. Ctrl-C cancels the pairing.")
    @ArgumentParser.Argument(help: "The device.") var device: String
    @Option(help: "Seconds until the pairing is given up.") var timeout: UInt32?
    @OptionGroup var common: CommonOptions

    @LoopActor func perform(_ client: Client, _ output: Output) async throws -> Exit {
        let changes = Changes()
        // Listening begins before the pairing does, so that nothing is missed.
        let pairings = client.connection.subscribe(
            MatchRule(
                sender: Client.service, interface: "org.freedesktop.DBus.Properties", member: "PropertiesChanged",
                scope: .namespace("/org/pairingd/pairing"))
        ) { message in if let path = message.path { changes.add(path) } }
        let requests = client.connection.subscribe(
            MatchRule(
                sender: Client.service, interface: "org.freedesktop.DBus.ObjectManager", member: "InterfacesAdded",
                scope: .path(Client.manager))
        ) { message in
            if case .objectPath(let path)? = message.arguments.first { changes.add(path) }
        }
        defer {
            pairings.cancel()
            requests.cancel()
        }

        var options: [String: Value] = [:]
        if let timeout { options["timeout"] = .uint32(timeout) }
        let reply = try await client.call(Client.manager, "Manager1", "Pair", [.string(device), options.value])
        guard case .objectPath(let path)? = reply.first else { throw Problem("pairingd gave no pairing", .failed) }
        client.connection.onDisconnect = { changes.end() }
        client.connection.watchName(Client.service) { if $0 == nil { changes.end() } }
        let interrupt = try EventSource.signal(SIGINT) {
            onLoop { _ = try? await client.call(path, "Pairing1", "Cancel") }
        }
        defer { interrupt.cancel() }

        changes.add(path)
        while let changed = await changes.next() {
            if changed == path {
                let pairing = try await client.properties(path, "Pairing1")
                if pairing.text("State") == "done" { return report(pairing, output) }
            } else if changed.isWithin("/org/pairingd/request"), !output.isJSON, !output.isQuiet {
                let request = try await client.properties(changed, "Request1")
                if request.path("Pairing") == path.text { tell(request) }
            }
        }
        throw Problem("pairingd went away while pairing with \(clean(device))", .unreachable)
    }

    private func tell(_ request: Properties) {
        let number = request.number
        let text =
            switch request.text("Kind") {
            case "passkey-entry": "enter the digits that the device shows: pairingctl passkey \(number)"
            case "pin-entry": "enter the PIN code: pairingctl pin \(number)"
            case "passkey-display", "pin-display": "type on the device: pairingctl requests --reveal shows the digits"
            default: "yes or no? pairingctl approve \(number), or pairingctl reject \(number)"
            }
        writeText("Request \(number), \(request.text("Kind")): \(text)\n", to: STDERR_FILENO)
    }

    @LoopActor private func report(_ pairing: Properties, _ output: Output) -> Exit {
        let word = pairing.text("Result")
        let result = PairingResult(rawValue: word)
        let reason = pairing.text("Reason")
        if output.isJSON {
            output.document(
                .object([
                    "pairing": .string(pairing.path.text), "address": .string(pairing.text("Address")),
                    "adapter": .string(pairing.text("Adapter")), "name": .string(pairing.text("Name")),
                    "rule": .string(pairing.text("Rule")), "origin": .string(pairing.text("Origin")),
                    "attempt": .number(pairing.count("Attempt")), "state": .string(pairing.text("State")),
                    "result": .string(word), "reason": .string(reason),
                    "sentence": .string(result?.sentence ?? ""), "advice": .string(result?.advice ?? ""),
                    "started_at": .number(pairing.time("StartedAt")),
                    "finished_at": .number(pairing.time("FinishedAt")),
                ]))
        } else {
            let name = pairing.text("Name")
            output.line(
                "\(output.dot(result?.isSuccess == true)) \(pairing.text("Address"))"
                    + (name.isEmpty ? "" : " (\(name))") + ": \(word). \(result?.sentence ?? "")")
            if !pairing.text("Rule").isEmpty { output.line("  rule:      \(pairing.text("Rule"))") }
            if !reason.isEmpty { output.line("  reason:    \(reason)") }
            if let advice = result?.advice, !advice.isEmpty { output.line("  do next:   \(advice)") }
        }
        if result?.isSuccess == true { return .done }
        return result == .expired ? .expired : .failed
    }
}

/// Paths of changed objects, in order, for one reader.
@LoopActor
final class Changes {
    private var waiting: [ObjectPath] = []
    private var hasEnded = false
    private var reader: CheckedContinuation<Void, Never>?

    func add(_ path: ObjectPath) {
        if waiting.last != path { waiting.append(path) }
        wake()
    }

    func end() {
        hasEnded = true
        wake()
    }

    /// The next path; `nil` when there will be no more.
    func next() async -> ObjectPath? {
        while waiting.isEmpty, !hasEnded { await withCheckedContinuation { reader = $0 } }
        return waiting.isEmpty ? nil : waiting.removeFirst()
    }

    private func wake() {
        reader?.resume()
        reader = nil
    }
}
