// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EventLoop

/// What shells complete words with, as the daemon that runs tells it; without one, nothing.
enum Candidates {
    static let devices = candidates { client async throws(Failure) in try await client.devices().map(\.address) }

    static let pairings = candidates { client async throws(Failure) in
        try await client.pairings().compactMap { $0.number.map(String.init) }
    }

    static let requests = candidates { client async throws(Failure) in
        try await client.openRequests().map { String($0.number) }
    }

    static let everything = candidates { client async throws(Failure) in
        let (pairings, requests) = (try await client.pairings(), try await client.openRequests())
        return try await client.devices().map(\.address) + pairings.compactMap { $0.number.map(String.init) }
            + requests.map { String($0.number) }
    }

    /// How long a person who pressed Tab waits, in microseconds.
    private static let patience: UInt64 = 500_000

    private static func candidates(
        _ ask: @escaping @LoopActor @Sendable (Client) async throws(Failure) -> [String]
    ) -> CompletionKind {
        .custom { words, _, _ in
            // Another machine is not asked: that may need a password.
            guard !words.contains(where: { $0.hasPrefix("--host") }) else { return [] }
            let bus = words.firstIndex(of: "--bus").flatMap { words.dropFirst($0 + 1).first }
            nonisolated(unsafe) var found: [String] = []  // Written on the loop, and read when that has ended.
            onLoop {
                await sleep(microseconds: patience)
                EventLoop.shared.stop(code: 0)
            }
            onLoop {
                if let client = try? await Client(bus: bus) { found = (try? await ask(client)) ?? [] }
                EventLoop.shared.stop(code: 0)
            }
            _ = EventLoop.shared.run()
            // To zsh, what comes after a colon is a description.
            return CompletionShell.requesting == .zsh ? found.map { $0.replacing(":", with: "\\:") } : found
        }
    }
}
