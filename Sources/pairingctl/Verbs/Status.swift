// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EventLoop

/// The state of the daemon.
struct Status: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Show what pairingd is doing; so does pairingctl without a verb.")

    @OptionGroup(title: "Options of every verb") var options: GlobalOptions

    @LoopActor func run(_ session: Session) async throws(Failure) -> ExitStatus {
        let client = try await session.connect()
        let manager = try await client.manager()
        guard !session.output.isJSON else {
            session.output.document(manager.document)
            return .done
        }
        for line in try await lines(manager.properties, client, session.output.columns) { session.output.note(line) }
        return .done
    }

    @LoopActor private func lines(
        _ state: Properties, _ client: Client, _ columns: Int?
    ) async throws(Failure) -> [Line] {
        let (bluez, agent, errors) = (state.text("BlueZ"), state.text("DefaultAgent"), state.texts("PolicyErrors"))
        let isWell = bluez == "running" && agent != "lost" && errors.isEmpty
        var rows: [(label: String, value: Line)] = [
            ("bluez", Line(bluez, bluez == "running" ? .plain : .red)),
            ("default agent", "\(agent, agent == "lost" ? .red : .plain) (\(state.text("DefaultIOCapability")))"),
            ("adapters", Line(list(state.paths("Adapters").map { $0.elements.last.map(String.init) ?? $0.text }))),
            ("monitor", state.flag("MonitorAvailable") ? "available" : "\("not available", .yellow)"),
            ("policy", "\(counted(state.texts("PolicyFiles").count, "file"))"),
        ]
        rows += errors.map { ("policy error", Line($0, .red)) }
        rows += state.texts("PolicyWarnings").map { ("policy warning", Line($0, .yellow)) }
        let window = state.time("WindowUntil")
        if window != 0 { rows.append(("window", "\("open", .yellow) for another \(WindowStatus.span(until: window))")) }
        let active = state.path("ActivePairing")
        if active != "/" {
            let pairing = try await client.pairing(active)
            rows.append(("pairing", "\(pairing.title), \(pairing.state, .yellow)"))
        }
        let count = Int(state.count("PendingRequests"))
        rows.append(("requests", count == 0 ? "none" : "\("\(count) open", .yellow): pairingctl requests"))
        let width = (rows.map(\.label.utf8.count).max() ?? 0) + 2
        let tree = rows.indices.flatMap { index -> [Line] in
            let isLast = index == rows.indices.last
            let front: Line =
                "   \(isLast ? "└─" : "├─", .dim) \(Line(rows[index].label + ":").padded(to: width))"
            let margin = (isLast ? "" : "   \("│", .dim)" as Line).padded(to: front.width)
            let values = columns.map { rows[index].value.wrapped(to: max(20, $0 - front.width)) } ?? [rows[index].value]
            return values.enumerated().map { ($0 == 0 ? front : margin) + $1 }
        }
        return [" \("●", isWell ? .green : .red) \("pairingd", .bold) \(state.text("Version"))"] + tree
    }

    private func list(_ names: [String]) -> String { names.isEmpty ? "none" : names.joined(separator: ", ") }
}

/// `1 file`, `2 files`.
func counted(_ count: Int, _ noun: String) -> String { count == 1 ? "1 \(noun)" : "\(count) \(noun)s" }
