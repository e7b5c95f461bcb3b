// SPDX-License-Identifier: Apache-2.0

/// A program of the classic Berkeley Packet Filter, which the kernel runs over each packet before it wakes the reader.
///
/// It has one register, may only jump forwards, and ends by telling how many octets of the packet to keep. A load from
/// behind the packet's end drops the packet. Source: Linux, Documentation/networking/filter.rst.
struct PacketFilter: Hashable {
    /// `struct sock_filter` of include/uapi/linux/filter.h.
    struct Instruction: Hashable {
        var code: UInt16
        /// How many instructions to skip if the comparison holds, and if it does not.
        var jumpTrue: UInt8 = 0
        var jumpFalse: UInt8 = 0
        var operand: UInt32
    }

    /// The instruction codes that are used: include/uapi/linux/bpf_common.h.
    enum Code {
        /// BPF_LD | BPF_B | BPF_ABS
        static let loadOctet: UInt16 = 0x30
        /// BPF_LD | BPF_H | BPF_ABS, most significant octet first
        static let loadBigEndianHalf: UInt16 = 0x28
        /// BPF_LD | BPF_W | BPF_LEN
        static let loadPacketLength: UInt16 = 0x80
        /// BPF_ALU | BPF_AND | BPF_K
        static let and: UInt16 = 0x54
        /// BPF_JMP | BPF_JEQ | BPF_K
        static let jumpIfEqual: UInt16 = 0x15
        /// BPF_JMP | BPF_JGE | BPF_K, unsigned
        static let jumpIfAtLeast: UInt16 = 0x35
        /// BPF_RET | BPF_K
        static let `return`: UInt16 = 0x06
    }

    private(set) var instructions: [Instruction]

    /// One line of a program: straight code, or a comparison that leaves the straight line when it holds.
    enum Line {
        case octet(at: UInt32)
        /// A little-endian field; compare it with ``PacketFilter/littleEndian(_:)``.
        case half(at: UInt32)
        case packetLength
        case and(UInt32)
        case ifEqual(UInt32, to: Label)
        case ifAtLeast(UInt32, to: Label)
        case label(Label)
        case keep
        case drop
    }

    /// A place in the program to jump to; always further down.
    enum Label: Hashable {
        case command, event, leMeta, aclData, frame, controlCommand, controlEvent, commandResult, keep
    }

    /// The operand that a little-endian field equals when it is loaded as big-endian.
    static func littleEndian(_ value: UInt16) -> UInt32 { UInt32(value.byteSwapped) }

    /// Every label that is jumped to must stand further down, at most 255 instructions away: a program is a constant of
    /// this module, so anything else is a mistake in it.
    init(_ lines: [Line]) {
        var positions: [Label: Int] = [:]
        var count = 0
        for line in lines {
            if case .label(let label) = line { positions[label] = count } else { count += 1 }
        }
        var result: [Instruction] = []
        func jump(_ code: UInt16, _ operand: UInt32, _ label: Label) -> Instruction {
            guard let position = positions[label], let distance = UInt8(exactly: position - result.count - 1)
            else { preconditionFailure("no way to the label \(label)") }
            return Instruction(code: code, jumpTrue: distance, operand: operand)
        }
        for line in lines {
            switch line {
            case .label: break
            case .octet(let offset): result.append(Instruction(code: Code.loadOctet, operand: offset))
            case .half(let offset): result.append(Instruction(code: Code.loadBigEndianHalf, operand: offset))
            case .packetLength: result.append(Instruction(code: Code.loadPacketLength, operand: 0))
            case .and(let mask): result.append(Instruction(code: Code.and, operand: mask))
            case .ifEqual(let value, let label): result.append(jump(Code.jumpIfEqual, value, label))
            case .ifAtLeast(let value, let label): result.append(jump(Code.jumpIfAtLeast, value, label))
            case .keep: result.append(Instruction(code: Code.return, operand: .max))
            case .drop: result.append(Instruction(code: Code.return, operand: 0))
            }
        }
        instructions = result
    }
}
