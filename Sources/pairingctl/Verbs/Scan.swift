// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Bluetooth
import EventLoop

/// What is on the air, and which rule it would have.
struct Scan: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Listen, and list the devices on the air with the rule that each would have.",
        discussion: """
            Ctrl-C ends it early. COMPANY is the company identifier in the advertising data, the number for a rule's key \
            manufacturer. TYPE is the address's: a device with a private one changes it now and then. RULE is the rule that would \
            decide; where there is none, a pairing is refused.
            """)

    @Argument(help: "How long to listen, from 1 to 300.") var seconds: UInt32 = 10
    @OptionGroup(title: "Options of every verb") var options: GlobalOptions

    func validate() throws {
        guard (1...300).contains(seconds) else { throw ValidationError("SECONDS is a number from 1 to 300.") }
    }

    @LoopActor func run(_ session: Session) async throws(Failure) -> ExitStatus {
        let (client, output) = (try await session.connect(), session.output)
        _ = try await client.manager()
        let bluez = BlueZ(connection: client.connection)
        let adapters = try await bluez.adapters()
        guard !adapters.isEmpty else {
            throw Failure(.failed, "no Bluetooth adapter is on: bluetoothctl power on")
        }
        for adapter in adapters { try await bluez.startDiscovery(adapter) }
        if output.isTerminal {
            output.note("\("Listening for \(counted(Int(seconds), "second")). Ctrl-C ends it.", .dim)")
        }
        let listening = onLoop { [seconds] in await sleep(microseconds: UInt64(seconds) * 1_000_000) }
        session.interruption.handler = { _ in listening.cancel() }
        await listening.value
        var found: [Heard] = []
        for device in try await bluez.devices() where device.signal != nil {
            found.append(Heard(device, try await report(on: device, client)))
        }
        found.sort { ($1.signal, $0.device.path) < ($0.signal, $1.device.path) }
        show(found, output)
        return .done
    }

    /// `nil` for a device that is gone by now.
    @LoopActor private func report(on device: AirDevice, _ client: Client) async throws(Failure) -> PolicyReport? {
        do throws(Failure) {
            return PolicyReport(evaluation: try await client.evaluate(device.path.text, inWindow: nil))
        } catch {
            guard error.status == .unreachable else { return nil }
            throw error
        }
    }

    @LoopActor private func show(_ found: [Heard], _ output: Output) {
        if output.isJSON {
            output.document(.array(found.map(\.document)))
        } else if output.isQuiet {
            for heard in found { output.line(Line(heard.device.address.description)) }
        } else if found.isEmpty {
            output.note("Nothing was heard. Is the device on, near, and in pairing mode?")
        } else {
            var table = Table("SIGNAL", "ADDRESS", "TYPE", "COMPANY", .cut("NAME"), .cut("RULE"))
            table.rows = found.map(\.row)
            output.table(table)
        }
    }
}

/// A device that was heard, and what the rules say of it.
private struct Heard {
    let device: AirDevice
    let report: PolicyReport?

    init(_ device: AirDevice, _ report: PolicyReport?) { (self.device, self.report) = (device, report) }

    var signal: Int16 { device.signal ?? .min }

    private var type: String { device.hasPrivateAddress ? "private" : device.addressType?.rawValue ?? "" }

    private var rule: Line {
        switch (report?.decision, report?.rule) {
        case ("matched", let rule?):
            report?.pairingMode == "not-ready" ? "\(rule), not in pairing mode" : "\(rule, .green)"
        case ("undetermined", _): "not known yet"
        case (_, .some): "none, a person is asked"
        default: "\("-", .dim)"
        }
    }

    var row: [Line] {
        [
            "\(signal) dBm", Line(device.address.description), dashed(type),
            dashed(device.companies.map(\.description).joined(separator: " ")), dashed(device.name?.description ?? ""),
            rule,
        ]
    }

    var document: JSON {
        [
            "address": .string(device.address.description),
            "address_type": .string(device.addressType?.rawValue ?? ""),
            "private": .boolean(device.hasPrivateAddress),
            "adapter": .string(device.adapter),
            "name": .string(device.name?.description ?? ""),
            "signal": .number(signal),
            "companies": .strings(device.companies.map(\.description)),
            "services": .strings(device.services.map(\.shortDescription)),
            "paired": .boolean(device.isPaired),
            "decision": .string(report?.decision ?? ""),
            "rule": .optional(report?.rule),
            "pairing_mode": .optional(report.flatMap { $0.pairingMode.isEmpty ? nil : $0.pairingMode }),
        ]
    }
}
