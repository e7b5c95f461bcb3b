// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import Glibc
import Journal
import Pairing
import Policy

/// What the command line says.
struct Options {
    /// The rules, the daemon's settings, and the credentials that systemd gave it.
    var policyFiles = PolicyFiles.standard
    /// What has to survive a restart.
    var stateDirectory = "/var/lib/pairingd"
    var busAddress = Connection.systemBusAddress
    var journal = Sink.automatic()

    enum Outcome {
        case run(Options)
        case print(String)
        case usage(String)
    }

    static let help = """
        Usage: pairingd [OPTION]...
        BlueZ's pairing agent for machines without a desktop: decides, asks and records, by rule.

          --configuration FILE     the daemon's settings (default: /etc/pairingd/pairingd.toml)
          --policy-directory DIR   rule files (*.toml); repeatable, replaces the default folders, which are devices.d in
                                   /etc/pairingd, /run/pairingd and /usr/lib/pairingd
          --state-directory DIR    what survives a restart (default: $STATE_DIRECTORY or /var/lib/pairingd)
          --bus ADDRESS            the bus (default: $DBUS_SYSTEM_BUS_ADDRESS or the system bus)
          --journal                write records to journald also when run by hand
          --version                print the version
          --help                   print the options

        """

    static func parse(_ arguments: [String]) -> Outcome {
        var options = Options()
        if let state = getenv("STATE_DIRECTORY") { options.stateDirectory = String(cString: state) }
        var directories: [String] = []
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
            switch parts.first ?? "" {
            case "--help", "-h": return .print(help)
            case "--version": return .print("pairingd \(Release.version)\n")
            case "--journal" where parts.count == 1: options.journal = .journald
            case let name where valued.contains(name):
                guard let value = parts.count == 2 ? parts[1] : rest.popFirst() else {
                    return .usage("\(name) needs a value")
                }
                switch name {
                case "--policy-directory": directories.append(value)
                case "--state-directory": options.stateDirectory = value
                case "--configuration": options.policyFiles.configuration = value
                default: options.busAddress = value
                }
            default:
                return .usage("unknown option \(UntrustedText(argument))")
            }
        }
        if !directories.isEmpty { options.policyFiles.folders = RuleFolders(directories) }
        options.policyFiles.credentials = CredentialFolder.ofUnit
        return .run(options)
    }

    private static let valued: Set = ["--configuration", "--policy-directory", "--state-directory", "--bus"]
}
