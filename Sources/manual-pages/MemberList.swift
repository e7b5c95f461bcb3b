// SPDX-License-Identifier: Apache-2.0

import DBus

/// The members of the interfaces, each to be named once: `@member Manager1.Pair`.
struct MemberList {
    private let interfaces: [InterfaceDocumentation]
    private var isUsed = false
    private var rest: Set<String>

    init(_ interfaces: [InterfaceDocumentation]) {
        self.interfaces = interfaces
        rest = Set(interfaces.flatMap { interface in interface.members.map { Self.name(interface, $0) } })
    }

    /// A member that a page with members leaves out.
    var forgotten: String? { isUsed ? rest.min() : nil }

    /// The head of a member's item; `nil` for words that name no member, or one that was named before.
    mutating func item(_ words: [String]) -> [String]? {
        guard words.count == 2, words[0] == "member" else { return nil }
        isUsed = true
        guard rest.remove(words[1]) != nil else { return nil }
        for interface in interfaces {
            if let member = interface.members.first(where: { Self.name(interface, $0) == words[1] }) {
                return [".TP", Self.head(member)]
            }
        }
        return nil
    }

    private static func name(_ interface: InterfaceDocumentation, _ member: InterfaceDocumentation.Member) -> String {
        "\(interface.name.split(separator: ".").last ?? "").\(member.name)"
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
