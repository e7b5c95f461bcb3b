// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import EventLoop

extension Pairing {
    /// Finds what the two sides can do together, and asks for it.
    func chooseMethod() {
        let behaviour = device.behaviour
        if !isOurs, behaviour.bonding, !bluez.adapter.isPairable {
            return end(.authenticationFailed, "this side is not bondable")
        }
        let table = MethodTable(
            local: device.link ?? .noInputNoOutput, remote: behaviour.ioCapability, isMITMWanted: isMITMWanted,
            secureConnections: bluez.configuration.secureConnections && behaviour.secureConnections,
            weInitiate: weInitiate)
        let method: PairingMethod
        switch device.transport {
        case .le:
            // `smp.c`: the security that the device asks for cannot be reached. Our own Pair() asks for no more than
            // Just Works.
            if !isOurs, behaviour.mitm, table.local != .noInputNoOutput, table.isUnprotectable {
                return end(.authenticationFailed, "Authentication Requirements")
            }
            method = table.lowEnergy
        case .classic:
            method = table.classic(
                localMITM: isMITMWanted, remoteMITM: behaviour.mitm, hasKey: device.kernelHasKeys)
        case .classicLegacy:
            method = choosePIN()
        }
        bluez.log.pairings[record].method = method
        ask(method)
    }

    /// Does one of the sides ask for protection? Ours does for its own pairings if it has any means; else it follows.
    private var isMITMWanted: Bool {
        let behaviour = device.behaviour
        let canProtect = device.link != .noInputNoOutput
        guard isOurs else {
            // `hci_conn.c:hci_get_auth_req`
            guard device.transport == .classic else { return behaviour.mitm }
            return canProtect && behaviour.ioCapability != .noInputNoOutput
        }
        return canProtect || device.isLowEnergy && behaviour.mitm
    }

    private var weInitiate: Bool {
        switch origin {
        case .requested, .incoming(.securityRequest): true
        case .incoming(.pairingRequest): false
        }
    }

    // MARK: Questions

    private func ask(_ method: PairingMethod) {
        switch method {
        case .nothing: waitForDevice()
        case .justWorks: confirmJustWorks()
        case .unprotectedConfirmation, .compare: put(.confirmation(makePasskey()))
        case .enterPasskey: put(.passkey)
        case .displayPasskey: display(makePasskey())
        case .enterPIN, .displayPIN, .guessPIN: askForPIN()
        }
    }

    /// `src/adapter.c:pin_code_request_callback`: in its own pairings, BlueZ asks the agent when it has no more ideas.
    private func choosePIN() -> PairingMethod {
        pinRequests += 1
        pinGuess = isOurs ? PINGuess(device.deviceClass, attempt: pinRequests, random: digits(makePasskey())) : nil
        return switch pinGuess {
        case .fixed: .guessPIN
        case .shown: .displayPIN
        case nil: .enterPIN
        }
    }

    private func askForPIN() {
        switch pinGuess {
        case .fixed(let pin): waitForDevice(toTake: pin == device.behaviour.pin)
        case .shown(let pin): put(.displayPINCode(pin))
        case nil: put(.pinCode)
        }
    }

    /// A PIN code that BlueZ made up goes to the device, as shown or not.
    private func waitForDevice(toTake isRight: Bool) {
        state = .waitingForDevice(
            timer(after: durations.peer) { [weak self] in isRight ? self?.succeed() : self?.retry() })
    }

    /// Its person types the PIN code that our side shows.
    private func waitForDevice(toType pin: String) {
        switch device.behaviour.types {
        case .whatIsShown: waitForDevice(toTake: true)
        case .digits(let typed): waitForDevice(toTake: digits(typed) == pin)
        case .nothing: restartSMPTimer()
        }
    }

    private func digits(_ passkey: UInt32) -> String {
        let text = String(passkey)
        return String(repeating: "0", count: max(0, 6 - text.count)) + text
    }

