// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Bluetooth
import DBus
import EventLoop
import Glibc

struct Approve: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Say yes to a request.", discussion: "Without a number: to the only one that is open.")
    @ArgumentParser.Argument(help: "The request's number.") var number: UInt64?
    @OptionGroup var common: CommonOptions

    @LoopActor func perform(_ client: Client, _ output: Output) async throws -> Exit {
        let path = try await client.request(number, "yes or no") {
            ["authorization", "confirmation", "service"].contains($0)
        }
        try await client.call(path, "Request1", "Accept")
        return told(path, "accepted", output)
    }
}

struct Reject: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Say no to a request.", discussion: "Without a number: to the only one that is open.")
    @ArgumentParser.Argument(help: "The request's number.") var number: UInt64?
    @OptionGroup var common: CommonOptions

    @LoopActor func perform(_ client: Client, _ output: Output) async throws -> Exit {
        let path = try await client.request(number, "an answer") { _ in true }
        try await client.call(path, "Request1", "Reject")
        return told(path, "rejected", output)
    }
}

struct EnterPasskey: Verb {
    static let configuration = CommandConfiguration(
        commandName: "passkey", abstract: "Enter the six digits that a device shows.",
        discussion: "They are read from standard input: on a command line, others could see them.")
    @ArgumentParser.Argument(help: "The request's number.") var number: UInt64?
    @OptionGroup var common: CommonOptions

    @LoopActor func perform(_ client: Client, _ output: Output) async throws -> Exit {
        let path = try await client.request(number, "a passkey") { $0 == "passkey-entry" }
        guard let passkey = Passkey(digits: try await secretLine("Passkey (six digits): ")) else {
            throw Problem("a passkey has exactly six digits, 000000 to 999999", .usage)
        }
        try await client.call(path, "Request1", "EnterPasskey", [.uint32(passkey.value)])
        return told(path, "entered", output)
    }
}

struct EnterPin: Verb {
    static let configuration = CommandConfiguration(
        commandName: "pin", abstract: "Enter the PIN code of an older device.",
        discussion: "It is read from standard input: on a command line, others could see it.")
    @ArgumentParser.Argument(help: "The request's number.") var number: UInt64?
    @OptionGroup var common: CommonOptions

    @LoopActor func perform(_ client: Client, _ output: Output) async throws -> Exit {
        let path = try await client.request(number, "a PIN code") { $0 == "pin-entry" }
        guard let pin = PINCode(try await secretLine("PIN code: ")) else {
            throw Problem("a PIN code has 1 to 16 bytes and no control characters", .usage)
        }
        try await client.call(path, "Request1", "EnterPin", [.string(pin.text)])
        return told(path, "entered", output)
    }
}

@LoopActor private func told(_ path: ObjectPath, _ outcome: String, _ output: Output) -> Exit {
    let number = path.elements.last.flatMap { UInt64($0) } ?? 0
    if output.isJSON {
        output.document(.object(["number": .number(number), "outcome": .string(outcome)]))
    } else {
        output.line("Request \(number) is \(outcome).")
    }
    return .done
}

/// One line from standard input; at a terminal after `prompt`.
@LoopActor private func secretLine(_ prompt: String) async throws -> String {
    if isatty(STDIN_FILENO) == 1 { writeText(prompt, to: STDERR_FILENO) }
    let input = StandardInput()
    guard let line = await input.line() else { throw Problem("nothing was entered", .usage) }
    return line
}
