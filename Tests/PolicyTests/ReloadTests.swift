// SPDX-License-Identifier: Apache-2.0

import Glibc
import Policy
import Testing

@Suite("Reading the rules again")
struct ReloadTests {
    /// Files that were at rest for long: those that come with the source.
    private static let shipped: [String] = {
        let tests = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        let folder = tests.joined(separator: "/") + "/policy"
        return ["49-omron-blood-pressure-session", "50-omron-blood-pressure", "55-nuki-locks"]
            .map { "\(folder)/\($0).toml" }
    }()

    private static func files(_ folders: TestFolder...) -> PolicyFiles {
        var rules = RuleFolders(folders.map(\.path))
        rules.ignoresOwners = true
        return PolicyFiles(folders: rules)
    }

    @Test("gives what reading everything gives, whatever changed in between")
    func same() throws {
        let (first, second) = (try TestFolder(), try TestFolder())
        let files = Self.files(first, second)
        var random = SplitMix64(state: 11)
        var policy = try files.load()
        for _ in 0..<200 {
            let folder = Bool.random(using: &random) ? first : second
            let name = "\(Int.random(in: 1...3, using: &random)).toml"
            unlink("\(folder.path)/\(name)")
            switch Int.random(in: 0...4, using: &random) {
            case 0: break
            case 1:
                try folder.write(
                    name, "match.address = \"*\"\npairing.attempts = \(Int.random(in: 1...9, using: &random))")
            case 2: try folder.link(name, to: "/dev/null")
            default: try folder.link(name, to: try #require(Self.shipped.randomElement(using: &random)))
            }
            policy = try files.load(after: policy)
            let fresh = try files.load()
            #expect(policy.rules == fresh.rules)
            #expect(policy.files == fresh.files)
            #expect(policy.warnings == fresh.warnings)
        }
    }

    @Test("sees a file that others may write now")
    func mode() throws {
        let folder = try TestFolder()
        let file = try folder.write("1.toml", "match.address = \"*\"")
        let files = PolicyFiles(folders: RuleFolders([folder.path]))
        let policy = try files.load()
        try #require(chmod(file, 0o666) == 0)
        #expect(throws: PolicyErrors.self) { try files.load(after: policy) }
    }

    @Test("sees what a credential holds now")
    func credentials() throws {
        let (folder, credentials) = (try TestFolder(), try TestFolder())
        try folder.write("1.toml", CredentialTests.text)
        try credentials.write("cuff", "000001", mode: 0o600)
        let files = PolicyFiles(
            folders: RuleFolders([folder.path]), credentials: CredentialFolder(path: credentials.path))
        let policy = try files.load()
        try credentials.write("cuff", "000002", mode: 0o600)
        guard case .credential(_, let table)? = try files.load(after: policy).rules.first?.profile.answers.passkey
        else {
            Issue.record("no credential")
            return
        }
        #expect(table.secret(for: CredentialTests.address, type: nil)?.digits == "000002")
    }
}
