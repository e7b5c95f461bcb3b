// SPDX-License-Identifier: Apache-2.0

/// Why a capture file cannot be read, or not to its end, or not be written. Offsets count octets from the file's start.
public enum CaptureError: Error, Hashable, Sendable {
    /// A system call failed, by its `errno`.
    case system(errno: Int32)
    case directory
    case empty
    case notACapture(OtherFile)
    case unsupportedVersion(format: String, UInt32)
    /// There are no packets of a kind that can be read.
    case unsupportedLinkType(LinkType, offset: UInt64)
    /// The file ends within the record, or the header, at `offset`; `missing` octets are absent, at least.
    case truncated(offset: UInt64, missing: Int)
    /// The record, or the header, at `offset` cannot be true, and what follows cannot be found.
    case damaged(Damage, offset: UInt64)

    /// What the first octets look like, if not like a capture.
    public enum OtherFile: Hashable, Sendable {
        case text
        case archive
        case unknown
    }

    public enum LinkType: Hashable, Sendable {
        case btsnoop(UInt32)
        case pcap(UInt16)
    }

    public enum Damage: Hashable, Sendable {
        /// Longer than any record may be, or too short for its fields; in octets.
        case length(UInt32)
        /// A pcapng block whose two lengths differ, or a file whose byte order cannot be told.
        case frame
        /// A pcapng packet of an interface that was not described before.
        case interface(UInt32)
        /// More pcapng interfaces than are kept.
        case tooManyInterfaces
    }

    /// Where it is wrong; `nil` where the file as a whole is.
    public var offset: UInt64? {
        switch self {
        case .truncated(let offset, _), .damaged(_, let offset), .unsupportedLinkType(_, let offset): offset
        case .system, .directory, .empty, .notACapture, .unsupportedVersion: nil
        }
    }
}

extension CaptureError: CustomStringConvertible {
    /// What is wrong, and what to do if that is known, in one or two sentences. The file's name is for the caller to say.
    public var description: String {
        switch self {
        case .system(let errno): "The file cannot be used: \(systemMessage(errno)) (errno \(errno))."
        case .directory: "This is a directory, not a capture file."
        case .empty: "The file is empty."
        case .notACapture(.text):
            "This is a text file, not a capture. Give the capture that it was made of: a btsnoop, pcap or pcapng file, "
                + "such as \"btmon -w FILE\" writes."
        case .notACapture(.archive):
            "This is an archive, not a capture. Unpack it first; in an Android bug report the capture is "
                + "FS/data/misc/bluetooth/logs/btsnoop_hci.log."
        case .notACapture(.unknown): "This is not a capture: it is neither btsnoop nor pcap nor pcapng."
        case .unsupportedVersion(let format, let version):
            "This is a \(format) file of version \(version), which is not known here."
        case .unsupportedLinkType(let type, _): type.description
        case .truncated(let offset, let missing):
            "The file ends too early: of what begins at byte \(offset), at least \(missing) bytes are missing."
        case .damaged(let damage, let offset): "The file is damaged at byte \(offset): \(damage)."
        }
    }
}

extension CaptureError.LinkType: CustomStringConvertible {
    public var description: String {
        switch self {
        case .btsnoop(let value):
            "This is a btsnoop file of datalink \(value); known are 1001 (HCI), 1002 (HCI UART) and 2001 (Linux monitor)."
        case .pcap(187):
            "The packets have link type 187 (BLUETOOTH_HCI_H4), which does not tell who sent a packet. Capture with link "
                + "type 201 (BLUETOOTH_HCI_H4_WITH_PHDR) or 254 (BLUETOOTH_LINUX_MONITOR), or with \"btmon -w FILE\"."
        case .pcap(let value):
            "The packets have link type \(value), which is not of Bluetooth HCI; known are 201 "
                + "(BLUETOOTH_HCI_H4_WITH_PHDR) and 254 (BLUETOOTH_LINUX_MONITOR)."
        }
    }
}

extension CaptureError.Damage: CustomStringConvertible {
    public var description: String {
        switch self {
        case .length(let length): "a length of \(length) bytes cannot be true"
        case .frame: "a block does not end as it begins"
        case .interface(let number): "a packet of interface \(number), which is not described"
        case .tooManyInterfaces: "more than \(PCAPNGSection.maximumInterfaces) interfaces"
        }
    }
}
