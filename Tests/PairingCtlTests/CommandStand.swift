// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop
import TestSupport

/// A bus with a fake daemon that knows one of everything, a simulated BlueZ, a journal and a folder of rules.
@LoopActor
struct CommandStand {
    let scene: Scene
    let bluez: SimulatedBlueZ
    let programs: FakePrograms
    let rules: RuleDirectory

    init() async throws {
        scene = try await Scene()
        programs = try FakePrograms.journal(FakePrograms.records)
        rules = try RuleDirectory([
            "10-cuff.toml": TestRules.cuff, "20-a-lock-with-a-rule-of-a-long-name.toml": TestRules.windowed,
            "30-off.toml": "",
        ])
        bluez = SimulatedBlueZ(bus: scene.bus, configuration: SimulatedBlueZ.Configuration())
        try await bluez.start()
        let cuff = bluez.addDevice(
            Address(bits: 0x5F_BF71_8118), name: "BLEsmart_00000201005FBF718118", presence: .advertising())
        cuff.manufacturerData = [0x020E: [1, 9]]
        bluez.addDevice(
            Address(bits: 0x4A11_2233_4455), .random, name: FakePrograms.hostileName, presence: .advertising())

        let daemon = scene.daemon
        daemon.addDevice(FakeDevice("00:5F:BF:71:81:18", name: "Lock", isPaired: true))
        daemon.addDevice(
            FakeDevice(
                "00:5F:BF:71:81:19",
                name: "A device with a name that is longer than most terminals are wide, and \"more\"",
                isPaired: false))
        daemon.addDevice(FakeDevice("00:5F:BF:71:81:20", name: FakePrograms.hostileName, isPaired: true))
        daemon.addDevice(FakeDevice("00:5F:BF:71:81:21", name: "血圧計", isPaired: false))
        daemon.change(daemon.addPairing(), state: "done", result: "wrong-passkey", reason: "Confirm Value Failed")
        daemon.pairings[3]?.finishedAt = 1_700_000_004_200_000
        daemon.pairings[3]?.name = FakePrograms.hostileName
        daemon.addRequest(7, "confirmation", name: FakePrograms.hostileName, digits: "012345", seconds: nil)
        daemon.addRequest(8, "service", name: "Headphones", seconds: nil)
        daemon.evaluation = [
            "address": .string("00:5F:BF:71:81:18"), "name": .string(FakePrograms.hostileName),
            "decision": .string("matched"), "rule": .string("50-lock"),
            "file": .string("/etc/pairingd/devices.d/50-lock.toml"),
            "pairing-mode": .string("not-ready"), "input-device": .boolean(true),
            "passed-over": .array(
                .structure([.basic(.string), .basic(.string)]),
                [
                    .structure([
                        .string("10-cuff"), .string("its name is another one, and it does not send the company 0x020E"),
                    ])
                ]),
            "profile": ["pairing.io-capability": Value.string("KeyboardDisplay"), "after.trust": .boolean(true)].value,
            "origins": ["pairing.io-capability": "/etc/pairingd/devices.d/50-lock.toml:3", "after.trust": "default"]
                .value,
        ]
    }

    /// Runs the command in the folder of rules.
    func run(_ arguments: [String], columns: Int? = nil, input: String? = nil) async throws -> Ended {
        var environment = programs.environment
        environment["DBUS_SYSTEM_BUS_ADDRESS"] = scene.bus.address
        environment["COLUMNS"] = columns.map { String($0) } ?? ""
        environment["LC_ALL"] = "C.UTF-8"
        environment["TZ"] = "UTC"
        return try await Ended(
            OwnedProcess(
                "/bin/sh", ["-c", "cd \"$0\" && exec \"$@\"", rules.path, Binary.path] + arguments,
                environment: environment, input: input))
    }
}
