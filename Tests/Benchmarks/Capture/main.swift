// SPDX-License-Identifier: Apache-2.0
// How fast a capture file is read and decoded, beside btmon. Figures, never a verdict: the exit status is 0 whenever it ran.

import Glibc
import HCIMonitor

private let usage = """
    usage: capture-bench [--megabytes NUMBER] [--rounds NUMBER] [--from BTSNOOP-FILE] [-- COMMAND [ARGUMENT...]]
           capture-bench --read FILE

    Without --from, an exchange is made up and repeated. A COMMAND is measured too, the file's name behind its arguments.
    """

private func complain(_ line: String, status: Int32) -> Never {
    let bytes = Array("\(line)\n".utf8)
    write(STDERR_FILENO, bytes, bytes.count)
    exit(status)
}

private func positive(_ text: String?) -> Int {
    guard let number = text.flatMap({ Int($0) }), (1...100_000).contains(number) else { complain(usage, status: 2) }
    return number
}

private var benchmark = CaptureBenchmark(ownPath: "/proc/self/exe")
private var arguments = CommandLine.arguments.dropFirst()
while let argument = arguments.popFirst() {
    switch argument {
    case "--read":
        guard let path = arguments.popFirst() else { complain(usage, status: 2) }
        do throws(CaptureError) {
            try readCapture(path)
            exit(0)
        } catch {
            complain("capture-bench: \(error)", status: 1)
        }
    case "--megabytes": benchmark.megabytes = positive(arguments.popFirst())
    case "--rounds": benchmark.rounds = positive(arguments.popFirst())
    case "--from": benchmark.source = arguments.popFirst()
    case "--":
        benchmark.command = Array(arguments)
        arguments = []
    case "--help":
        print(usage)
        exit(0)
    default: complain(usage, status: 2)
    }
}

do {
    try benchmark.run()
} catch {
    complain("capture-bench: \(error)", status: 1)
}

/// What `--read` does in a process of its own, so that its time and memory are its own.
private func readCapture(_ path: String) throws(CaptureError) {
    var reader = try CaptureReader(path: path)
    var decoder = MonitorDecoder()
    var (records, events) = (0, 0)
    while let record = try reader.next() {
        records += 1
        events += decoder.decode(record).count
    }
    print("\(records) records, \(events) events")
}
