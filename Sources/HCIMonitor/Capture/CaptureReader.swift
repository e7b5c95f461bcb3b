// SPDX-License-Identifier: Apache-2.0

/// Reads btsnoop, pcap and pcapng files, record by record, as one stream of what the monitor channel tells.
///
/// Its memory does not depend on the file's size. Any input is safe: what cannot be read is an error that says where.
public struct CaptureReader: ~Copyable {
    private var input: CaptureInput
    private let format: CaptureFormat
    private var section: PCAPNGSection
    private var isAtEnd = false

    /// Opens a file, or a pipe that has a name. Waits, on a pipe, for the first octets.
    public init(path: String) throws(CaptureError) { try self.init(try CaptureInput(path: path)) }

    /// Reads from a descriptor that stays its owner's, such as that of standard input.
    public init(descriptor: Int32) throws(CaptureError) { try self.init(CaptureInput(descriptor: descriptor)) }

    /// Reads a file that is in memory already.
    public init(octets: [UInt8]) throws(CaptureError) { try self.init(CaptureInput(octets: octets)) }

    private init(_ input: consuming CaptureInput) throws(CaptureError) {
        var input = input
        // Nothing of `self` is there yet when this throws: Swift 6.0 cannot take half of it apart.
        let format = try CaptureFormat(readingHeaderOf: &input)
        self.input = input
        self.format = format
        section = PCAPNGSection()
    }

    /// The next record; `nil` at the end of the file, and once an error was thrown.
    public mutating func next() throws(CaptureError) -> CaptureRecord? {
        guard !isAtEnd else { return nil }
        // Taken back below if there is a record.
        isAtEnd = true
        guard let record = try readRecord() else { return nil }
        isAtEnd = false
        return record
    }

    private mutating func readRecord() throws(CaptureError) -> CaptureRecord? {
        switch format {
        case .btsnoop(let type): try input.nextBTSnoopRecord(type)
        case .pcap(let header): try input.nextPCAPRecord(header)
        case .pcapng: try section.nextRecord(&input)
        }
    }
}

enum CaptureFormat: Hashable, Sendable {
    case btsnoop(CaptureLinkType)
    case pcap(PCAPHeader)
    case pcapng

    /// The longest mark of a format. A live pipe may have no more than the file's header for a long time.
    private static let markLength = 8
    /// More than this is not looked at to tell what a file is instead.
    private static let sampleLength = 512
    /// What every record with its header and its options fits in: the longest payload has 64 KiB.
    static let maximumRecordLength = 68 * 1024
    /// Times are held here, so that they can be added and compared with any type.
    static let latestTime = UInt64(Int64.max)

    /// Tells the format by the first octets and takes the file's header; that of pcapng is a block like others.
    init(readingHeaderOf input: inout CaptureInput) throws(CaptureError) {
        try input.fill(Self.markLength)
        let sample = input.octets(Self.sampleLength)
        guard !sample.isEmpty else { throw .empty }
        if sample.starts(with: BTSnoop.identification) {
            self = .btsnoop(try input.takeBTSnoopHeader())
        } else if let header = try input.takePCAPHeader() {
            self = .pcap(header)
        } else if sample.starts(with: PCAPNGSection.identification) {
            self = .pcapng
        } else if BTSnoop.identification.starts(with: sample) {
            throw .truncated(offset: 0, missing: BTSnoop.headerLength - sample.count)
        } else {
            throw .notACapture(.init(startingWith: sample))
        }
    }
}

extension CaptureError.OtherFile {
    fileprivate init(startingWith sample: ArraySlice<UInt8>) {
        // Zip, gzip, xz, bzip2, Zstandard.
        let archives: [[UInt8]] = [
            [0x50, 0x4B, 0x03, 0x04], [0x1F, 0x8B], [0xFD, 0x37, 0x7A, 0x58, 0x5A], [0x42, 0x5A, 0x68],
            [0x28, 0xB5, 0x2F, 0xFD],
        ]
        // Letters outside ASCII count, as the sample may end within one.
        let isText = sample.allSatisfy { $0 >= 0x20 && $0 != 0x7F || (0x09...0x0D).contains($0) || $0 == 0x1B }
        self = archives.contains(where: sample.starts) ? .archive : isText ? .text : .unknown
    }
}
