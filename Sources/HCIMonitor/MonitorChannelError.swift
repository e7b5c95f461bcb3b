// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Why the monitor channel cannot be opened. Pairing works without it; what it would show stays unknown.
public enum MonitorChannelError: Error, Hashable, Sendable, CustomStringConvertible {
    /// There are no Bluetooth sockets for this process.
    case notSupported
    /// CAP_NET_RAW is missing.
    case notPermitted
    /// Another system error, by its `errno`.
    case system(errno: Int32)

    init(errno: Int32) {
        switch errno {
        case EAFNOSUPPORT, EPROTONOSUPPORT: self = .notSupported
        case EPERM, EACCES: self = .notPermitted
        default: self = .system(errno: errno)
        }
    }

    /// What is wrong and what to do next, in one or two sentences.
    public var description: String {
        switch self {
        case .notSupported:
            "The Bluetooth monitor channel is not available. Load the kernel module \"bluetooth\", and let the process "
                + "run in the initial network namespace with AF_BLUETOOTH allowed (systemd: no PrivateNetwork=, and "
                + "AF_BLUETOOTH in RestrictAddressFamilies=)."
        case .notPermitted:
            "The Bluetooth monitor channel needs CAP_NET_RAW. Give it to the process in the initial user namespace "
                + "(systemd: AmbientCapabilities=CAP_NET_RAW, and no PrivateUsers=)."
        case .system(let errno):
            "The Bluetooth monitor channel cannot be opened: \(systemMessage(errno)) (errno \(errno))."
        }
    }
}
