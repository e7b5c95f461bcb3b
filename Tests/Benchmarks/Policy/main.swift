// SPDX-License-Identifier: Apache-2.0
// How fast rules are read and devices decided. Figures, never a verdict: the exit status is 0 whenever it ran.

import Glibc

private let usage = "usage: policy-bench [--json] [--seed NUMBER]"

private func complain(_ line: String, status: Int32) -> Never {
    let bytes = Array("\(line)\n".utf8)
    write(STDERR_FILENO, bytes, bytes.count)
    exit(status)
}

private var isJSON = false
private var benchmark = Benchmark(seed: 1)
private var arguments = CommandLine.arguments.dropFirst()
while let argument = arguments.popFirst() {
    switch argument {
    case "--json": isJSON = true
    case "--seed":
        guard let seed = arguments.popFirst().flatMap({ UInt64($0) }) else { complain(usage, status: 2) }
        benchmark.seed = seed
    case "--help":
        print(usage)
        exit(0)
    default: complain(usage, status: 2)
    }
}

do {
    let report = try benchmark.run()
    print(isJSON ? report.json : report.text)
} catch let failure as RuleFilesFolder.Failure {
    complain("policy-bench: \(failure.reason)", status: 1)
} catch {
    complain("policy-bench: \(error)", status: 1)
}
