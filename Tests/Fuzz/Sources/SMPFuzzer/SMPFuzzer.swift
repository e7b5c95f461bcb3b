// SPDX-License-Identifier: Apache-2.0

import Fuzzing
import SecurityManager

/// One SMP packet.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSMP(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let octets = octets(bytes, count)
    do throws(SMPDecodingError) {
        let packet = try SMPPacket(decoding: octets[...])
        require(octets.count <= SMPPacket.maximumLength, "a packet that is longer than any")
        require(packet.code == octets.first, "a packet with another code")
        checkSecrets(packet, octets)
        checkStrictness(packet, octets)
    } catch {
        require((0...octets.count).contains(error.offset), "an error outside of the packet")
    }
    return 0
}

/// Two packets that differ in secrets only look alike, whichever way they are printed.
private func checkSecrets(_ packet: SMPPacket, _ octets: [UInt8]) {
    guard [0x03, 0x04, 0x06, 0x08, 0x0A, 0x0C, 0x0D].contains(packet.code) else { return }
    let other = try? SMPPacket(decoding: ([packet.code] + octets.dropFirst().map { ~$0 })[...])
    require(other != nil, "whether a packet can be read depends on a secret")
    guard let other else { return }
    require(packet != other, "packets with different secrets are equal")
    require(texts(packet) == texts(other), "a packet's text depends on a secret")
}

private func texts(_ packet: SMPPacket) -> [String] {
    var dumped = ""
    dump(packet, to: &dumped)
    return ["\(packet)", String(reflecting: packet), dumped]
}

/// Less than the packet, and more, is none; the same is the same.
private func checkStrictness(_ packet: SMPPacket, _ octets: [UInt8]) {
    require((try? SMPPacket(decoding: octets[...])) == packet, "the same octets are another packet")
    require((try? SMPPacket(decoding: octets.dropLast())) == nil, "a cut packet is read")
    require((try? SMPPacket(decoding: (octets + [0])[...])) == nil, "a packet with something behind it is read")
}
