// SPDX-License-Identifier: Apache-2.0

import Bluetooth
public import Pairing

/// Keeps bond records, and pairings that have no result yet, one file each: `devices/ADAPTER_DEVICE_TYPE` and
/// `pairings/NUMBER`.
public struct BondStore: Sendable {
    private let folder: StateFolder

    /// How many records are read, and how many unsettled pairings; files beyond are left alone, and told.
    public static let maximumCount = 4096

    public init(folder: StateFolder) { self.folder = folder }

    /// All that is kept, sorted by keys and numbers; what is damaged or foreign is left out, and told. Empty files of pairings
    /// are removed.
    public func load() -> (records: [BondRecord], unsettled: [UnsettledPairing], problems: [StateProblem]) {
        var problems: [StateProblem] = []
        let records = load(.devices, &problems) { (name, lines) throws(StateLines.Damage) in
            try BondRecord(name, lines)
        }
        let unsettled = load(.pairings, &problems) { (name, lines) throws(StateLines.Damage) in
            try UnsettledPairing(name, lines)
        }
        return (records.sorted { $0.key < $1.key }, unsettled.sorted { $0.number < $1.number }, problems)
    }

    /// The rule's name is left out if it holds control characters, and the strength if the key's size is impossible.
    public func save(_ record: BondRecord) throws(StateError) {
        try folder.write(record.key.fileName, in: .devices, record.text)
    }

    public func remove(_ key: BondRecord.Key) throws(StateError) {
        try folder.remove(key.fileName, in: .devices)
    }

    /// The rule's name is left out if it holds control characters. It outlives the daemon, for which the radio does not have to
    /// wait for the disk.
    public func save(_ pairing: UnsettledPairing) throws(StateError) {
        try folder.write(pairing.number.description, in: .pairings, waitsForDisk: false, pairing.text)
    }

    /// To be called when the pairing has its result, after its record was saved.
    public func remove(_ number: PairingNumber) throws(StateError) {
        try folder.remove(number.description, in: .pairings)
    }

    private func load<Value>(
        _ subfolder: StateFolder.Subfolder, _ problems: inout [StateProblem],
        _ parse: (String, StateLines) throws(StateLines.Damage) -> Value
    ) -> [Value] {
        var names: [String] = []
        do throws(StateError) {
            names = try folder.names(in: subfolder)
        } catch {
            problems.append(StateProblem(error))
        }
        if names.count > Self.maximumCount {
            problems.append(
                StateProblem(
                    folder.path(of: subfolder), "holds \(names.count) files; only \(Self.maximumCount) are read"))
        }
        var values: [Value] = []
        for name in names.prefix(Self.maximumCount) {
            do throws(StateError) {
                guard let octets = try folder.read(name, in: subfolder) else { continue }
                // The disk never saw what it held: the power was cut, and these files do not wait.
                if octets.isEmpty, subfolder == .pairings {
                    try folder.remove(name, in: subfolder)
                    continue
                }
                do throws(StateLines.Damage) {
                    values.append(try parse(name, StateLines(octets)))
                } catch {
                    problems.append(
                        StateProblem(folder.path(of: name, in: subfolder), line: error.line, error.message))
                }
            } catch {
                problems.append(StateProblem(error))
            }
        }
        return values
    }
}
