// SPDX-License-Identifier: Apache-2.0

public import Pairing

/// Numbers that are never given twice, also across restarts and crashes.
///
/// They are reserved in blocks: the file `numbers` holds the first number that is not reserved yet, so that only every
/// 64th number costs a write. After a crash the rest of a block is left out.
public struct NumberSeries: NumberSource {
    private let folder: StateFolder?
    private let report: @Sendable (StateProblem) -> Void
    private var upcoming: UInt64
    private var reserved: UInt64
    private static let block: UInt64 = 64
    private static let file = "numbers"

    /// Continues the series that the folder keeps; begins at 1 where there is none, or it is damaged.
    ///
    /// - Parameters:
    ///   - folder: `nil` where there is none: then every start begins at 1.
    ///   - report: Told what is wrong with the file, now and when numbers cannot be reserved on disk.
    public init(folder: StateFolder?, report: @escaping @Sendable (StateProblem) -> Void) {
        self.folder = folder
        self.report = report
        upcoming = 1
        if let folder {
            do throws(StateError) {
                if let octets = try folder.read(Self.file) {
                    if let number = Self.number(octets) {
                        upcoming = number
                    } else {
                        report(StateProblem(folder.path(of: Self.file), line: 1, "is not a number; numbers begin at 1"))
                    }
                }
            } catch {
                report(StateProblem(error))
            }
        }
        reserved = upcoming
    }

    /// The next number. When it cannot be reserved on disk it is given all the same: a pairing matters more.
    public mutating func next() -> UInt64 {
        defer { upcoming += 1 }
        if upcoming >= reserved {
            reserved = upcoming + Self.block
            do throws(StateError) {
                try folder?.write(Self.file, "\(reserved)\n")
            } catch {
                report(StateProblem(error))
            }
        }
        return upcoming
    }

    /// From 1, and so far below the end that no series comes there.
    private static func number(_ octets: [UInt8]) -> UInt64? {
        guard octets.last == UInt8(ascii: "\n") else { return nil }
        let text = String(decoding: octets.dropLast(), as: UTF8.self)
        return StateLines.decimal(text).flatMap { (1...UInt64.max / 2).contains($0) ? $0 : nil }
    }
}
