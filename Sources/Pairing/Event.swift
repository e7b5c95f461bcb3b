// SPDX-License-Identifier: Apache-2.0

public import Bluetooth
public import Explain
public import SecurityManager

/// What has happened.
///
/// Whoever drives the ``Coordinator`` hands over what the monitor channel and the object cache have before what the
/// agents' connections have: the bus keeps no order between connections, and a result without its evidence is a guess.
public enum Event: Sendable {
    /// BlueZ is on the bus, and our agents are registered. Its objects follow as changes.
    case bluezAppeared
    /// BlueZ has left the bus, with its objects: what it asked cannot be answered, and what we called never returns.
    case bluezVanished
    /// The daemon is about to end.
    case stopping
    case adapterChanged(AdapterSnapshot)
    case adapterRemoved(AdapterReference)
    case deviceChanged(DeviceSnapshot)
    case deviceRemoved(DeviceReference)
    /// BlueZ asks. The device has to be known by then: read it first where its signal has not come yet.
    case question(AgentQuestion)
    /// `Cancel`: BlueZ took this agent's outstanding question back; it does not say which device that was about.
    case questionCancelled(AgentRole)
    /// `Release`: bluetoothd is about to end.
    case agentReleased(AgentRole)
    /// `Device1.Pair()` returned; no error means success.
    case pairFinished(PairingNumber, error: BlueZError?)
    case disconnectFinished(DeviceReference, error: BlueZError?)
    /// `Adapter1.RemoveDevice()` returned, which it does before the object is gone.
    case removeFinished(DeviceReference, error: BlueZError?)
    case discoveryStarted(AdapterReference, error: BlueZError?)
    /// Setting `Adapter1.Pairable` returned; where it succeeded, the adapter's change came before.
    case pairableSet(AdapterReference, error: BlueZError?)
    case discoverableSet(AdapterReference, error: BlueZError?)
    /// Is the monitor channel read?
    case monitorAvailable(Bool)
    /// A Pairing Failed packet on the air.
    case smpFailure(AdapterReference, Address, SMPFailure)
    /// A link ended, with its HCI error code (Core Specification, Vol 1, Part F, 1.3).
    case linkDisconnected(AdapterReference, Address, reason: UInt8)
    /// A Pairing Request and its Pairing Response went over the air, over LE; `local` is what our side's said.
    case agreement(AdapterReference, Address, PairingAgreement, local: IOCapability? = nil)
    /// The kernel made a key for the device with this identity address.
    case key(AdapterReference, Address, PairingKey)
    /// A device that was known by a private address has told its identity address.
    case identity(AdapterReference, Address, identity: Address)
    /// A link is encrypted now: the device has its key.
    case encrypted(AdapterReference, Address)
    /// Authentication failed over BR/EDR, with its HCI error code.
    case authenticationFailed(AdapterReference, Address, code: UInt8)
    /// Encryption with the bond failed, because the device does not have its key any more (PIN or Key Missing).
    case keyMissing(AdapterReference, Address)
    /// The monitor channel showed something that belongs into a trace; without an address it is about the adapter.
    case observed(AdapterReference, Address?, TraceEvent)
    /// A peripheral sent an SMP Security Request.
    case securityRequest(AdapterReference, Address)
    /// Pairings and requests under way keep what they began with.
    case rulesChanged(any RuleBook)
    /// Deadlines that run already stay as they are.
    case settingsChanged(Timing, Bounds, Conduct)
    /// ``Coordinator/nextDeadline`` is reached.
    case tick
}
