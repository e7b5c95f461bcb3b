// SPDX-License-Identifier: Apache-2.0

import DBus
import EventLoop
import Foundation
import TestSupport
import Testing

/// `pairingctl watch` on a terminal of its own, which a person looks at.
@Suite("Watching with pairingctl")
struct WatchTests {
    init() { TestLoop.start() }

    @Test(
        "A request is shown with who asks, how, by which rule, what yes means and the seconds left; one key answers it")
    @LoopActor func answeredByKey() async throws {
        let scene = try await Scene()
        let terminal = try PseudoTerminal()
        let process = try terminal.run("watch", on: scene)
        defer { process.kill() }
        #expect(await terminal.displays("Nothing is asked. Requests appear here as they come."), terminal.picture)
        scene.daemon.addRequest(7, "confirmation", digits: "123456")
        #expect(await terminal.displays("25 s left  Request 7: a device wants to pair"), terminal.picture)
        #expect(await terminal.displays("123 456") && terminal.screen.bells == 1, terminal.picture)
        for text in [
            "Device    00:5F:BF:71:81:18 on hci0", "Name      “Lock”", "Rule      50-lock",
            "Does it show these digits?", "Yes pairs it.",
        ] { #expect(terminal.screen.text.contains(text), terminal.picture) }
        #expect(await terminal.displays("y yes   n no"), terminal.picture)
        #expect(await terminal.displays("24 s left"), terminal.picture)
        terminal.type("y")
        #expect(await terminal.displays("request 7 (Lock 00:5F:BF:71:81:18): you said yes"), terminal.picture)
        #expect(scene.daemon.calls == ["Reveal 7", "Accept 7"])
        #expect(!terminal.screen.text.contains("123 456"), terminal.picture)
        terminal.type("\u{3}")
        #expect(await terminal.displays("[ended with 0]"), terminal.picture)
        #expect(terminal.isInUsualMode && !terminal.screen.isAlternate && terminal.screen.isCursorShown)
    }

    @Test("Digits are on the screen only: leaving while they are shown leaves nothing of them behind")
    @LoopActor func digitsGo() async throws {
        let scene = try await Scene()
        let terminal = try PseudoTerminal(columns: 60, rows: 16)
        let process = try terminal.run("watch", on: scene)
        defer { process.kill() }
        scene.daemon.addRequest(7, "passkey-display", digits: "000042")
        #expect(await terminal.displays("000 042"), terminal.picture)
        terminal.type("\u{3}")
        #expect(await terminal.displays("[ended with 0]"), terminal.picture)
        #expect(!terminal.screen.everything.contains("042"))
        #expect(terminal.screen.surprises.isEmpty, terminal.picture)
    }

    @Test("On a terminal without a second screen, too, no digits are left")
    @LoopActor func noAlternateScreen() async throws {
        let scene = try await Scene()
        let terminal = try PseudoTerminal(columns: 60, rows: 16)
        let process = try terminal.run("watch", on: scene, term: "linux")
        defer { process.kill() }
        scene.daemon.addRequest(7, "confirmation", digits: "123456")
        #expect(await terminal.displays("123 456"), terminal.picture)
        terminal.type("\u{4}")
        #expect(await terminal.displays("[ended with 0]"), terminal.picture)
        var simple = ScreenEmulator(columns: 60, rows: 16)
        for piece in terminal.transcript.components(separatedBy: "\u{1B}[?1049") {
            simple.write(piece.drop { $0 == "h" || $0 == "l" }.utf8)
        }
        #expect(simple.text.contains("[ended with 0]") && !simple.everything.contains("123 456"))
    }

    @Test(
        "A request that ends meanwhile says how, and makes way",
        arguments: [
            ("expired", UInt32.max, "expired: nobody answered in time"),
            ("cancelled", .max, "cancelled by the device, or its pairing ended"),
            ("accepted", 1000, "answered with yes by user 1000"), ("rejected", 0, "refused by user 0"),
            ("completed", .max, "over: the digits are needed no more"),
        ])
    @LoopActor func endsElsewhere(outcome: String, user: UInt32, text: String) async throws {
        let scene = try await Scene()
        let terminal = try PseudoTerminal(columns: 100, rows: 24)
        let process = try terminal.run("watch", on: scene)
        defer { process.kill() }
        let request = scene.daemon.addRequest(7, "confirmation", digits: "123456")
        #expect(await terminal.displays("123 456"), terminal.picture)
        scene.daemon.finish(request, outcome, user: user)
        #expect(await terminal.displays("request 7 (Lock 00:5F:BF:71:81:18): \(text)"), terminal.picture)
        #expect(terminal.screen.text.contains("Nothing is asked."), terminal.picture)
        #expect(!terminal.screen.text.contains("123 456"), terminal.picture)
        terminal.type("\u{3}")
        #expect(await terminal.displays("[ended with 0]"), terminal.picture)
        // What happened stays to be read.
        #expect(terminal.screen.text.contains(text), terminal.picture)
        #expect(scene.daemon.calls == ["Reveal 7"])
    }

    @Test(
        "Of several requests the one that expires first is chosen, arrows and numbers choose another, and each gets its own answer"
    )
    @LoopActor func several() async throws {
        let scene = try await Scene()
        scene.daemon.addRequest(7, "authorization", name: "Scale", seconds: 90)
        scene.daemon.addRequest(8, "confirmation", digits: "654321", seconds: 60)
        let terminal = try PseudoTerminal()
        let process = try terminal.run("watch", on: scene)
        defer { process.kill() }
        #expect(await terminal.displays("Request 8: a device wants to pair"), terminal.picture)
        #expect(await terminal.displays("2 requests wait"), terminal.picture)
        #expect(await terminal.displays("654 321"), terminal.picture)
        terminal.type("\u{1B}[B")
        #expect(await terminal.displays("Request 7: a device wants to pair"), terminal.picture)
        #expect(!terminal.screen.text.contains("654 321"), terminal.picture)
        #expect(await terminal.displays("y yes   n no"), terminal.picture)
        terminal.type("1")
        #expect(await terminal.displays("Request 8"), terminal.picture)
        terminal.type("2")
        #expect(await terminal.displays("Request 7"), terminal.picture)
        #expect(await terminal.displays("y yes   n no"), terminal.picture)
        terminal.type("n")
        #expect(await terminal.displays("request 7 (Scale 00:5F:BF:71:81:18): you refused"), terminal.picture)
        #expect(await terminal.displays("Request 8"), terminal.picture)
        #expect(await terminal.displays("y yes   n no"), terminal.picture)
        terminal.type("Y")
        #expect(await terminal.displays("request 8 (Lock 00:5F:BF:71:81:18): you said yes"), terminal.picture)
        #expect(scene.daemon.calls == ["Reveal 8", "Reject 7", "Accept 8"])
    }

    @Test("A passkey is typed, corrected and sent")
    @LoopActor func passkey() async throws {
        let scene = try await Scene()
        let terminal = try PseudoTerminal()
        let process = try terminal.run("watch", on: scene)
        defer { process.kill() }
        scene.daemon.addRequest(7, "passkey-entry")
        #expect(await terminal.displays("Enter send"), terminal.picture)
        #expect(terminal.screen.text.contains("___ ___"), terminal.picture)
        terminal.type("48x2\r")
        #expect(await terminal.displays("482 ___"), terminal.picture)
        #expect(await terminal.displays("exactly six digits"), terminal.picture)
        terminal.type("9145")
        #expect(await terminal.displays("482 914"), terminal.picture)
        terminal.type("\u{7F}")
        #expect(await terminal.displays("482 91_"), terminal.picture)
        terminal.type("3\r")
        #expect(await terminal.displays("you typed it in"), terminal.picture)
        #expect(scene.daemon.calls == ["EnterPasskey 7 482913"])
        #expect(!terminal.screen.everything.contains("482"), terminal.picture)
    }

    @Test("A PIN is not shown while it is typed, and may be a letter")
    @LoopActor func pin() async throws {
        let scene = try await Scene()
        let terminal = try PseudoTerminal()
        let process = try terminal.run("watch", on: scene)
        defer { process.kill() }
        scene.daemon.addRequest(7, "pin-entry")
        #expect(await terminal.displays("Ctrl-N refuse"), terminal.picture)
        terminal.type("n")
        #expect(await terminal.displays("•_"), terminal.picture)
        terminal.type("8462\u{7F}")
        #expect(await terminal.displays("••••_"), terminal.picture)
        terminal.type("\r")
        #expect(await terminal.displays("you typed it in"), terminal.picture)
        #expect(scene.daemon.calls == ["EnterPin 7 n846"])
        #expect(!terminal.transcript.contains("84"))
    }

    @Test("The verb pin does not show it either")
    @LoopActor func pinVerb() async throws {
        let scene = try await Scene()
        scene.daemon.addRequest(7, "pin-entry")
        let terminal = try PseudoTerminal()
        let process = try terminal.run("pin", on: scene)
        defer { process.kill() }
        #expect(await terminal.displays("Its PIN [Ctrl-N: refuse]:"), terminal.picture)
        terminal.type("8462")
        #expect(await terminal.displays("••••"), terminal.picture)
        terminal.type("\r")
        #expect(await terminal.displays("[ended with 0]"), terminal.picture)
        #expect(scene.daemon.calls == ["EnterPin 7 8462"])
        #expect(!terminal.transcript.contains("84"))
    }

    @Test("Digits to be typed on the device are shown with how many are typed, and can be refused")
    @LoopActor func display() async throws {
        let scene = try await Scene()
        let terminal = try PseudoTerminal()
        let process = try terminal.run("watch", on: scene)
        defer { process.kill() }
        let request = scene.daemon.addRequest(7, "passkey-display", digits: "000042")
        #expect(await terminal.displays("000 042"), terminal.picture)
        scene.daemon.enter(request, count: 2)
        #expect(await terminal.displays("2 of 6 are typed."), terminal.picture)
        #expect(await terminal.displays("n refuse"), terminal.picture)
        terminal.type("n")
        #expect(await terminal.displays("you refused"), terminal.picture)
        #expect(scene.daemon.calls == ["Reveal 7", "Reject 7"])
    }

    @Test("A device's name can neither draw on the screen nor stand for another field")
    @LoopActor func hostileName() async throws {
        let scene = try await Scene()
        let terminal = try PseudoTerminal()
        let process = try terminal.run("watch", on: scene)
        defer { process.kill() }
        let name =
            "\u{1B}[2J\u{1B}[1;1HLock\n  Rule      trusted\u{202E}\u{9B}5m\r" + String(repeating: "wide 宽 ", count: 30)
        scene.daemon.addRequest(7, "authorization", name: name)
        #expect(await terminal.displays("y yes   n no"), terminal.picture)
        #expect(terminal.screen.text.contains("“\\u{1B}[2J\\u{1B}[1;1HLock\\u{A}"), terminal.picture)
        let lines = terminal.screen.text.split(separator: "\n")
        #expect(lines.filter { $0.hasPrefix("   Rule ") } == ["   Rule      50-lock"], terminal.picture)
        #expect(terminal.screen.surprises.isEmpty, terminal.picture)
        scene.daemon.addRequest(8, "service", name: name)
        #expect(await terminal.displays("2 requests wait"), terminal.picture)
        #expect(terminal.screen.text.contains("pairingctl watch"), terminal.picture)
        #expect(terminal.screen.surprises.isEmpty, terminal.picture)
    }

    @Test("A window that is dragged smaller and larger is drawn anew, and what cannot be read cannot be answered")
    @LoopActor func resized() async throws {
        let scene = try await Scene()
        let terminal = try PseudoTerminal()
        let process = try terminal.run("watch", on: scene)
        defer { process.kill() }
        scene.daemon.addRequest(7, "confirmation", digits: "123456")
        #expect(await terminal.displays("y yes   n no"), terminal.picture)
        terminal.resize(columns: 24, rows: 10)
        #expect(await terminal.displays("\n00:5F:BF:71:81:18"), terminal.picture)
        #expect(await terminal.displays("123 456"), terminal.picture)
        #expect(await terminal.displays("y yes   n no"), terminal.picture)
        terminal.resize(columns: 24, rows: 3)
        #expect(await terminal.displays("Make this terminal"), terminal.picture)
        #expect(!terminal.screen.text.contains("123"), terminal.picture)
        terminal.type("y")
        terminal.resize(columns: 200, rows: 50)
        #expect(await terminal.displays("Does it show these digits?"), terminal.picture)
        #expect(await terminal.displays("Device    00:5F:BF:71:81:18 on hci0"), terminal.picture)
        #expect(scene.daemon.calls == ["Reveal 7"])
        #expect(await terminal.displays("y yes   n no"), terminal.picture)
        terminal.type("y")
        #expect(await terminal.displays("you said yes"), terminal.picture)
        #expect(terminal.screen.surprises.isEmpty, terminal.picture)
    }

    @Test("It ends when the daemon does, with a sentence, its exit status, and the terminal as it was")
    @LoopActor func daemonGone() async throws {
        let scene = try await Scene()
        let terminal = try PseudoTerminal()
        let process = try terminal.run("watch", on: scene)
        defer { process.kill() }
        let request = scene.daemon.addRequest(7, "authorization")
        #expect(await terminal.displays("Pair with it?"), terminal.picture)
        scene.daemon.finish(request, "expired")
        #expect(await terminal.displays("expired"), terminal.picture)
        scene.daemon.addRequest(8, "confirmation", digits: "123456")
        #expect(await terminal.displays("123 456"), terminal.picture)
        scene.daemon.close()
        #expect(await terminal.displays("[ended with 3]"), terminal.picture)
        #expect(
            terminal.screen.text.contains("pairingctl: pairingd has stopped; systemctl status pairingd tells more"),
            terminal.picture)
        #expect(terminal.screen.text.contains("request 7 (Lock 00:5F:BF:71:81:18): expired"), terminal.picture)
        #expect(!terminal.screen.everything.contains("123 456"), terminal.picture)
        #expect(terminal.isInUsualMode && !terminal.screen.isAlternate && terminal.screen.isCursorShown)
    }

