// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Glibc
import Pairing
import State
import Testing

@Suite("The store of bonds") struct BondStoreTests {
    private let place: TestFolder
    private let store: BondStore

    init() throws {
        place = try TestFolder()
        store = BondStore(folder: try place.open())
    }

    private func loaded() -> (records: [BondRecord], unsettled: [UnsettledPairing], problems: [String]) {
        let (records, unsettled, problems) = store.load()
        return (records, unsettled, problems.map(place.relative))
    }

    // MARK: What is kept

    @Test("An empty folder holds nothing, and nothing is wrong with it") func emptyFolderHolds() {
        let (records, unsettled, problems) = loaded()
        #expect(records == [] && unsettled == [] && problems == [])
    }

    @Test("A record's file is lines that people can read") func recordSFile() throws {
        try store.save(BondRecord.full)
        #expect(
            place.text(cuffFile) == """
                # This is private data of pairingd. Do not parse.
                ADAPTER=00:00:5E:00:53:01
                DEVICE=00:5F:BF:71:81:18
                ADDRESS_TYPE=public
                STATE=kept
                SECURITY=authenticated
                SECURE_CONNECTIONS=yes
                KEY_SIZE=16
                RULE=50-omron-blood-pressure.toml
                IO_CAPABILITY=KeyboardDisplay
                LAST_RESULT=paired
                LAST_PAIRED_USEC=1700000000000000
                FAILURES=3

                """)
    }

    @Test("The file of a pairing without result is lines that people can read") func filePairingWithout() throws {
        try store.save(UnsettledPairing.full)
        #expect(
            place.text("pairings/7") == """
                # This is private data of pairingd. Do not parse.
                NUMBER=7
                ADAPTER=00:00:5E:00:53:01
                DEVICE=00:5F:BF:71:81:18
                ADDRESS_TYPE=public
                ORIGIN=automatic
                STARTED_USEC=1700000000000000
                RULE=50-omron-blood-pressure.toml
                HAD_BOND=yes
                MAY_STAY=yes

                """)
    }

    @Test("Generated records and pairings come back as they were, sorted") func generatedRecordsPairings() throws {
        var generator = SeededGenerator(state: 20_240_229)
        let records = (0..<150).map { _ in generator.record() }
        let unsettled = (0..<150).map { _ in generator.unsettled() }
        for record in records { try store.save(record) }
        for pairing in unsettled { try store.save(pairing) }
        let result = loaded()
        #expect(result.problems == [])
        // A number that came twice is one file.
        let last = Dictionary(unsettled.map { ($0.number, $0) }) { $1 }
        for (found, saved) in zip(result.records, records.sorted { $0.key < $1.key }) where found != saved {
            Issue.record("\(saved) came back as \(found)")
        }
        #expect(result.records.count == records.count)
        #expect(result.unsettled == last.values.sorted { $0.number < $1.number })
    }

    @Test("The ends of every range come back") func endsEveryRange() throws {
        var record = BondRecord(key: .init(adapter: Address(bits: 0), device: Address(bits: .max), type: .random))
        try store.save(record)
        #expect(loaded().records == [record])
        record.strength = .init(level: .none, isSecureConnections: false, keySize: 7)
        record.lastPaired = .max
        record.failures = .max
        record.rule = ""
        try store.save(record)
        #expect(loaded().records == [record])
    }

    @Test(
        "A rule's name that would damage the file is left out",
        arguments: ["a\nSTATE=lost", "a\r", "\0", "a\u{1}", "\u{7F}", "\u{85}"])
    func ruleSName(name: String) throws {
        var record = BondRecord.full
        record.rule = name
        try store.save(record)
        var pairing = UnsettledPairing.full
        pairing.rule = name
        try store.save(pairing)
        record.rule = nil
        pairing.rule = nil
        let result = loaded()
        #expect(result.records == [record] && result.unsettled == [pairing] && result.problems == [])
    }

    @Test("A strength that no key has is left out", arguments: [UInt8(0), 6, 17, 255])
    func strengthNoKey(keySize: UInt8) throws {
        var record = BondRecord.full
        record.strength?.keySize = keySize
        try store.save(record)
        record.strength = nil
        let result = loaded()
        #expect(result.records == [record] && result.problems == [])
    }

    @Test("Devices on two adapters, and of two address types, are different ones") func devicesOnTwo() throws {
        let keys = [
            cuff, .init(adapter: cuff.adapter, device: cuff.device, type: .random),
            .init(adapter: Address(bits: 0x0000_5E00_5302), device: cuff.device, type: .public),
        ]
        for key in keys { try store.save(BondRecord(key: key)) }
        #expect(loaded().records.map(\.key) == keys)
    }

    @Test("What is removed is forgotten, and the rest is kept") func whatRemovedForgotten() throws {
        try store.save(BondRecord.full)
        try store.save(UnsettledPairing.full)
        try store.remove(cuff)
        #expect(loaded().records == [] && loaded().unsettled == [.full])
        try store.remove(PairingNumber(7))
        #expect(loaded().unsettled == [])
        try store.remove(PairingNumber(7))
    }

    @Test("A crash while a record is written leaves the one before") func crashWhileRecord() throws {
        let place = try TestFolder()
        try BondStore(folder: place.open()).save(BondRecord.full)
        try place.put(cuffFile + ".new", "# This is private data of pairingd. Do not parse.\nADAPTER=00:")
        let again = BondStore(folder: try place.open()).load()
        #expect(again.records == [.full] && again.problems == [])
    }

    @Test("Keys of a newer version and comments are passed over") func keysNewerVersion() throws {
        try store.save(BondRecord.full)
        let text = try #require(place.text(cuffFile))
        try place.put(cuffFile, "FIRST_SEEN=1=2\n#\n# KEY_SIZE=1\nkey.2 =\n" + text)
        let result = loaded()
        #expect(result.records == [.full] && result.problems == [])
    }

    // MARK: Damage

    /// What is replaced in the record's file, by what, and what is told then.
    static let damage: [(old: String, new: String, problem: String)] = [
        ("ADAPTER=00:00:5E:00:53:01\n", "", ": ADAPTER is missing"),
        ("DEVICE=00:5F:BF:71:81:18\n", "", ": DEVICE is missing"),
        ("ADDRESS_TYPE=public\n", "", ": ADDRESS_TYPE is missing"),
        ("STATE=kept\n", "", ": STATE is missing"),
        ("SECURE_CONNECTIONS=yes\n", "", ": SECURE_CONNECTIONS is missing"),
        ("LAST_PAIRED_USEC=1700000000000000\n", "", ": LAST_PAIRED_USEC is missing"),
        ("FAILURES=3\n", "", ": FAILURES is missing"),
        ("FAILURES=3\n", "FAILURES=3", ":13: does not end"),
        ("ADAPTER=00:", "ADAPTER=zz:", ":2: ADAPTER has no valid value"),
        ("81:18", "81", ":3: DEVICE has no valid value"),
        ("=public", "=Public", ":4: ADDRESS_TYPE has no valid value"),
        ("=kept", "=", ":5: STATE has no valid value"),
        ("=authenticated", "=best", ":6: SECURITY has no valid value"),
        ("=yes", "=true", ":7: SECURE_CONNECTIONS has no valid value"),
        ("SIZE=16", "SIZE=6", ":8: KEY_SIZE has no valid value"),
        ("SIZE=16", "SIZE=17", ":8: KEY_SIZE has no valid value"),
        ("SIZE=16", "SIZE=256", ":8: KEY_SIZE has no valid value"),
        ("=KeyboardDisplay", "=Keyboard", ":10: IO_CAPABILITY has no valid value"),
        ("RESULT=paired", "RESULT=paired ", ":11: LAST_RESULT has no valid value"),
        ("USEC=17", "USEC=+17", ":12: LAST_PAIRED_USEC has no valid value"),
        ("USEC=17", "USEC=-17", ":12: LAST_PAIRED_USEC has no valid value"),
        ("S=3", "S=4294967296", ":13: FAILURES has no valid value"),
        ("S=3", "S=03", ":13: FAILURES has no valid value"),
        ("DEVICE=00", "DEVICE=01", ": is the record of another device, or no name for one"),
        ("=public", "=random", ": is the record of another device, or no name for one"),
        ("STATE=kept", "STATE", ":5: is not KEY=value"),
        ("STATE=kept", "=kept", ":5: is not KEY=value"),
        ("STATE=kept\n", "STATE=kept\n\n", ":6: is not KEY=value"),
        ("STATE=kept\n", "STATE=kept\nSTATE=kept\n", ":6: STATE stands there twice"),
        ("STATE=kept\n", "NEW=1\nNEW=1\nSTATE=kept\n", ":6: NEW stands there twice"),
        ("STATE=kept", "STATE=kept\r", ":5: holds a control character"),
        ("RULE=50", "RULE=\u{1B}50", ":9: holds a control character"),
        ("RULE=50", "RULE=\0", ":9: holds a control character"),
        ("RULE=50", "RULE=\u{9B}", ":9: holds a control character"),
    ]

    @Test("Damage is told with its file and line, and costs only that file's memory", arguments: damage.indices)
    func damageToldFile(index: Int) throws {
        let (old, new, problem) = Self.damage[index]
        let other = BondRecord(key: .init(adapter: adapter, device: Address(bits: 1), type: .random))
        try store.save(other)
        try store.save(UnsettledPairing.full)
        try store.save(BondRecord.full)
        let parts = try #require(place.text(cuffFile)).split(separator: old, omittingEmptySubsequences: false)
        try #require(parts.count == 2, "\(old) stands once in the file")
        try place.put(cuffFile, parts.joined(separator: new))
        let result = loaded()
        #expect(result.records == [other] && result.unsettled == [.full])
        #expect(result.problems == [cuffFile + problem])
    }

    @Test("A record that was cut short anywhere is damaged, and never another record") func recordCutShort() throws {
        try store.save(BondRecord.full)
        let octets = Array(try #require(place.text(cuffFile)).utf8)
        for count in octets.indices {
            try place.put(cuffFile, octets: Array(octets[..<count]))
            let result = loaded()
            #expect(result.records == [] && result.problems.count == 1, "cut after \(count) octets")
        }
    }

    @Test("A pairing that was cut short anywhere is damaged, and never another pairing") func pairingCutShort() throws {
        try store.save(UnsettledPairing.full)
        let octets = Array(try #require(place.text("pairings/7")).utf8)
        for count in octets.indices.dropFirst() {
            try place.put("pairings/7", octets: Array(octets[..<count]))
            let result = loaded()
            #expect(result.unsettled == [] && result.problems.count == 1, "cut after \(count) octets")
        }
    }

    @Test("What a power cut leaves of a pairing's file, nothing, is removed and no problem") func whatPowerCut() throws
    {
        try place.put("pairings/7", octets: [])
        let result = loaded()
        #expect(result.unsettled == [] && result.problems == [])
        #expect(place.text("pairings/7") == nil)
    }

    @Test("Any octet that is another one is damage, or no harm to the rest") func anyOctetAnother() throws {
        var generator = SeededGenerator(state: 7)
        let other = BondRecord(key: .init(adapter: adapter, device: Address(bits: 1), type: .random))
        try store.save(other)
        try store.save(BondRecord.full)
        let octets = Array(try #require(place.text(cuffFile)).utf8)
        for index in octets.indices {
            var damaged = octets
            damaged[index] = UInt8.random(in: 0...255, using: &generator)
            try place.put(cuffFile, octets: damaged)
            let result = loaded()
            #expect(result.records.contains(other))
            #expect(result.records.count + result.problems.count == 2, "octet \(index) is \(damaged[index])")
        }
    }

    @Test("What is not UTF-8 is damage") func whatNotUtf() throws {
        try place.put(cuffFile, octets: [0x41, 0x3D, 0xFF, 0x0A])
        #expect(loaded().problems == ["\(cuffFile): is not UTF-8"])
    }

    @Test("A damaged file stays until its name is written again") func damagedFileStays() throws {
        try place.put(cuffFile, "damaged\n")
        #expect(loaded().problems == ["\(cuffFile):1: is not KEY=value"])
        #expect(place.text(cuffFile) == "damaged\n")
        try store.save(BondRecord.full)
        let result = loaded()
        #expect(result.records == [.full] && result.problems == [])
    }

    @Test("A pairing's file by another name is not believed", arguments: ["8", "07", "+7", "7 ", "seven"])
    func pairingSFile(name: String) throws {
        try store.save(UnsettledPairing.full)
        try #require(rename("\(place.path)/pairings/7", "\(place.path)/pairings/\(name)") == 0)
        let result = loaded()
        #expect(result.unsettled == [])
        #expect(result.problems == ["pairings/\(name):2: NUMBER contradicts the file's name"])
    }

    @Test("A record's file by a name in small letters is not believed") func recordSFileName() throws {
        try store.save(BondRecord.full)
        try #require(rename("\(place.path)/\(cuffFile)", "\(place.path)/\(cuffFile.lowercased())") == 0)
        let result = loaded()
        #expect(result.records == [])
        #expect(
            result.problems == ["\(cuffFile.lowercased()): is the record of another device, or no name for one"])
    }

    // MARK: What is not ours

    @Test("Links, folders, pipes and large files are told, and everything else loads") func linksFoldersPipes() throws {
        try store.save(BondRecord.full)
        try store.save(UnsettledPairing.full)
        try place.link("devices/link", to: "../" + cuffFile)
        mkdir(place.path + "/devices/folder", 0o700)
        try place.pipe("pairings/9")
        try place.put("pairings/10", String(repeating: "A=\n", count: 10_000))
        let result = loaded()
        #expect(result.records == [.full] && result.unsettled == [.full])
        #expect(
            result.problems == [
                "devices/folder: cannot read: is not a regular file", "devices/link: cannot read: is a symbolic link",
                "pairings/10: cannot read: is longer than 16 KiB", "pairings/9: cannot read: is not a regular file",
            ])
    }

    @Test("A subfolder that is none costs only its own memory") func subfolderNoneCosts() throws {
        try store.save(UnsettledPairing.full)
        try place.put("devices", "")
        let result = loaded()
        #expect(result.records == [] && result.unsettled == [.full])
        #expect(result.problems == ["devices: cannot list: Not a directory"])
    }

    @Test("A foreign name does no harm to the terminal that its problem is shown on") func foreignNameDoes() throws {
        try place.put("devices/\u{1B}[2J\n", "")
        #expect(loaded().problems == [#"devices/\u{1B}[2J\u{A}: ADAPTER is missing"#])
    }

    @Test("Hidden files are told, as they are none of ours") func hiddenFilesTold() throws {
        try place.put("devices/.swp", "")
        #expect(loaded().problems == ["devices/.swp: cannot read: is not a name for a file of the state"])
    }

    @Test("What is beyond the bound is not read, and told") func whatBeyondBound() throws {
        for number in 0...BondStore.maximumCount { try place.put("pairings/\(number)", octets: [0]) }
        let problems = store.load().problems
        #expect(problems.count == BondStore.maximumCount + 1)
        #expect(problems.first.map(place.relative) == "pairings: holds 4097 files; only 4096 are read")
    }
}
