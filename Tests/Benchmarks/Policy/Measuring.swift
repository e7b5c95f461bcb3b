// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The same numbers on every machine; the standard library's generator cannot be seeded.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// How long the same work took each time.
struct Samples {
    private(set) var microseconds: [Double] = []

    /// Measures one run of the work and gives its result.
    mutating func measure<Result, Failure: Error>(_ work: () throws(Failure) -> Result) throws(Failure) -> Result {
        let begin = ContinuousClock.now
        let result = try work()
        let (seconds, attoseconds) = (ContinuousClock.now - begin).components
        microseconds.append(Double(seconds) * 1e6 + Double(attoseconds) / 1e12)
        return result
    }

    mutating func append(_ other: Samples) { microseconds += other.microseconds }

    var total: Double { microseconds.reduce(0, +) }

    /// The value that this share of the samples does not exceed (nearest rank).
    func percentile(_ percent: Int) -> Double {
        let sorted = microseconds.sorted()
        guard !sorted.isEmpty else { return 0 }
        let rank = (sorted.count * percent + 99) / 100
        return sorted[min(max(rank, 1), sorted.count) - 1]
    }
}

/// The process's resident memory in MiB; 0 when the kernel does not say.
func residentMemory() -> Double {
    let descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return 0 }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 128)
    let count = read(descriptor, &buffer, buffer.count)
    // The second number: pages in memory.
    let fields = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self).split(separator: " ")
    guard fields.count > 1, let pages = Int(fields[1]) else { return 0 }
    return Double(pages * sysconf(Int32(_SC_PAGESIZE))) / 1_048_576
}
