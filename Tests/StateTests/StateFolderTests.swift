// SPDX-License-Identifier: Apache-2.0

import Glibc
import State
import Testing

@Suite("The state folder") struct StateFolderTests {
    private let place: TestFolder

    init() throws { place = try TestFolder() }

    @Test("What is written is read, in the folder and its subfolders") func whatWrittenRead() throws {
        let folder = try place.open()
        try folder.write("a", "one")
        try folder.write("a", in: .devices, "two")
        try folder.write("a", in: .pairings, "")
        #expect(try folder.read("a") == Array("one".utf8))
        #expect(try folder.read("a", in: .devices) == Array("two".utf8))
        #expect(try folder.read("a", in: .pairings) == [])
    }

    @Test("What is not there is nothing, also before there are subfolders") func whatNotThere() throws {
        let folder = try place.open()
        #expect(try folder.read("a") == nil)
        #expect(try folder.read("a", in: .devices) == nil)
        #expect(try folder.names(in: .devices) == [])
        try folder.remove("a")
        try folder.remove("a", in: .pairings)
    }

    @Test("What is written anew takes the old one's place") func whatWrittenAnew() throws {
        let folder = try place.open()
        try folder.write("a", in: .devices, "a longer text")
        try folder.write("a", in: .devices, "short")
        #expect(place.text("devices/a") == "short")
        #expect(try folder.names(in: .devices) == ["a"], "nothing else is left behind")
    }

    @Test("What is removed is gone") func whatRemovedGone() throws {
        let folder = try place.open()
        try folder.write("a", in: .devices, "one")
        try folder.remove("a", in: .devices)
        #expect(!place.exists("devices/a"))
    }

    @Test("Names are sorted by their bytes") func namesSortedTheir() throws {
        let folder = try place.open()
        for name in ["b", "10", "a", "9", "B"] { try folder.write(name, in: .pairings, "") }
        #expect(try folder.names(in: .pairings) == ["10", "9", "B", "a", "b"])
    }

    @Test("A reader that has the old file open keeps it whole") func readerHasOld() throws {
        let folder = try place.open()
        try folder.write("a", "old")
        let descriptor = open("\(place.path)/a", O_RDONLY | O_CLOEXEC)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        try folder.write("a", "new")
        var octets = [UInt8](repeating: 0, count: 8)
        let count = read(descriptor, &octets, octets.count)
        #expect(String(decoding: octets.prefix(max(0, count)), as: UTF8.self) == "old")
    }

    // MARK: Two at once

    @Test("A folder that is in use is refused, and what is half written in it stays") func folderInUse() throws {
        let folder = try place.open()
        try place.put("devices/a.new", "ha")
        let refused = refusal { () throws(StateError) in try StateFolder(path: place.path) }
        #expect(refused?.operation == .lock)
        #expect(refused?.description == "cannot lock \(place.path): another process is using it")
        #expect(place.text("devices/a.new") == "ha")
        try folder.write("a", "still mine")
    }

    @Test("A folder can be had again once the one before is gone") func folderCanBe() throws {
        var folder: StateFolder? = try place.open()
        try folder?.write("a", "one")
        folder = nil
        #expect(try place.open().read("a") == Array("one".utf8))
    }

    // MARK: Crashes

    @Test("A crash before the rename leaves the old file, and what was half written goes at the next start")
    func crashBeforeRename()
        throws
    {
        try place.open().write("a", in: .devices, "old")
        try place.put("devices/a.new", "ne")
        try place.put("pairings/7.new", "")
        try place.put("numbers.new", "12")
        let folder = try place.open()
        #expect(try folder.read("a", in: .devices) == Array("old".utf8))
        for name in ["devices/a.new", "pairings/7.new", "numbers.new"] { #expect(!place.exists(name), "\(name)") }
    }

    @Test("A file that could not be put into its place leaves nothing half written") func fileCouldNot() throws {
        let folder = try place.open()
        place.makeFolders(for: "a/")
        let error = refusal { () throws(StateError) in try folder.write("a", "one") }
        #expect(error.map(place.relative) == "cannot write a: Is a directory")
        #expect(!place.exists("a.new"))
    }

    // MARK: What is not ours

    @Test("Neither a link nor what it leads to is read or written") func neitherLinkNor() throws {
        try place.put("target", "secret")
        try place.link("a", to: "target")
        let folder = try place.open()
        #expect(
            refusal { () throws(StateError) in try folder.read("a") }.map(place.relative)
                == "cannot read a: is a symbolic link")
        try folder.write("a", "own")
        #expect(place.text("target") == "secret")
        #expect(place.mode("a").map { $0 & S_IFMT } == S_IFREG)
    }

