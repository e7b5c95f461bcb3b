// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A `dbus-daemon` of a test's own, which lets everybody own and send everything. It ends with this object.
public final class PrivateBus: Sendable {
    /// Where to connect.
    public let address: String
    /// The folder with the socket, for other files of the test too.
    public let folder: URL
    private let process: OwnedProcess

    public init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("pairingd-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        let configuration = folder.appendingPathComponent("bus.conf")
        let socket = folder.appendingPathComponent("bus").path
        try Self.configuration(socket: socket).write(to: configuration, atomically: true, encoding: .utf8)
        process = try OwnedProcess("/usr/bin/dbus-daemon", ["--nofork", "--config-file=\(configuration.path)"])
        address = "unix:path=\(socket)"
        let deadline = Date().addingTimeInterval(10)
        while !FileManager.default.fileExists(atPath: socket) {
            guard Date() < deadline else { throw PrivateBusError.didNotStart(process.errorOutput) }
            usleep(2000)
        }
    }

    deinit {
        process.kill()
        try? FileManager.default.removeItem(at: folder)
    }

    /// Ends the bus, as a crash would.
    public func kill() { process.kill() }

    private static func configuration(socket: String) -> String {
        """
        <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
         "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
        <busconfig>
          <type>system</type>
          <listen>unix:path=\(socket)</listen>
          <auth>EXTERNAL</auth>
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
        </busconfig>
        """
    }
}

public enum PrivateBusError: Error {
    case didNotStart(String)
}
