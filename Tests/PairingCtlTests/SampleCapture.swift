// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Foundation
import Testing

@testable import HCIMonitor

/// Records of the monitor channel, as the kernel writes them.
enum SampleCapture {
    static let begin: UInt64 = 1_795_264_204_000_000
    static let secret: [UInt8] = Array(0xA0..<0xB0)

    /// The cuff with this address refuses after the features; a Pairing Confirm is in it for its secret.
    static let refused = pairing(device: 0x18)

    static func pairing(device: UInt8, isRefused: Bool = true) -> [[UInt8]] {
        let address: [UInt8] = [device, 0x81, 0x71, 0xBF, 0x5F, 0x00]
        let end: [[UInt8]] =
            isRefused ? [securityManager(.aclReceived, [0x05, 0x08]), event(0x05, [0, 0x40, 0, 0x13])] : []
        return [
            record(.newIndex, [0, 1, 1, 2, 3, 4, 5, 6] + Array("hci0".utf8) + [0, 0, 0, 0]),
            event(0x3E, [0x01, 0x00, 0x40, 0x00, 0x00, 0x00] + address + [0x18, 0, 0, 0, 0x2A, 0, 0]),
            securityManager(.aclTransmitted, [0x01, 0x03, 0x00, 0x01, 0x10, 0x03, 0x03]),
            securityManager(.aclReceived, [0x02, 0x03, 0x00, 0x01, 0x10, 0x01, 0x01]),
            securityManager(.aclTransmitted, [0x03] + secret),
        ] + end
    }

    /// From a program with a control socket: NoInputNoOutput from now on.
    static let setIOCapability = record(.controlCommand, [1, 0, 0, 0, 0x18, 0x00, 3])

    static func record(_ opcode: MonitorOpcode, _ payload: [UInt8]) -> [UInt8] {
        half(Int(opcode.rawValue)) + [0, 0] + half(payload.count) + payload
    }

    private static func event(_ code: UInt8, _ parameters: [UInt8]) -> [UInt8] {
        record(.event, [code, UInt8(parameters.count)] + parameters)
    }

    /// An SMP packet on handle 0x0040.
    static func securityManager(_ opcode: MonitorOpcode, channel: UInt8 = 6, _ packet: [UInt8]) -> [UInt8] {
        record(opcode, [0x40, 0x00] + half(packet.count + 4) + half(packet.count) + [channel, 0x00] + packet)
    }

    private static func half(_ value: Int) -> [UInt8] { [UInt8(value & 0xFF), UInt8(value >> 8)] }
}

/// A btsnoop file below the temporary folder; it is removed with its value.
final class CaptureFile {
    let path: String
    let descriptor: CInt

    /// - Parameter records: Written a tenth of a second after each other; without any, nothing is written.
    init(_ records: [[UInt8]]) throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("pairingctl-\(UUID().uuidString)").path
        descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        try #require(descriptor >= 0)
        guard !records.isEmpty else { return }
        let writer = try CaptureWriter(descriptor: descriptor)
        for (index, octets) in records.enumerated() {
            try writer.write(
                try MonitorRecord(parsing: octets[...]), at: SampleCapture.begin + UInt64(index) * 100_000)
        }
    }

    deinit {
        close(descriptor)
        unlink(path)
    }

    var octets: [UInt8] { get throws { Array(try Data(contentsOf: URL(fileURLWithPath: path))) } }

    func append(_ octets: [UInt8]) { _ = write(descriptor, octets, octets.count) }
}
