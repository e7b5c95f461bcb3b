// SPDX-License-Identifier: Apache-2.0

public import Bluetooth
public import DBus
public import EventLoop

/// A device on the air, and what BlueZ knows of it.
@LoopActor
public final class SimulatedDevice {
    /// The address that it uses now; a private one changes when the device tells its identity.
    public internal(set) var address: Address
    public internal(set) var addressType: AddressType
    public let transport: SimulatedTransport
    public let path: ObjectPath
    public var presence: Presence
    public var behaviour: DeviceBehaviour
    /// The name that it sends.
    public var name: String?
    public var manufacturerData: [UInt16: [UInt8]] = [:]
    public var uuids: [BluetoothUUID] = []
    /// BlueZ's name for what it looks like, such as `input-keyboard`.
    public var icon: String?
    /// BR/EDR: what it says it is.
    public var deviceClass: UInt32? { didSet { changed("Class") } }

    // What BlueZ keeps of it.
    public internal(set) var isExported = false
    public internal(set) var isPaired = false
    public internal(set) var isBonded = false
    public internal(set) var isTrusted = false
    public internal(set) var isBlocked = false
    public internal(set) var servicesResolved = false
    public internal(set) var rssi: Int16?
    /// Does the kernel have keys? BlueZ may think otherwise after a `CancelPairing` too many.
    public internal(set) var kernelHasKeys = false
    var alias: String?
    var isNameKnown = false
    /// BlueZ removes its object when it is not seen any longer (`src/device.c:btd_device_set_temporary`).
    var isTemporary = true

    /// The link, with the IO capability that the kernel gave it (`hci_conn.c`); `nil` when not connected.
    var link: IOCapability?
    /// The pairing of a `Pair()`: BlueZ's `device->bonding`.
    var bonding: Pairing?
    /// The pairing that the device began.
    var incoming: Pairing?
    var connecting: MethodCall?
    var timers: [EventSource] = []
    var temporaryTimer: EventSource?
    /// Calls that are never answered.
    var forgottenCalls: [MethodCall] = []

    let bluez: SimulatedBlueZ

    init(
        _ bluez: SimulatedBlueZ, _ address: Address, _ addressType: AddressType, _ transport: SimulatedTransport,
        name: String?, presence: Presence, behaviour: DeviceBehaviour
    ) {
        self.bluez = bluez
        self.address = address
        self.addressType = addressType
        self.transport = transport
        self.name = name
        self.presence = presence
        self.behaviour = behaviour
        path = bluez.adapter.path.child("dev_" + address.pathComponent)
    }

    public var isConnected: Bool { link != nil }
    /// Does a pairing go on, whoever began it?
    public var isPairing: Bool { bonding != nil || incoming != nil }
    var isLowEnergy: Bool { transport == .le }

    /// BlueZ makes one of the address when it knows no name.
    var shownAlias: String {
        alias ?? shownName ?? address.pathComponent.map { $0 == "_" ? "-" : String($0) }.joined()
    }
    var shownName: String? { isNameKnown ? name : nil }

    /// Announces properties with the rest of this turn, or before what is sent next.
    func changed(_ properties: String...) {
        guard isExported else { return }
        bluez.connection?.objects.changed(path, "org.bluez.Device1", properties)
    }

    // MARK: The object

    /// Gives the device its object, as on the first advertisement.
    func export(withName: Bool = true) {
        guard !isExported, let connection = bluez.connection else { return }
        isExported = true
        isNameKnown = withName && name != nil
        connection.objects.export(self, at: path, [Self.interface])
        bluez.log.note("adds \(address)")
    }

    /// Takes the object away, with all that BlueZ knows, after what was sent so far.
    func unexport() {
        guard isExported else { return }
        bluez.connection?.objects.announceChanges()
        isExported = false
        bluez.connection?.objects.unexport(path)
        forget()
        bluez.log.note("removes \(address)")
    }

