// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import DBus
import EventLoop

/// One pairing with a device, as bluetoothd and the kernel carry it out together.
@LoopActor
final class Pairing {
    enum Origin {
        /// `Device1.Pair()`.
        case requested(MethodCall)
        case incoming(SimulatedDevice.Start)
    }

    enum State {
        /// Another Pair Device is outstanding.
        case queued
        /// The timer is its end, either way.
        case connecting(EventSource?)
        /// The capabilities are exchanged.
        case negotiating(EventSource?)
        /// Our side has the word; the timer is what the device does meanwhile.
        case asking(EventSource?)
        /// The other side has the word.
        case waitingForDevice(EventSource?)
        case resolvingServices(EventSource?)
        /// BlueZ comes back with another PIN code.
        case retrying(EventSource?)
        case ended
    }

    let device: SimulatedDevice
    let origin: Origin
    /// Who answers for our side; an incoming pairing looks for its agent when it has a question.
    var agent: RegisteredAgent?
    var state = State.queued
    private var smpTimer: EventSource?
    private var bondingTimer: EventSource?
    private var hasMadeLink = false
    /// How many times the kernel asked BlueZ for a PIN code, and what BlueZ makes up for the last one.
    var pinRequests = 0
    var pinGuess: PINGuess?
    let record: Int

    var bluez: SimulatedBlueZ { device.bluez }
    var durations: SimulatedBlueZ.Durations { bluez.configuration.durations }

    init(_ device: SimulatedDevice, _ origin: Origin) {
        self.device = device
        self.origin = origin
        let bluez = device.bluez
        switch origin {
        case .requested(let call):
            agent = bluez.agents.agent(for: call.sender)
            record = bluez.log.began(
                PairingRecord(device: device.address, origin: .requested(by: call.sender), agent: agent?.owner))
        case .incoming:
            record = bluez.log.began(
                PairingRecord(device: device.address, origin: .incoming, agent: bluez.agents.defaultAgent?.owner))
        }
    }

    var caller: String? {
        if case .requested(let call) = origin { call.sender } else { nil }
    }

    var isOurs: Bool { caller != nil }
    private var hasEnded: Bool {
        if case .ended = state { true } else { false }
    }

    // MARK: What ends it from outside

    /// The bus connection of the caller is gone (`src/device.c:create_bond_req_exit`).
    func callerVanished() {
        end(.cancelled, "its caller has gone")
        device.linkDown()
    }

    func cancel() {
        end(.cancelled, "it was cancelled")
        if hasMadeLink { device.linkDown() }
    }

    func linkLost() {
        // `src/adapter.c:bonding_attempt_complete`
        if case .retrying = state { return }
        end(.disconnected, "the link is gone")
    }

    func poweredOff() { end(.notPowered, "the adapter is off") }

    /// `src/device.c:device_remove`.
    func deviceRemoved() {
        end(!device.isLowEnergy && device.isConnected ? .disconnected : .connectFailed, "the device was removed")
    }

    /// bluetoothd ends in good order.
    func shutDown() { end(.connectFailed, "bluetoothd ends") }

    /// bluetoothd is gone: nobody is told anything.
    func abandon() {
        state = .ended
        smpTimer = nil
        bondingTimer = nil
        bluez.log.note("abandons the pairing with \(device.address)")
    }

    // MARK: Its course

    func begin() {
        guard case .queued = state else { return }
        guard bluez.adapter.isPowered else { return end(.notPowered, "the adapter is off") }
        guard isOurs else { return negotiate() }
        if device.isPaired { return end(.alreadyPaired, "the kernel has a key") }
        bondingTimer = timer(after: durations.bonding) { [weak self] in self?.end(.timedOut, "BONDING_TIMEOUT") }
        let raisesSecurityOnly = device.isConnected && device.isLowEnergy && bluez.configuration.version >= .debian13
        let capability =
            raisesSecurityOnly ? device.link ?? .noInputNoOutput : agent?.capability ?? .noInputNoOutput
        guard !device.isConnected else {
            device.link = capability
            return negotiate()
        }
        connect(as: capability)
    }

