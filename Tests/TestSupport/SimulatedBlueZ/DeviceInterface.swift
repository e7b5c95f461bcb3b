// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop

extension SimulatedDevice {
    /// `org.bluez.Device1` (`doc/org.bluez.Device.rst`).
    static let interface = Interface<SimulatedDevice>(
        "org.bluez.Device1",
        methods: [
            Method("Pair", access: .anyone, deferred: { device, call in device.pair(call) }),
            Method("CancelPairing", access: .anyone) { (device, call) throws(DBusError) in
                try device.cancelPairing()
                return []
            },
            Method("Connect", access: .anyone, deferred: { device, call in device.connect(call) }),
            Method("Disconnect", access: .anyone, deferred: { device, call in device.disconnect(call) }),
        ],
        properties: [
            Property("Address") { $0.address.description },
            Property("AddressType") { $0.addressType.rawValue },
            Property("Name", ifPresent: { $0.shownName }),
            Property("Alias") { $0.shownAlias }
                .settable(access: .anyone) { (device, alias: String) in
                    device.alias = alias.isEmpty ? nil : alias
                    device.changed("Alias")
                },
            Property("Icon", ifPresent: { $0.icon }),
            Property("Class", ifPresent: { $0.deviceClass }),
            Property("Paired") { $0.isPaired },
            Property("Bonded") { $0.isBonded },
            Property("Trusted") { $0.isTrusted }
                .settable(access: .anyone) { (device, isTrusted: Bool) in
                    device.isTrusted = isTrusted
                    if isTrusted { device.setTemporary(false) }
                    device.changed("Trusted")
                },
            Property("Blocked") { $0.isBlocked }
                .settable(access: .anyone) { (device, isBlocked: Bool) in
                    device.isBlocked = isBlocked
                    device.changed("Blocked")
                    if isBlocked { device.linkDown() }
                },
            Property("LegacyPairing") { $0.transport == .classicLegacy },
            Property("Connected") { $0.isConnected },
            Property("UUIDs") { $0.uuids.map(\.description) },
            Property(
                "ManufacturerData",
                ifPresent: { device in
                    device.manufacturerData.isEmpty ? nil : device.manufacturerData.mapValues(\.value)
                }),
            Property("RSSI", ifPresent: { $0.rssi }),
            Property("Adapter") { $0.bluez.adapter.path },
            Property("ServicesResolved") { $0.servicesResolved },
        ],
        signals: [Signal("Disconnected", [Argument("name", "s"), Argument("message", "s")])])

    // MARK: Pair

    /// `src/device.c:pair_device`.
    private func pair(_ call: MethodCall) {
        setTemporary(false)
        guard bonding == nil else { return call.fail(.inProgress) }
        let version = bluez.configuration.version
        if isBonded {
            // 5.66 goes on to BR/EDR, which the kernel refuses at once, and nobody answers the caller.
            guard version >= .debian13 || !isLowEnergy else {
                forgottenCalls.append(call)
                bluez.log.note("leaves Pair() on the bonded \(address) without an answer")
                return
            }
            return call.fail(.alreadyExists)
        }
        if connecting != nil, version >= .debian13 { return call.fail(.inProgress) }
        let pairing = Pairing(self, .requested(call))
        bonding = pairing
        if isConnected, isLowEnergy, version >= .debian13 {
            // The security of the socket is raised: no Pair Device, so the link keeps its capability.
            pairing.begin()
        } else {
            bluez.management.submit(pairing)
        }
    }

    /// `src/device.c:cancel_pairing`. Anybody may cancel anybody's pairing.
    private func cancelPairing() throws(DBusError) {
        guard let pairing = bonding else {
            // MGMT Unpair Device with disconnection, of which bluetoothd itself is not told (since 5.65).
            kernelHasKeys = false
            linkDown()
            throw .doesNotExist
        }
        pairing.cancel()
    }

    // MARK: Connect

    private func connect(_ call: MethodCall) {
        guard bluez.adapter.isPowered else { return call.fail(.notReady) }
        guard connecting == nil, bonding == nil || bluez.configuration.version < .debian13 else {
            return call.fail(.inProgress)
        }
        guard !isConnected else {
            guard !isLowEnergy else { return call.reply() }
            return call.fail(.alreadyConnected)
        }
        setTemporary(false)
        connecting = call
        let durations = bluez.configuration.durations
        // The kernel gives a link the default agent's capability of the moment in which it is made.
        let capability = bluez.adapter.ioCapability
        let limit: Duration =
            switch behaviour.reachability {
            case .reachable, .connectionFails: durations.connect
            case .neverFound: isLowEnergy ? durations.leConnect : durations.page
            }
        let source = timer(after: limit) { [weak self] in
            guard let self, let call = connecting else { return }
            connecting = nil
            guard case .reachable = behaviour.reachability else {
                let reason = isLowEnergy ? "le-connection-abort-by-local" : "br-connection-page-timeout"
                return call.fail(.blueZFailed(reason))
            }
            linkUp(capability)
            if isPaired, behaviour.hasForgottenBond || !kernelHasKeys {
                // Encryption fails with PIN or Key Missing; the bond is kept on our side.
                connecting = call
                if bluez.configuration.version >= .later {
                    bluez.connection?.objects.emit(
                        path, "org.bluez.Device1", "Disconnected",
                        [
                            .string("org.bluez.Reason.Authentication"),
                            .string("Connection terminated due to authentication failure"),
                        ])
                }
                return linkDown()
            }
            bluez.flush()
            call.reply()
        }
        if let source { timers.append(source) }
    }

    private func disconnect(_ call: MethodCall) {
        guard isConnected else { return call.fail(.notConnected) }
        bluez.management.submit { [weak self] in
            self?.linkDown()
            call.reply()
        }
    }
}
