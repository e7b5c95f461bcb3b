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

    public init(_ paths: [String]) { self.paths = paths }

    /// Reads every rule file.
    ///
    /// - Throws: Everything that is wrong with any of the files; there is no policy out of a part of them.
    public func load() throws(PolicyErrors) -> Policy {
        var loading = Loading()
        for path in paths { loading.list(path) }
        loading.readFiles()
        guard loading.errors.isEmpty else { throw PolicyErrors(loading.errors) }
        return Policy(rules: loading.rules, files: loading.files)
    }
}

/// What was found so far while rule files are read.
private struct Loading {
    var rules: [Rule] = []
    var files: [RuleFile] = []
    var errors: [PolicyError] = []

    private struct Found {
        var name: String
        var folder: RuleFolder
        var masked: [String] = []
    }

    private var found: [Found] = []
    private var positions: [String: Int] = [:]

    /// Adds the names of a folder's rule files behind those of the folders before it.
    mutating func list(_ path: String) {
        do throws(PolicyError) {
            guard let folder = try RuleFolder(path) else { return }
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

    /// Reads each file that no other one masks, in the order of their names.
    mutating func readFiles() {
        for file in found.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
            let path = file.folder.path(of: file.name)
            do throws(PolicyErrors) {
                let rule = try Self.rule(in: file)
                if let rule { rules.append(rule) }
                files.append(RuleFile(path: path, state: rule == nil ? .switchedOff : .inForce))
                files += file.masked.map { RuleFile(path: $0, state: .masked(by: path)) }
            } catch {
                errors += error.errors
            }
        }
    }

    /// `nil` for a file that is switched off.
    private static func rule(in file: Found) throws(PolicyErrors) -> Rule? {
        var reader = Reader(file: file.folder.path(of: file.name))
        // Rule names stand in journal fields and on terminals.
        guard UntrustedText(file.name).description == file.name else {
            throw PolicyErrors([PolicyError(file: reader.file, message: "the file's name holds unprintable characters")]
            )
        }
        let contents: RuleFolder.Contents
        do throws(PolicyError) {
            contents = try file.folder.read(file.name)
        } catch {
            throw PolicyErrors([error])
        }
        guard case .text(let text, let isReadableByOthers) = contents else { return nil }
        let rule = Rule(parsing: text, &reader)
        if let secret = reader.secret, isReadableByOthers {
            reader.error(
                "a secret in a file that everybody may read", at: secret,
                suggestion: "make it root's and the daemon's group's, with mode 0640")
        }
        guard let rule, reader.errors.isEmpty else { throw PolicyErrors(reader.sortedErrors) }
        return rule
    }
}
