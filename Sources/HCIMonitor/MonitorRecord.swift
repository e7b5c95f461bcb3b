// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import SecurityManager

/// One record of the kernel's monitor channel: what it is, which adapter it is about, and its payload.
///
/// Source: Linux, include/net/bluetooth/hci_mon.h (struct hci_mon_hdr: three little-endian 16-bit fields).
struct MonitorRecord {
    /// The length of the header in octets: opcode, adapter index, payload length.
    static let headerLength = 6

    /// What the payload is; the kernel may add values.
    var opcode: MonitorOpcode
    /// The number in `hci0`, or 0xFFFF where no adapter is meant.
    var adapterIndex: UInt16
    var payload: ArraySlice<UInt8>

    init(opcode: MonitorOpcode, adapterIndex: UInt16, payload: ArraySlice<UInt8>) {
        self.opcode = opcode
        self.adapterIndex = adapterIndex
        self.payload = payload
    }

    /// Parses one record as the channel delivers it: header and payload, nothing behind.
    init(parsing octets: ArraySlice<UInt8>) throws(MalformedRecord.Fault) {
        var reader = OctetReader(octets)
        let length: UInt16
        do throws(OctetReader.EndReached) {
            opcode = MonitorOpcode(rawValue: try reader.readUInt16())
            adapterIndex = try reader.readUInt16()
            length = try reader.readUInt16()
        } catch {
            throw .truncated(offset: error.offset, missing: error.missing)
        }
        payload = reader.rest
        guard payload.count == Int(length) else {
            throw .lengthMismatch(offset: 4, declared: Int(length), actual: payload.count)
        }
    }
}

/// What a record of the monitor channel holds.
///
/// Source: Linux, include/net/bluetooth/hci_mon.h (HCI_MON_NEW_INDEX and following).
struct MonitorOpcode: RawRepresentable, Hashable {
    let rawValue: UInt16

    /// An adapter appeared: type, bus, address of 6 octets, name of 8 octets.
    static let newIndex = Self(rawValue: 0)
    /// An adapter is gone; no payload.
    static let deleteIndex = Self(rawValue: 1)
    /// An HCI command, from its opcode on.
    static let command = Self(rawValue: 2)
    /// An HCI event, from its event code on.
    static let event = Self(rawValue: 3)
    /// An HCI ACL data packet that the host sends, from its handle on.
    static let aclTransmitted = Self(rawValue: 4)
    /// An HCI ACL data packet that the host receives.
    static let aclReceived = Self(rawValue: 5)
    /// The adapter is switched on; no payload.
    static let openIndex = Self(rawValue: 8)
    /// The adapter is switched off, and its links are gone; no payload.
    static let closeIndex = Self(rawValue: 9)
    /// What is known of an adapter once it is set up: address of 6 octets, manufacturer.
    static let indexInformation = Self(rawValue: 10)
    /// A command of the management interface from one control socket: its cookie of 4 octets, opcode, parameters.
    static let controlCommand = Self(rawValue: 16)
    /// An event of the management interface to one control socket: its cookie of 4 octets, event code, parameters.
    static let controlEvent = Self(rawValue: 17)
}

extension OctetReader {
    mutating func readAddress() throws(EndReached) -> Address {
        Address(bits: try read(6).reversed().reduce(0) { $0 << 8 | UInt64($1) })
    }
}
