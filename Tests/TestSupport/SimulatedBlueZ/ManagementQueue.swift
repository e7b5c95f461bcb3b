// SPDX-License-Identifier: Apache-2.0

import EventLoop

/// The commands to the kernel: while a Pair Device is outstanding, all others but replies wait, for every adapter
/// (`src/shared/mgmt.c:can_write_data`).
@LoopActor
final class ManagementQueue {
    private enum Command {
        case pairDevice(Pairing)
        case other(@LoopActor () -> Void)
    }

    private var outstanding: Pairing?
    private var waiting: [Command] = []

    nonisolated init() {}

    func submit(_ command: @escaping @LoopActor () -> Void) {
        waiting.append(.other(command))
        proceed()
    }

    func submit(_ pairing: Pairing) {
        waiting.append(.pairDevice(pairing))
        proceed()
    }

    /// The pairing has ended, or never needs to begin.
    func finished(_ pairing: Pairing) {
        waiting.removeAll { command in
            if case .pairDevice(pairing) = command { true } else { false }
        }
        guard outstanding === pairing else { return }
        outstanding = nil
        proceed()
    }

    func reset() {
        outstanding = nil
        waiting = []
    }

    private func proceed() {
        while outstanding == nil, !waiting.isEmpty {
            switch waiting.removeFirst() {
            case .other(let command): command()
            case .pairDevice(let pairing):
                outstanding = pairing
                pairing.begin()
            }
        }
    }
}

private func ~= (left: Pairing, right: Pairing) -> Bool { left === right }
