// SPDX-License-Identifier: Apache-2.0

public import DBus
public import EventLoop
public import Explain
public import Pairing

/// What the bus can ask of the daemon.
@LoopActor
public protocol Commands: AnyObject {
    var managerState: ManagerState { get }

    /// - Parameters:
    ///   - device: An address, `hci0/address`, or a BlueZ object path.
    ///   - authorizedRule: The only rule that the actor may pair by; `nil` for any.
    func pair(
        _ device: String, _ options: PairOptions, actor: Actor, authorizedRule: String?
    ) throws(DBusError) -> PairingNumber
    /// Calls `completion` once, when the device is gone from BlueZ or could not be removed.
    func forget(_ device: String, actor: Actor, _ completion: @escaping @LoopActor (DBusError?) -> Void)
    /// Which rule is for a device and what it says; changes nothing.
    ///
    /// - Parameter inWindow: As if a window was open, or was not; `nil` as it is.
    func evaluate(_ device: String, inWindow: Bool?) throws(DBusError) -> [String: Value]
    /// Reads the rules anew; what is in force stays where they have errors.
    func reload(actor: Actor) throws(DBusError)
    /// - Parameters:
    ///   - seconds: 0 for as long as the settings say.
    ///   - devices: Those that it is for; none for every device.
    /// - Returns: When it closes, in microseconds since the epoch.
    func openWindow(_ seconds: UInt32, devices: [String], actor: Actor) throws(DBusError) -> UInt64
    func closeWindow(actor: Actor)
    func cancel(_ pairing: PairingNumber, actor: Actor) throws(DBusError)
    /// Why a pairing ended as it did, or how far it is.
    func explain(_ pairing: PairingNumber) throws(DBusError) -> Report
    func answer(_ request: RequestNumber, with answer: RequestAnswer, actor: Actor) throws(DBusError)
    /// A secret, for the caller only.
    func digits(of request: RequestNumber) throws(DBusError) -> String
}

/// What `org.pairingd.Manager1` shows.
public struct ManagerState: Hashable, Sendable {
    public var version = ""
    public var isBlueZRunning = false
    /// `held`, `lost`, `unknown` or `not-claimed`.
    public var defaultAgent = "not-claimed"
    public var defaultIOCapability = ""
    public var adapters: [ObjectPath] = []
    public var policyFiles: [String] = []
    public var policyErrors: [String] = []
    public var policyWarnings: [String] = []
    /// Microseconds since the epoch; 0 while no window is open.
    public var windowUntil: UInt64 = 0
    public var pendingRequests: UInt32 = 0
    public var activePairing: PairingNumber?
    public var isMonitorAvailable = false

    public init() {}
}

extension CommandError {
    /// The error that the caller on the bus gets.
    public var onTheBus: DBusError {
        switch self {
        case .bluezAbsent: ControlError.notReady("bluetoothd is not running")
        case .unknownDevice: ControlError.unknownDevice("BlueZ knows no such device")
        case .unknownAdapter: ControlError.notReady("there is no such adapter")
        case .unknownPairing: ControlError.failed("there is no such pairing")
        case .unknownRequest: ControlError.failed("there is no such request")
        case .expired: ControlError.expired("the request has expired")
        case .alreadyAnswered(let outcome): ControlError.alreadyAnswered("the request is over: \(outcome.rawValue)")
        case .wrongKind(let kind):
            ControlError.invalidArgument("a request of kind \(kind.rawValue) takes another answer")
        case .alreadyFinished(let result): ControlError.failed("the pairing is over: \(result.rawValue)")
        case .busy(let number): ControlError.busy("pairing \(number) with this device is under way")
        case .beingRemoved: ControlError.busy("the device is being forgotten")
        case .tooMany: ControlError.busy("too much is under way")
        }
    }
}
