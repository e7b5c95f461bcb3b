// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Testing

@Suite("Spans of time")
struct TimespanTests {
    @Test(
        "are read as systemd writes them",
        arguments: [
            ("25s", Duration.seconds(25)), ("2min", .seconds(120)), ("1h 30min", .seconds(5400)),
            ("1h30min", .seconds(5400)), ("500ms", .milliseconds(500)), ("1 day", .seconds(86_400)), ("0s", .zero),
            ("1s 1s", .seconds(2)), ("  3 hours", .seconds(10_800)), ("365d", .seconds(365 * 86_400)),
        ])
    func read(text: String, expected: Duration) {
        #expect(Timespan.parse(text) == expected)
    }

    @Test(
        "are nothing else",
        arguments: [
            "", " ", "25", "s", "-1s", "1.5s", "1 fortnight", "s1", "1ss", "366d", "999999999999d", "9999999999999s",
            "1s\u{301}", "１s", "1s 1", "infinity",
        ])
    func refused(text: String) {
        #expect(Timespan.parse(text) == nil)
    }

    @Test(
        "are written so that they are read back",
        arguments: [
            (0, "0s"), (1, "1ms"), (1500, "1s 500ms"), (90_000, "1min 30s"), (3_600_000, "1h"),
            (90_061_001, "1d 1h 1min 1s 1ms"),
        ])
    func written(milliseconds: Int64, text: String) {
        let span = Duration.milliseconds(milliseconds)
        #expect(Timespan.text(span) == text)
        #expect(Timespan.parse(text) == span)
    }
}
