// SPDX-License-Identifier: Apache-2.0

public import Bluetooth

/// The daemon's own settings: `pairingd.toml`.
public struct Configuration: Sendable, Hashable {
    /// The path; empty when there is no file.
    public var file = ""
    public var agent = Agent()
    public var unknownDevices = UnknownDevices()
    public var requests = Requests()
    public var limits = Limits()
    public var window = Window()
    public var adapter = Adapter()
    public var policy = Reloading()

    public init() {}

    /// `[agent]`
    public struct Agent: Sendable, Hashable {
        /// What is shown in pairings that others start. Never NoInputNoOutput: with it the kernel accepts BR/EDR Just
        /// Works without asking anybody (`net/bluetooth/hci_event.c`, hci_user_confirm_request_evt).
        public var ioCapability = IOCapability.keyboardDisplay
        /// Is the daemon to answer for pairings that others start?
        public var isDefault = true

        public init() {}
    }

    /// `[unknown-devices]`
    public struct UnknownDevices: Sendable, Hashable {
        public enum Action: String, Sendable, Hashable, CaseIterable {
            case reject
            case ask
        }

        /// What is done about a bond that another program made.
        public enum Foreign: String, Sendable, Hashable, CaseIterable {
            /// It is written down, and stays.
            case report
            /// It is removed.
            case undo
        }

        public var action = Action.reject
        public var foreign = Foreign.report

        public init() {}
    }

    /// `[requests]`
    public struct Requests: Sendable, Hashable {
        /// How long a person has to answer. The radio protocol gives up after 30 s (Core Specification, Vol 3, Part H, 3.4).
        public var deadline = Duration.seconds(25)

        public init() {}
    }

    /// `[limits]`
    public struct Limits: Sendable, Hashable {
        /// How many pairings with one device may fail before it is locked out; 0 for any number.
        public var failuresPerDevice = 5
        /// The same for all devices of an adapter together.
        public var failuresPerAdapter = 50
        /// How long the first lock-out lasts; each further failure doubles it.
        public var lockOut = Duration.seconds(30)
        public var longestLockOut = Duration.seconds(3600)
        /// Requests open at once, not counting those of pairings that we started.
        public var openRequests = 1024
        public var openRequestsPerDevice = 4

        public init() {}
    }

    /// `[window]`
    public struct Window: Sendable, Hashable {
        /// How long a window stays open where nobody says how long.
        public var duration = Duration.seconds(120)
        /// The longest that may be asked for.
        public var longest = Duration.seconds(3600)
        /// Does the daemon discover while a window is open, for rules with `initiate = "auto"`?
        public var discover = false
        /// Do phones find the gateway while a window is open?
        public var discoverable = false

        public init() {}
    }

    /// `[adapter]`
    public struct Adapter: Sendable, Hashable {
        /// Is BlueZ's `Pairable` switched as the rules need it?
        public var managePairable = true
        /// Does the daemon discover all the time, for rules with `initiate = "auto"`?
        public var discover = false

        public init() {}
    }

    /// `[policy]`
    public struct Reloading: Sendable, Hashable {
        /// Are changed files read by themselves?
        public var watch = false

        public init() {}
    }
}

extension Configuration {
    /// The settings in a file's text.
    ///
    /// - Throws: Everything that is wrong with the text.
    public init(parsing text: [UInt8], file: String) throws(PolicyErrors) {
        var reader = Reader(file: file, documentation: KeyDocumentation.configuration)
        guard let configuration = Configuration(parsing: text, &reader), reader.errors.isEmpty else {
            throw PolicyErrors(reader.sortedErrors)
        }
        self = configuration
    }

    init?(parsing text: [UInt8], _ reader: inout Reader) {
        do {
            self.init()
            ConfigurationSchema.all.read(try TOMLDocument.parse(text), into: &self, &reader)
            file = reader.file
        } catch {
            reader.error("invalid TOML: \(error.reason)", at: error.position)
            return nil
        }
    }
}

/// Every key of `pairingd.toml`.
enum ConfigurationSchema {
    static let all = Schema<Configuration>(keys: [
        Key("agent", \.agent, .table(agent, startingWith: .init()), help: "The agent for pairings that others start."),
        Key(
            "unknown-devices", \.unknownDevices, .table(unknownDevices, startingWith: .init()),
            help: "Devices that no rule matches."),
        Key("requests", \.requests, .table(requests, startingWith: .init()), help: "Questions to people and programs."),
        Key(
            "limits", \.limits, .table(limits, startingWith: .init()), help: "What a hostile neighbour can do at most."),
        Key("window", \.window, .table(window, startingWith: .init()), help: "Spans in which rules for a window hold."),
        Key(
            "adapter", \.adapter, .table(adapter, startingWith: .init()), help: "What is switched on adapters."),
        Key("policy", \.policy, .table(policy, startingWith: .init()), help: "How the files are read."),
    ])

