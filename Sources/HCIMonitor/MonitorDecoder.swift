// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import SecurityManager

/// Turns records of the monitor channel into events about links, and remembers what it needs for that.
///
/// A management event that the kernel mirrors once for each control socket is told once (``ManagementMirror``).
///
/// A pure value: it opens nothing and knows no time. Any input is safe; what cannot be read becomes
/// ``MonitorEvent/malformed(_:)``. Its memory is bounded, also against hostile input.
public struct MonitorDecoder: Sendable {
    /// How many links have their peer remembered; the events of further ones go without.
    static let maximumLinks = 1024
    /// How many adapters have their address remembered.
    static let maximumAdapters = 256

    private struct LinkKey: Hashable, Sendable {
        var adapterIndex: UInt16
        var handle: UInt16
    }

    private struct KnownLink: Sendable {
        var peer: MonitorPeer
        var role: LinkRole?
        var transport: Transport
    }

    private var adapters: [UInt16: Address] = [:]
    private var links: [LinkKey: KnownLink] = [:]
    private var mirrors: [UInt16: ManagementMirror] = [:]
    private var reassembler = FrameReassembler()

    public init() {}

    /// Decodes one record, from its header to the end of its payload. Most records mean one event or none.
    public mutating func decode(_ octets: ArraySlice<UInt8>) -> [MonitorEvent] {
        let record: MonitorRecord
        do throws(MalformedRecord.Fault) {
            record = try MonitorRecord(parsing: octets)
        } catch {
            return [.malformed(MalformedRecord(fault: error))]
        }
        return decode(record)
    }

    /// Decodes one record of a capture file. One whose end was not captured is malformed only if something that is
    /// decoded was in it.
    public mutating func decode(_ record: CaptureRecord) -> [MonitorEvent] {
        var record = record.monitorRecord
        if record.missing > 0 { record.payload = record.readablePayload }
        if let address = record.ownAddress { rememberAdapter(record.adapterIndex, address) }
        return decode(record)
    }

    private mutating func decode(_ record: MonitorRecord) -> [MonitorEvent] {
        do throws(MalformedRecord.Fault) {
            switch record.opcode {
            case .newIndex:
                try rememberAdapter(record, addressOffset: 2)
                return reset(record.adapterIndex)
            case .indexInformation:
                try rememberAdapter(record, addressOffset: 0)
                return []
            case .deleteIndex:
                adapters[record.adapterIndex] = nil
                mirrors[record.adapterIndex] = nil
                return reset(record.adapterIndex)
            case .openIndex, .closeIndex:
                return reset(record.adapterIndex)
            case .command:
                return try decodeCommand(record).map { [$0] } ?? []
            case .event:
                return try decodeEvent(record).map { [$0] } ?? []
            case .aclTransmitted:
                return try decodeACLData(record, .sent)
            case .aclReceived:
                return try decodeACLData(record, .received)
            case .controlCommand:
                return try decodeControlCommand(record).map { [$0] } ?? []
            case .controlEvent:
                return try decodeControlEvent(record).map { [$0] } ?? []
            default:
                return []
            }
        } catch {
            return [.malformed(MalformedRecord(adapterIndex: record.adapterIndex, fault: error))]
        }
    }

    // MARK: Adapters

    private mutating func rememberAdapter(
        _ record: MonitorRecord, addressOffset: Int
    ) throws(MalformedRecord.Fault) {
        var reader = OctetReader(record.payload, base: MonitorRecord.headerLength)
        let address: Address
        do throws(OctetReader.EndReached) {
            _ = try reader.read(addressOffset)
            address = try reader.readAddress()
        } catch {
            throw .truncated(offset: error.offset, missing: error.missing)
        }
        rememberAdapter(record.adapterIndex, address)
    }

    private mutating func rememberAdapter(_ index: UInt16, _ address: Address) {
        // An adapter that is not set up yet has the address zero.
        guard address.bits != 0 else {
            adapters[index] = nil
            return
        }
        guard adapters[index] != nil || adapters.count < Self.maximumAdapters else { return }
        adapters[index] = address
    }

    private mutating func reset(_ adapterIndex: UInt16) -> [MonitorEvent] {
        links = links.filter { $0.key.adapterIndex != adapterIndex }
        reassembler.discardAll(ofAdapter: adapterIndex)
        return [.adapterReset(adapterIndex: adapterIndex)]
    }

    private func adapter(_ index: UInt16) -> MonitorAdapter { MonitorAdapter(index: index, address: adapters[index]) }

    // MARK: The management interface

    private mutating func decodeControlEvent(_ record: MonitorRecord) throws(MalformedRecord.Fault) -> MonitorEvent? {
        let index = record.adapterIndex
        guard let event = try ManagementEvent.parse(record.payload) else { return nil }
        if case .pairDeviceEnded = event {
            mirrors[index]?.interrupt()
        } else if mirrors[index] != nil || mirrors.count < Self.maximumAdapters {
            guard !mirrors[index, default: ManagementMirror()].isImage(record.payload) else { return nil }
        }
        return .management(adapter(index), event)
    }

    private mutating func decodeControlCommand(
        _ record: MonitorRecord
    ) throws(MalformedRecord.Fault) -> MonitorEvent? {
        mirrors[record.adapterIndex]?.interrupt()
        let index = record.adapterIndex
        return try ManagementCommand.parse(record.payload).map { .managementCommand(adapter(index), $0) }
    }

    // MARK: Links