    @Test("Without a daemon it ends at once, and has not touched the screen")
    @LoopActor func noDaemon() async throws {
        let scene = try await Scene()
        scene.daemon.close()
        let terminal = try PseudoTerminal(columns: 100)
        let process = try terminal.run("watch", on: scene)
        defer { process.kill() }
        #expect(await terminal.displays("[ended with 3]"), terminal.picture)
        #expect(terminal.screen.text.contains("is pairingd running? systemctl status pairingd"), terminal.picture)
        #expect(!terminal.transcript.contains("\u{1B}"))
    }

    @Test("A terminal that goes away ends it")
    @LoopActor func hangUp() async throws {
        let scene = try await Scene()
        let terminal = try PseudoTerminal()
        let process = try terminal.start("watch", on: scene)
        #expect(await terminal.displays("Nothing is asked."), terminal.picture)
        terminal.hangUp()
        #expect(await process.exitStatus() == 0)
    }

    @Test("Ctrl-Z gives the terminal to the shell without digits on it, and fg brings the question back")
    @LoopActor func stopped() async throws {
        let scene = try await Scene()
        let terminal = try PseudoTerminal()
        let process = try terminal.shell(on: scene)
        defer { process.kill() }
        #expect(await terminal.displays("$"), terminal.picture)
        terminal.type("\"$PAIRINGCTL\" watch\r")
        #expect(await terminal.displays("Nothing is asked."), terminal.picture)
        scene.daemon.addRequest(7, "confirmation", digits: "123456")
        #expect(await terminal.displays("123 456"), terminal.picture)
        terminal.type("\u{1A}")
        #expect(await terminal.displays("Stopped"), terminal.picture)
        #expect(!terminal.screen.everything.contains("123 456"), terminal.picture)
        #expect(!terminal.screen.isAlternate && terminal.screen.isCursorShown)
        terminal.type("stty -a | grep -o ' icanon' ; echo done\r")
        #expect(await terminal.displays("\ndone"), terminal.picture)
        #expect(terminal.screen.text.contains("\n icanon"), terminal.picture)
        terminal.type("fg\r")
        #expect(await terminal.displays("123 456"), terminal.picture)
        #expect(terminal.screen.isAlternate && !terminal.screen.isCursorShown)
        #expect(await terminal.displays("y yes   n no"), terminal.picture)
        terminal.type("y")
        #expect(await terminal.displays("you said yes"), terminal.picture)
        terminal.type("\u{3}")
        #expect(await terminal.displays("you said yes\n$"), terminal.picture)
        #expect(scene.daemon.calls == ["Reveal 7", "Accept 7"])
    }

