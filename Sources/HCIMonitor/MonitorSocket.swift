// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A socket descriptor that is closed with its owner; the system calls and raw memory of this module are all here.
struct MonitorSocket: ~Copyable {
    let descriptor: CInt

    /// Takes over a descriptor.
    init(descriptor: CInt) { self.descriptor = descriptor }

    deinit { _ = close(descriptor) }

    /// A socket of the Bluetooth family, not bound yet: AF_BLUETOOTH, SOCK_RAW, BTPROTO_HCI.
    static func bluetooth() throws(MonitorChannelError) -> MonitorSocket {
        let type = SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        let bluetoothFamily: CInt = 31
        let hciProtocol: CInt = 1
        let descriptor = socket(bluetoothFamily, CInt(type), hciProtocol)
        guard descriptor >= 0 else { throw MonitorChannelError(errno: errno) }
        return MonitorSocket(descriptor: descriptor)
    }

    /// Makes the kernel drop what `filter` drops.
    func attach(_ filter: PacketFilter) throws(MonitorChannelError) {
        let instructions = filter.instructions
        let status = withUnsafeTemporaryAllocation(
            byteCount: max(1, instructions.count) * 8, alignment: 8
        ) { program in
            // struct sock_filter { __u16 code; __u8 jt; __u8 jf; __u32 k; }
            for (position, instruction) in instructions.enumerated() {
                program.storeBytes(of: instruction.code, toByteOffset: position * 8, as: UInt16.self)
                program.storeBytes(of: instruction.jumpTrue, toByteOffset: position * 8 + 2, as: UInt8.self)
                program.storeBytes(of: instruction.jumpFalse, toByteOffset: position * 8 + 3, as: UInt8.self)
                program.storeBytes(of: instruction.operand, toByteOffset: position * 8 + 4, as: UInt32.self)
            }
            // struct sock_fprog { unsigned short len; struct sock_filter *filter; }: Swift lays it out as C does.
            var header = (UInt16(truncatingIfNeeded: instructions.count), UnsafeRawPointer(program.baseAddress))
            return setsockopt(
                descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &header, socklen_t(MemoryLayout.size(ofValue: header)))
        }
        guard status == 0 else { throw MonitorChannelError(errno: errno) }
    }

    /// Asks for room for records that wait to be read, in octets; the kernel caps it at net.core.rmem_max.
    func setReceiveBuffer(_ size: CInt) throws(MonitorChannelError) {
        var size = size
        guard setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<CInt>.size)) == 0
        else { throw MonitorChannelError(errno: errno) }
    }

    /// Binds to the monitor channel of all adapters: `struct sockaddr_hci { family, dev, channel }`, each 16 bits
    /// (Linux, include/net/bluetooth/hci_sock.h: HCI_DEV_NONE, HCI_CHANNEL_MONITOR).
    func bindToMonitor() throws(MonitorChannelError) {
        var address: (UInt16, UInt16, UInt16) = (31, 0xFFFF, 2)
        let length = socklen_t(MemoryLayout.size(ofValue: address))
        let status = withUnsafeBytes(of: &address) {
            bind(descriptor, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), length)
        }
        guard status == 0 else { throw MonitorChannelError(errno: errno) }
    }

    /// The next record in full or its first octets, as many as `buffer` has; `nil` when none waits.
    ///
    /// An error that the socket reports counts as none: it does not end the channel.
    func receive(into buffer: inout [UInt8]) -> Int? {
        while true {
            let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
            if count > 0 { return count }
            if count == 0 || errno != EINTR { return nil }
        }
    }
}

/// The C library's words for an error number.
func systemMessage(_ number: Int32) -> String {
    strerror(number).map { String(cString: $0) } ?? "unknown error"
}
