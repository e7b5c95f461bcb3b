// SPDX-License-Identifier: Apache-2.0

/// The verbs and options of a command.
struct CommandPart {
    /// A verb with the verbs around it: `policy check`.
    private struct Entry {
        var path: [String]
        var command: HelpDump.Command
        var arguments: [HelpDump.Argument]
        var hasVerbs: Bool
    }

    private let entries: [Entry]
    /// What every verb understands.
    private let common: [HelpDump.Argument]

    init(_ command: HelpDump.Command) {
        let entries = Self.entries(of: command, behind: [])
        let leaves = entries.filter { !$0.hasVerbs }
        common =
            leaves.first?.arguments.filter { argument in leaves.allSatisfy { $0.arguments.contains(argument) } } ?? []
        self.entries = entries
    }

    private static func entries(of command: HelpDump.Command, behind path: [String]) -> [Entry] {
        (command.subcommands ?? []).filter { $0.shouldDisplay && $0.commandName != "help" }.flatMap { verb in
            let path = path + [verb.commandName]
            let inner = entries(of: verb, behind: path)
            let arguments = (verb.arguments ?? []).filter(\.shouldDisplay)
            return [Entry(path: path, command: verb, arguments: arguments, hasVerbs: !inner.isEmpty)] + inner
        }
    }

    var commonOptions: [String] { Self.list(common) }

    var verbs: [String] {
        entries.flatMap { entry in
            let own = entry.arguments.filter { !common.contains($0) }
            let options = own.filter { $0.kind != .positional }
            let positional = own.filter { $0.kind == .positional }
            let synopsis =
                [Roff.bold(entry.path.joined(separator: " "))] + (entry.hasVerbs ? [Roff.italic("verb")] : [])
                + (options.isEmpty ? [] : ["[\(Roff.italic("option"))...]"]) + positional.map(Self.synopsis)
            let texts = [entry.command.abstract, entry.command.discussion].compactMap(\.self).filter { !$0.isEmpty }
            let lines = Roff.item(synopsis.joined(separator: " "), texts.map(Roff.text))
            guard !own.isEmpty else { return lines }
            return lines + [".RS"] + Self.list(positional + options) + [".RE"]
        }
    }

    private static func synopsis(_ argument: HelpDump.Argument) -> String {
        let name = Roff.italic(argument.valueName ?? "value") + (argument.isRepeating ? "..." : "")
        return argument.isOptional ? "[\(name)]" : name
    }

    /// The arguments with what is said of them; flags that switch the same thing on and off are one item.
    private static func list(_ arguments: [HelpDump.Argument]) -> [String] {
        var items: [(tag: String, text: String)] = []
        for argument in arguments {
            let (tag, text) = (tag(argument), text(argument))
            if argument.kind == .flag, let last = items.last, last.text == text {
                items[items.count - 1].tag += ", " + tag
            } else {
                items.append((tag, text))
            }
        }
        return items.flatMap { Roff.item($0.tag, [Roff.text($0.text)]) }
    }

    private static func text(_ argument: HelpDump.Argument) -> String {
        let text = argument.abstract ?? ""
        if let values = argument.allValues, !values.isEmpty {
            return "\(text) One of: \(values.joined(separator: ", "))."
        }
        guard argument.kind != .flag, let value = argument.defaultValue else { return text }
        return "\(text) Default: \(value)."
    }

    private static func tag(_ argument: HelpDump.Argument) -> String {
        let value = Roff.italic(argument.valueName ?? "value")
        return switch argument.kind {
        case .positional: value
        case .flag: spellings(argument)
        case .option: "\(spellings(argument)) \(value)"
        }
    }

    private static func spellings(_ argument: HelpDump.Argument) -> String {
        (argument.names ?? []).map { Roff.bold($0.spelling) }.joined(separator: ", ")
    }
}