    @Test("A link by the temporary name is not followed") func linkTemporaryName() throws {
        let folder = try place.open()
        try place.put("target", "untouched")
        try place.link("a.new", to: "target")
        try folder.write("a", "own")
        #expect(place.text("target") == "untouched")
        #expect(place.text("a") == "own")
    }

    @Test("A subfolder that is a link is not followed") func subfolderLinkNot() throws {
        mkdir(place.surroundings + "/elsewhere", 0o700)
        try place.link("devices", to: "../elsewhere")
        let folder = try place.open()
        let errors = [
            refusal { () throws(StateError) in try folder.write("a", in: .devices, "one") },
            refusal { () throws(StateError) in try folder.read("a", in: .devices) },
            refusal { () throws(StateError) in try folder.names(in: .devices) },
            refusal { () throws(StateError) in try folder.remove("a", in: .devices) },
        ]
        #expect(
            errors.map { $0.map(place.relative) }
                == ["write", "read", "list", "remove"].map {
                    "cannot \($0) devices: Not a directory"
                })
        #expect(access(place.surroundings + "/elsewhere/a", F_OK) != 0)
    }

    @Test("The folder itself may be a link to another place") func folderItselfMay() throws {
        mkdir(place.surroundings + "/elsewhere", 0o700)
        try #require(symlink("elsewhere", place.path) == 0)
        try place.open().write("a", "one")
        #expect(access(place.surroundings + "/elsewhere/a", F_OK) == 0)
    }

    @Test("A folder and a pipe are no files") func folderPipeNo() throws {
        place.makeFolders(for: "folder/")
        try place.pipe("pipe")
        let folder = try place.open()
        for name in ["folder", "pipe"] {
            let error = refusal { () throws(StateError) in try folder.read(name) }
            #expect(error.map(place.relative) == "cannot read \(name): is not a regular file")
        }
    }

    @Test("A pipe is written over, not into") func pipeWrittenOver() throws {
        try place.pipe("a")
        try place.pipe("a.new")
        let folder = try place.open()
        try folder.write("a", "one")
        #expect(place.text("a") == "one")
        #expect(place.mode("a").map { $0 & S_IFMT } == S_IFREG)
    }

    @Test("A file that others may write is not read", arguments: [mode_t(0o620), 0o602, 0o666])
    func fileOthersMay(mode: mode_t) throws {
        try place.put("a", "one", mode: mode)
        let folder = try place.open()
        let error = refusal { () throws(StateError) in try folder.read("a") }
        #expect(error.map(place.relative) == "cannot read a: others than the daemon may have written it")
    }

    @Test("A file of another user is not read", .enabled(if: geteuid() == 0, "only root can give files away"))
    func fileAnotherUser() throws {
        try place.put("a", "one")
        try #require(chown(place.path + "/a", 65_534, 65_534) == 0)
        let folder = try place.open()
        let error = refusal { () throws(StateError) in try folder.read("a") }
        #expect(error.map(place.relative) == "cannot read a: others than the daemon may have written it")
    }

    @Test("The largest file is read and written, and one octet more is neither") func largestFileRead() throws {
        let folder = try place.open()
        let largest = String(repeating: "x", count: StateFolder.maximumLength)
        try folder.write("a", largest)
        #expect(try folder.read("a")?.count == StateFolder.maximumLength)
        let written = refusal { () throws(StateError) in try folder.write("a", largest + "x") }
        #expect(written.map(place.relative) == "cannot write a: is longer than 16 KiB")
        try place.put("b", largest + "x")
        let read = refusal { () throws(StateError) in try folder.read("b") }
        #expect(read.map(place.relative) == "cannot read b: is longer than 16 KiB")
    }

    @Test(
        "A name that leads elsewhere is refused",
        arguments: ["", ".", "..", ".hidden", "../a", "a/b", "/etc/passwd", "a.new", "a\0b"])
    func nameLeadsElsewhere(name: String) throws {
        let folder = try place.open()
        let errors = [
            refusal { () throws(StateError) in try folder.write(name, in: .devices, "one") },
            refusal { () throws(StateError) in try folder.read(name, in: .devices) },
            refusal { () throws(StateError) in try folder.remove(name, in: .devices) },
        ]
        #expect(errors.allSatisfy { $0?.reason == "is not a name for a file of the state" }, "\(errors)")
    }

    // MARK: Permissions

    @Test("Only the owner may read, whatever the umask", arguments: [mode_t(0), 0o022, 0o077, 0o777])
    func onlyOwnerMay(mask: mode_t) throws {
        try ThisThread.withMask(mask) {
            try place.open().write("a", in: .devices, "one")
        }
        #expect(place.mode().map { $0 & 0o7777 } == 0o700)
        #expect(place.mode("devices").map { $0 & 0o7777 } == 0o700)
        #expect(place.mode("devices/a").map { $0 & 0o7777 } == 0o600)
    }

    @Test("A folder that cannot be written is read all the same, and says so when it is written") func folderCannotBe()
        throws
    {
        try place.put("a", "one")
        try place.put("devices/b", "two")
        // As nobody, to whom the folder belongs: root may write everything.
        let user: uid_t = geteuid() == 0 ? 65_534 : geteuid()
        for name in ["a", "devices/b", "devices", ""] {
            try #require(chown("\(place.path)/\(name)", user, gid_t.max) == 0)
        }
        for name in ["devices", ""] { try #require(chmod("\(place.path)/\(name)", 0o500) == 0) }
        defer { for name in ["", "devices"] { chmod("\(place.path)/\(name)", 0o700) } }
        try #require(chmod(place.surroundings, 0o711) == 0)
        try ThisThread.withFileSystemUser(user) {
            let folder = try place.open()
            #expect(try folder.names(in: .devices) == ["b"])
            let errors = [
                refusal { () throws(StateError) in try folder.write("a", "new") },
                refusal { () throws(StateError) in try folder.write("b", in: .devices, "new") },
                refusal { () throws(StateError) in try folder.write("7", in: .pairings, "new") },
                refusal { () throws(StateError) in try folder.remove("a") },
            ]
            #expect(
                errors.map { $0.map(place.relative) } == [
                    "cannot write a: Permission denied", "cannot write devices/b: Permission denied",
                    "cannot write pairings: Permission denied", "cannot remove a: Permission denied",
                ])
        }
        #expect(place.text("a") == "one")
    }

    @Test("A folder that is a file, or below one, cannot be opened") func folderFileOr() throws {
        try place.put("a", "one")
        for path in [place.path + "/a", place.path + "/a/state", place.path + "/no/state"] {
            let error = refusal { () throws(StateError) in try StateFolder(path: path) }
            #expect(error?.operation == .open)
            #expect(error?.path == path)
        }
    }

    @Test("A folder that was deleted under us is an error of each write, and not of reading") func folderDeletedUnder()
        throws
    {
        let folder = try place.open()
        try #require(rmdir(place.path) == 0)
        #expect(try folder.read("a") == nil)
        let error = refusal { () throws(StateError) in try folder.write("a", "one") }
        #expect(error.map(place.relative) == "cannot write a: No such file or directory")
    }

    @Test("What is deleted in it while it is open is made anew") func whatDeletedIn() throws {
        let folder = try place.open()
        try folder.write("a", in: .devices, "one")
        try #require(unlink(place.path + "/devices/a") == 0 && rmdir(place.path + "/devices") == 0)
        try folder.write("a", in: .devices, "two")
        #expect(place.text("devices/a") == "two")
    }
}