    /// BlueZ and the kernel know nothing of it any longer.
    func forget() {
        isPaired = false
        isBonded = false
        isTrusted = false
        isBlocked = false
        kernelHasKeys = false
        servicesResolved = false
        rssi = nil
        alias = nil
        isTemporary = true
        temporaryTimer = nil
        timers = []
    }

    func setTemporary(_ isTemporary: Bool) {
        self.isTemporary = isTemporary
        temporaryTimer = nil
    }

    /// Removes the object after `TemporaryTimeout`, unless something makes the device interesting meanwhile.
    func restartTemporaryTimer() {
        guard isExported, isTemporary, !isConnected, presence != .known else { return }
        temporaryTimer = timer(after: bluez.configuration.durations.temporary) { [weak self] in
            guard let self, isTemporary, !isConnected, bonding == nil else { return }
            unexport()
        }
    }

    // MARK: The link

    func linkUp(_ capability: IOCapability) {
        guard link == nil else { return }
        link = capability
        temporaryTimer = nil
        changed("Connected")
        if isPaired, !behaviour.hasForgottenBond {
            servicesResolved = true
            changed("ServicesResolved")
        }
    }

    /// The link is gone: everything that needed it ends.
    func linkDown() {
        guard link != nil else { return }
        link = nil
        servicesResolved = false
        // `src/device.c:device_remove_connection`: what is paired and not bonded does not stay.
        if isPaired, !isBonded {
            isPaired = false
            kernelHasKeys = false
            changed("Paired")
        }
        changed("Connected", "ServicesResolved")
        bluez.flush()
        bonding?.linkLost()
        incoming?.linkLost()
        if let call = connecting {
            connecting = nil
            call.fail(.blueZFailed("br-connection-canceled"))
        }
        restartTemporaryTimer()
    }

    /// All that goes on ends without a word: BlueZ is gone, the link is not.
    func abandon() {
        bonding?.abandon()
        incoming?.abandon()
        bonding = nil
        incoming = nil
        connecting = nil
        forgottenCalls = []
        timers = []
        temporaryTimer = nil
        isExported = false
    }
}

// MARK: - What the device does by itself

extension SimulatedDevice {
    /// How a device begins a pairing.
    public enum Start: Sendable {
        /// It is the central (or BR/EDR initiator) and sends a Pairing Request.
        case pairingRequest
        /// It is the peripheral and asks us to begin, with what it wants (SMP Security Request).
        case securityRequest
    }

    /// The device begins a pairing; the default agent is asked. Does nothing while a pairing goes on.
    public func startPairing(_ start: Start = .pairingRequest) {
        guard bonding == nil, incoming == nil, bluez.connection != nil, bluez.adapter.isPowered else { return }
        export()
        linkUp(bluez.adapter.ioCapability)
        bluez.flush()
        let pairing = Pairing(self, .incoming(start))
        incoming = pairing
        pairing.begin()
    }

    /// The link breaks.
    public func vanish() { linkDown() }

    /// The device connects by itself.
    public func connect() {
        export()
        linkUp(bluez.adapter.ioCapability)
    }

    /// An advertisement comes; while a discovery runs, BlueZ announces its strength.
    public func advertise(rssi: Int16) {
        guard bluez.adapter.isDiscovering else { return }
        if !isExported { export() }
        self.rssi = rssi
        changed("RSSI")
    }

    /// The bond is removed on this side by somebody else, such as `bluetoothctl remove`: the object goes too.
    public func remove() {
        linkDown()
        unexport()
    }

    /// Makes it paired without a pairing, as from BlueZ's storage.
    public func restoreBond(trusted: Bool = false) {
        isPaired = true
        isBonded = true
        kernelHasKeys = true
        isTrusted = trusted
        setTemporary(false)
        export()
        changed("Paired", "Bonded", "Trusted")
    }

    /// Asks to use a BR/EDR service of ours; `true` when it may (`src/adapter.c:process_auth_queue`).
    public func useService(_ uuid: BluetoothUUID) async -> Bool {
        await withCheckedContinuation { continuation in
            bluez.serviceQueue.append(self, uuid) { continuation.resume(returning: $0) }
        }
    }
}
