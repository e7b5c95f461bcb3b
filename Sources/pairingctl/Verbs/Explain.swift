// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Bluetooth
import EventLoop

/// Says why a pairing failed, from what the daemon saw or from a capture file.
struct ExplainVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say why a pairing failed and what to do: the last one, a device's, or all of a capture file.",
        discussion: """
            <what> is one of these; without it, the last pairing that has ended is explained:

              a pairing's number
              a device (its address, hci0/ADDRESS, an object path, or its name): its last pairing
              a capture file (btsnoop, pcap or pcapng; - is standard input): all pairings in it, without pairingd

            A file whose name is a number is written ./7.
            """)

    @Argument(help: "A pairing's number, a device, or a capture file.", completion: Candidates.pairings) var what:
        String?
    @Flag(inversion: .prefixedNo, help: "Draw what happened, step by step.") var chart = true
    @Option(help: ArgumentHelp("Of a file, only the pairings with this device.", valueName: "address")) var device:
        String?
    @Flag(help: "Of a file, only the pairings that failed.") var failed = false
    @OptionGroup(title: "Options of every verb") var options: GlobalOptions

    func validate() throws {
        guard device != nil || failed else { return }
        guard case .capture = ExplainSubject(what) else {
            throw ValidationError("--device and --failed choose among the pairings of a capture file.")
        }
        if let device, Address(device) == nil {
            throw ValidationError("\"\(device)\" is not an address, such as 00:5F:BF:71:81:18.")
        }
    }

    @LoopActor func run(_ session: Session) async throws(Failure) -> ExitStatus {
        let subject = ExplainSubject(what)
        if case .capture(let path) = subject { return try explainFile(path, session) }
        let client = try await session.connect()
        let pairing = try subject.pairing(in: try await client.pairings())
        show(Explanation(pairing, try await client.explain(pairing)), session.output, .standardOutput)
        return .done
    }

    @LoopActor private func explainFile(_ path: String, _ session: Session) throws(Failure) -> ExitStatus {
        // Reading does not let the loop run.
        session.interruption.letSignalsEnd()
        var traces = try CaptureTraces(path)
        let (output, page) = (session.output, Page.standardOutput)
        let address = device.flatMap { Address($0) }
        var (all, shown) = (0 as UInt64, 0)
        var others: [String] = []
        while let trace = try traces.next() {
            all += 1
            let explanation = Explanation(number: all, trace)
            guard address == nil || trace.device.address == address, !failed || explanation.isFailure else {
                if others.count < 8, !others.contains(explanation.address) { others.append(explanation.address) }
                continue
            }
            if shown > 0 { output.note("") }
            show(explanation, output, page)
            shown += 1
        }
        guard shown == 0 else { return .done }
        let what = "no \(failed ? "failed " : "")pairing\(device.map { " with \($0)" } ?? "") is in it"
        let found = "; it has \(counted(Int(clamping: all), "pairing")), of \(others.joined(separator: ", "))"
        throw Failure(.notFound, "\(path): \(what)\(all == 0 ? "" : found)")
    }

    @LoopActor private func show(_ explanation: Explanation, _ output: Output, _ page: Page) {
        if output.isJSON {
            output.document(explanation.document)
        } else if output.isQuiet {
            output.line(Line(explanation.report.finding.rawValue))
        } else {
            let text = ExplanationText(explanation: explanation, page: page)
            for line in text.lines(hasChart: chart) { output.line(line) }
        }
    }
}
