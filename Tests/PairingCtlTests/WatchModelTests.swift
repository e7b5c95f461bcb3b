// SPDX-License-Identifier: Apache-2.0

import DBus
import Foundation
import Testing

@testable import pairingctl

/// What `watch` makes of events and keys, in virtual time, and how it looks: `Tests/Screens` has the pictures.
///
/// After a change, `UPDATE_SNAPSHOTS=1 swift test --filter WatchModelTests` writes them anew; look at what changed.
@Suite("What watch makes of events and keys")
struct WatchModelTests {
    /// A model, its clock, and what it wanted to be done.
    struct Stage {
        var model = WatchModel()
        var now: UInt64 = 1_000_000_000
        var effects: [String] = []

        init(columns: Int = 80, rows: Int = 24) { resize(columns, rows) }

        mutating func resize(_ columns: Int, _ rows: Int) {
            model.resized(.init(columns: columns, rows: rows), at: instant)
        }

        var instant: WatchModel.Instant {
            let seconds = now / 1_000_000
            return .init(monotonic: now, wall: "12:\(10 + seconds / 60 % 50):\(10 + seconds % 50)")
        }

        func sample(
            _ number: UInt64, _ kind: String, name: String = "Lock", seconds: UInt64 = 25, rule: String = "50-lock",
            service: String = "", entered: UInt16 = 0
        ) -> RequestInfo? {
            let path = ObjectPath("/org/pairingd/request").child(String(number))
            let device = ObjectPath("/org/bluez/hci0/dev_00_5F_BF_71_81_18")
            return RequestInfo(
                path: path,
                interfaces: [
                    "org.pairingd.Request1": [
                        "Kind": .string(kind), "Name": .string(name), "Address": .string("00:5F:BF:71:81:18"),
                        "Device": .objectPath(device), "Rule": .string(rule), "Service": .string(service),
                        "Pairing": .objectPath("/org/pairingd/pairing/3"), "Entered": entered.value,
                        "DeadlineMonotonic": .uint64(now + seconds * 1_000_000),
                    ]
                ])
        }

        mutating func open(_ number: UInt64, _ kind: String, name: String = "Lock", seconds: UInt64 = 25) throws {
            let request = try #require(sample(number, kind, name: name, seconds: seconds))
            note(model.opened(request, at: instant))
        }

        mutating func begin(by origin: String) {
            let pairing = PairingInfo(
                path: "/org/pairingd/pairing/3", properties: Properties(["Origin": .string(origin)]))
            model.changed(pairing, at: instant)
        }

        mutating func reveal(_ number: UInt64, _ digits: String) {
            model.revealed(number, .success(digits), at: instant)
        }

        mutating func finish(_ number: UInt64, _ outcome: String, user: UInt32 = .max) throws {
            let entry = try #require(model.entries.first { $0.request.number == number })
            model.finished(entry.request, outcome, user: user, at: instant)
        }

        /// Each key by itself, as a person types.
        mutating func type(_ text: String) {
            for byte in text.utf8 { press([.text(byte)]) }
        }

        mutating func press(_ keys: [Terminal.Key]) { note(model.pressed(keys, at: instant)) }

        mutating func wait(_ milliseconds: UInt64) { now += milliseconds * 1000 }

        private mutating func note(_ new: [WatchModel.Effect]) {
            for effect in new {
                switch effect {
                case .reveal(let request): effects.append("reveal \(request.number)")
                case .answer(let request, let answer):
                    let text =
                        switch answer {
                        case .passkey(let passkey): passkey.digits
                        case .pinCode(let pin): pin.text
                        default: "\(answer)"
                        }
                    effects.append("\(text) \(request.number)")
                case .ring: break
                case .leave: effects.append("leave")
                }
            }
        }

        /// What a terminal shows, by what is written to it.
        var picture: String {
            var emulator = ScreenEmulator(columns: model.size.columns, rows: model.size.rows)
            var screen = WatchScreen()
            let lines = WatchLayout(model, at: now).lines.map { $0.text(isColored: true) }
            emulator.write(screen.show(lines).utf8)
            return emulator.surprises.isEmpty ? emulator.text : "\(emulator.surprises)"
        }
    }

    // MARK: Keys

