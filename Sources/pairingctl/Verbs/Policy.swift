// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EventLoop
import Glibc
import Policy

/// The rules: what there is, what is wrong with it, and what it says of a device.
struct PolicyVerb: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "List, check, try and write rules; most of it works without pairingd.",
        subcommands: [PolicyList.self, PolicyCheck.self, PolicyTest.self, PolicyShow.self, PolicyNew.self],
        defaultSubcommand: PolicyList.self)
}

/// Which folders and files a verb is about.
struct PolicySource: ParsableArguments, Sendable {
    @Argument(
        help: ArgumentHelp(
            "Folders of rule files, the one that takes precedence first; without any, those that pairingd reads.",
            valueName: "dir"))
    var directories: [String] = []

    var files: PolicyFiles { Self.files(directories) }

    /// In folders that are named, only what the files say counts: who may write them counts where the daemon reads them.
    static func files(_ directories: [String]) -> PolicyFiles {
        guard !directories.isEmpty else { return .standard }
        var folders = RuleFolders(directories.map { $0.count > 1 && $0.hasSuffix("/") ? String($0.dropLast()) : $0 })
        folders.ignoresOwners = true
        return PolicyFiles(folders: folders)
    }

    /// A folder that is named has to be there.
    static func validate(_ directories: [String]) throws {
        for directory in directories {
            var status = stat()
            guard stat(directory, &status) == 0 else { throw ValidationError("there is no folder \(directory).") }
            guard status.st_mode & S_IFMT == S_IFDIR else { throw ValidationError("\(directory) is no folder.") }
        }
    }

    func validate() throws { try Self.validate(directories) }
}

struct PolicyList: Verb {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the rule files in the order in which they are looked at.")

    @OptionGroup var source: PolicySource
    @OptionGroup(title: "Options of every verb") var options: GlobalOptions

    @LoopActor func run(_ session: Session) async throws(Failure) -> ExitStatus {
        let (readings, errors) = source.files.folders.read()
        let output = session.output
        if output.isJSON {
            output.document(.array(readings.flatMap(documents)))
        } else if readings.isEmpty, errors.isEmpty {
            output.note("No rules: every pairing is refused. /etc/pairingd/devices.d is the place for them.")
        } else {
            var table = Table("", .cut("RULE"), "STATE", .cut("FILE"), .wrapped("DESCRIPTION"))
            table.rows = readings.flatMap(rows)
            output.table(table)
        }
        for error in errors { output.error(error.description) }
        let isBroken = !errors.isEmpty || readings.contains { if case .broken = $0.contents { true } else { false } }
        if isBroken { output.note("pairingctl policy check tells what is wrong.") }
        return isBroken ? .failed : .done
    }

    private func rows(_ reading: RuleReading) -> [[Line]] {
        let name = Line(Self.name(reading.path), .bold)
        let first: [Line] =
            switch reading.contents {
            case .rule(let rule):
                [
                    "\("●", .green)", name, Line(rule.profile.pairing.when == .window ? "in a window" : "in force"),
                    Line(reading.path), Line(rule.description),
                ]
            case .switchedOff: ["\("○", .dim)", name, "switched off", Line(reading.path), ""]
            case .broken: ["\("×", .red)", name, "\("broken", .red)", Line(reading.path), ""]
            }
        return [first] + reading.masked.map { ["", "", "\("masked", .dim)", Line($0, .dim), ""] }
    }

    private func documents(_ reading: RuleReading) -> [JSON] {
        reading.files.map { file in
            let state: String
            var maskedBy: String?
            switch file.state {
            case .inForce: state = "in-force"
            case .switchedOff: state = "switched-off"
            case .broken: state = "broken"
            case .masked(let mask):
                state = "masked"
                maskedBy = mask
            }
            var description: String?
            if case .rule(let rule) = reading.contents, case .inForce = file.state { description = rule.description }
            return [
                "rule": .string(Self.name(file.path)), "file": .string(file.path), "state": .string(state),
                "masked_by": .optional(maskedBy), "description": .optional(description),
            ]
        }
    }

