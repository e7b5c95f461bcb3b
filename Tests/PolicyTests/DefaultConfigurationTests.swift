// SPDX-License-Identifier: Apache-2.0

import Foundation
import Policy
import Testing

@Suite("etc/pairingd.toml")
struct DefaultConfigurationTests {
    private static let text: String = {
        let tests = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        return (try? String(contentsOfFile: tests.joined(separator: "/") + "/etc/pairingd.toml", encoding: .utf8)) ?? ""
    }()

    @Test("shows every key with its help and its default")
    func keys() {
        var expected = ""
        for table in KeyDocumentation.configuration where table.isTable {
            expected += "\n# \(table.help)\n#[\(table.name)]\n"
            for key in KeyDocumentation.configuration where key.table == table.name {
                expected += "# \(key.help)\n#\(key.name) = \(key.defaultText)\n"
            }
        }
        #expect(Self.text.hasSuffix(expected), "etc/pairingd.toml should end with:\n\(expected)")
    }

    @Test("changes nothing, neither as it is nor with all of its settings taken in")
    func defaults() throws {
        var expected = Configuration()
        expected.file = "pairingd.toml"
        #expect(try ConfigurationTests.configuration(Self.text) == expected)
        let lines = Self.text.components(separatedBy: "\n")
        let settings = lines.map { $0.hasPrefix("#") && !$0.hasPrefix("# ") ? String($0.dropFirst()) : $0 }
        #expect(settings.contains("[agent]"))
        #expect(try ConfigurationTests.configuration(settings.joined(separator: "\n")) == expected)
    }
}
