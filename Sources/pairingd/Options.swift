// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import Glibc
import Journal
import Policy

/// What the command line says.
struct Options {
    /// Searched in this order; a file in an earlier folder masks the one of the same name in a later one.
    var policyDirectories = ["/etc/pairingd/devices.d", "/run/pairingd/devices.d", "/usr/lib/pairingd/devices.d"]
    /// What has to survive a restart.
    var stateDirectory = "/var/lib/pairingd"
    var busAddress = Connection.systemBusAddress
    /// What is shown in pairings that others start. Never NoInputNoOutput: with it the kernel accepts BR/EDR Just Works
    /// without asking anybody.
    var defaultCapability = IOCapability.keyboardDisplay
    var journal = Sink.automatic()

    enum Outcome {
        case run(Options)
        case print(String)
        case usage(String)
    }

    static let help = """
        Usage: pairingd [OPTION]...
        BlueZ's pairing agent for machines without a desktop: decides, asks and records, by rule.

          --policy-directory DIR   rule files (*.toml); repeatable, replaces the default folders
          --state-directory DIR    what survives a restart (default: $STATE_DIRECTORY or /var/lib/pairingd)
          --bus ADDRESS            the bus (default: $DBUS_SYSTEM_BUS_ADDRESS or the system bus)
          --default-capability C   what is shown in pairings that others start: DisplayOnly, DisplayYesNo, KeyboardOnly
                                   or KeyboardDisplay (default)
          --journal                write records to journald also when run by hand
          --version                print the version
          --help                   print this

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
            case "--version": return .print("pairingd \(version)\n")
            case "--journal" where parts.count == 1: options.journal = .journald
            case let name where valued.contains(name):
                guard let value = parts.count == 2 ? parts[1] : rest.popFirst() else {
                    return .usage("\(name) needs a value")
                }
                switch name {
                case "--policy-directory": directories.append(value)
                case "--state-directory": options.stateDirectory = value
                case "--bus": options.busAddress = value
                default:
                    guard let capability = IOCapability(rawValue: value), capability != .noInputNoOutput else {
                        return .usage("\(UntrustedText(value)) cannot be the default capability")
                    }
                    options.defaultCapability = capability
                }
            default:
                return .usage("unknown option \(UntrustedText(argument))")
            }
        }
        if !directories.isEmpty { options.policyDirectories = directories }
        return .run(options)
    }

    private static let valued: Set = ["--policy-directory", "--state-directory", "--bus", "--default-capability"]
}

/// The version of pairingd, as `Manager1.Version` tells it.
let version = "0.1.0"