    private static let agent = Schema<Configuration.Agent>(
        keys: [
            Key(
                "io-capability", \.ioCapability, .word,
                help: "What is shown in pairings that others start; never NoInputNoOutput. Needs a restart."),
            Key(
                "default", \.isDefault, .boolean,
                help: "Answer for pairings that others start? Without it another agent has to. Needs a restart."),
        ],
        checks: [
            Check { draft, reader in
                guard draft.ioCapability == .noInputNoOutput else { return }
                reader.error(
                    "io-capability cannot be \"NoInputNoOutput\" here: over BR/EDR the kernel would then pair with"
                        + " everybody, and ask nobody", at: reader.position(below: "io-capability"),
                    suggestion: "a rule may have it, for pairings that we start")
            }
        ])

    private static let unknownDevices = Schema<Configuration.UnknownDevices>(keys: [
        Key("action", \.action, .word, help: "Refuse them, or ask a person about each."),
        Key(
            "foreign", \.foreign, .word,
            help: "Does a bond that another program made with such a device stay, or is it removed?"),
    ])

    private static let requests = Schema<Configuration.Requests>(keys: [
        Key(
            "deadline", \.deadline, .timespan(.seconds(1)...(.seconds(28))),
            help: "How long a person has to answer; the radio protocol itself gives up after 30s.")
    ])

    private static let limits = Schema<Configuration.Limits>(
        keys: [
            Key(
                "failures-per-device", \.failuresPerDevice, .integer(0...1000, example: "5"),
                help: "Failed pairings in a row before a device is locked out; 0 for any number."),
            Key(
                "failures-per-adapter", \.failuresPerAdapter, .integer(0...100_000, example: "50"),
                help: "Failed pairings of all devices before an adapter takes none that others start; 0 for any number."
            ),
            Key(
                "lock-out", \.lockOut, .timespan(.seconds(1)...(.seconds(86_400))),
                help: "How long the first lock-out lasts; each further failure doubles it."),
            Key(
                "longest-lock-out", \.longestLockOut, .timespan(.seconds(1)...(.seconds(604_800))),
                help: "How long a lock-out lasts at most."),
            Key(
                "open-requests", \.openRequests, .integer(1...10_000, example: "1024"),
                help: "Requests open at once, not counting those of pairings that we started."),
            Key(
                "open-requests-per-device", \.openRequestsPerDevice, .integer(1...100, example: "4"),
                help: "Requests of one device open at once."),
        ],
        checks: [
            Check { draft, reader in
                guard draft.longestLockOut < draft.lockOut else { return }
                let key = reader.hasReadBelow("longest-lock-out") ? "longest-lock-out" : "lock-out"
                reader.error("longest-lock-out is shorter than lock-out", at: reader.position(below: key))
            }
        ])

    private static let window = Schema<Configuration.Window>(
        keys: [
            Key(
                "duration", \.duration, .timespan(.seconds(1)...(.seconds(86_400))),
                help: "How long a window stays open where nobody says how long."),
            Key(
                "longest", \.longest, .timespan(.seconds(1)...(.seconds(86_400))),
                help: "The longest that may be asked for."
            ),
            Key(
                "discover", \.discover, .boolean,
                help: "Look for devices while a window is open, if a rule starts pairings by itself."),
            Key(
                "discoverable", \.discoverable, .boolean,
                help:
                    "Let phones find the gateway while a window is open, and only then: by BR/EDR and by LE advertising."
            ),
        ],
        checks: [
            Check { draft, reader in
                guard draft.longest < draft.duration else { return }
                let key = reader.hasReadBelow("longest") ? "longest" : "duration"
                reader.error("longest is shorter than duration", at: reader.position(below: key))
            }
        ])

    private static let adapter = Schema<Configuration.Adapter>(keys: [
        Key(
            "manage-pairable", \.managePairable, .boolean,
            help: "Keep Pairable off, but while a window, a pairing or a rule with accept-incoming needs it."),
        Key(
            "discover", \.discover, .boolean,
            help: "Look for devices all the time, if a rule starts pairings by itself. Costs airtime and power."),
    ])

    private static let policy = Schema<Configuration.Reloading>(keys: [
        Key("watch", \.watch, .boolean, help: "Read changed files by themselves, without a reload.")
    ])
}