    @Test("Keys that were pressed before a question could be read answer nothing")
    func pause() throws {
        var stage = Stage()
        try stage.open(7, "authorization")
        stage.type("y")
        stage.wait(499)
        stage.type("y")
        #expect(stage.effects.isEmpty)
        stage.wait(1)
        stage.type("y")
        #expect(stage.effects == ["accept 7"])
    }

    @Test("When another question takes the place of the one that ended, keys meant for that one do not answer it")
    func takesPlace() throws {
        var stage = Stage()
        try stage.open(7, "authorization")
        try stage.open(8, "authorization", seconds: 30)
        stage.wait(3000)
        try stage.finish(7, "accepted", user: 1000)
        stage.type("y")
        #expect(stage.effects.isEmpty && stage.model.chosen == 8)
        stage.wait(500)
        stage.type("y")
        #expect(stage.effects == ["accept 8"])
    }

    @Test("A new request does not take the place of the one that is being read, also when it expires sooner")
    func stays() throws {
        var stage = Stage()
        try stage.open(7, "passkey-entry", seconds: 25)
        stage.wait(1000)
        stage.type("12")
        try stage.open(8, "authorization", seconds: 10)
        stage.type("3456")
        stage.press([.enter])
        #expect(stage.effects == ["123456 7"])
        #expect(stage.model.entries.map(\.request.number) == [8, 7])
    }

    @Test("Digits count as read only once they are there")
    func digitsFirst() throws {
        var stage = Stage()
        try stage.open(7, "confirmation")
        stage.wait(5000)
        stage.type("y")
        stage.reveal(7, "123456")
        stage.type("y")
        #expect(stage.effects == ["reveal 7"])
        stage.wait(500)
        stage.type("y")
        #expect(stage.effects == ["reveal 7", "accept 7"])
    }

    @Test("What is pasted is no yes and no no")
    func pasted() throws {
        var stage = Stage()
        try stage.open(7, "authorization")
        stage.wait(1000)
        stage.press("yes".utf8.map { .text($0) })
        stage.press([.refuse, .enter])
        #expect(stage.effects.isEmpty)
    }

    @Test("A passkey may be pasted, with the space that devices show in it")
    func pastedPasskey() throws {
        var stage = Stage()
        try stage.open(7, "passkey-entry")
        stage.wait(1000)
        stage.press("012 345".utf8.map { .text($0) })
        stage.press([.enter])
        #expect(stage.effects == ["012345 7"])
    }

    @Test("While an answer is on its way no other is sent, and one that fails can be given again")
    func failedAnswer() throws {
        var stage = Stage()
        try stage.open(7, "authorization")
        stage.wait(1000)
        stage.type("yyn")
        #expect(stage.effects == ["accept 7"])
        stage.model.answered(7, .failure(Failure(.notAuthorized, "not allowed")), at: stage.instant)
        #expect(stage.picture.contains("not allowed"))
        stage.type("y")
        #expect(stage.effects == ["accept 7", "accept 7"])
    }

    @Test("An answer that came second says how the first one was")
    func second() throws {
        var stage = Stage()
        try stage.open(7, "authorization")
        stage.wait(1000)
        stage.type("y")
        try stage.finish(7, "rejected", user: 1001)
        stage.model.answered(7, .failure(Failure(.failed, "the request is over")), at: stage.instant)
        #expect(stage.model.entries.isEmpty)
        #expect(stage.model.log.map(\.text) == ["request 7 (Lock 00:5F:BF:71:81:18): refused by user 1001"])
    }

    @Test("Of what was there before, the request that expires first is chosen, and results are no news")
    func begin() throws {
        var stage = Stage()
        let requests = [stage.sample(7, "authorization", seconds: 20), stage.sample(8, "authorization", seconds: 10)]
        let pairing = PairingInfo(
            path: "/org/pairingd/pairing/3",
            properties: Properties(["Origin": .string("incoming"), "Result": .string("expired")]))
        _ = stage.model.begin(requests.compactMap { $0 }, [pairing], at: stage.instant)
        #expect(stage.model.chosen == 8)
        #expect(stage.picture.contains("Begun by  the device"))
        stage.model.changed(pairing, at: stage.instant)
        #expect(stage.model.log.isEmpty)
    }

