// SPDX-License-Identifier: Apache-2.0

import Foundation
import Policy
import Testing

@Suite("What the fuzzer starts from and what it found")
struct FuzzFindingTests {
    @Test("Every input is read or refused, and no error repeats a control character", arguments: inputs)
    func returns(input: String) throws {
        let text = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(input)")))
        do throws(PolicyErrors) {
            _ = try Rule(parsing: text, file: input)
        } catch {
            #expect(!error.errors.isEmpty)
            for error in error.errors {
                #expect(error.description.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
            }
        }
    }

    @Test("No error repeats an endless key", arguments: inputs)
    func isShort(input: String) throws {
        let text = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(input)")))
        do throws(PolicyErrors) {
            _ = try Rule(parsing: text, file: input)
        } catch {
            let longest = error.errors.map(\.description.utf8.count).max() ?? 0
            #expect(longest <= 1024)
            #expect(error.errors.count <= 51)
        }
    }

    @Test("The inputs are where this looks for them")
    func inputsAreThere() {
        #expect(inputs.count > 20)
    }
}

/// The fuzzer's folder, next to that of this file.
private let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fuzz").path

/// Every file of both folders, below the fuzzer's.
private let inputs = ["corpus/rule-files", "findings/rule-files"].flatMap { part in
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(part)")) ?? []
    return names.filter { !$0.hasPrefix(".") }.sorted().map { "\(part)/\($0)" }
}
