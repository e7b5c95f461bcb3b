// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import EventLoop

/// Devices that want to use a service, one asked about at a time (`src/adapter.c:process_auth_queue`).
@LoopActor
final class ServiceQueue {
    private struct Entry {
        let device: SimulatedDevice
        let uuid: BluetoothUUID
        let completion: @LoopActor (Bool) -> Void
    }

    private let bluez: SimulatedBlueZ
    private var entries: [Entry] = []
    private var isAsking = false

    init(_ bluez: SimulatedBlueZ) { self.bluez = bluez }

    func append(_ device: SimulatedDevice, _ uuid: BluetoothUUID, _ completion: @escaping @LoopActor (Bool) -> Void) {
        entries.append(Entry(device: device, uuid: uuid, completion: completion))
        proceed()
    }

    /// BlueZ is gone: nobody may do anything.
    func reset() {
        let abandoned = entries
        entries = []
        isAsking = false
        for entry in abandoned { entry.completion(false) }
    }

    private func proceed() {
        guard !isAsking, let entry = entries.first else { return }
        guard !entry.device.isTrusted else { return finish(true) }
        // Always the default agent, whoever paired the device.
        guard let agent = bluez.agents.defaultAgent else {
            bluez.log.note("no agent to authorise \(entry.uuid) for \(entry.device.address)")
            return finish(false)
        }
        isAsking = true
        agent.ask(
            .service(entry.uuid.description), about: entry.device, limit: bluez.configuration.durations.request
        ) { [weak self] answer in
            self?.isAsking = false
            self?.finish(answer == .accepted)
        }
    }

    private func finish(_ isAllowed: Bool) {
        guard !entries.isEmpty else { return }
        let entry = entries.removeFirst()
        entry.completion(isAllowed)
        proceed()
    }
}
