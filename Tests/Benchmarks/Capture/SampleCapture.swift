// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What the benchmark's files are made of: btsnoop records of datalink 2001.
enum SampleCapture {
    struct Body {
        var octets: [UInt8]
        var records: Int
    }

    /// btsnoop, version 1, datalink 2001.
    static let header: [UInt8] = Array("btsnoop\0".utf8) + [0, 0, 0, 1, 0, 0, 0x07, 0xD1]

    /// The records of a file.
    static func body(ofFile path: String) throws -> Body {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw CaptureBenchmark.Failure(description: String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var octets = [UInt8](repeating: 0, count: 1 << 20)
        let count = read(descriptor, &octets, octets.count)
        guard count > header.count, octets.starts(with: header), count < octets.count else {
            throw CaptureBenchmark.Failure(description: "\(path) is no btsnoop file of datalink 2001 under 1 MiB")
        }
        let body = Array(octets[header.count..<count])
        var (position, records) = (0, 0)
        while position + 24 <= body.count {
            position += 24 + body[position + 4..<position + 8].reduce(0) { $0 << 8 | Int($1) }
            records += 1
        }
        return Body(octets: body, records: records)
    }

    /// A pairing by LE Secure Connections among advertising and application data, as a gateway sees it.
    static let body: Body = {
        var records: [[UInt8]] = []
        func add(_ opcode: UInt8, _ payload: [UInt8]) {
            let length: [UInt8] = [0, 0, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
            let time: [UInt8] = [0x00, 0xE2, 0x6A, 0x3D, 0x9F, 0x1B, 0x2C, UInt8(records.count & 0xFF)]
            records.append(length + length + [0, 0, 0, opcode, 0, 0, 0, 0] + time + payload)
        }
        func addFrame(_ opcode: UInt8, channel: UInt8, _ packet: [UInt8]) {
            let frame = [UInt8(packet.count), 0, channel, 0] + packet
            for start in stride(from: 0, to: frame.count, by: 27) {
                let part = frame[start..<min(start + 27, frame.count)]
                let flags: UInt8 = start > 0 ? 0x10 : opcode == 5 ? 0x20 : 0
                add(opcode, [0x40, flags, UInt8(part.count), 0] + part)
            }
        }
        let address: [UInt8] = [0x18, 0x81, 0x71, 0xBF, 0x5F, 0xC0]
        let key = [UInt8](0..<16)
        add(3, [0x3E, 19, 0x01, 0, 0x40, 0, 0, 1] + address + [0x18, 0, 0, 0, 0x48, 0, 0])
        addFrame(4, channel: 6, [0x01, 4, 0, 0x2D, 16, 0x0D, 0x0F])
        addFrame(5, channel: 6, [0x02, 3, 0, 0x2D, 16, 0x0D, 0x0F])
        for opcode in [4, 5] as [UInt8] { addFrame(opcode, channel: 6, [0x0C] + [UInt8](0..<64)) }
        for (opcode, code) in [(5, 3), (4, 4), (5, 4), (4, 0x0D), (5, 0x0D)] as [(UInt8, UInt8)] {
            addFrame(opcode, channel: 6, [code] + key)
        }
        add(3, [0x08, 4, 0, 0x40, 0, 1])
        add(17, [1, 0, 0, 0, 0x0A, 0, 1] + address + [2, 2, 0, 16] + [UInt8](repeating: 0, count: 10) + key)
        for number in 0..<20 as Range<UInt8> {
            add(3, [0x3E, 31, 0x02, 1, 0, 1] + address + [19] + [UInt8](repeating: number, count: 19) + [0xC0])
            addFrame(5, channel: 4, [0x1B, 0x12, 0] + [UInt8](repeating: number, count: 15))
            addFrame(4, channel: 4, [0x52, 0x14, 0, number])
            add(3, [0x13, 5, 1, 0x40, 0, 1, 0])
        }
        add(3, [0x05, 4, 0, 0x40, 0, 0x13])
        return Body(octets: Array(records.joined()), records: records.count)
    }()
}
