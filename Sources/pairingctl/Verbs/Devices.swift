// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EventLoop

/// The devices that the daemon tells of.
struct Devices: Verb {
    static let configuration = CommandConfiguration(
        abstract: "List the devices that are paired or have a rule.",
        discussion: "pairingctl show <device> tells more of one; pairingctl scan finds others.")

    @OptionGroup(title: "Options of every verb") var options: GlobalOptions

    @LoopActor func run(_ session: Session) async throws(Failure) -> ExitStatus {
        let output = session.output
        let devices = try await session.connect().devices()
        if output.isJSON {
            output.document(.array(devices.map(\.document)))
        } else if output.isQuiet {
            for device in devices { output.line(Line(device.address)) }
        } else if devices.isEmpty {
            output.note("No devices. pairingctl pair DEVICE pairs one.")
        } else {
            var table = Table(
                "", "ADDRESS", .cut("NAME"), "ADAPTER", .cut("STATE"), .cut("RULE"), .cut("LAST RESULT"))
            table.rows = devices.map(row)
            output.table(table)
        }
        return .done
    }

    private func row(_ device: DeviceInfo) -> [Line] {
        let (isPaired, isConnected) = (device.properties.flag("Paired"), device.properties.flag("Connected"))
        let state = device.properties.text("BondState")
        let bond = device.properties.flag("Bonded") ? "bonded" : isPaired ? "paired" : ""
        let words = [
            bond, ["session", "lost"].contains(state) ? state : "", isConnected ? "connected" : "",
        ]
        let dot: Line = isPaired ? "\(isConnected ? "●" : "○", .green)" : "\("○", .dim)"
        return [
            dot, Line(device.address), Line(device.properties.text("Name"), .bold), Line(device.adapter),
            dashed(words.filter { !$0.isEmpty }.joined(separator: ", ")), dashed(device.properties.text("Rule")),
            dashed(device.properties.text("LastResult")),
        ]
    }
}

/// A dash stands for nothing, so that columns stay countable.
func dashed(_ text: String) -> Line { text.isEmpty ? "\("-", .dim)" : Line(text) }
