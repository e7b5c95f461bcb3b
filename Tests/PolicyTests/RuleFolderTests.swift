// SPDX-License-Identifier: Apache-2.0

import Glibc
import Policy
import Testing

@Suite("Folders of rule files")
struct RuleFolderTests {
    static let every = "match.address = \"*\"\n"

    @Test("Files are sorted by name over all folders, and only *.toml counts")
    func order() throws {
        let first = try TestFolder()
        let second = try TestFolder()
        try first.write("50-b.toml", Self.every)
        try first.write("50-b.toml.bak", "nonsense")
        try first.write(".50-c.toml", "nonsense")
        try second.write("10-a.toml", Self.every)
        try second.write("60-c.toml", Self.every)
        let policy = try RuleFolders([first.path, second.path]).load()
        #expect(policy.rules.map(\.name) == ["10-a", "50-b", "60-c"])
        #expect(policy.rules.map(\.file) == policy.files.map(\.path))
        #expect(policy.files.allSatisfy { $0.state == .inForce })
    }

    @Test("A file masks one of the same name in a later folder, which is not even read")
    func masking() throws {
        let first = try TestFolder()
        let second = try TestFolder()
        let mask = try first.write("1.toml", Self.every + "description = \"first\"")
        let masked = try second.write("1.toml", "nonsense", mode: 0o666)
        let policy = try RuleFolders([first.path, second.path]).load()
        #expect(policy.rules.map(\.description) == ["first"])
        #expect(
            policy.files == [RuleFile(path: mask, state: .inForce), RuleFile(path: masked, state: .masked(by: mask))])
    }

    @Test("An empty file or a link to /dev/null switches a rule off")
    func switchingOff() throws {
        let first = try TestFolder()
        let second = try TestFolder()
        try first.write("1.toml", "")
        try first.link("2.toml", to: "/dev/null")
        for name in ["1.toml", "2.toml", "3.toml"] { try second.write(name, Self.every) }
        let policy = try RuleFolders([first.path, second.path]).load()
        #expect(policy.rules.map(\.name) == ["3"])
        #expect(
            policy.files.filter { $0.state == .switchedOff }.map(\.path)
                == ["1", "2"].map { "\(first.path)/\($0).toml" })
    }

    @Test("A folder that does not exist is passed over")
    func missing() throws {
        #expect(try RuleFolders(["/nonexistent/devices.d"]).load().rules.isEmpty)
    }

    @Test("One broken file leaves no policy, and the errors of all files are told")
    func allErrors() throws {
        let folder = try TestFolder()
        try folder.write("1.toml", "nonsense")
        try folder.write("2.toml", Self.every)
        try folder.write("3.toml", "[match]\nnaem = 1\nfoo = 2")
        #expect(
            folder.errors().map { $0.prefix(while: { $0 != " " }) } == ["1.toml:1:9:", "3.toml:2:1:", "3.toml:3:1:"])
    }

    @Test("A file that others may write is refused", arguments: [0o664, 0o646, 0o666])
    func writableFile(mode: UInt32) throws {
        let folder = try TestFolder()
        try folder.write("1.toml", Self.every, mode: mode)
        #expect(
            folder.errors() == [
                "1.toml: error: others than its owner may write it, and could change the policy; "
                    + "make it root's, with mode 0644 or stricter"
            ])
    }

    @Test("A file of another user is refused", .enabled(if: geteuid() == 0))
    func foreignFile() throws {
        let folder = try TestFolder()
        let file = try folder.write("1.toml", Self.every)
        try #require(chown(file, 65_534, 0) == 0)
        #expect(folder.errors().map { $0.prefix(36) } == ["1.toml: error: belongs to user 65534"])
    }

    @Test("A folder that others may write is refused")
    func writableFolder() throws {
        let folder = try TestFolder()
        try folder.write("1.toml", Self.every)
        try folder.setMode(0o777)
        #expect(throws: PolicyErrors.self) { try RuleFolders([folder.path]).load() }
    }

    @Test("A pipe or a folder in place of a file is refused without waiting")
    func noFile() throws {
        let folder = try TestFolder()
        try folder.pipe("1.toml")
        try folder.link("2.toml", to: "/")
        try folder.link("3.toml", to: "/nonexistent")
        #expect(
            folder.errors().map { $0.prefix(28) } == [
                "1.toml: error: is not a file", "2.toml: error: is not a file", "3.toml: error: cannot open: ",
            ])
    }

    @Test("A file is at most 64 KiB long")
    func tooLong() throws {
        let folder = try TestFolder()
        let padding = String(repeating: "#", count: 65_536 - Self.every.utf8.count)
        try folder.write("1.toml", Self.every + padding)
        #expect(folder.errors().isEmpty)
        try folder.write("2.toml", Self.every + padding + "#")
        #expect(folder.errors() == ["2.toml: error: is longer than 64 KiB; divide it into several rules"])
    }

    @Test("A file's name that could act on a terminal is refused, and told escaped")
    func hostileName() throws {
        let folder = try TestFolder()
        try folder.write("\u{1B}[31m.toml", Self.every)
        #expect(folder.errors() == ["\\u{1B}[31m.toml: error: the file's name holds unprintable characters"])
    }
}
