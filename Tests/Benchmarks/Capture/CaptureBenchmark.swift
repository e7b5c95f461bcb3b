// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Times programs that read the same two files, one ten times as long as the other, in turns.
struct CaptureBenchmark {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// This program, which is run for each measurement.
    var ownPath: String
    var megabytes = 200
    var rounds = 3
    /// A btsnoop file that is repeated in place of the exchange that is made up.
    var source: String?
    /// Something more to measure.
    var command: [String] = []

    /// Which of the programs the others are held against.
    private static let btmon = 1

    private struct Program {
        var name: String
        var arguments: [String]
    }

    private struct Measurement {
        var seconds: Double
        /// What the processor worked on it; other programs make it last longer, but not this.
        var processorSeconds: Double
        /// The largest part of it that was in memory, in MiB.
        var memory: Double
    }

    func run() throws {
        let body = try source.map(SampleCapture.body(ofFile:)) ?? SampleCapture.body
        var programs = [
            Program(name: "reader and decoder", arguments: [ownPath, "--read"]),
            Program(name: "btmon -r", arguments: ["/usr/bin/btmon", "-r"]),
        ]
        if let name = command.first { programs.append(Program(name: name, arguments: command)) }

        var figures: [[[Measurement]]] = []
        for size in [megabytes * 100_000, megabytes * 1_000_000] {
            let file = try RepeatedFile(header: SampleCapture.header, body: body, size: size)
            var measurements = [[Measurement]](repeating: [], count: programs.count)
            for _ in 0..<rounds {
                for (number, program) in programs.enumerated() {
                    measurements[number].append(try Self.measure(program, file.path))
                }
            }
            figures.append(measurements)
        }
        print(
            "A capture of \(megabytes) MB, \(body.records) records over and over; \(rounds) rounds, the programs in turns"
        )
        for (number, program) in programs.enumerated() {
            print("\n\(program.name)")
            for (size, measurements) in zip([megabytes, megabytes / 10], figures.reversed()) {
                let (time, work) = (
                    median(measurements[number]) { $0.seconds }, median(measurements[number]) { $0.processorSeconds }
                )
                let memory = measurements[number].map(\.memory).max() ?? 0
                print(
                    "  \(size) MB: \(rounded(time)) s, of them \(rounded(work)) s on the processor (medians);",
                    "at most \(rounded(memory)) MiB in memory")
            }
        }
        print("")
        for (number, program) in programs.enumerated() where number != Self.btmon {
            let ratio = { (value: (Measurement) -> Double) in
                rounded(median(figures[1][Self.btmon], value) / median(figures[1][number], value))
            }
            print("btmon takes \(ratio { $0.seconds }) times as long as \(program.name),", terminator: " ")
            print("\(ratio { $0.processorSeconds }) times on the processor")
        }
    }

    private func median(_ measurements: [Measurement], _ value: (Measurement) -> Double) -> Double {
        measurements.map(value).sorted()[measurements.count / 2]
    }

    /// Two digits behind the point.
    private func rounded(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
    }

    /// Runs a program with its output to nowhere.
    private static func measure(_ program: Program, _ path: String) throws -> Measurement {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        var arguments = (program.arguments + [path]).map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var child: pid_t = 0
        let begin = ContinuousClock.now
        let result = posix_spawnp(&child, program.arguments[0], &actions, nil, &arguments, environ)
        guard result == 0 else { throw Failure(description: "\(program.name): \(String(cString: strerror(result)))") }
        var (status, usage) = (CInt(0), rusage())
        while wait4(child, &status, 0, &usage) < 0 {
            guard errno == EINTR else { throw Failure(description: String(cString: strerror(errno))) }
        }
        let (seconds, attoseconds) = (ContinuousClock.now - begin).components
        guard status == 0 else { throw Failure(description: "\(program.name) ended with status \(status)") }
        // No less than what this process has, which the kernel counts until the other program begins.
        return Measurement(
            seconds: Double(seconds) + Double(attoseconds) / 1e18,
            processorSeconds: [usage.ru_utime, usage.ru_stime].reduce(0) {
                $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6
            },
            memory: Double(usage.ru_maxrss) / 1024)
    }
}

/// A temporary file of a given size at least, which goes with its value.
private final class RepeatedFile {
    let path: String

    init(header: [UInt8], body: SampleCapture.Body, size: Int) throws {
        var template = Array("/tmp/capture-bench-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        guard descriptor >= 0 else { throw CaptureBenchmark.Failure(description: String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var block: [UInt8] = []
        while block.count < 256 * 1024 { block += body.octets }
        try write(header, descriptor)
        var written = header.count
        while written < size {
            try write(block, descriptor)
            written += block.count
        }
    }

    deinit { unlink(path) }

    private func write(_ octets: [UInt8], _ descriptor: CInt) throws {
        guard Glibc.write(descriptor, octets, octets.count) == octets.count else {
            throw CaptureBenchmark.Failure(
                description: "the file cannot be written: \(String(cString: strerror(errno)))")
        }
    }
}
