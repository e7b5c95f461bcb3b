// SPDX-License-Identifier: Apache-2.0

public import Bluetooth
public import Policy

/// An adapter object of BlueZ, by its path.
public struct AdapterReference: Hashable, Comparable, Sendable {
    /// Such as `/org/bluez/hci0`; after a restart it may stand for another controller.
    public let path: String

    public init(path: String) { self.path = path }

    /// The last element of the path, such as `hci0`.
    public var name: String { path.split(separator: "/").last.map(String.init) ?? path }

    public static func < (left: Self, right: Self) -> Bool { left.path < right.path }
}

/// A device object of BlueZ: its path, and its adapter.
public struct DeviceReference: Hashable, Comparable, Sendable {
    public let path: String
    public let adapter: AdapterReference

    public init(path: String, adapter: AdapterReference) {
        self.path = path
        self.adapter = adapter
    }

    public static func < (left: Self, right: Self) -> Bool { left.path < right.path }
}

/// What `org.bluez.Adapter1` tells at one moment.
public struct AdapterSnapshot: Hashable, Sendable {
    public var reference: AdapterReference
    public var address: Address
    public var isPowered: Bool
    public var isDiscovering: Bool
    public var isPairable: Bool
    public var isDiscoverable: Bool

    public init(
        reference: AdapterReference, address: Address, isPowered: Bool, isDiscovering: Bool = false,
        isPairable: Bool = true, isDiscoverable: Bool = false
    ) {
        self.reference = reference
        self.address = address
        self.isPowered = isPowered
        self.isDiscovering = isDiscovering
        self.isPairable = isPairable
        self.isDiscoverable = isDiscoverable
    }
}

/// What `org.bluez.Device1` tells at one moment.
public struct DeviceSnapshot: Hashable, Sendable {
    public var reference: DeviceReference
    public var facts: DeviceFacts
    public var isPaired: Bool
    public var isBonded: Bool
    public var isConnected: Bool
    public var isTrusted: Bool
    /// Is it heard in a discovery that goes on?
    public var isInRange: Bool
    /// When it was last in range, as far as anybody told us.
    public var heardAt: MonotonicTime?

    public init(
        reference: DeviceReference, facts: DeviceFacts, isPaired: Bool = false, isBonded: Bool = false,
        isConnected: Bool = false, isTrusted: Bool = false, isInRange: Bool = false,
        heardAt: MonotonicTime? = nil
    ) {
        self.reference = reference
        self.facts = facts
        self.isPaired = isPaired
        self.isBonded = isBonded
        self.isConnected = isConnected
        self.isTrusted = isTrusted
        self.isInRange = isInRange
        self.heardAt = heardAt
    }

    /// Is there a key for this device, kept or for this connection only?
    var hasBond: Bool { isPaired || isBonded }
}

/// Which device a command means.
public enum Target: Hashable, Sendable {
    /// Any device with this address, on the adapter given or on any that is on; BlueZ need not know it yet.
    case address(Address, adapter: AdapterReference?)
    /// A device that BlueZ knows.
    case device(DeviceReference)
}

/// BlueZ's error for a call of ours.
public struct BlueZError: Error, Hashable, Sendable {
    /// Such as `org.bluez.Error.AuthenticationFailed`.
    public let name: String
    /// BlueZ's own words.
    public let message: UntrustedText

    public init(name: String, message: UntrustedText = "") {
        self.name = name
        self.message = message
    }

    /// The object is not there: BlueZ answers either way, depending on whether the parent is.
    var isUnknownObject: Bool {
        name == "org.freedesktop.DBus.Error.UnknownObject" || name == "org.freedesktop.DBus.Error.UnknownMethod"
    }

    /// For people: the message if there is one, and the name.
    var text: String {
        let name = UntrustedText(name).description
        return message.raw.isEmpty ? name : "\(message) (\(name))"
    }
}

/// Which rule is for a device: the rules, as far as they are needed here.
public protocol RuleBook: Sendable {
    /// - Parameter inWindow: Is a window open for this device?
    func decide(_ facts: DeviceFacts, inWindow: Bool) -> Decision
    /// What holds for a device that no rule matches; `nil` when it is refused.
    var unknownDevices: Rule? { get }
    /// Is there a rule with `initiate = "auto"` that holds now? Without one, no device is followed for it.
    ///
    /// - Parameter inWindow: Is a window open?
    func startsPairings(inWindow: Bool) -> Bool
    /// Is there a rule by which devices may start a pairing, without a window?
    var acceptsIncoming: Bool { get }
    /// May it be such a rule that is for this device, once more is known of it?
    func mayStart(_ facts: DeviceFacts, inWindow: Bool) -> Bool
}

extension RuleBook {
    public var unknownDevices: Rule? { nil }
    public func startsPairings(inWindow: Bool) -> Bool { false }
    public var acceptsIncoming: Bool { true }
    public func mayStart(_ facts: DeviceFacts, inWindow: Bool) -> Bool { startsPairings(inWindow: inWindow) }
}
