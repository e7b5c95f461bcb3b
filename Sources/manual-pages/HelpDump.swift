// SPDX-License-Identifier: Apache-2.0

/// What `--experimental-dump-help` of a program with ArgumentParser prints.
struct HelpDump: Decodable {
    var command: Command

    struct Command: Decodable {
        var commandName: String
        var abstract: String?
        var discussion: String?
        var shouldDisplay: Bool
        var arguments: [Argument]?
        var subcommands: [Command]?
    }

    struct Argument: Decodable, Hashable {
        var kind: Kind
        var shouldDisplay: Bool
        var isOptional: Bool
        var isRepeating: Bool
        var names: [Name]?
        var valueName: String?
        var abstract: String?
        var defaultValue: String?
        var allValues: [String]?
    }

    enum Kind: String, Decodable {
        case positional
        case option
        case flag
    }

    struct Name: Decodable, Hashable {
        var kind: Kind
        var name: String

        enum Kind: String, Decodable {
            case long
            case short
            case longWithSingleDash
        }

        var spelling: String { kind == .long ? "--\(name)" : "-\(name)" }
    }
}