    private static func name(_ path: String) -> String {
        let last = path.split(separator: "/").last.map(String.init) ?? path
        return last.hasSuffix(".toml") ? String(last.dropLast(5)) : last
    }
}

struct PolicyCheck: Verb {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check rule files for errors, without pairingd.",
        discussion: """
            Prints FILE:LINE:COLUMN: error: … for each error and fails if there is one; warnings alone do not fail. Who may write \
            the files is checked in the folders that pairingd reads, and not in those that are named. A file named pairingd.toml is \
            taken for the daemon's settings, any other for a rule.
            """)

    @Argument(
        help: ArgumentHelp(
            "Folders of rule files, the one that takes precedence first, and single files; without any, what pairingd reads.",
            valueName: "dir or file"))
    var paths: [String] = []
    @Flag(help: "Fail also because of warnings.") var strict = false
    @OptionGroup(title: "Options of every verb") var options: GlobalOptions

    func validate() throws {
        for path in paths where access(path, F_OK) != 0 { throw ValidationError("there is no \(path).") }
    }

    /// What is wrong, and how many rules there are.
    private func check() -> (problems: [PolicyError], rules: Int) {
        let files = paths.filter { !Self.isFolder($0) }
        let folders = paths.filter(Self.isFolder)
        var problems = files.flatMap { PolicyFiles.problems(in: $0) }
        var rules = files.count { !$0.hasSuffix("pairingd.toml") }
        guard !folders.isEmpty || paths.isEmpty else { return (problems, rules) }
        do throws(PolicyErrors) {
            let policy = try PolicySource.files(folders).load()
            rules += policy.rules.count
            problems += policy.warnings + policy.shadowedRules
        } catch {
            problems += error.errors
        }
        return (problems, rules)
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    @LoopActor func run(_ session: Session) async throws(Failure) -> ExitStatus {
        let output = session.output
        let (problems, rules) = check()
        let errors = problems.count { $0.severity == .error }
        let fails = errors > 0 || strict && !problems.isEmpty
        if output.isJSON {
            output.document(.array(problems.map(\.document)))
            return fails ? .failed : .done
        }
        for problem in problems {
            let color: Style = problem.severity == .error ? .red : .yellow
            output.line("\(problem.place)\(problem.severity.rawValue, color): \(problem.text)")
        }
        if errors > 0 {
            output.note("\(counted(errors, "error")). pairingd would keep the rules that are in force.")
        } else {
            let warnings = problems.isEmpty ? "no problems" : counted(problems.count, "warning")
            output.note("\(counted(rules, "rule")), \(warnings).")
        }
        return fails ? .failed : .done
    }
}

struct PolicyShow: Verb {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a rule with every value, also those that its file does not give.")

    @Argument(help: "The rule's name: its file's name, with or without .toml.") var rule: String
    @OptionGroup var source: PolicySource
    @OptionGroup(title: "Options of every verb") var options: GlobalOptions

    @LoopActor func run(_ session: Session) async throws(Failure) -> ExitStatus {
        let name = rule.hasSuffix(".toml") ? String(rule.dropLast(5)) : rule
        for reading in source.files.folders.read().readings {
            switch reading.contents {
            case .rule(let rule) where rule.name == name:
                PolicyReport(rule).show(session.output)
                return .done
            case .broken(let errors) where reading.path.hasSuffix("/\(name).toml"):
                for error in errors { session.output.error(error.description) }
                throw Failure(.failed, "the rule \(name) has errors")
            default: continue
            }
        }
        throw Failure(.notFound, "there is no rule \(name); pairingctl policy list lists them")
    }
}

extension PolicyError {
    /// `FILE:LINE:COLUMN: `.
    fileprivate var place: String {
        let position = line.map { ":\($0):\(column ?? 1)" } ?? ""
        return "\(file)\(position): "
    }

    fileprivate var text: String { "\(message)" + (suggestion.map { "; \($0)" } ?? "") }

    fileprivate var document: JSON {
        [
            "severity": .string(severity.rawValue), "file": .string(file),
            "line": line.map { .number($0) } ?? .null, "column": column.map { .number($0) } ?? .null,
            "message": .string("\(message)"), "suggestion": .optional(suggestion),
        ]
    }
}