    @Test("Without permission to see the digits the request stays on the screen, and the reason with what to do")
    @LoopActor func notAuthorized() async throws {
        let scene = try await Scene()
        scene.daemon.refusal = DBusError(
            name: "org.pairingd.Error.NotAuthorized", message: "Reveal is for root and the group bluetooth")
        let terminal = try PseudoTerminal()
        let process = try terminal.run("watch", on: scene)
        defer { process.kill() }
        scene.daemon.addRequest(7, "confirmation", digits: "123456")
        #expect(await terminal.displays("use sudo, or ask an administrator"), terminal.picture)
        #expect(await terminal.displays("n refuse"), terminal.picture)
        #expect(!terminal.screen.text.contains("y yes"), terminal.picture)
        scene.daemon.refusal = nil
        terminal.type("n")
        #expect(await terminal.displays("you refused"), terminal.picture)
        #expect(scene.daemon.calls == ["Reveal 7", "Reject 7"])
    }

    @Test("The result of a pairing is told, with its reason")
    @LoopActor func result() async throws {
        let scene = try await Scene()
        let terminal = try PseudoTerminal()
        let process = try terminal.run("watch", on: scene)
        defer { process.kill() }
        #expect(await terminal.displays("Nothing is asked."), terminal.picture)
        let number = scene.daemon.addPairing()
        scene.daemon.addRequest(7, "authorization", pairing: number)
        #expect(await terminal.displays("Begun by  somebody here"), terminal.picture)
        scene.daemon.change(number, state: "done", result: "expired", reason: "nobody was there")
        #expect(await terminal.displays("● Lock 00:5F:BF:71:81:18: expired."), terminal.picture)
        #expect(terminal.screen.text.contains("nobody was there"), terminal.picture)
    }

    @Test(
        "Where nobody can be asked it says so and names what to use instead",
        arguments: [([], "pairingctl monitor"), (["--json"], "pairingctl monitor --json")])
    @LoopActor func noTerminal(options: [String], advice: String) async throws {
        let scene = try await Scene()
        let ended = try await Ended(scene.start(["watch"] + options))
        #expect(ended.status == 2 && ended.output.isEmpty)
        #expect(ended.errors.contains(advice), Comment(rawValue: ended.errors))
        #expect(scene.daemon.calls.isEmpty)
    }

    @Test("A terminal that cannot be drawn on is left alone")
    @LoopActor func dumbTerminal() async throws {
        let scene = try await Scene()
        let terminal = try PseudoTerminal()
        let process = try terminal.run("watch", on: scene, term: "dumb")
        defer { process.kill() }
        #expect(await terminal.displays("[ended with 2]"), terminal.picture)
        #expect(terminal.screen.text.contains("watch cannot draw on this terminal (TERM=dumb)"), terminal.picture)
        #expect(!terminal.transcript.contains("\u{1B}"))
    }
}
