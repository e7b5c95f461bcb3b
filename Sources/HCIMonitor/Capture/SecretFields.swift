// SPDX-License-Identifier: Apache-2.0

/// Where the secrets are in commands, events and SMP packets. Positions count octets from the start of the payload.
///
/// Source: Core Specification, Vol 4, Part E, 7.1 to 7.8 (HCI) and Vol 3, Part H, 3.3 (SMP); BlueZ, lib/mgmt.h.
enum SecretFields {
    /// How many octets of an SMP packet say nothing secret: none but the Code, unless it is known. Public keys are none.
    static func openLength(ofPacket code: UInt8) -> Int {
        switch code {
        case 0x01, 0x02: 7  // Pairing Request, Pairing Response
        case 0x05: 2  // Pairing Failed
        case 0x09: 8  // Identity Address Information
        case 0x0B: 2  // Security Request
        case 0x0C: 65  // Pairing Public Key
        case 0x0E: 2  // Pairing Keypress Notification
        default: 1
        }
    }

    static func ofCommand(_ payload: ArraySlice<UInt8>) -> [Range<Int>] {
        // The opcode and the length of the parameters.
        fields(commandParameters[payload.half(at: 0)], in: payload, behind: 3)
    }

    static func ofEvent(_ payload: ArraySlice<UInt8>) -> [Range<Int>] {
        // The event code and the length of the parameters, then perhaps what the event is about.
        switch payload.first {
        case 0x0E: fields(returnParameters[payload.half(at: 3)], in: payload, behind: 5)
        case 0x3E: fields(subeventParameters[payload.octet(at: 2)], in: payload, behind: 3)
        case let code?: fields(eventParameters[code], in: payload, behind: 2)
        case nil: []
        }
    }

    static func ofManagementCommand(_ payload: ArraySlice<UInt8>) -> [Range<Int>] {
        // The socket's cookie and the opcode.
        fields(managementCommandParameters[payload.half(at: 4)], in: payload, behind: 6)
    }

    static func ofManagementEvent(_ payload: ArraySlice<UInt8>) -> [Range<Int>] {
        let code = payload.half(at: 4)
        // Command Complete: the command's opcode and status.
        return code == 0x0001
            ? fields(managementReturnParameters[payload.half(at: 6)], in: payload, behind: 9)
            : fields(managementEventParameters[code], in: payload, behind: 6)
    }

    private struct Layout {
        var fields: [Range<Int>]
        var start = 0
        /// How long an entry of a list is; `nil` where there is no list.
        var stride: Int?

        static func fields(_ fields: [Range<Int>]) -> Layout { Layout(fields: fields) }

        /// All from there on; no payload is as long as that.
        static func rest(_ start: Int) -> Layout { Layout(fields: [start..<Int.max / 2]) }

        /// The same over and over, every `stride` octets from `start` on.
        static func list(start: Int, stride: Int, _ fields: [Range<Int>]) -> Layout {
            Layout(fields: fields, start: start, stride: stride)
        }
    }

    private static func fields(
        _ layout: Layout?, in payload: ArraySlice<UInt8>, behind start: Int
    ) -> [Range<Int>] {
        guard let layout else { return [] }
        let first = start + layout.start
        guard let stride = layout.stride else { return layout.fields.map { $0.shifted(by: first) } }
        return Swift.stride(from: first, to: payload.count, by: stride).flatMap { entry in
            layout.fields.map { $0.shifted(by: entry) }
        }
    }

    private static let commandParameters: [UInt16: Layout] = [
        0x040B: .fields([6..<22]),  // Link Key Request Reply: address, key
        0x040D: .fields([7..<23]),  // PIN Code Request Reply: address, length, PIN code
        0x042E: .fields([6..<10]),  // User Passkey Request Reply: address, passkey
        0x0430: .fields([6..<38]),  // Remote OOB Data Request Reply: address, C, R
        0x0435: .rest(3),  // Create Physical Link: handle, length and type of the key, key
        0x0436: .rest(3),  // Accept Physical Link: the same
        0x0445: .fields([6..<70]),  // Remote OOB Extended Data Request Reply: address, C and R twice
        0x0C11: .list(start: 1, stride: 22, [6..<22]),  // Write Stored Link Key: number, then address and key
        0x2017: .rest(0),  // LE Encrypt: key, plaintext
        0x2019: .fields([2..<28]),  // LE Enable Encryption: handle, Rand, EDIV, Long Term Key
        0x201A: .fields([2..<18]),  // LE Long Term Key Request Reply: handle, key
        0x2026: .rest(0),  // LE Generate DHKey: remote public key
        0x2027: .fields([7..<39]),  // LE Add Device To Resolving List: address, IRK of the device, IRK of ours
        0x205E: .fields([0..<64]),  // LE Generate DHKey, version 2: remote public key, type of ours
        0x2068: .fields([15..<31]),  // LE Create BIG: Broadcast_Code last
        0x2069: .fields([20..<36]),  // LE Create BIG Test: Broadcast_Code last
        0x206B: .fields([4..<20]),  // LE BIG Create Sync: handles, encryption, Broadcast_Code
    ]

