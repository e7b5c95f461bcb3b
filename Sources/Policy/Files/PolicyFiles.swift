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
    /// - Throws: Everything that is wrong with any of the files; there is no policy out of a part of them.
    public func load() throws(PolicyErrors) -> Policy {
        var errors: [PolicyError] = []
        let configuration = readConfiguration(&errors)
        let (readings, folderErrors) = folders.read(credentials: credentials)
        errors += folderErrors
        var rules: [Rule] = []
        var warnings: [PolicyError] = []
        for reading in readings {
            switch reading.contents {
            case .rule(let rule): rules.append(rule)
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
            rules: rules, files: readings.flatMap(\.files), configuration: configuration, warnings: warnings)
    }

    private func readConfiguration(_ errors: inout [PolicyError]) -> Configuration {
        guard let path = configuration else { return Configuration() }
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let name = slash.map { String(path[path.utf8.index(after: $0)...]) } ?? path
        do throws(PolicyError) {
            guard let folder = try RuleFolder(folder), folder.holds(name),
                case .text(let text, _) = try folder.read(name)
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
