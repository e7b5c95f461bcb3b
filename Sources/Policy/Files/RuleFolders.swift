// SPDX-License-Identifier: Apache-2.0

import Bluetooth

/// The folders that rule files come from, the one that takes precedence first.
///
/// Files are sorted by name over all folders. A file masks one of the same name in a later folder; an empty file or a
/// link to `/dev/null` thereby switches a rule off. Folders that do not exist are passed over.
public struct RuleFolders: Sendable, Hashable {
    /// Where the administrator, the running system and packages put their rules.
    public static let standard = RuleFolders([
        "/etc/pairingd/devices.d", "/run/pairingd/devices.d", "/usr/lib/pairingd/devices.d",
    ])

    public var paths: [String]
    /// Does it not matter whose the files are and who may read them, as when they are only checked?
    public var ignoresOwners = false

    public init(_ paths: [String]) { self.paths = paths }

    /// Reads every rule file.
    ///
    /// - Throws: Everything that is wrong with any of the files; there is no policy out of a part of them.
    public func load() throws(PolicyErrors) -> Policy { try PolicyFiles(folders: self).load() }

    /// What every file holds, in the order in which the rules are looked at; whatever is wrong stands with its file.
    ///
    /// - Parameter credentials: Where secrets come from that a rule only names; `nil` to leave them out.
    public func read(credentials: CredentialFolder? = nil) -> (readings: [RuleReading], errors: [PolicyError]) {
        read(credentials: credentials, memory: RuleMemory())
    }

    func read(
        credentials: CredentialFolder?, memory: RuleMemory
    ) -> (readings: [RuleReading], errors: [PolicyError]) {
        var found: [Found] = []
        var positions: [String: Int] = [:]
        var errors: [PolicyError] = []
        for path in paths {
            do throws(PolicyError) {
                guard let folder = try RuleFolder(path, ignoresOwners: ignoresOwners) else { continue }
                for name in try folder.ruleFiles() {
                    if let position = positions[name] {
                        found[position].masked.append(folder.path(of: name))
                    } else {
                        positions[name] = found.count
                        found.append(Found(name: name, folder: folder))
                    }
                }
            } catch {
                errors.append(error)
            }
        }
        found.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        return (found.map { $0.reading(credentials, memory) }, errors)
    }
}

/// A rule file that no other one masks, and what it holds.
public struct RuleReading: Sendable {
    public enum Contents: Sendable {
        case rule(Rule)
        case switchedOff
        /// Never empty.
        case broken([PolicyError])
    }

    public let path: String
    /// Files of the same name in later folders; they are not read.
    public let masked: [String]
    public let contents: Contents
    public let warnings: [PolicyError]
    /// `nil` where what the file says depends on more than the file, or something has to be said of it each time.
    let stamp: FileStamp?

    /// The file and those that it masks.
    public var files: [RuleFile] {
        let state: RuleFile.State =
            switch contents {
            case .rule: .inForce
            case .switchedOff: .switchedOff
            case .broken: .broken
            }
        return [RuleFile(path: path, state: state)] + masked.map { RuleFile(path: $0, state: .masked(by: path)) }
    }
}

/// A file that was found and not read yet.
private struct Found {
    var name: String
    var folder: RuleFolder
    var masked: [String] = []

    func reading(_ credentials: CredentialFolder?, _ memory: RuleMemory) -> RuleReading {
        let path = folder.path(of: name)
        if let stamp = folder.stamp(of: name), let rule = memory.rule(at: path, stamp) {
            return RuleReading(path: path, masked: masked, contents: .rule(rule), warnings: [], stamp: stamp)
        }
        var reader = Reader(file: path, documentation: KeyDocumentation.rule, credentials: credentials)
        var stamp: FileStamp?
        let contents = contents(&reader, &stamp)
        if !reader.warnings.isEmpty || reader.usesCredentials { stamp = nil }
        return RuleReading(path: path, masked: masked, contents: contents, warnings: reader.warnings, stamp: stamp)
    }

    private func contents(_ reader: inout Reader, _ stamp: inout FileStamp?) -> RuleReading.Contents {
        // Rule names stand in journal fields and on terminals.
        guard UntrustedText(name).description == name else {
            return .broken([PolicyError(file: reader.file, message: "the file's name holds unprintable characters")])
        }
        let contents: RuleFolder.Contents
        do throws(PolicyError) {
            contents = try folder.read(name)
        } catch {
            return .broken([error])
        }
        guard case .text(let text, let isReadableByOthers, let found) = contents else { return .switchedOff }
        stamp = found
        let rule = Rule(parsing: text, &reader)
        if let secret = reader.secret, isReadableByOthers, !folder.ignoresOwners {
            reader.error(
                "a secret in a file that everybody may read", at: secret,
                suggestion: "make it root's and the daemon's group's, with mode 0640")
        }
        guard let rule, reader.errors.isEmpty else { return .broken(reader.sortedErrors) }
        return .rule(rule)
    }
}
