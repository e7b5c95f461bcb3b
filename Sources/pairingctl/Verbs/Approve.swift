// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EventLoop
import Pairing

/// Yes.
struct Approve: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Say yes to a request: to a pairing, to equal digits, to a service.")

    @Argument(help: "The request's number; without it, the only one that is open.", completion: Candidates.requests)
    var number: String?
    @OptionGroup(title: "Options of every verb") var options: GlobalOptions

    @LoopActor func run(_ session: Session) async throws(Failure) -> ExitStatus {
        try await answer(.accept, RequestChoice("approve", fits: \.isYesOrNo), number, session)
    }
}

/// No.
struct Reject: Verb {
    static let configuration = CommandConfiguration(abstract: "Say no to a request.")

    @Argument(help: "The request's number; without it, the only one that is open.", completion: Candidates.requests)
    var number: String?
    @OptionGroup(title: "Options of every verb") var options: GlobalOptions

    @LoopActor func run(_ session: Session) async throws(Failure) -> ExitStatus {
        try await answer(.reject, RequestChoice("reject", fits: { _ in true }), number, session)
    }
}

@LoopActor
private func answer(
    _ answer: RequestAnswer, _ choice: RequestChoice, _ number: String?, _ session: Session
) async throws(Failure) -> ExitStatus {
    let client = try await session.connect()
    let request = try await choice.find(number.map { [$0] } ?? [], client, session.output)
    try await client.answer(request, answer)
    session.output.answered(request, answer.outcome)
    return .done
}

extension Output {
    /// Tells how a request was answered.
    func answered(_ request: RequestInfo, _ outcome: String) {
        note("\(request.label)  \(request.device): \(outcome, outcome == "rejected" ? .yellow : .green)")
        guard isJSON else { return }
        document([
            "number": .number(request.number),
            "kind": .string(request.properties.text("Kind")),
            "address": .string(request.properties.text("Address")),
            "name": .string(request.properties.text("Name")),
            "outcome": .string(outcome),
        ])
    }
}