    @Test("A deadline that no clock reaches is shown and does no harm")
    func farDeadline() throws {
        var stage = Stage()
        stage.now = 1
        try stage.open(7, "authorization", seconds: (UInt64.max - 1) / 1_000_000)
        #expect(stage.picture.contains("\((UInt64.max - 1) / 1_000_000) s left"))
        #expect(stage.model.nextChange(after: stage.now + 500_000) != nil)
    }

    @Test("What is typed for one request is gone when another is chosen")
    func typedIsDropped() throws {
        var stage = Stage()
        try stage.open(7, "passkey-entry")
        try stage.open(8, "authorization", seconds: 30)
        stage.wait(1000)
        stage.type("123")
        stage.press([.down])
        stage.press([.up])
        stage.wait(1000)
        stage.type("456")
        stage.press([.enter])
        #expect(stage.effects.isEmpty)
        #expect(stage.picture.contains("456 ___"))
    }

    @Test("A kind that this version does not know can be refused, and nothing else")
    func unknownKind() throws {
        var stage = Stage()
        try stage.open(7, "telepathy")
        stage.wait(1000)
        #expect(stage.picture.contains("does not know the kind telepathy"))
        stage.type("y")
        stage.press([.enter])
        #expect(stage.effects.isEmpty)
        stage.type("n")
        #expect(stage.effects == ["reject 7"])
    }

    @Test(
        "On a screen that is too small for the question nothing can be answered",
        arguments: [(19, 24), (80, 5), (1, 1)])
    func tooSmall(columns: Int, rows: Int) throws {
        var stage = Stage(columns: columns, rows: rows)
        try stage.open(7, "confirmation")
        stage.reveal(7, "123456")
        stage.wait(1000)
        stage.type("y")
        stage.press([.refuse])
        #expect(stage.effects == ["reveal 7"])
        #expect(!stage.picture.contains("123"))
        stage.resize(80, 24)
        #expect(stage.picture.contains("123 456"))
        stage.type("y")
        #expect(stage.effects == ["reveal 7"], "it can hardly have been read yet")
        stage.wait(500)
        stage.type("y")
        #expect(stage.effects == ["reveal 7", "accept 7"])
    }

    @Test("Only rows that change are written, and all of them once the screen has shown something else")
    func rows() {
        var screen = WatchScreen()
        #expect(screen.show(["one", "two"]) == "\u{1B}[H\u{1B}[J\u{1B}[1;1H\u{1B}[Kone\u{1B}[2;1H\u{1B}[Ktwo")
        #expect(screen.show(["one", "two"]).isEmpty)
        #expect(screen.show(["one", "2", "3"]) == "\u{1B}[2;1H\u{1B}[K2\u{1B}[3;1H\u{1B}[K3")
        #expect(screen.show(["one"]) == "\u{1B}[2;1H\u{1B}[K\u{1B}[3;1H\u{1B}[K")
        screen.forget()
        #expect(screen.show(["one"]) == "\u{1B}[H\u{1B}[J\u{1B}[1;1H\u{1B}[Kone")
    }

    @Test("The screen changes when the seconds do, and when the question can be answered")
    func ticks() throws {
        var stage = Stage()
        #expect(stage.model.nextChange(after: stage.now) == nil)
        try stage.open(7, "authorization", seconds: 2)
        #expect(stage.model.nextChange(after: stage.now) == stage.now + 500_000)
        stage.wait(700)
        #expect(stage.model.nextChange(after: stage.now) == stage.now + 300_000)
        stage.wait(300)
        #expect(stage.picture.contains(" 1 s left"))
        #expect(stage.model.nextChange(after: stage.now) == stage.now + 1_000_000)
        stage.wait(1000)
        #expect(stage.picture.contains(" 0 s left"))
        #expect(stage.model.nextChange(after: stage.now) == nil)
    }