    /// Of Command Complete, the status first.
    private static let returnParameters: [UInt16: Layout] = [
        0x0457: .rest(1),  // Read Local OOB Data: C, R
        0x047D: .rest(1),  // Read Local OOB Extended Data: C and R twice
        0x2017: .rest(1),  // LE Encrypt: ciphertext
        0x2018: .rest(1),  // LE Rand: what becomes a Pairing Random
    ]

    private static let eventParameters: [UInt8: Layout] = [
        0x15: .list(start: 1, stride: 22, [6..<22]),  // Return Link Keys: number, then address and key
        0x18: .fields([6..<22]),  // Link Key Notification: address, key, type
        0x33: .fields([6..<10]),  // User Confirmation Request: address, digits
        0x3B: .fields([6..<10]),  // User Passkey Notification: address, digits
    ]

    /// Of LE Meta, behind the subevent code.
    private static let subeventParameters: [UInt8: Layout] = [
        0x05: .fields([2..<12]),  // LE Long Term Key Request: handle, Rand, EDIV
        0x09: .rest(1),  // LE Generate DHKey Complete: status, DHKey
    ]

    private static let managementCommandParameters: [UInt16: Layout] = [
        0x0012: .list(start: 3, stride: 25, [8..<24]),  // Load Link Keys: address, type, key, length of the PIN code
        0x0013: .list(start: 2, stride: 36, [10..<36]),  // Load Long Term Keys: address to size, EDIV, Rand, key
        0x0016: .fields([8..<24]),  // PIN Code Reply: address, length, PIN code
        0x001E: .fields([7..<11]),  // User Passkey Reply: address, passkey
        0x0021: .rest(7),  // Add Remote OOB Data: address, hash and randomizer twice
        0x002F: .fields([1..<17]),  // Set Privacy: privacy, IRK
        0x0030: .list(start: 2, stride: 23, [7..<23]),  // Load Identity Resolving Keys: address, key
        0x0046: .list(start: 2, stride: 17, [1..<17]),  // Set Blocked Keys: type, key
        0x005B: .rest(6),  // HCI Command Sync: opcode, event, timeout, length, any parameters
    ]

    /// Of Command Complete, behind the status.
    private static let managementReturnParameters: [UInt16: Layout] = [
        0x0020: .rest(0),  // Read Local OOB Data: hash and randomizer twice
        0x003B: .rest(3),  // Read Local OOB Extended Data: type, length, the same among other data
        0x005B: .rest(0),  // HCI Command Sync: any parameters
    ]

    private static let managementEventParameters: [UInt16: Layout] = [
        0x0009: .fields([9..<25]),  // New Link Key: store, address, type, key, length of the PIN code
        0x000A: .fields([11..<37]),  // New Long Term Key: store, address to size, EDIV, Rand, key
        0x000F: .fields([8..<12]),  // User Confirmation Request: address, hint, digits
        0x0017: .fields([7..<11]),  // Passkey Notify: address, digits, how many were entered
        0x0018: .fields([14..<30]),  // New Identity Resolving Key: store, private address, address, key
        0x0019: .fields([9..<25]),  // New Signature Resolving Key: store, address, type, key
        0x0022: .rest(3),  // Local Out Of Band Data Updated: type, length, hash and randomizer among other data
    ]
}

extension Range<Int> {
    fileprivate func shifted(by distance: Int) -> Range { lowerBound + distance..<upperBound + distance }
}

extension ArraySlice<UInt8> {
    /// Zero where there is none: no secret is kept in what has that code.
    fileprivate func octet(at position: Int) -> UInt8 { dropFirst(position).first ?? 0 }

    fileprivate func half(at position: Int) -> UInt16 {
        UInt16(octet(at: position)) | UInt16(octet(at: position + 1)) << 8
    }
}
