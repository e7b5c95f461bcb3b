// SPDX-License-Identifier: Apache-2.0

import Journal
import Pairing
import Policy

/// What is wrong with a page's template.
struct TemplateError: Error, CustomStringConvertible {
    /// `FILE:LINE: what is wrong`, or without the line.
    let description: String
}

/// A page as it is written by hand: man(7), with lines such as `@keys rule` where the program's own declarations belong.
struct Template {
    let name: String
    let text: String

    /// The page in man(7).
    ///
    /// - Throws: for a line that names nothing, and for members of an interface that the page leaves out.
    func page(_ declarations: Declarations) throws(TemplateError) -> String {
        var members = MemberList(declarations.interfaces)
        var lines: [String] = [".\\\" Made from docs/man/\(name): do not edit."]
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            guard line.hasPrefix("@") else {
                lines.append(String(line).replacing("@VERSION@", with: declarations.version))
                continue
            }
            let words = line.dropFirst().split(separator: " ").map(String.init)
            guard let part = members.item(words) ?? part(words, declarations) else {
                throw TemplateError(description: "\(name):\(index + 1): \(line) names nothing, or is there twice")
            }
            lines += part
        }
        if let forgotten = members.forgotten {
            throw TemplateError(description: "\(name): nothing is said of \(forgotten)")
        }
        return lines.joined(separator: "\n")
    }

    private func part(_ words: [String], _ declarations: Declarations) -> [String]? {
        switch words {
        case ["verbs"]: CommandPart(declarations.command).verbs
        case ["common-options"]: CommandPart(declarations.command).commonOptions
        case ["daemon-options"]: DaemonPart.options(declarations.daemonHelp)
        case ["keys", "rule"]: KeyPart.tables(KeyDocumentation.rule)
        case ["keys", "configuration"]: KeyPart.tables(KeyDocumentation.configuration)
        case ["results"]:
            PairingResult.allCases.flatMap { result in
                Roff.item(
                    Roff.bold(result.rawValue),
                    [[result.sentence, result.advice].filter { !$0.isEmpty }.map(Roff.text).joined(separator: "\n")])
            }
        case ["journal-fields"]:
            FieldName.allCases.flatMap { Roff.item(Roff.bold($0.rawValue), [Roff.text($0.meaning)]) }
        case ["journal-messages"]: MessageKind.allCases.flatMap { Roff.item($0.id, [Roff.text($0.meaning)]) }
        default: nil
        }
    }
}
