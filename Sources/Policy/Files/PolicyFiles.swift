// SPDX-License-Identifier: Apache-2.0

/// Everything that makes up a policy: the rule folders, the daemon's own settings, and the secrets that rules name.
public struct PolicyFiles: Sendable, Hashable {
    public var folders: RuleFolders
    /// `nil` to use what holds without one; a file that does not exist is as good.
    public var configuration: String?
    /// `nil` where secrets are not looked up, as when rules are only checked.
    public var credentials: CredentialFolder?

    public init(folders: RuleFolders, configuration: String? = nil, credentials: CredentialFolder? = nil) {
        self.folders = folders
        self.configuration = configuration
        self.credentials = credentials
    }

    /// Where a daemon that runs as a service has them.
    public static let standard = PolicyFiles(folders: .standard, configuration: "/etc/pairingd/pairingd.toml")

    /// Reads everything.
    ///
    /// - Parameter previous: What was read before: a file that has not changed since is not read again.
    /// - Throws: Everything that is wrong with any of the files; there is no policy out of a part of them.
    public func load(after previous: Policy? = nil) throws(PolicyErrors) -> Policy {
        let begun = FileStamp.now
        var errors: [PolicyError] = []
        let configuration = readConfiguration(&errors)
        let (readings, folderErrors) = folders.read(
            credentials: credentials, memory: previous.map { RuleMemory($0) } ?? RuleMemory())
        errors += folderErrors
        var rules: [Rule] = []
        var warnings: [PolicyError] = []
        var stamps: [String: FileStamp] = [:]
        for reading in readings {
            switch reading.contents {
            case .rule(let rule):
                rules.append(rule)
                if let stamp = reading.stamp, stamp.wasAtRest(at: begun) { stamps[rule.file] = stamp }
            case .switchedOff: break
            case .broken(let problems): errors += problems
            }
            warnings += reading.warnings
        }
        guard errors.isEmpty else {
            var problems = PolicyErrors(errors)
            problems.configuration = configuration
            throw problems
        }
        return Policy(
            rules: rules, files: readings.flatMap(\.files), configuration: configuration, warnings: warnings,
            stamps: stamps)
    }

    /// What is wrong, or looks wrong, in one file: `pairingd.toml` by its name, else a rule. Who may write it and whether it
    /// is in force do not matter.
    public static func problems(in path: String) -> [PolicyError] {
        let (folder, name) = divided(path)
        let isConfiguration = name == "pairingd.toml"
        var reader = Reader(
            file: path, documentation: isConfiguration ? KeyDocumentation.configuration : KeyDocumentation.rule)
        do throws(PolicyError) {
            guard let folder = try RuleFolder(folder, ignoresOwners: true) else {
                return [PolicyError(file: path, message: "there is no such file")]
            }
            guard case .text(let text, _, _) = try folder.read(name) else { return [] }
            if isConfiguration {
                _ = Configuration(parsing: text, &reader)
            } else {
                _ = Rule(parsing: text, &reader)
            }
            return reader.sortedErrors + reader.warnings
        } catch {
            return [error]
        }
    }

    /// The folder of a path, and the name in it.
    private static func divided(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
        return (
            slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.utf8.index(after: slash)...])
        )
    }

    private func readConfiguration(_ errors: inout [PolicyError]) -> Configuration {
        guard let path = configuration else { return Configuration() }
        let (folder, name) = Self.divided(path)
        do throws(PolicyError) {
            guard let folder = try RuleFolder(folder), folder.holds(name),
                case .text(let text, _, _) = try folder.read(name)
            else { return Configuration() }
            do throws(PolicyErrors) {
                return try Configuration(parsing: text, file: path)
            } catch {
                errors += error.errors
            }
        } catch {
            errors.append(error)
        }
        return Configuration()
    }
}
