// SPDX-License-Identifier: Apache-2.0

@testable import HCIMonitor

extension PacketFilter {
    /// What is wrong with a program that the kernel would not accept.
    enum InvalidProgram: Error { case instruction(at: Int), noEnd }

    /// Runs the program as the kernel does; tells whether it keeps the packet.
    func keeps(_ packet: [UInt8]) throws -> Bool {
        var accumulator: UInt32 = 0
        var position = 0
        while position < instructions.count {
            let instruction = instructions[position]
            let operand = Int(instruction.operand)
            position += 1
            switch instruction.code {
            case 0x30:
                guard operand < packet.count else { return false }
                accumulator = UInt32(packet[operand])
            case 0x28:
                guard operand + 1 < packet.count else { return false }
                accumulator = UInt32(packet[operand]) << 8 | UInt32(packet[operand + 1])
            case 0x80: accumulator = UInt32(packet.count)
            case 0x54: accumulator &= instruction.operand
            case 0x15:
                position += Int(accumulator == instruction.operand ? instruction.jumpTrue : instruction.jumpFalse)
            case 0x35:
                position += Int(accumulator >= instruction.operand ? instruction.jumpTrue : instruction.jumpFalse)
            case 0x06: return instruction.operand > 0
            default: throw InvalidProgram.instruction(at: position - 1)
            }
        }
        throw InvalidProgram.noEnd
    }
}
