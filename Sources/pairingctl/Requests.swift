// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EventLoop

struct Requests: Verb {
    static let configuration = CommandConfiguration(abstract: "List what waits for an answer.")
    @Flag(help: "Show the digits to compare or to type, too.") var reveal = false
    @OptionGroup var common: CommonOptions

    @LoopActor func perform(_ client: Client, _ output: Output) async throws -> Exit {
        var rows: [(request: Properties, digits: String?)] = []
        for request in try await client.openRequests() {
            var digits: String?
            if reveal, Self.hasDigits(request.text("Kind")) {
                digits = clean(try await client.call(request.path, "Request1", "Reveal").first?.converted() ?? "")
            }
            rows.append((request, digits))
        }
        if output.isJSON {
            output.document(.array(rows.map { Self.json($0.request, $0.digits) }))
            return .done
        }
        guard !rows.isEmpty else {
            output.line("Nothing waits for an answer.")
            return .done
        }
        output.table(
            ["NUMBER", "KIND", "ADDRESS", "SECONDS", "RULE", "DIGITS", "NAME"],
            rows.map { request, digits in
                [
                    String(request.number), request.text("Kind"), request.text("Address"),
                    String(Self.secondsLeft(request)), request.text("Rule").orDash, (digits ?? "").orDash,
                    request.text("Name"),
                ]
            })
        return .done
    }

    static func hasDigits(_ kind: String) -> Bool {
        ["confirmation", "passkey-display", "pin-display"].contains(kind)
    }

    static func secondsLeft(_ request: Properties) -> UInt64 {
        let (deadline, now) = (request.time("DeadlineMonotonic"), Clock.monotonic)
        return deadline > now ? (deadline - now) / 1_000_000 : 0
    }

    static func json(_ request: Properties, _ digits: String?) -> JSON {
        var members: [JSON.Member] = []
        func add(_ key: String, _ value: JSON) { members.append(JSON.Member(key: key, value: value)) }
        add("number", .number(request.number))
        add("kind", .string(request.text("Kind")))
        add("address", .string(request.text("Address")))
        add("name", .string(request.text("Name")))
        add("rule", .string(request.text("Rule")))
        add("pairing", .string(request.path("Pairing")))
        add("service", .string(request.text("Service")))
        add("entered", .number(UInt64(request.values["Entered"]?.converted(to: UInt16.self) ?? 0)))
        add("deadline", .number(request.time("Deadline")))
        add("seconds_left", .number(secondsLeft(request)))
        add("state", .string(request.text("State")))
        if let digits { add("digits", .string(digits)) }
        return .object(members)
    }
}