    private mutating func decodeEvent(_ record: MonitorRecord) throws(MalformedRecord.Fault) -> MonitorEvent? {
        let index = record.adapterIndex
        switch try HCIEvent.parse(record.payload) {
        case .connectionComplete(let handle, let peer, let role, let transport):
            forgetLink(index, handle)
            if links.count < Self.maximumLinks {
                links[LinkKey(adapterIndex: index, handle: handle)] = KnownLink(
                    peer: peer, role: role, transport: transport)
            }
            return .connected(MonitorLink(adapter: adapter(index), handle: handle, peer: peer, role: role))
        case .connectionFailed(let peer, let status):
            return .connectionFailed(adapter(index), peer, status: status)
        case .disconnectionComplete(let handle, let reason):
            let link = link(index, handle)
            forgetLink(index, handle)
            return .disconnected(link, reason: reason)
        case .authenticationFailed(let handle, let status):
            return .authenticationFailed(link(index, handle), status: status)
        case .encryptionChange(let handle, let change):
            return .encryptionChanged(link(index, handle), change)
        case .encryptionKeyRefreshComplete(let handle, let status):
            return .encryptionKeyRefreshed(link(index, handle), status: status)
        case .longTermKeyRequest(let handle):
            return .longTermKeyRequested(link(index, handle))
        case .simplePairing(let peer, let step):
            return .simplePairing(adapter(index), peer, step)
        case nil:
            return nil
        }
    }

    private func decodeCommand(_ record: MonitorRecord) throws(MalformedRecord.Fault) -> MonitorEvent? {
        let index = record.adapterIndex
        switch try HCICommand.parse(record.payload) {
        case .longTermKeyAnswer(let handle, let isKnown):
            return .longTermKeyAnswered(link(index, handle), isKnown: isKnown)
        case .simplePairing(let peer, let step):
            return .simplePairing(adapter(index), peer, step)
        case nil:
            return nil
        }
    }

    private mutating func forgetLink(_ index: UInt16, _ handle: UInt16) {
        links[LinkKey(adapterIndex: index, handle: handle)] = nil
        for direction in [MonitorDirection.sent, .received] {
            _ = reassembler.discard(.init(adapterIndex: index, handle: handle, direction: direction))
        }
    }

    private func link(_ index: UInt16, _ handle: UInt16) -> MonitorLink {
        let known = links[LinkKey(adapterIndex: index, handle: handle)]
        return MonitorLink(adapter: adapter(index), handle: handle, peer: known?.peer, role: known?.role)
    }

    // MARK: Frames

    private mutating func decodeACLData(
        _ record: MonitorRecord, _ direction: MonitorDirection
    ) throws(MalformedRecord.Fault) -> [MonitorEvent] {
        let header = try ACLHeader.parse(record)
        let key = FrameReassembler.Key(
            adapterIndex: record.adapterIndex, handle: header.handle, direction: direction)
        var events: [MonitorEvent] = []
        do throws(MalformedRecord.Fault) {
            let transport = links[LinkKey(adapterIndex: key.adapterIndex, handle: key.handle)]?.transport
            let packet: ArraySlice<UInt8>?
            if header.isContinuation {
                packet = try reassembler.resume(header.data, key, on: transport)
            } else {
                if let received = reassembler.discard(key) {
                    events.append(malformed(key, .unfinishedFrame(received: received)))
                }
                packet = try reassembler.start(header.data, key, on: transport)
                if let dropped = reassembler.trim() { events.append(malformed(dropped, .tooManyFragments)) }
            }
            // A frame whose end is not there is given up.
            if record.missing > 0, reassembler.discard(key) != nil || packet != nil {
                throw .truncated(
                    offset: MonitorRecord.headerLength + record.payload.count, missing: record.missing)
            }
            if let packet { events.append(securityManagerEvent(packet, key)) }
        } catch {
            events.append(malformed(key, error))
        }
        return events
    }

    private func securityManagerEvent(_ octets: ArraySlice<UInt8>, _ key: FrameReassembler.Key) -> MonitorEvent {
        do throws(SMPDecodingError) {
            return .smp(link(key.adapterIndex, key.handle), key.direction, try SMPPacket(decoding: octets))
        } catch {
            return malformed(key, .securityManager(error))
        }
    }

    private func malformed(_ key: FrameReassembler.Key, _ fault: MalformedRecord.Fault) -> MonitorEvent {
        .malformed(
            MalformedRecord(
                adapterIndex: key.adapterIndex, link: link(key.adapterIndex, key.handle), direction: key.direction,
                fault: fault))
    }
}

/// The header of an HCI ACL data packet, and what follows it.
///
/// Source: Core Specification, Vol 4, Part E, 5.4.2.
private struct ACLHeader {
    var handle: UInt16
    /// Does it continue a frame? The other values of the Packet_Boundary_Flag all start one.
    var isContinuation: Bool
    var data: ArraySlice<UInt8>

    static func parse(_ record: MonitorRecord) throws(MalformedRecord.Fault) -> ACLHeader {
        var reader = OctetReader(record.payload, base: MonitorRecord.headerLength)
        let field: UInt16
        let length: Int
        let lengthOffset: Int
        do throws(OctetReader.EndReached) {
            field = try reader.readUInt16()
            lengthOffset = reader.offset
            length = Int(try reader.readUInt16())
        } catch {
            throw .truncated(offset: error.offset, missing: error.missing)
        }
        guard reader.rest.count + record.missing == length else {
            throw .lengthMismatch(offset: lengthOffset, declared: length, actual: reader.rest.count)
        }
        return ACLHeader(handle: field & 0x0FFF, isContinuation: field >> 12 & 0x3 == 0x1, data: reader.rest)
    }
}
