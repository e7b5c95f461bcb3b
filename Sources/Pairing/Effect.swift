// SPDX-License-Identifier: Apache-2.0

public import Bluetooth

/// What has to be done now. Effects are carried out in order; what comes of them comes back as an ``Event``.
public enum Effect: Hashable, Sendable {
    /// Answers a call of BlueZ. Every call that expects an answer gets exactly one, unless BlueZ vanishes.
    case reply(AgentToken, AgentReply)
    /// Calls `Device1.Pair()` on the agent with this capability, with a timeout of 150 s at least, and ends in
    /// ``Event/pairFinished(_:error:)``.
    case pair(PairingNumber, DeviceReference, IOCapability)
    /// Calls `Device1.CancelPairing()`; comes only while a `Pair()` of ours is outstanding, because without one BlueZ
    /// unpairs the device in the kernel.
    case cancelPairing(DeviceReference)
    /// Makes the kernel drop a key of which BlueZ knows nothing, by `Device1.CancelPairing()` without a `Pair()`: BlueZ from
    /// 5.65 on then sends MGMT Unpair Device (`src/device.c`, cancel_pairing).
    case unpair(DeviceReference)
    /// The result of this pairing's `Pair()` is waited for no longer: the pending call may be dropped.
    case abandonPair(PairingNumber)
    /// Calls `Device1.Disconnect()`; ends in ``Event/disconnectFinished(_:error:)``.
    case disconnect(DeviceReference)
    /// Sets `Device1.Trusted`.
    case trust(DeviceReference)
    /// Calls `Adapter1.RemoveDevice()`; ends in ``Event/removeFinished(_:error:)``.
    case remove(DeviceReference)
    /// Ends in ``Event/discoveryStarted(_:error:)``.
    case startDiscovery(AdapterReference)
    case stopDiscovery(AdapterReference)
    /// Sets `Adapter1.Pairable`; ends in ``Event/pairableSet(_:error:)``.
    case setPairable(AdapterReference, Bool)
    /// Lets phones find the adapter, or hides it again; ends in ``Event/discoverableSet(_:error:)``.
    case setDiscoverable(AdapterReference, Bool)
    /// From now on each change of this device is told, also during a discovery, beginning with a fresh reading.
    case watch(DeviceReference)
    case unwatch(DeviceReference)
    /// Writes down what is known of a device, so that it survives a crash.
    case keepRecord(BondRecord)
    case dropRecord(BondRecord.Key)
    /// Writes down that a pairing is on the air, before anything that can make a bond; a crash of the daemon must not
    /// forget it. Comes again when what is known of it changes.
    case keepUnsettled(UnsettledPairing)
    case dropUnsettled(PairingNumber)
    /// Reads this device anew: something happened to it that BlueZ may not tell.
    case look(DeviceReference)
    case record(Record)
    case publish(Publication)
    /// The command with this token is done, or failed.
    case forgetFinished(CommandToken, error: BlueZError?)
}

/// What changes on the bus.
public enum Publication: Hashable, Sendable {
    case pairingAdded(PairingSnapshot)
    case pairingChanged(PairingSnapshot)
    case pairingRemoved(PairingNumber)
    case requestAdded(RequestSnapshot)
    case requestChanged(RequestSnapshot)
    /// It has an outcome, and stays until it is removed.
    case requestFinished(RequestSnapshot)
    case requestRemoved(RequestNumber)
}
