// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import SecurityManager

/// One record of the kernel's monitor channel: what it is, which adapter it is about, and its payload.
///
/// Source: Linux, include/net/bluetooth/hci_mon.h (struct hci_mon_hdr: three little-endian 16-bit fields).
public struct MonitorRecord: Hashable, Sendable {
    /// The length of the header in octets: opcode, adapter index, payload length.
    static let headerLength = 6

    /// What the payload is; the kernel may add values.
    public var opcode: MonitorOpcode
    /// The number in `hci0`, or 0xFFFF where no adapter is meant.
    public var adapterIndex: UInt16
    public var payload: ArraySlice<UInt8>
    /// How many octets of the payload's end were not captured: some capture files leave out what is not of interest.
    public var missing = 0

    public init(opcode: MonitorOpcode, adapterIndex: UInt16, payload: ArraySlice<UInt8>, missing: Int = 0) {
        self.opcode = opcode
        self.adapterIndex = adapterIndex
        self.payload = payload
        self.missing = missing
    }

    /// Parses one record as the channel delivers it: header and payload, nothing behind.
    public init(parsing octets: ArraySlice<UInt8>) throws(MalformedRecord.Fault) {
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
public struct MonitorOpcode: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// An adapter appeared: type, bus, address of 6 octets, name of 8 octets.
    public static let newIndex = Self(rawValue: 0)
    /// An adapter is gone; no payload.
    public static let deleteIndex = Self(rawValue: 1)
    /// An HCI command, from its opcode on.
    public static let command = Self(rawValue: 2)
    /// An HCI event, from its event code on.
    public static let event = Self(rawValue: 3)
    /// An HCI ACL data packet that the host sends, from its handle on.
    public static let aclTransmitted = Self(rawValue: 4)
    /// An HCI ACL data packet that the host receives.
    public static let aclReceived = Self(rawValue: 5)
    /// An HCI synchronous data packet, from its handle on.
    public static let scoTransmitted = Self(rawValue: 6)
    public static let scoReceived = Self(rawValue: 7)
    /// The adapter is switched on; no payload.
    public static let openIndex = Self(rawValue: 8)
    /// The adapter is switched off, and its links are gone; no payload.
    public static let closeIndex = Self(rawValue: 9)
    /// What is known of an adapter once it is set up: address of 6 octets, manufacturer.
    public static let indexInformation = Self(rawValue: 10)
    /// What a controller tells its maker, in the maker's own form.
    public static let vendorDiagnostics = Self(rawValue: 11)
    /// A line of text of the kernel, or of a program.
    public static let systemNote = Self(rawValue: 12)
    public static let userLogging = Self(rawValue: 13)
    /// A program opens a control socket: its cookie of 4 octets, what kind it is, the program's name; or closes it.
    public static let controlOpen = Self(rawValue: 14)
    public static let controlClose = Self(rawValue: 15)
    /// A command of the management interface from one control socket: its cookie of 4 octets, opcode, parameters.
    public static let controlCommand = Self(rawValue: 16)
    /// An event of the management interface to one control socket: its cookie of 4 octets, event code, parameters.
    public static let controlEvent = Self(rawValue: 17)
    /// An HCI isochronous data packet, from its handle on.
    public static let isoTransmitted = Self(rawValue: 18)
    public static let isoReceived = Self(rawValue: 19)
}

extension OctetReader {
    mutating func readAddress() throws(EndReached) -> Address {
        Address(bits: try read(6).reversed().reduce(0) { $0 << 8 | UInt64($1) })
    }
}
