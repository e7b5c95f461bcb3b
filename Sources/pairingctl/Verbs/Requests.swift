// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EventLoop

/// The requests that wait for an answer.
struct Requests: Verb {
    static let configuration = CommandConfiguration(
        abstract: "List what waits for an answer.",
        discussion: "The columns: the number to answer with, what is asked, who asks, and the time that is left.")

    @Flag(help: "Show also the digits to compare or to type; they are secret.") var reveal = false
    @OptionGroup(title: "Options of every verb") var options: GlobalOptions

    @LoopActor func run(_ session: Session) async throws(Failure) -> ExitStatus {
        let client = try await session.connect()
        var requests: [(RequestInfo, digits: String?)] = []
        for request in try await client.openRequests() {
            requests.append((request, reveal ? try await digits(of: request, client) : nil))
        }
        Self.show(requests, session.output)
        return .done
    }

    /// - Parameter requests: With digits where they are to be shown, empty for a request that has none.
    @LoopActor static func show(_ requests: [(RequestInfo, digits: String?)], _ output: Output) {
        let isRevealing = requests.contains { $0.digits != nil }
        if output.isJSON {
            output.document(
                .array(
                    requests.map { request, digits in
                        request.document.adding(digits.map { [(key: "digits", value: .string($0))] } ?? [])
                    }))
        } else if requests.isEmpty {
            output.note("Nothing is asked. pairingctl watch shows requests as they come.")
        } else if output.isQuiet {
            for (request, _) in requests { output.line("\(request.number)") }
        } else {
            var table = Table("NUMBER", "KIND", .cut("NAME"), "ADDRESS", .cut("RULE"), "LEFT", "DIGITS")
            table.rows = requests.map { row($0, digits: $1) }
            output.table(isRevealing ? table : table.withoutLastColumn)
        }
    }

    private static func row(_ request: RequestInfo, digits: String?) -> [Line] {
        [
            Line(String(request.number), .bold), Line(request.properties.text("Kind")),
            dashed(request.properties.text("Name")),
            Line(request.properties.text("Address")), dashed(request.rule),
            dashed(request.secondsLeft.map { "\($0) s" } ?? ""),
            dashed(Question.grouped(digits ?? "")),
        ]
    }

    @LoopActor private func digits(of request: RequestInfo, _ client: Client) async throws(Failure) -> String {
        guard request.kind?.hasDigits == true else { return "" }
        do throws(Failure) {
            return try await client.reveal(request)
        } catch {
            // One that ended meanwhile has no digits any longer; without permission there is nothing to go on with.
            guard error.status == .notAuthorized || error.status == .unreachable else { return "" }
            throw error
        }
    }
}