    @Test("Arrow keys are one key, however they arrive, and the Escape key takes nothing from the next one")
    func keys() {
        var reader = KeyReader()
        #expect(reader.read("\u{1B}[A\u{1B}OBy".utf8) == [.up, .down, .text(UInt8(ascii: "y"))])
        #expect(reader.read([0x1B]) == [])
        #expect(reader.read([UInt8(ascii: "["), UInt8(ascii: "1")]) == [])
        #expect(reader.read(";5A".utf8) == [.up])
        #expect(reader.read("\u{1B}n".utf8) == [.text(UInt8(ascii: "n"))])
        #expect(reader.read("\u{1B}[3~\u{1B}[200~\r".utf8) == [.enter])
    }

    @Test("No row is wider than the screen, and there are never too many, whatever its size and the names")
    func fits() throws {
        for columns in [1, 5, 19, 20, 21, 30, 50, 80, 200] {
            for rows in [1, 2, 6, 7, 9, 12, 24, 60] {
                var stage = Stage(columns: columns, rows: rows)
                for (index, kind) in Self.kinds.enumerated() {
                    try stage.open(UInt64(index), kind, name: String(repeating: "宽 \u{1B}", count: 40))
                    stage.reveal(UInt64(index), "123456")
                }
                try stage.finish(3, "expired")
                for _ in Self.kinds {
                    let layout = WatchLayout(stage.model, at: stage.now)
                    #expect(layout.lines.count <= rows, "\(columns)x\(rows)")
                    let tooWide = layout.lines.first { $0.width > max(1, columns - 1) }?.text(isColored: false)
                    #expect(tooWide == nil, "\(columns)x\(rows)")
                    stage.press([.down])
                }
            }
        }
    }

    static let kinds = [
        "authorization", "confirmation", "passkey-entry", "passkey-display", "pin-entry", "pin-display", "service",
        "repair",
    ]

    // MARK: Pictures

    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Screens")

    private func compare(_ stage: Stage, with name: String) throws {
        let file = Self.folder.appending(path: "\(name).txt")
        if ProcessInfo.processInfo.environment["UPDATE_SNAPSHOTS"] != nil {
            try stage.picture.write(to: file, atomically: true, encoding: .utf8)
        }
        let expected = try String(contentsOf: file, encoding: .utf8)
        #expect(stage.picture == expected, "the screen differs from \(file.path):\n\(stage.picture)")
    }

    @Test("Each kind looks as its picture does", arguments: kinds, [(80, 24), (30, 12)])
    func picture(kind: String, size: (columns: Int, rows: Int)) throws {
        var stage = Stage(columns: size.columns, rows: size.rows)
        let request = try #require(
            stage.sample(
                7, kind, service: kind == "service" ? "0000110e-0000-1000-8000-00805f9b34fb" : "",
                entered: kind == "passkey-display" ? 2 : 0))
        stage.begin(by: "incoming")
        _ = stage.model.opened(request, at: stage.instant)
        stage.reveal(7, kind == "pin-display" ? "0000" : "123456")
        stage.wait(3000)
        if kind == "passkey-entry" { stage.type("4829") }
        if kind == "pin-entry" { stage.type("0000") }
        try compare(stage, with: "\(kind)-\(size.columns)x\(size.rows)")
    }

    @Test(
        "Several requests, and what has happened, look as their picture does",
        arguments: [(80, 24), (200, 50), (40, 16)])
    func several(columns: Int, rows: Int) throws {
        var stage = Stage(columns: columns, rows: rows)
        try stage.open(5, "authorization", name: "Cuff")
        try stage.open(6, "service", name: "Speaker")
        stage.wait(4000)
        try stage.finish(5, "expired")
        try stage.finish(6, "accepted", user: 1000)
        try stage.open(7, "authorization", name: "Scale", seconds: 30)
        try stage.open(8, "confirmation", name: "Lock\n y yes", seconds: 25)
        try stage.open(9, "passkey-entry", name: "", seconds: 120)
        stage.reveal(8, "123456")
        stage.press([.up])
        stage.wait(2500)
        try compare(stage, with: "several-\(columns)x\(rows)")
    }

    @Test("Nothing to answer looks as its picture does")
    func idle() throws { try compare(Stage(), with: "idle-80x24") }

    @Test("A terminal that is too small looks as its picture does")
    func small() throws {
        var stage = Stage(columns: 24, rows: 4)
        try stage.open(7, "confirmation")
        try compare(stage, with: "too-small-24x4")
    }
}
