// SPDX-License-Identifier: Apache-2.0

import Bluetooth

@testable import HCIMonitor

/// Records as the kernel would send them, most of them about adapter 0 and handle 0x0040.
enum Records {
    static let adapterAddress = Address(bits: 0x0011_2233_4455)
    static let peerAddress = Address(bits: 0xC05F_BF71_8118)

    static func octets(_ address: Address) -> [UInt8] {
        (0..<6).map { UInt8(truncatingIfNeeded: address.bits >> (8 * UInt64($0))) }
    }

    static func half(_ value: Int) -> [UInt8] {
        [UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8)]
    }

    static func record(_ opcode: MonitorOpcode, index: Int = 0, _ payload: [UInt8] = []) -> [UInt8] {
        half(Int(opcode.rawValue)) + half(index) + half(payload.count) + payload
    }

    static func newIndex(_ index: Int = 0, _ address: Address = adapterAddress) -> [UInt8] {
        record(.newIndex, index: index, [0, 1] + octets(address) + Array("hci0".utf8) + [0, 0, 0, 0])
    }

    static func indexInformation(_ index: Int = 0, _ address: Address = adapterAddress) -> [UInt8] {
        record(.indexInformation, index: index, octets(address) + half(2))
    }

    static func event(_ code: UInt8, index: Int = 0, _ parameters: [UInt8]) -> [UInt8] {
        record(.event, index: index, [code, UInt8(parameters.count)] + parameters)
    }

    static func leConnection(
        subevent: UInt8 = 0x01, handle: Int = 0x40, index: Int = 0, status: UInt8 = 0, role: UInt8 = 0, type: UInt8 = 1
    ) -> [UInt8] {
        let privateAddresses = [UInt8](repeating: 0, count: subevent == 0x01 ? 0 : 12)
        let tail = [UInt8](repeating: 0, count: subevent == 0x29 ? 10 : 7)
        let start = [subevent, status] + half(handle) + [role, type]
        return event(0x3E, index: index, start + octets(peerAddress) + privateAddresses + tail)
    }

    static func classicConnection(handle: Int = 0x40, status: UInt8 = 0, linkType: UInt8 = 1) -> [UInt8] {
        event(0x03, [status] + half(handle) + octets(peerAddress) + [linkType, 0])
    }

    static func disconnection(handle: Int = 0x40, status: UInt8 = 0, reason: UInt8 = 0x13) -> [UInt8] {
        event(0x05, [status] + half(handle) + [reason])
    }

    static func controlEvent(
        _ code: UInt16, index: Int = 0, cookie: UInt32 = 1, _ parameters: [UInt8]
    ) -> [UInt8] {
        let cookie = (0..<4).map { UInt8(truncatingIfNeeded: cookie >> (8 * $0)) }
        return record(.controlEvent, index: index, cookie + half(Int(code)) + parameters)
    }

    static let key: [UInt8] = Array(0xA0..<0xB0)

    static func newLinkKey(
        type: UInt8 = 8, addressType: UInt8 = 2, cookie: UInt32 = 1, key: [UInt8] = key
    ) -> [UInt8] {
        controlEvent(0x0009, cookie: cookie, [1] + octets(peerAddress) + [addressType, type] + key + [0])
    }

    static func newLongTermKey(
        type: UInt8 = 3, addressType: UInt8 = 2, cookie: UInt32 = 1, key: [UInt8] = key
    ) -> [UInt8] {
        let start = [1] + octets(peerAddress) + [addressType, type, 0, 16]
        return controlEvent(0x000A, cookie: cookie, start + [UInt8](repeating: 0, count: 10) + key)
    }

    static func newIdentityResolvingKey(
        privateAddress: Address = Address(bits: 0x4102_0304_0506), addressType: UInt8 = 2, cookie: UInt32 = 1,
        key: [UInt8] = key
    ) -> [UInt8] {
        let addresses = octets(privateAddress) + octets(peerAddress)
        return controlEvent(0x0018, cookie: cookie, [1] + addresses + [addressType] + key)
    }

    static func deviceUnpaired(index: Int = 0, addressType: UInt8 = 2, cookie: UInt32 = 1) -> [UInt8] {
        controlEvent(0x0016, index: index, cookie: cookie, octets(peerAddress) + [addressType])
    }

    /// An event with a device and something behind it.
    static func deviceEvent(
        _ code: UInt16, _ parameters: [UInt8] = [], addressType: UInt8 = 2, cookie: UInt32 = 1
    ) -> [UInt8] {
        controlEvent(code, cookie: cookie, octets(peerAddress) + [addressType] + parameters)
    }

    /// Command Complete, with the device; the opcode is that of Pair Device.
    static func commandComplete(
        _ opcode: UInt16 = 0x0019, status: UInt8 = 5, addressType: UInt8 = 2, cookie: UInt32 = 1
    ) -> [UInt8] {
        let parameters = half(Int(opcode)) + [status] + octets(peerAddress) + [addressType]
        return controlEvent(0x0001, cookie: cookie, parameters)
    }

    static func commandStatus(_ opcode: UInt16 = 0x0019, status: UInt8 = 0x0A, cookie: UInt32 = 1) -> [UInt8] {
        controlEvent(0x0002, cookie: cookie, half(Int(opcode)) + [status])
    }

    static func newSettings(_ settings: [UInt8], cookie: UInt32 = 1) -> [UInt8] {
        controlEvent(0x0006, cookie: cookie, settings)
    }

    /// Each management event that is decoded and names a device. Digits begin as `key` does.
    static func managementEvents(
        addressType: UInt8 = 2, cookie: UInt32 = 1, key: [UInt8] = key
    ) -> [[UInt8]] {
        let digits = Array(key.prefix(4))
        return [
            deviceEvent(0x000C, [3], addressType: addressType, cookie: cookie),
            deviceEvent(0x000D, [4], addressType: addressType, cookie: cookie),
            deviceEvent(0x000E, [1], addressType: addressType, cookie: cookie),
            deviceEvent(0x000F, [1] + digits, addressType: addressType, cookie: cookie),
            deviceEvent(0x0010, addressType: addressType, cookie: cookie),
            deviceEvent(0x0011, [5], addressType: addressType, cookie: cookie),
            deviceEvent(0x0017, digits + [2], addressType: addressType, cookie: cookie),
            newLinkKey(addressType: addressType, cookie: cookie, key: key),
            newLongTermKey(addressType: addressType, cookie: cookie, key: key),
            newIdentityResolvingKey(addressType: addressType, cookie: cookie, key: key),
            deviceUnpaired(addressType: addressType, cookie: cookie),
        ]
    }

    static func controlCommand(
        _ code: UInt16, index: Int = 0, cookie: UInt32 = 1, _ parameters: [UInt8]
    ) -> [UInt8] {
        let cookie = (0..<4).map { UInt8(truncatingIfNeeded: cookie >> (8 * $0)) }
        return record(.controlCommand, index: index, cookie + half(Int(code)) + parameters)
    }

    /// Each management command that is decoded and names a device.
    static func managementCommands(addressType: UInt8 = 2, secret: [UInt8] = key) -> [[UInt8]] {
        let device = octets(peerAddress) + [addressType]
        return [
            controlCommand(0x0014, device),
            controlCommand(0x0016, device + [16] + secret),
            controlCommand(0x0017, device),
            controlCommand(0x0019, device + [4]),
            controlCommand(0x001A, device),
            controlCommand(0x001B, device + [1]),
            controlCommand(0x001C, device),
            controlCommand(0x001D, device),
            controlCommand(0x001E, device + secret.prefix(4)),
            controlCommand(0x001F, device),
        ]
    }

    static func command(_ opcode: UInt16, index: Int = 0, _ parameters: [UInt8]) -> [UInt8] {
        record(.command, index: index, half(Int(opcode)) + [UInt8(parameters.count)] + parameters)
    }

    /// Each HCI command that is decoded.
    static func hciCommands(secret: [UInt8] = key) -> [[UInt8]] {
        let device = octets(peerAddress)
        return [
            command(0x040B, device + secret),
            command(0x040C, device),
            command(0x040D, device + [16] + secret),
            command(0x040E, device),
            command(0x042B, device + [1, 0, 3]),
            command(0x042C, device),
            command(0x042D, device),
            command(0x042E, device + secret.prefix(4)),
            command(0x042F, device),
            command(0x0434, device + [0x18]),
            command(0x201A, [0x40, 0] + secret),
            command(0x201B, [0x40, 0]),
        ]
    }

    /// Each HCI event of Secure Simple Pairing, and LE's question for a key.
    static func pairingEvents(secret: [UInt8] = key) -> [[UInt8]] {
        let device = octets(peerAddress)
        return [
            event(0x16, device),
            event(0x17, device),
            event(0x32, device + [4, 1, 5]),
            event(0x33, device + secret.prefix(4)),
            event(0x34, device),
            event(0x36, [0x05] + device),
            event(0x3B, device + secret.prefix(4)),
            event(0x3E, [0x05, 0x40, 0] + secret.prefix(10)),
        ]
    }

    /// `boundary` is the Packet_Boundary_Flag: 0 and 2 start a frame, 1 continues it.
    static func acl(
        opcode: MonitorOpcode = .aclReceived, boundary: Int = 2, handle: Int = 0x40, index: Int = 0, _ data: [UInt8]
    ) -> [UInt8] {
        record(opcode, index: index, half(handle | boundary << 12) + half(data.count) + data)
    }

    static func frame(channel: Int = 6, _ packet: [UInt8]) -> [UInt8] { half(packet.count) + half(channel) + packet }

    static let pairingFailed: [UInt8] = [0x05, 0x04]
    static let publicKey: [UInt8] = [0x0C] + (0..<64)
    /// Pairing Public Key as a controller with buffers of 27 octets splits it.
    static func publicKeyFragments(_ opcode: MonitorOpcode = .aclReceived, handle: Int = 0x40) -> [[UInt8]] {
        let whole = frame(publicKey)
        return [
            acl(opcode: opcode, boundary: opcode == .aclReceived ? 2 : 0, handle: handle, Array(whole[..<27])),
            acl(opcode: opcode, boundary: 1, handle: handle, Array(whole[27..<54])),
            acl(opcode: opcode, boundary: 1, handle: handle, Array(whole[54...])),
        ]
    }
}

extension MonitorDecoder {
    /// The events of several records, in order.
    mutating func decodeAll(_ records: [[UInt8]]) -> [MonitorEvent] { records.flatMap { decode($0[...]) } }
}
