// SPDX-License-Identifier: Apache-2.0

import Glibc
import Pairing
import State
import Synchronization
import Testing

@Suite("The series of numbers") struct NumberSeriesTests {
    private let place: TestFolder
    private let problems = Problems()

    /// What was reported.
    final class Problems: Sendable {
        private let texts = Mutex<[String]>([])
        func append(_ text: String) { texts.withLock { $0.append(text) } }
        var all: [String] { texts.withLock { $0 } }
    }

    init() throws { place = try TestFolder() }

    private func series() throws -> NumberSeries {
        let (problems, path) = (problems, place.path)
        return NumberSeries(folder: try place.open()) {
            problems.append(String($0.description.dropFirst(path.utf8.count + 1)))
        }
    }

    private func take(_ count: Int, from series: NumberSeries) -> [UInt64] {
        var series = series
        return (0..<count).map { _ in series.next() }
    }

    @Test("It begins at 1 and leaves nothing out") func beginsAt1() throws {
        #expect(take(200, from: try series()) == Array(1...200))
        #expect(problems.all == [])
    }

    @Test("No number comes twice after a restart") func noNumberComes() throws {
        #expect(take(3, from: try series()) == [1, 2, 3])
        #expect(place.text("numbers") == "65\n")
        #expect(take(65, from: try series()) == Array(65...129))
        #expect(take(1, from: try series()) == [193])
    }

    @Test("A start that needs no number writes nothing") func startNeedsNo() throws {
        _ = try series()
        #expect(!place.exists("numbers"))
    }

    @Test(
        "A damaged file begins at 1, and is told once",
        arguments: [
            "", "\n", "12", "12\n13\n", "twelve\n", "-1\n", "+12\n", "012\n", "0\n", " 12\n", "18446744073709551615\n",
            "18446744073709551616\n", "12\0\n",
        ])
    func damagedFileBegins(text: String) throws {
        try place.put("numbers", text)
        #expect(take(65, from: try series()) == Array(1...65))
        #expect(problems.all == ["numbers:1: is not a number; numbers begin at 1"])
        #expect(place.text("numbers") == "129\n")
    }

    @Test("The largest number that a file may hold has all the numbers after it that anybody needs")
    func largestNumberFile() throws {
        try place.put("numbers", "9223372036854775807\n")
        #expect(take(2, from: try series()) == [9_223_372_036_854_775_807, 9_223_372_036_854_775_808])
    }

    @Test("A file that cannot be read is told, and numbers begin at 1") func fileCannotBe() throws {
        try place.pipe("numbers")
        #expect(take(1, from: try series()) == [1])
        #expect(problems.all == ["numbers: cannot read: is not a regular file"])
    }

    @Test("Numbers that cannot be reserved are given all the same, and each block is told") func numbersCannotBe()
        throws
    {
        let series = try series()
        try #require(rmdir(place.path) == 0)
        #expect(take(65, from: series) == Array(1...65))
        #expect(
            problems.all == Array(repeating: "numbers: cannot write: No such file or directory", count: 2))
    }

    @Test("Without a folder every start begins at 1") func withoutFolderEvery() {
        let problems = problems
        #expect(take(65, from: NumberSeries(folder: nil) { problems.append("\($0)") }) == Array(1...65))
        #expect(problems.all == [])
    }
}