    /// `src/device.c:device_confirm_passkey`, in its order.
    private func confirmJustWorks() {
        if device.isPaired {
            switch bluez.configuration.justWorksRepairing {
            case .never: return end(.authenticationFailed, "JustWorksRepairing = never")
            case .always: return waitForDevice()
            case .confirm: break
            }
        }
        guard answeringAgent != nil else { return end(.authenticationFailed, "no agent available") }
        if isOurs { waitForDevice() } else { put(.authorization) }
    }

    private var answeringAgent: RegisteredAgent? { isOurs ? agent : bluez.agents.defaultAgent }

    private func put(_ question: AgentQuestion) {
        guard let agent = answeringAgent else { return end(.authenticationFailed, "no agent available") }
        self.agent = agent
        state = .asking(meanwhile(question))
        bluez.flush()
        agent.ask(question, about: device, limit: durations.request) { [weak self] answer in
            self?.answered(question, answer)
        }
    }

    /// What the device does while our side is being asked.
    private func meanwhile(_ question: AgentQuestion) -> EventSource? {
        let behaviour = device.behaviour
        if case .vanishes(.whileAsking) = behaviour.reaction {
            return timer(after: durations.peer) { [weak self] in self?.device.linkDown() }
        }
        guard case .confirmation = question, case .denies = behaviour.comparison else { return nil }
        return timer(after: durations.peer) { [weak self] in
            self?.end(.authenticationFailed, "the device's person says no")
        }
    }

    private func display(_ passkey: UInt32) {
        guard let agent = answeringAgent else { return end(.authenticationFailed, "no agent available") }
        self.agent = agent
        bluez.flush()
        agent.tell(.displayPasskey(passkey, entered: 0), about: device)
        state = .waitingForDevice(
            timer(after: durations.peer) { [weak self] in
                guard let self else { return }
                if case .vanishes = device.behaviour.reaction { return device.linkDown() }
                // LE keypresses never get this far (`smp.c:smp_cmd_keypress_notify`).
                if !device.isLowEnergy, device.behaviour.keypresses > 0 {
                    for entered in 1...device.behaviour.keypresses {
                        agent.tell(.displayPasskey(passkey, entered: entered), about: device)
                    }
                }
                switch device.behaviour.types {
                case .whatIsShown: succeed()
                case .digits(passkey): succeed()
                case .digits: end(.authenticationFailed, "the device's person typed another passkey")
                case .nothing: state = .waitingForDevice(nil)
                }
            })
    }

    private func answered(_ question: AgentQuestion, _ answer: AgentAnswer) {
        guard case .asking = state else { return }
        // Our own question is no longer there to be taken back.
        state = .waitingForDevice(nil)
        let behaviour = device.behaviour
        switch (question, answer) {
        // The kernel says no to the device, and BlueZ has another idea.
        case (.displayPINCode, .refused): retry()
        case (.displayPINCode(let pin), _): waitForDevice(toType: pin)
        case (_, .refused): end(.authenticationFailed, "our side says no")
        case (.passkey, .passkey(behaviour.shows)): waitForDevice()
        case (.passkey, _): end(.authenticationFailed, "wrong passkey")
        case (.pinCode, .pin(behaviour.pin)): waitForDevice()
        case (.pinCode, _): end(.authenticationFailed, "wrong PIN")
        default: waitForDevice(toConfirm: question)
        }
    }

    private func waitForDevice(toConfirm question: AgentQuestion? = nil) {
        restartSMPTimer()
        var comparison = DeviceBehaviour.Comparison.confirms
        if case .confirmation = question { comparison = device.behaviour.comparison }
        guard comparison != .ignores else {
            state = .waitingForDevice(nil)
            return
        }
        state = .waitingForDevice(
            timer(after: durations.peer) { [weak self] in
                guard let self else { return }
                if case .vanishes = device.behaviour.reaction { return device.linkDown() }
                guard comparison == .confirms else {
                    return end(.authenticationFailed, "the device's person says no")
                }
                succeed()
            })
    }

    private func makePasskey() -> UInt32 { bluez.nextPasskey ?? UInt32.random(in: 0...999_999) }
}
