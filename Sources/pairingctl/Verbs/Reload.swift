// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EventLoop

/// Has the daemon read its rules anew.
struct Reload: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Read the rules anew.",
        discussion: """
            With an error in any file, the rules that were in force stay so. Pairings and requests under way keep the rule with \
            which they began.
            """)

    @OptionGroup(title: "Options of every verb") var options: GlobalOptions

    @LoopActor func run(_ session: Session) async throws(Failure) -> ExitStatus {
        let client = try await session.connect()
        do throws(Failure) {
            try await client.reload()
        } catch {
            guard error.status == .failed else { throw error }
            let errors = try await client.manager().properties.texts("PolicyErrors")
            guard !errors.isEmpty else { throw error }
            for line in errors { session.output.error(line) }
            if session.output.isJSON { session.output.document(["errors": .strings(errors)]) }
            throw Failure(.failed, "the rules that were in force stay so")
        }
        let state = try await client.manager().properties
        for line in state.texts("PolicyWarnings") { session.output.error(line) }
        let count = state.texts("PolicyFiles").count
        session.output.note("\("●", .green) \(counted(count, "rule")) \(count == 1 ? "is" : "are") in force.")
        if session.output.isJSON {
            session.output.document(["rules": .number(count), "warnings": .strings(state.texts("PolicyWarnings"))])
        }
        return .done
    }
}
