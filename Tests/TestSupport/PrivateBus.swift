// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A `dbus-daemon` of a test's own, which lets everybody own and send everything. It ends with this object.
public final class PrivateBus: Sendable {
    /// Where to connect.
    public let address: String
    /// The folder with the socket, for other files of the test too.
    public let folder: URL
    private let process: OwnedProcess

    /// - Parameters:
    ///   - policies: Files of further policy, which count more than its own.
    ///   - startable: Names that the bus would start a program for, which fails.
    public init(policies: [String] = [], startable: [String] = []) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("pairingd-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        let configuration = folder.appendingPathComponent("bus.conf")
        let socket = folder.appendingPathComponent("bus").path
        let services = folder.appendingPathComponent("services")
        try FileManager.default.createDirectory(at: services, withIntermediateDirectories: true)
        for name in startable {
            try "[D-BUS Service]\nName=\(name)\nExec=/bin/false\nUser=root\n".write(
                to: services.appendingPathComponent("\(name).service"), atomically: true, encoding: .utf8)
        }
        try Self.configuration(socket: socket, services: services.path, policies)
            .write(to: configuration, atomically: true, encoding: .utf8)
        process = try OwnedProcess("/usr/bin/dbus-daemon", ["--nofork", "--config-file=\(configuration.path)"])
        address = "unix:path=\(socket)"
        let deadline = Date().addingTimeInterval(10)
        while !Self.isListening(socket) {
            guard Date() < deadline else { throw PrivateBusError.didNotStart(process.errorOutput) }
            usleep(2000)
        }
    }

    /// The socket's file is there a moment before anybody listens on it.
    private static func isListening(_ path: String) -> Bool {
        guard path.utf8.count < 108 else { return false }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }

    deinit {
        process.kill()
        try? FileManager.default.removeItem(at: folder)
    }

    /// Ends the bus, as a crash would.
    public func kill() { process.kill() }

    private static func configuration(socket: String, services: String, _ policies: [String]) -> String {
        """
        <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
         "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
        <busconfig>
          <type>system</type>
          <listen>unix:path=\(socket)</listen>
          <auth>EXTERNAL</auth>
          <servicedir>\(services)</servicedir>
          <policy context="default">
            <allow user="*"/>
            <allow own="*"/>
            <allow send_type="method_call"/>
            <allow send_type="signal"/>
            <allow send_requested_reply="true" send_type="method_return"/>
            <allow send_requested_reply="true" send_type="error"/>
            <allow receive_type="method_call"/>
            <allow receive_type="method_return"/>
            <allow receive_type="error"/>
            <allow receive_type="signal"/>
          </policy>
          \(policies.map { "<include>\($0)</include>" }.joined())
          <limit name="max_connections_per_user">4096</limit>
          <limit name="max_completed_connections">4096</limit>
          <limit name="max_incomplete_connections">4096</limit>
          <limit name="max_replies_per_connection">4096</limit>
        </busconfig>
        """
    }
}

public enum PrivateBusError: Error {
    case didNotStart(String)
}
