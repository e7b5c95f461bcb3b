// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Texts as the program wrote them when somebody read them last, in Tests/Snapshots. `UPDATE_SNAPSHOTS=1 swift test` writes
/// them anew; read the difference before it is committed.
enum Snapshot {
    static func expect(_ text: String, is name: String, _ location: SourceLocation = #_sourceLocation) throws {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
        let path = root.joined(separator: "/") + "/Snapshots/" + name
        if ProcessInfo.processInfo.environment["UPDATE_SNAPSHOTS"] != nil {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        }
        let expected = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        let (new, old) = (text.components(separatedBy: "\n"), expected.components(separatedBy: "\n"))
        let place = zip(new, old).enumerated().first { $1.0 != $1.1 }?.offset ?? min(new.count, old.count)
        #expect(
            text == expected,
            """
            \(name) differs from line \(place + 1) on; UPDATE_SNAPSHOTS=1 takes the new text over.
            is:  \(place < new.count ? new[place] : "(nothing)")
            was: \(place < old.count ? old[place] : "(nothing)")
            """, sourceLocation: location)
    }
}