    private func connect(as capability: IOCapability) {
        let limit: Duration
        let failure: PairingResult?
        switch device.behaviour.reachability {
        case .reachable: (limit, failure) = (durations.connect, nil)
        case .connectionFails: (limit, failure) = (durations.connect, .connectFailed)
        // Over LE the kernel ends its search with "connection timeout aborted": a disconnection to bluetoothd.
        case .neverFound where device.isLowEnergy: (limit, failure) = (durations.leConnect, .disconnected)
        case .neverFound: (limit, failure) = (durations.page, .connectFailed)
        }
        state = .connecting(
            timer(after: limit) { [weak self] in
                guard let self else { return }
                if let failure { return end(failure, "the device is not reached") }
                hasMadeLink = true
                device.linkUp(capability)
                negotiate()
            })
    }

    private func negotiate() {
        bluez.log.pairings[record].capability = device.link
        restartSMPTimer()
        state = .negotiating(
            timer(after: durations.peer) { [weak self] in
                guard let self else { return }
                switch device.behaviour.reaction {
                case .refuses: end(.authenticationFailed, "the device refuses")
                case .vanishes(.beforeAsking): device.linkDown()
                case .silent: state = .waitingForDevice(nil)
                case .accepts, .vanishes: chooseMethod()
                }
            })
    }

    // MARK: Ends

    /// The timer starts anew with each packet that we send.
    func restartSMPTimer() {
        smpTimer = timer(after: durations.smp) { [weak self] in
            guard let self else { return }
            if device.isLowEnergy { return device.linkDown() }
            end(.timedOut, "the controller's timer")
        }
    }

    /// The keys are there; `Pair()` is answered once the services are known (`src/device.c:device_bonding_complete`).
    func succeed() {
        smpTimer = nil
        bondingTimer = nil
        if let identity = device.behaviour.identity, identity != device.address {
            device.address = identity
            device.addressType = .public
            device.changed("Address", "AddressType")
        }
        device.kernelHasKeys = true
        device.setTemporary(false)
        if device.behaviour.bonding, bluez.adapter.isPairable {
            device.isBonded = true
            device.changed("Bonded")
        }
        device.behaviour.hasForgottenBond = false
        // The keys are announced before the services, and `Paired` only with them.
        bluez.flush()
        state = .resolvingServices(
            timer(after: durations.serviceDiscovery) { [weak self] in
                guard let self else { return }
                device.servicesResolved = true
                device.isPaired = true
                device.changed("ServicesResolved", "Paired")
                bluez.flush()
                end(.success, "")
            })
    }

    /// A PIN code that BlueZ made up came to nothing, whoever said no: it tries again, and its caller hears nothing.
    func retry() {
        smpTimer = nil
        bondingTimer = nil
        bluez.log.note("another PIN code for \(device.address) soon")
        state = .retrying(
            timer(after: durations.pinRetry) { [weak self] in
                guard let self else { return }
                state = .queued
                bluez.management.submit(self)
            })
        bluez.management.finished(self)
    }

    func end(_ result: PairingResult, _ reason: String) {
        guard !hasEnded else { return }
        let wasAsking: Bool
        if case .asking = state { wasAsking = true } else { wasAsking = false }
        state = .ended
        smpTimer = nil
        bondingTimer = nil
        bluez.log.ended(record, result, reason)
        switch origin {
        case .requested(let call):
            // `bonding_request_free` takes back whatever this agent is asked, also if it is about another device.
            agent?.cancelRequest()
            device.bonding = nil
            bluez.flush()
            if let error = result.error { call.fail(error) } else { call.reply() }
        case .incoming:
            if wasAsking { agent?.cancelRequest() }
            device.incoming = nil
        }
        bluez.management.finished(self)
        device.pairingEnded(result)
    }
}

extension SimulatedDevice {
    /// A failed pairing leaves a device as temporary as it was (`src/device.c:device_bonding_failed`).
    fileprivate func pairingEnded(_ result: PairingResult) {
        guard result != .success, !isPaired, !isTrusted else { return }
        isTemporary = true
        restartTemporaryTimer()
    }
}
