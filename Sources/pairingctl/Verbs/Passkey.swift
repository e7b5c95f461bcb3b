// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EventLoop
import Glibc
import Pairing

/// The six digits that the device shows.
struct EnterPasskey: Verb {
    static let configuration = CommandConfiguration(
        commandName: "passkey", abstract: "Enter the six digits that a device shows.",
        usage: "pairingctl passkey [<number>] [<options>]",
        discussion: secretDiscussion)

    @Argument(help: "The request's number; without it, the only one that is open.", completion: Candidates.requests)
    var number: [String] = []
    @OptionGroup(title: "Options of every verb") var options: GlobalOptions

    @LoopActor func run(_ session: Session) async throws(Failure) -> ExitStatus {
        try await SecretEntry(kind: .passkeyEntry, verb: "passkey").run(number, session)
    }
}

/// The PIN of an old device.
struct EnterPin: Verb {
    static let configuration = CommandConfiguration(
        commandName: "pin", abstract: "Enter the PIN of a device from before Bluetooth 2.1.",
        usage: "pairingctl pin [<number>] [<options>]",
        discussion: secretDiscussion)

    @Argument(help: "The request's number; without it, the only one that is open.", completion: Candidates.requests)
    var number: [String] = []
    @OptionGroup(title: "Options of every verb") var options: GlobalOptions

    @LoopActor func run(_ session: Session) async throws(Failure) -> ExitStatus {
        try await SecretEntry(kind: .pinEntry, verb: "pin").run(number, session)
    }
}

private let secretDiscussion = """
    What you enter is read from the terminal, or from standard input where that is no terminal. It never stands on the \
    command line, which other users and the shell's history can see.
    """

/// Reads a secret from the terminal or from standard input, and gives it to the daemon.
@LoopActor
private struct SecretEntry {
    let kind: RequestKind
    let verb: String

    func run(_ words: [String], _ session: Session) async throws(Failure) -> ExitStatus {
        let client = try await session.connect()
        let choice = RequestChoice(verb, fits: { [kind] in $0 == kind }, explain: { [verb] in looksSecret($0, verb) })
        let request = try await choice.find(words, client, session.output)
        if let terminal = Terminal(session.output, mayUseStandardError: true) {
            return try await ask(request, client, terminal, session)
        }
        switch Question.secret(try await StandardInput.line(), for: kind) {
        case .hint(let hint): throw Failure(.usage, "\(request.title): \(hint)")
        case .answer(let answer):
            try await client.answer(request, answer)
            session.output.answered(request, answer.outcome)
            return .done
        }
    }

    /// Asks at the terminal until there is an answer, or the request ends elsewhere.
    private func ask(
        _ request: RequestInfo, _ client: Client, _ terminal: Terminal, _ session: Session
    ) async throws(Failure) -> ExitStatus {
        let view = try await LiveView(client)
        guard view.requests[request.number] != nil else { throw Failure(.failed, "\(request.title) is over") }
        let (ends, continuation) = AsyncStream.makeStream(of: Prompter.End.self)
        let prompter = try Prompter(client, terminal)
        defer { prompter.end() }
        prompter.onLeave = { continuation.finish() }
        prompter.onEnd = { continuation.yield($1) }
        prompter.ask(request)
        let following = onLoop {
            for await event in view.events {
                switch event {
                case .finished(let request, let outcome, _): prompter.finish(request, outcome: outcome)
                case .daemonGone: continuation.yield(.failed(.daemonMissing))
                case .opened, .changed, .pairing, .pairingRemoved, .daemonBack: break
                }
            }
            continuation.yield(.failed(.daemonMissing))
        }
        defer { following.cancel() }
        for await end in ends { return try outcome(of: end, request, session) }
        throw Failure(.failed, "\(request.title) is not answered; \(kind.howToAnswer(request.number))")
    }

    private func outcome(
        of end: Prompter.End, _ request: RequestInfo, _ session: Session
    ) throws(Failure) -> ExitStatus {
        switch end {
        case .answered(let answer):
            // The terminal has shown it already.
            if session.output.isJSON { session.output.answered(request, answer.outcome) }
            return .done
        case .elsewhere(let outcome):
            throw Failure(outcome == "expired" ? .expired : .failed, "\(request.title) was \(outcome) before an answer")
        case .failed(let failure): throw failure
        }
    }
}

/// Digits on the command line are in the shell's history and in the process list by now.
private func looksSecret(_ word: String, _ verb: String) -> Failure? {
    guard word.utf8.count >= 4 || word.hasPrefix("0") || UInt64(word) == nil else { return nil }
    return Failure(
        .usage,
        "digits do not belong on the command line, where other users and the shell's history see them;"
            + " run pairingctl \(verb) and type them, or give them on standard input")
}
