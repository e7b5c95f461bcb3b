// SPDX-License-Identifier: Apache-2.0

import CSystemd

/// What systemd is told of this service (`sd_notify(3)`); nothing happens when nobody listens.
public enum ServiceManager {
    public static func ready(status: String) { notify("READY=1\nSTATUS=\(line(status))") }
    /// The configuration is being read anew; ``ready(status:)`` ends it.
    public static func reloading() { notify("RELOADING=1\nMONOTONIC_USEC=\(Clock.monotonic)") }
    public static func status(_ status: String) { notify("STATUS=\(line(status))") }
    public static func stopping() { notify("STOPPING=1") }

    private static func notify(_ state: String) { sd_notify(0, state) }

    /// A line feed would begin another assignment.
    private static func line(_ text: String) -> String {
        String(text.map { $0.isNewline ? " " : $0 })
    }
}
