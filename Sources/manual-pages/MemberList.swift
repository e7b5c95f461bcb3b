// SPDX-License-Identifier: Apache-2.0

import DBus

/// The members of the interfaces, each to be named once: `@member Manager1.Pair`.
struct MemberList {
    private var isUsed = false
    /// Those that are not named yet.
    private var rest: [String: InterfaceDocumentation.Member] = [:]

    init(_ interfaces: [InterfaceDocumentation]) {
        for interface in interfaces {
            let name = interface.name.split(separator: ".").last ?? ""
            for member in interface.members { rest["\(name).\(member.name)"] = member }
        }
    }

    /// A member that a page with members leaves out.
    var forgotten: String? { isUsed ? rest.keys.min() : nil }

    /// The head of a member's item; `nil` for words that name no member, or one that was named before.
    mutating func item(_ words: [String]) -> [String]? {
        guard words.count == 2, words[0] == "member" else { return nil }
        isUsed = true
        return rest.removeValue(forKey: words[1]).map { [".TP", Self.head($0)] }
    }

    private static func head(_ member: InterfaceDocumentation.Member) -> String {
        let name = Roff.bold(member.name)
        switch member.kind {
        case .method(let input, let output, let action):
            let result = output.isEmpty ? "" : " \\-> \(list(output))"
            let guarded = action.isEmpty ? "" : " [\(Roff.text(action))]"
            return "\(name)(\(list(input)))\(result)\(guarded)"
        case .property(let type, let isConstant, let isSettable):
            let remarks = [isConstant ? "constant" : "", isSettable ? "can be set" : ""].filter { !$0.isEmpty }
            return "\(name) \(Roff.text(type))\(remarks.isEmpty ? "" : " (\(remarks.joined(separator: ", ")))")"
        case .signal(let parameters): return "signal \(name)(\(list(parameters)))"
        }
    }

    private static func list(_ parameters: [InterfaceDocumentation.Parameter]) -> String {
        parameters.map { "\(Roff.text($0.type)) \(Roff.italic($0.name))" }.joined(separator: ", ")
    }
}
